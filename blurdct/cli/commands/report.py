"""``blurdct report results.parquet --out report.html``: a page about a collection."""

from pathlib import Path
from typing import Annotated

import typer

from ...errors import ConfigError
from ...utils import text
from .. import output
from ..checks import command
from ..options import Results

ENDINGS = (".html", ".htm")


@command
def report(
    results: Results,
    out: Annotated[Path, typer.Option(metavar="PAGE.html", help="The page; replaced if there.")],
    photos: Annotated[
        int, typer.Option(min=2, max=100, metavar="N", help="Photos in each gallery.")
    ] = 24,
    maps: Annotated[bool, typer.Option(help="Show where photos are blurred.")] = True,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FOLDER",
            help="A model that makes the maps, instead of the one that judged, if that makes any.",
        ),
    ] = None,
) -> None:
    """Make one HTML page about scanned photos: scores, galleries, folders, errors.

    It shows what each threshold would drop, opens offline, and stays under 5 MB.

    Photos are looked for where the results say, seen from the current folder.

    \b
    Examples:
      blurdct report results.parquet --out report.html
      blurdct report results.csv --out report.html --photos 48 --model best

    \b
    Exit status: 0 the page was written, 1 it could not be, 2 wrong use.
    """
    from ...inference.detector import Detector
    from ...report.page import write_report
    from ...report.pictures import Painter

    if out.suffix.lower() not in ENDINGS:
        raise ConfigError(f"{out}: expected a file ending in {' or '.join(ENDINGS)}")
    if model and not Detector.load(model).has_map:
        raise ConfigError(f"--model {model}: this model makes no map")
    summary = write_report(
        results,
        out,
        photos,
        Painter(maps, model),
        lambda items, total, _: output.with_bar(iter(items), total),
    )
    size = out.stat().st_size / 1e6
    output.write(f"{text.visible(str(out))}: {summary.photos:,} photos, {size:.1f} MB")
