"""What the commands have in common: arguments, exit statuses, remarks."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ..errors import BlurdctError, ConfigError
from . import checks, output

if TYPE_CHECKING:
    from ..scan.items import Item

ALL_READ, SOME_UNREAD, WRONG_USE, GATE_FAILED, PIPE_CLOSED = 0, 1, 2, 3, 141  # exit status

MANY = 64  # photos; from here on worker processes earn back the time they take to start

LOOPBACK = "127.0.0.1"
_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\s]*):([0-9]{1,5})")

Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE",
        help="Photos; folders, searched with all below them but folders of programs such as .git, "
        "@eaDir, $RECYCLE.BIN, unless named; quoted patterns such as 'in/*.jpg'; "
        "zip and tar archives; @LIST or a .txt file of paths, - for one on standard input; a "
        "table with --column; URLs of all these.",
    ),
]
Column = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Column of a table that holds the paths, seen from the current folder."
    ),
]
Null = Annotated[
    bool, typer.Option("--null", "-0", help="Lists are null-separated, as by find -print0.")
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(
        metavar="PATTERN",
        help="Pass over what matches, in folders and archives, by name or by path below them: "
        "'*_small.jpg', 'raw/*'; may be given again. What is named itself stays.",
    ),
]


def _allowed(hosts: list[str] | None) -> list[str] | None:
    if hosts:
        from ..scan.remote import allow_hosts

        allow_hosts(hosts)
    return hosts


AllowHost = Annotated[
    list[str] | None,
    typer.Option(
        metavar="HOST",
        callback=_allowed,
        help="A web server may send us to this host, too: cdn.example.org, '*.amazonaws.com'; may "
        "be given again.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print a JSON object for each photo.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV with a header.")]


def _models(incomplete: str) -> list[str]:
    """Names that a shell may complete; folders it knows itself."""
    from ..inference.bundle import NAMES, shipped

    return [name for name in (*NAMES, *shipped()) if name.startswith(incomplete)]


Model = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|FOLDER",
        autocompletion=_models,
        help="best, fast, another name from 'blurdct models', or a bundle's folder; best, or what "
        "BLURDCT_MODEL says, if left out.",
    ),
]


def probability(value: float | None) -> float | None:
    """Refuse what is no P; said of a score is which P it may mean."""
    if value is not None:
        from ..inference.thresholds import check_threshold

        check_threshold(value, "--threshold")
    return value


Threshold = Annotated[
    float | None,
    typer.Option(
        metavar="P",
        callback=probability,
        help="From this P(blurred) on, 0 to 1, a photo is called blurred; 0.5 if left out.",
    ),
]
AllowedFpr = Annotated[
    float | None,
    typer.Option(
        "--max-fpr",
        min=0,
        max=0.5,
        metavar="SHARE",
        help="Instead: the threshold at which so many of the sharp photos are called blurred, "
        "measured on photos held out from training; 0.01 for one in a hundred.",
    ),
]
Size = Annotated[
    int | None,
    typer.Option(min=16, metavar="PIXELS", help="Long side to which larger photos are reduced."),
]
Escape = Annotated[
    bool,
    typer.Option(
        "--escape",
        help="In CSV, put an apostrophe in front of texts that a spreadsheet would take for "
        "formulas; the column 'escaped' says where, and blurdct takes it off again.",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace what is there.")]
Workers = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help=f"Processes; one per core from {MANY} photos on."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no summary.")]
EachCore = Annotated[int | None, typer.Option(min=1, metavar="N", help="Processes; one per core.")]
Results = Annotated[
    Path,
    typer.Argument(
        metavar="RESULTS",
        callback=checks.results_file,
        help="A file that 'blurdct scan' wrote.",
    ),
]
MaxPixels = Annotated[
    int, typer.Option(min=1, metavar="PIXELS", help="Refuse photos of more pixels.")
]

# Of those that learn or judge.
Photos = Annotated[
    Path,
    typer.Option(
        metavar="DIR",
        help="Labelled photos: in folders named sharp and blurred, or listed in DIR/manifest.csv "
        "(path, label 1 blurred 0 sharp, group: the scene).",
    ),
]
Copies = Annotated[
    bool, typer.Option("--copies/--no-copies", help="Learn from blurred copies of sharp photos.")
]
Checkpoints = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Keep the state of networks there, to go on after a break."),
]
Device = Annotated[
    Literal["cuda", "cpu"] | None,
    typer.Option(help="Where networks learn; on a GPU if there is one."),
]
Processes = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="Processes; one per core to read photos.")
]
Seed = Annotated[
    int, typer.Option(min=0, max=2**31 - 1, metavar="N", help="Same seed, same model.")
]
MaxFpr = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=0.5,
        metavar="SHARE",
        help="Of sharp photos at most so many surely blurred (0.01).",
    ),
]
MaxFnr = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=0.5,
        metavar="SHARE",
        help="Of blurred photos at most so many surely sharp (0.01).",
    ),
]
ReportOut = Annotated[Path, typer.Option(metavar="FOLDER", help="Folder for the report.")]
BundleOut = Annotated[Path, typer.Option(metavar="FOLDER", help="Folder for the model.")]


def note(line: str) -> None:
    """A remark on standard error."""
    output.note(f"blurdct: {line}")


def one_threshold(threshold: float | None, max_fpr: float | None) -> None:
    """Refuse both.

    Raises:
        ConfigError: Both were asked for.
    """
    if threshold is not None and max_fpr is not None:
        raise ConfigError("--threshold and --max-fpr: one or the other")


def form_of(as_json: bool, as_csv: bool) -> Literal["json", "csv"] | None:
    """How to print; None for people.

    Raises:
        ConfigError: Both were asked for.
    """
    if as_json and as_csv:
        raise ConfigError("--json and --csv: one or the other")
    return "json" if as_json else "csv" if as_csv else None


def find(
    sources: list[str],
    column: str | None,
    null: bool,
    exclude: list[str] | None = None,
    skipped: "Counter[str] | None" = None,
) -> "Iterator[Item]":
    """The photographs that the user named, as ``scan.photographs`` finds them.

    A remark on each empty place goes out when it is come to. ``skipped`` counts what is passed
    over, by reasons.

    Raises:
        ConfigError: At once: not one file was named or found; or as by ``scan.photographs``.
    """
    from ..scan.skipping import some
    from ..scan.sources import photographs

    empty: list[str] = []
    counts: Counter[str] = Counter() if skipped is None else skipped
    items = photographs(
        sources, column, null, empty.append, exclude or (), lambda why: counts.update([why])
    )
    return _remarked(some(items, empty, counts), empty)


def _remarked(items: "Iterator[Item]", empty: list[str]) -> "Iterator[Item]":
    """The same items; what is empty, up to each of them and behind the last, is told."""
    for item in items:
        while empty:
            note(empty.pop(0))
        yield item
    for line in empty:
        note(line)


def error_line(error: BlurdctError) -> str:
    """The line about an error; for the name of a model that can be trained it says how."""
    model = getattr(error, "model", "")
    if not model:
        return str(error)
    from ..inference.bundle import origin
    from ..models.registry import BACKENDS

    name = model.partition(":")[0]  # it may carry parameters
    if name not in BACKENDS:
        return str(error)
    way = f"blurdct train {model} --photos DIR --out {name}"
    return f"{model}{origin(model)} is not part of this install; make it by: {way}"


def address(text: str, option: str) -> tuple[str, int]:
    """``HOST:PORT``, ``[IPv6]:PORT`` or ``:PORT``, which is this computer alone.

    Raises:
        ConfigError: Something else; the message names the option.
    """
    found = _ADDRESS.fullmatch(text)
    if not found or int(found[2]) > 65535:
        expected = "HOST:PORT, or :PORT for this computer alone, and a port of 0 to 65535"
        raise ConfigError(f"{option}: expected {expected}, got {text}")
    return found[1].strip("[]") or LOOPBACK, int(found[2])
