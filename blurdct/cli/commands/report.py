"""``blurdct report results.parquet --out report.html``: a page about a collection."""

from pathlib import Path
from typing import Annotated

import typer

from ...errors import ConfigError
from ...utils import text
from .. import output
from ..checks import check_file, command
from ..options import AllowHost, Force, Results, note

ENDINGS = (".html", ".htm")


@command
def report(
    results: Results,
    out: Annotated[Path, typer.Option(metavar="PAGE.html", help="The page.")],
    photos: Annotated[
        int, typer.Option(min=2, max=100, metavar="N", help="Photos in each gallery.")
    ] = 24,
    maps: Annotated[bool, typer.Option(help="Show where photos are blurred.")] = True,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FOLDER",
            help="A model that makes the maps, instead of the one that judged, if that makes any; "
            "models that are not shipped must be named.",
        ),
    ] = None,
    root: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Show no photo that is not below this.")
    ] = None,
    fetch: Annotated[bool, typer.Option("--fetch", help="Fetch photos behind URLs.")] = False,
    allow_host: AllowHost = None,
    force: Force = False,
) -> None:
    """Make one HTML page about scanned photos: scores, galleries, folders, errors.

    It shows what each threshold would drop, opens offline, and stays under 5 MB.
    A click on a photo enlarges it, beside its sharpest place; names lead to the files.

    Photos are looked for where the results say, seen from the current folder. Of
    results that somebody else wrote, say by --root where photos may be shown from.

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
    check_file(out, force)
    painter = Painter(maps, model, root, fetch)
    summary = write_report(
        results,
        out,
        photos,
        painter,
        lambda items, total, _: output.with_bar(iter(items), total),
    )
    for name in sorted(filter(None, painter.unknown)):
        note(f"no maps by {text.visible(name)}, which is not shipped: --model {name} would load it")
    size = out.stat().st_size / 1e6
    output.write(f"{text.visible(str(out))}: {summary.photos:,} photos, {size:.1f} MB")
