"""What ``blurdct predict --sizes`` prints: up to which size each photo is sharp."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from . import printing
from .errors import ImageError

if TYPE_CHECKING:
    from .detector import Detector

Sizes = Annotated[
    bool,
    typer.Option(
        "--sizes",
        help="Say up to which size, its long side in pixels, each photo is sharp; in lines of "
        "text, before the path.",
    ),
]
NONE = "-"  # instead of the size of a photo that is clear at none


def rows(
    detector: "Detector", photos: Iterable[str], workers: int | None
) -> Iterator[printing.Row | ImageError]:
    """For each photo the plain verdict, ``sharp_size``, and ``sizes`` with P at each of them."""
    from .sizes import judge_sizes_many

    for answer in judge_sizes_many(detector, photos, workers):
        if isinstance(answer, ImageError):
            yield answer
        else:
            more = {"sharp_size": answer.sharp_size, "sizes": answer.sizes}
            yield {**asdict(answer.prediction), **more}


def printer(form: str | None) -> Callable[[printing.Row], None]:
    """What prints such a row at once: as ``json``, as ``csv`` (the header now), or as text."""
    from .detector import Prediction

    if form is None:
        return lambda row: printing.write(_text(row))
    columns = (*Prediction.__dataclass_fields__, "sharp_size", "sizes")
    write = printing.printer(form, columns)
    if form == "json":
        return write
    return lambda row: write({**row, "sizes": _flat(row["sizes"], "=", ";")})


def print_table(found: list[printing.Row]) -> None:
    """One table of photos with their verdicts; long paths are folded, never cut."""
    if not found:
        return
    from rich.text import Text

    console, table = printing.new_table("photo", "score", "label", "sharp up to", "P at")
    for column in (0, 2, 4):
        table.columns[column].justify = "left"
    table.columns[0].overflow = "fold"
    for row in found:
        label = Text(row["label"], printing.COLOURS.get(row["label"], ""))
        sharp, sizes = str(row["sharp_size"] or NONE), _flat(row["sizes"], ": ", "\n")
        table.add_row(printing.path_cell(row["path"]), f"{row['score']:.1f}", label, sharp, sizes)
    console.print(table)


def _text(row: printing.Row) -> str:
    path = printing.visible(row["path"])
    return f"{row['score']:.1f}\t{row['label']}\t{row['sharp_size'] or NONE}\t{path}"


def _flat(sizes: dict[int, float], between: str, after: str) -> str:
    """``512=0.031;1024=0.274``."""
    return after.join(f"{side}{between}{p:.3f}" for side, p in sizes.items())
