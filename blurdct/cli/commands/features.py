"""``blurdct features``: photographs -> their 18 numbers."""

import sys
from collections import Counter

import typer

from ...config import ReadConfig
from ...errors import ImageError
from .. import output
from ..options import (
    ALL_READ,
    SOME_UNREAD,
    AsCsv,
    AsJson,
    MaxPixels,
    Null,
    Paths,
    Size,
    find,
    form_of,
)
from ..output import UNREAD, counted_rows, in_order


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

    from ...features.bands import FEATURES
    from ...features.extract import image_features
    from ...images.reader import read_luma

    config = ReadConfig(size or ReadConfig.size, max_pixels)

    def describe(photo: str) -> output.Row | ImageError:
        try:
            numbers = image_features(read_luma(photo, config))
        except ImageError as error:
            return error
        return {"path": photo, **dict(zip(FEATURES, numbers.tolist(), strict=True))}

    answers = in_order(found, map(describe, (item for item in found if isinstance(item, str))))
    tally: Counter[str] = Counter()
    terminal = form is None and sys.stdout is not None and sys.stdout.isatty()
    columns = ("path", *FEATURES)
    printer = output.print_bands if terminal else output.printer(form or "csv", columns)
    for row in counted_rows(answers, tally):
        printer(row)
    raise typer.Exit(SOME_UNREAD if tally[UNREAD] else ALL_READ)
