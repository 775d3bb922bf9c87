"""``blurdct predict``: photographs -> verdicts, in a table, lines, JSON or CSV."""

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ...config import ReadConfig
from ...errors import ConfigError, ImageError
from ...results import UNREADABLE
from .. import output
from ..options import (
    ALL_READ,
    GATE_FAILED,
    MANY,
    SOME_UNREAD,
    AllowedFpr,
    AllowHost,
    AsCsv,
    AsJson,
    Column,
    Escape,
    Exclude,
    MaxPixels,
    Model,
    Null,
    Quiet,
    Size,
    Sources,
    Threshold,
    Workers,
    find,
    form_of,
    note,
    one_threshold,
)
from ..output import counted_rows
from ..tally import Tally
from ..usage import renamed

if TYPE_CHECKING:
    from ...results import Row

GATES = ("blurred", "unsure", "unknown")
PICKS = ("blurred", "sharp", "unsure", "unknown")

FailOn = Annotated[
    list[str] | None,
    typer.Option(
        metavar="|".join(GATES),
        help="Exit with 3 if a photo is that; may be given again. Whatever it is, a photo that "
        "cannot be judged fails, too, unless --allow-unknown.",
    ),
]
AllowUnknown = Annotated[
    bool, typer.Option("--allow-unknown", help="Photos that cannot be judged pass --fail-on.")
]
Only = Annotated[
    list[str] | None,
    typer.Option(
        metavar="|".join(PICKS), help="Print these alone; may be given again. All are counted."
    ),
]
Sort = Annotated[
    Literal["score", "path"] | None,
    typer.Option(help="Print the most blurred first, or by path; in the order found if left out."),
]
Sizes = Annotated[
    bool,
    typer.Option(
        "--sizes",
        help="Say up to which size, its long side in pixels, each photo is sharp, and how wide its "
        "blur is, in pixels; in lines of text, behind the path.",
    ),
]
FEW = 2  # photos that a process gets at once to judge them at each size


def predict(
    sources: Sources,
    column: Column = None,
    null: Null = False,
    exclude: Exclude = None,
    allow_host: AllowHost = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    escape: Escape = False,
    threshold: Threshold = None,
    max_fpr: AllowedFpr = None,
    model: Model = None,
    size: Size = None,
    workers: Workers = None,
    max_pixels: MaxPixels = ReadConfig.max_pixels,
    fail_on: FailOn = None,
    allow_unknown: AllowUnknown = False,
    only: Only = None,
    sort: Sort = None,
    sizes: Sizes = False,
    quiet: Quiet = False,
) -> None:
    """Say of photos whether they are sharp or blurred, and score them from 0 to 100 (blurred).

    On a terminal, a table; elsewhere lines of score, label and path, by tabs. A
    question mark says that the label is doubtful: look at the photo. A photo that
    shows nothing to go by is unknown, and has no score. What was judged, and what
    was skipped, stands on standard error in the end.

    \b
    Examples:
      blurdct predict photo.jpg
      blurdct predict --only blurred --sort score photos/
      blurdct predict --csv photos/ > scores.csv
      blurdct predict photos.zip 'more/*.jpg'
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
    one_threshold(threshold, max_fpr)
    failing = _among(GATES, fail_on, "--fail-on")
    wanted = _among(PICKS, only, "--only")
    if allow_unknown and ("unknown" in failing or not failing):
        raise ConfigError("--allow-unknown goes with --fail-on blurred or unsure alone")
    if failing and not allow_unknown:
        failing.add("unknown")
    tally = Tally()
    items = find(sources, column, null, exclude, tally.skipped)

    from ...features.inputs import INPUTS, seen_at
    from ...inference.bundle import load, named
    from ...inference.detector import Detector, threshold_for
    from ...inference.prediction import FIELDS, kinds
    from ...scan.items import counted
    from ...scan.worker import CHUNK, judge_many, verdicts, verdicts_at_sizes

    name = named(model)
    bundle = load(name)
    config = ReadConfig(size or bundle.size, max_pixels)
    detector = Detector(bundle, config, threshold_for(bundle, threshold, max_fpr), name)
    if config.size != bundle.size:
        sized = any(INPUTS[view].side == 0 for view in bundle.views)
        note(
            f"{name} was calibrated at {bundle.size} pixels; at {config.size} its scores mean less"
            if sized
            else f"--size changes nothing: {name} sees every photo at "
            f"{seen_at(bundle.views, bundle.size)}"
        )
    watched = not quiet and sys.stderr is not None and sys.stderr.isatty()
    total, items = counted(items) if watched else (None, items)
    judge, chunk = (verdicts_at_sizes, FEW) if sizes else (verdicts, CHUNK)
    answers = judge_many(judge, detector, items, workers, MANY, chunk)
    if sizes:
        answers = _rows_with_sizes(answers)
    seen: set[str] = set()
    rows = _noted(counted_rows(output.with_bar(answers, total, quiet), tally), seen)
    if wanted:
        rows = (row for row in rows if wanted & kinds(row["label"], row["sure"]))
    if sort:
        rows = iter(sorted(rows, key=ORDERS[sort]))
    if form is None and sys.stdout is not None and sys.stdout.isatty():
        (print_size_table if sizes else output.print_verdicts)(list(rows))
    else:
        printer = _size_printer(form, escape) if sizes else output.printer(form, FIELDS, escape)
        for row in rows:
            printer(row)
    if not quiet and (tally.photos > 1 or tally.skipped):
        note(tally.line())
    if failing & seen:
        raise typer.Exit(GATE_FAILED)
    raise typer.Exit(SOME_UNREAD if tally.labels[UNREADABLE] else ALL_READ)


def _among(known: Sequence[str], given: list[str] | None, option: str) -> set[str]:
    """What was given, again and again or with commas.

    Raises:
        ConfigError: A word that is not known.
    """
    words = {word.strip() for text in given or () for word in text.split(",")}
    for word in sorted(words - {*known}):
        raise ConfigError(f"{option}: expected {', '.join(known)}, got {word!r}{renamed(word)}")
    return words


def _noted(rows: "Iterator[Row]", seen: set[str]) -> "Iterator[Row]":
    """The same rows; what kinds there are among them is noted."""
    from ...inference.prediction import kinds

    for row in rows:
        seen |= kinds(row["label"], row["sure"])
        yield row


ORDERS: "dict[str, Callable[[Row], Any]]" = {
    "score": lambda row: -1.0 if row["score"] is None else -row["score"] - 2,  # unknown ones last
    "path": lambda row: row["path"],
}


def _rows_with_sizes(answers: Iterator[Any]) -> "Iterator[Row | ImageError]":
    """For each photo the plain verdict, ``sharp_size``, and ``sizes`` with P at each of them.

    ``blur`` is that of the size that shows it best.
    """
    for answer in answers:
        if isinstance(answer, ImageError):
            yield answer
        else:
            more = {"sharp_size": answer.sharp_size, "sizes": answer.sizes}
            yield {**answer.prediction.as_dict(), "blur": answer.blur, **more}


def _size_printer(form: str | None, escape: bool) -> "Callable[[Row], None]":
    """What prints such a row at once: as ``json``, as ``csv`` (the header now), or as text."""
    from ...inference.prediction import FIELDS

    if form is None:
        return lambda row: output.write(
            output.verdict_line(row, str(row["sharp_size"] or output.NONE), _blur(row))
        )
    write = output.printer(form, (*FIELDS, "sharp_size", "sizes"), escape)
    if form == "json":
        return write
    return lambda row: write({**row, "sizes": _flat(row["sizes"], "=", ";")})


def print_size_table(found: "list[Row]") -> None:
    """One table of photos with their verdicts; long paths are folded, never cut."""
    if not found:
        return
    console, table = output.new_table("photo", "score", "label", "sharp up to", "blur", "P at")
    for column in (0, 2, 5):
        table.columns[column].justify = "left"
    table.columns[0].overflow = "fold"
    for row in found:
        cells = output.path_cell(row["path"]), output.score_of(row), output.label_cell(row)
        sharp, sizes = str(row["sharp_size"] or output.NONE), _flat(row["sizes"], ": ", "\n")
        table.add_row(*cells, sharp, _blur(row), sizes)
    console.print(table)


def _blur(row: "Row") -> str:
    """How wide a point's image is, in pixels; a dash where nobody knows."""
    return output.NONE if row["blur"] is None else f"{row['blur']:.1f}"


def _flat(sizes: dict[int, float], between: str, after: str) -> str:
    """``512=0.031;1024=0.274``."""
    return after.join(f"{side}{between}{p:.3f}" for side, p in sizes.items())
