"""``blurdct predict``: photographs -> verdicts, in a table, lines, JSON or CSV."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ...config import ReadConfig
from ...errors import ImageError
from ...utils.text import visible
from .. import output
from ..options import (
    ALL_READ,
    GATE_FAILED,
    MANY,
    SOME_UNREAD,
    AllowHost,
    AsCsv,
    AsJson,
    Column,
    Exclude,
    MaxPixels,
    Model,
    Null,
    Size,
    Sources,
    Threshold,
    Workers,
    find,
    form_of,
    note,
    note_unread,
)
from ..output import UNREAD, counted_rows

if TYPE_CHECKING:
    from ...results import Row

LABELS = (*output.COLOURS, UNREAD)
FAILING = {None: (), "medium": ("medium", "blurred"), "blurred": ("blurred",)}

FailOn = Annotated[
    Literal["medium", "blurred"] | None,
    typer.Option(help="Exit with 3 if a photo has this label; medium counts blurred ones too."),
]
Sizes = Annotated[
    bool,
    typer.Option(
        "--sizes",
        help="Say up to which size, its long side in pixels, each photo is sharp; in lines of "
        "text, before the path.",
    ),
]
FEW = 2  # photos that a process gets at once to judge them at each size
NONE = "-"  # instead of the size of a photo that is clear at none


def predict(
    sources: Sources,
    column: Column = None,
    null: Null = False,
    exclude: Exclude = None,
    allow_host: AllowHost = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    threshold: Threshold = None,
    model: Model = None,
    size: Size = None,
    workers: Workers = None,
    max_pixels: MaxPixels = ReadConfig.max_pixels,
    fail_on: FailOn = None,
    sizes: Sizes = False,
) -> None:
    """Score photos from 0 (sharp) to 100 (blurred); label them clear, medium or blurred.

    On a terminal, a table; elsewhere lines of score, label and path, by tabs.

    \b
    Examples:
      blurdct predict photo.jpg
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
    unread: Counter[str] = Counter()
    items = find(sources, column, null, exclude, unread)

    from ...features.inputs import INPUTS, seen_at
    from ...inference.bundle import DEFAULT, load, named
    from ...inference.detector import Detector, Prediction
    from ...scan.items import counted
    from ...scan.worker import CHUNK, judge_many, verdict, verdict_at_sizes

    name = DEFAULT if model is None else named(model)
    bundle = load(name)
    config = ReadConfig(size or bundle.size, max_pixels)
    detector = Detector(bundle, config, None if threshold is None else threshold / 100, name)
    if config.size != bundle.size:
        sized = any(INPUTS[view].side == 0 for view in bundle.views)
        note(
            f"{name} was calibrated at {bundle.size} pixels; at {config.size} its scores mean less"
            if sized
            else f"--size changes nothing: {name} sees every photo at "
            f"{seen_at(bundle.views, bundle.size)}"
        )
    terminal = form is None and sys.stdout is not None and sys.stdout.isatty()
    total, items = counted(items) if terminal else (None, items)
    judge, chunk = (verdict_at_sizes, FEW) if sizes else (verdict, CHUNK)
    answers = judge_many(judge, detector, items, workers, MANY, chunk)
    if sizes:
        answers = _rows_with_sizes(answers)
    tally: Counter[str] = Counter()
    if terminal:
        show = print_size_table if sizes else output.print_verdicts
        show(list(counted_rows(output.with_bar(answers, total), tally)))
        if tally.total() > 1 and sys.stderr.isatty():
            counts = (f"{tally[label]} {label}" for label in LABELS if tally[label])
            output.note(f"{tally.total()} photos: {', '.join(counts)}")
    else:
        columns = tuple(Prediction.__dataclass_fields__)
        printer = _size_printer(form) if sizes else output.printer(form, columns)
        for row in counted_rows(answers, tally):
            printer(row)
    note_unread(unread)
    if any(tally[label] for label in FAILING[fail_on]):
        raise typer.Exit(GATE_FAILED)
    raise typer.Exit(SOME_UNREAD if tally[UNREAD] else ALL_READ)


def _rows_with_sizes(answers: Iterator[Any]) -> "Iterator[Row | ImageError]":
    """For each photo the plain verdict, ``sharp_size``, and ``sizes`` with P at each of them."""
    for answer in answers:
        if isinstance(answer, ImageError):
            yield answer
        else:
            more = {"sharp_size": answer.sharp_size, "sizes": answer.sizes}
            yield {**asdict(answer.prediction), **more}


def _size_printer(form: str | None) -> "Callable[[Row], None]":
    """What prints such a row at once: as ``json``, as ``csv`` (the header now), or as text."""
    from ...inference.detector import Prediction

    if form is None:
        return lambda row: output.write(_text(row))
    columns = (*Prediction.__dataclass_fields__, "sharp_size", "sizes")
    write = output.printer(form, columns)
    if form == "json":
        return write
    return lambda row: write({**row, "sizes": _flat(row["sizes"], "=", ";")})


def print_size_table(found: "list[Row]") -> None:
    """One table of photos with their verdicts; long paths are folded, never cut."""
    if not found:
        return
    from rich.text import Text

    console, table = output.new_table("photo", "score", "label", "sharp up to", "P at")
    for column in (0, 2, 4):
        table.columns[column].justify = "left"
    table.columns[0].overflow = "fold"
    for row in found:
        label = Text(row["label"], output.COLOURS.get(row["label"], ""))
        sharp, sizes = str(row["sharp_size"] or NONE), _flat(row["sizes"], ": ", "\n")
        table.add_row(output.path_cell(row["path"]), f"{row['score']:.1f}", label, sharp, sizes)
    console.print(table)


def _text(row: "Row") -> str:
    path = visible(row["path"])
    return f"{row['score']:.1f}\t{row['label']}\t{row['sharp_size'] or NONE}\t{path}"


def _flat(sizes: dict[int, float], between: str, after: str) -> str:
    """``512=0.031;1024=0.274``."""
    return after.join(f"{side}{between}{p:.3f}" for side, p in sizes.items())
