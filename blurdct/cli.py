"""``blurdct predict img.jpg`` and its siblings; parse, call, print.

What is heavy is imported inside the commands, so that help and version come at once.
"""

import errno
import os
import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer

from . import (
    __version__,
    cli_client,
    cli_filter,
    cli_map,
    cli_report,
    cli_scan,
    cli_serve,
    cli_sizes,
    cli_training,
    cli_video,
    printing,
)
from .cli_shared import (
    ALL_READ,
    GATE_FAILED,
    MANY,
    PIPE_CLOSED,
    SOME_UNREAD,
    WRONG_USE,
    AsCsv,
    AsJson,
    MaxPixels,
    Model,
    Null,
    Paths,
    Size,
    Threshold,
    Workers,
    find,
    form_of,
    note,
)
from .config import ONE_THREAD, ReadConfig
from .errors import BlurdctError, ConfigError, ImageError, ModelError

if TYPE_CHECKING:
    from .sources import Found

UNREAD = "unreadable"
LABELS = (*printing.COLOURS, UNREAD)
FAILING = {None: (), "medium": ("medium", "blurred"), "blurred": ("blurred",)}

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

FailOn = Annotated[
    Literal["medium", "blurred"] | None,
    typer.Option(help="Exit with 3 if a photo has this label; medium counts blurred ones too."),
]


def _version(wanted: bool) -> None:
    if wanted:
        printing.write(f"blurdct {__version__}")
        raise typer.Exit


@app.callback()
def top(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Tell blurred photographs from sharp ones.

    \b
    Example:
      blurdct predict photo.jpg
    """


@app.command()
def predict(
    paths: Paths,
    null: Null = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    threshold: Threshold = None,
    model: Model = None,
    size: Size = None,
    workers: Workers = None,
    max_pixels: MaxPixels = ReadConfig.max_pixels,
    fail_on: FailOn = None,
    sizes: cli_sizes.Sizes = False,
) -> None:
    """Score photos from 0 (sharp) to 100 (blurred); label them clear, medium or blurred.

    On a terminal, a table; elsewhere lines of score, label and path, by tabs.

    \b
    Examples:
      blurdct predict photo.jpg
      blurdct predict --csv photos/ > scores.csv
      blurdct predict --sizes large.jpg
      find . -name '*.jpg' -print0 | blurdct predict --json -0 -
      blurdct predict --fail-on blurred upload.jpg && echo accepted

    \b
    Exit status:
      0  every photo was read
      1  some could not be read; standard error says which and why
      2  wrong use
      3  --fail-on found such a photo, whether or not all were read
    """
    form = form_of(as_json, as_csv)
    found = find(paths, null)

    from .bundle import DEFAULT, load, named
    from .detector import Detector, Prediction
    from .views import VIEWS, seen_at

    name = DEFAULT if model is None else named(model)
    bundle = load(name)
    config = ReadConfig(size or bundle.size, max_pixels)
    detector = Detector(bundle, config, None if threshold is None else threshold / 100, name)
    if config.size != bundle.size:
        sized = any(VIEWS[view].side == 0 for view in bundle.views)
        note(
            f"{name} was calibrated at {bundle.size} pixels; at {config.size} its scores mean less"
            if sized
            else f"--size changes nothing: {name} sees every photo at "
            f"{seen_at(bundle.views, bundle.size)}"
        )
    photos = [item for item in found if isinstance(item, str)]
    if workers is None and len(photos) < MANY:
        workers = 1
    judge = partial(cli_sizes.rows, detector) if sizes else detector.predict_many
    answers = _in_order(found, judge(photos, workers))
    tally: Counter[str] = Counter()
    if form is None and sys.stdout is not None and sys.stdout.isatty():
        show = cli_sizes.print_table if sizes else printing.print_verdicts
        show(list(_rows(printing.with_bar(answers, len(found)), tally)))
        if len(found) > 1 and sys.stderr.isatty():
            counts = (f"{tally[label]} {label}" for label in LABELS if tally[label])
            printing.note(f"{len(found)} photos: {', '.join(counts)}")
    else:
        columns = tuple(Prediction.__dataclass_fields__)
        printer = cli_sizes.printer(form) if sizes else printing.printer(form, columns)
        for row in _rows(answers, tally):
            printer(row)
    if any(tally[label] for label in FAILING[fail_on]):
        raise typer.Exit(GATE_FAILED)
    raise typer.Exit(SOME_UNREAD if tally[UNREAD] else ALL_READ)


@app.command()
def features(
    paths: Paths,
    null: Null = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    size: Size = None,
    max_pixels: MaxPixels = ReadConfig.max_pixels,
) -> None:
    """Print the 18 numbers that describe each photo: six statistics of three frequency bands.

    On a terminal, tables; elsewhere CSV.

    \b
    Example:
      blurdct features --csv photos/ > features.csv

    \b
    Exit status: 0 every photo was read, 1 some could not be read, 2 wrong use.
    """
    form = form_of(as_json, as_csv)
    found = find(paths, null)

    from .features import FEATURES, image_features
    from .images import read_luma

    config = ReadConfig(size or ReadConfig.size, max_pixels)

    def describe(photo: str) -> printing.Row | ImageError:
        try:
            numbers = image_features(read_luma(photo, config))
        except ImageError as error:
            return error
        return {"path": photo, **dict(zip(FEATURES, numbers.tolist(), strict=True))}

    answers = _in_order(found, map(describe, (item for item in found if isinstance(item, str))))
    tally: Counter[str] = Counter()
    terminal = form is None and sys.stdout is not None and sys.stdout.isatty()
    columns = ("path", *FEATURES)
    printer = printing.print_bands if terminal else printing.printer(form or "csv", columns)
    for row in _rows(answers, tally):
        printer(row)
    raise typer.Exit(SOME_UNREAD if tally[UNREAD] else ALL_READ)


@app.command()
def models() -> None:
    """List the models of this install: the size they see, score limits of the labels, size on disk.

    \b
    Example:
      blurdct models
    """
    from .bundle import SHIPPED, load, shipped
    from .views import seen_at

    names = shipped()
    if not names:
        raise ConfigError("this install has no models; train one, and name its folder by --model")
    bundles = {name: load(name) for name in names}
    sizes = {name: seen_at(bundle.views, bundle.size) for name, bundle in bundles.items()}
    widths = [max(map(len, column)) for column in (sizes, sizes.values())]
    for name, bundle in bundles.items():
        kilobytes = sum(file.stat().st_size for file in (SHIPPED / name).iterdir()) / 1000
        printing.write(
            f"{name:<{widths[0]}}  {sizes[name]:<{widths[1]}}  "
            f"clear below {100 * bundle.thresholds.clear:4.1f}  "
            f"blurred from {100 * bundle.thresholds.blurred:4.1f}  {kilobytes:5,.0f} kB"
        )


GROUPS = (  # as help lists them
    *(cli_scan, cli_filter, cli_report, cli_video, cli_map),
    *(cli_training, cli_serve, cli_client),
)
for group in GROUPS:
    for command in group.COMMANDS:
        app.command()(command)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The console script; ``arguments`` are those of the process if left out."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    for name, value in ONE_THREAD.items():
        os.environ.setdefault(name, value)  # before NumPy is loaded
    printing.prepare()
    try:
        status = app(arguments, prog_name="blurdct", standalone_mode=False)
    except typer.TyperException as error:
        if message := error.format_message():  # none where the whole help was printed instead
            note(f"{message} (see {_command(error)} --help)")
        status = WRONG_USE
    except BlurdctError as error:
        note(str(error))
        status = WRONG_USE if isinstance(error, (ConfigError, ModelError)) else SOME_UNREAD
    except printing.OutputError as error:
        number, reason = error.args
        status = PIPE_CLOSED if number == errno.EPIPE else SOME_UNREAD
        if status != PIPE_CLOSED:
            note(f"cannot write the output ({reason})")
    sys.exit(status or ALL_READ)


def _command(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    return context.command_path if context else "blurdct"


def _in_order(found: "Found", answers: Iterator[Any]) -> Iterator[Any]:
    """The answers about the photographs, with the errors of the search in their places."""
    for item in found:
        yield item if isinstance(item, ImageError) else next(answers)
    yield from answers  # none left, but now its processes end


def _rows(answers: Iterable[Any], tally: "Counter[str]") -> Iterator[printing.Row]:
    """The answers as rows, counted by label; an error goes to standard error instead."""
    for answer in answers:
        if isinstance(answer, ImageError):
            tally[UNREAD] += 1
            printing.note(str(answer))
        else:
            row = answer if isinstance(answer, dict) else asdict(answer)
            tally[row.get("label", "")] += 1
            yield row
