"""``blurdct features``: photographs -> their 18 numbers."""

import sys
from typing import TYPE_CHECKING

import typer

from ...config import ReadConfig
from ...errors import ImageError
from ...results import UNREADABLE
from .. import output
from ..options import (
    ALL_READ,
    SOME_UNREAD,
    AllowHost,
    AsCsv,
    AsJson,
    Column,
    Escape,
    Exclude,
    MaxPixels,
    Null,
    Quiet,
    Size,
    Sources,
    find,
    form_of,
    note,
)
from ..output import counted_rows
from ..tally import Tally

if TYPE_CHECKING:
    from ...results import Row
    from ...scan.items import Item


def features(
    sources: Sources,
    column: Column = None,
    null: Null = False,
    exclude: Exclude = None,
    allow_host: AllowHost = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    escape: Escape = False,
    size: Size = None,
    max_pixels: MaxPixels = ReadConfig.max_pixels,
    quiet: Quiet = False,
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
    tally = Tally()
    items = find(sources, column, null, exclude, tally.skipped)

    from ...features.bands import FEATURES
    from ...features.extract import image_features
    from ...features.photo import Photo
    from ...scan.items import open_photo

    config = ReadConfig(size or ReadConfig.size, max_pixels)

    def describe(item: "Item") -> "Row | ImageError":
        try:
            numbers = image_features(Photo(open_photo(item), config, item.path).luma)
        except ImageError as error:
            return error
        return {"path": item.path, **dict(zip(FEATURES, numbers.tolist(), strict=True))}

    terminal = form is None and sys.stdout is not None and sys.stdout.isatty()
    columns = ("path", *FEATURES)
    printer = output.print_bands if terminal else output.printer(form or "csv", columns, escape)
    for row in counted_rows(map(describe, items), tally):
        printer(row)
    if not quiet and (tally.photos > 1 or tally.skipped):
        note(tally.line())
    raise typer.Exit(SOME_UNREAD if tally.labels[UNREADABLE] else ALL_READ)
