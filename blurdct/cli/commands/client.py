"""``blurdct client --thrift HOST:PORT DIR``: how good and how fast a service is."""

from math import isnan
from pathlib import Path
from typing import Annotated

import typer

from ...errors import BlurdctError, ConfigError, ImageError
from ...images.files import find_photos
from ...utils.installing import install_hint
from .. import output
from ..options import ALL_READ, SOME_UNREAD, address, note

FOLDERS = {"sharp": False, "blurred": True}  # whether what is in them is blurred
MISSING = "-"


def client(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Holds photos in folders sharp and blurred.")
    ],
    thrift: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where 'blurdct serve --thrift' listens.")
    ],
    typed: Annotated[
        bool, typer.Option("--typed", help="Ask the service BlurDetector, not blur_detection.")
    ] = False,
) -> None:
    """Have a Thrift service judge labelled photos; print how right and fast it is.

    One photo after another, on one connection. What has pred 1, or with --typed
    the label blurred, is called blurred. Photos that are not judged do not count.

    \b
    Examples:
      blurdct client --thrift localhost:9099 photos/
      blurdct client --thrift localhost:9099 --typed photos/

    \b
    Exit status:
      0  every photo was judged
      1  some were not, or a folder is missing; standard error says which and why.
         Or the service is gone
      2  wrong use
    """
    host, port = address(thrift, "--thrift")
    photos, unsearched = _photos(folder)
    try:
        from ...service.thrift.client import PERCENTILES, Caller, Judged, judge_all, summary
    except ModuleNotFoundError as error:
        library = str(error.name).partition(".")[0]
        raise ConfigError(f"client needs {library}: {install_hint('serve')}") from error

    answers: list[Judged] = []
    with Caller(host, port, typed) as caller:
        try:
            for answer in output.with_bar(judge_all(caller, photos), len(photos)):
                if isinstance(answer, ImageError):
                    output.note(str(answer))
                else:
                    answers.append(answer)
        except BlurdctError as error:
            note(str(error))
    if not answers:
        raise BlurdctError(f"{thrift}: not one photo was judged")
    numbers = summary(answers)
    blurred = sum(answer.blurred for answer in answers)
    output.write(f"photos     {len(answers)} ({blurred} blurred)")
    for name in ("accuracy", "precision", "recall", "f1"):
        value = numbers[name]
        output.write(f"{name:<9}  {MISSING if isnan(value) else format(value, '.3f')}")
    times = ", ".join(f"p{percent} {numbers[f'p{percent}']:.1f} ms" for percent in PERCENTILES)
    output.write(f"latency    {times}")
    raise typer.Exit(SOME_UNREAD if unsearched or len(answers) < len(photos) else ALL_READ)


def _photos(folder: Path) -> tuple[list[tuple[str, bool]], int]:
    """Path of each photo, and whether it is blurred; and how many folders cannot be searched."""
    unsearched: list[OSError] = []
    found = [
        (str(path), blurred)
        for name, blurred in FOLDERS.items()
        for path in find_photos(folder / name, unsearched.append)
    ]
    if not found and all(isinstance(error, FileNotFoundError) for error in unsearched):
        missing = f"no photographs found in folders {' and '.join(FOLDERS)}"
        raise ConfigError(f"{folder}: {missing if folder.is_dir() else 'no such folder'}")
    for error in unsearched:
        gone = isinstance(error, FileNotFoundError)
        why = "no such folder" if gone else f"cannot be searched ({error.strerror})"
        output.note(f"{error.filename}: {why}")
    if not found:
        raise ConfigError(f"{folder}: no photographs found in folders {' and '.join(FOLDERS)}")
    return found, len(unsearched)
