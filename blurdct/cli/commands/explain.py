"""``blurdct explain photo.jpg --out page.html``: why a photo is called sharp or blurred."""

from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from ...config import ReadConfig
from ...errors import ConfigError
from ...utils.text import visible
from .. import output
from ..checks import check_file, command
from ..options import (
    AllowedFpr,
    AllowHost,
    Force,
    MaxPixels,
    Model,
    Size,
    Threshold,
    find,
    note,
    one_threshold,
)
from .report import ENDINGS


@command
def explain(
    source: Annotated[
        str,
        typer.Argument(
            metavar="PHOTO", help="A photo, or its URL; or what holds it, an archive, say."
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="PAGE.html", help="The page.")],
    allow_host: AllowHost = None,
    threshold: Threshold = None,
    max_fpr: AllowedFpr = None,
    model: Model = None,
    size: Size = None,
    max_pixels: MaxPixels = ReadConfig.max_pixels,
    force: Force = False,
) -> None:
    """Say on a page why a photo is called sharp or blurred.

    Which places decide, and what the score would be without them; at which size,
    in which band and in which direction detail speaks for either; which parts of
    the photo count at all; and how all that is beside typical photographs. A line
    of score, label, path and page goes to standard output.

    The model has to judge by numbers of the parts of a photo that can tell, as
    best does, and models of its kind that you train.

    \b
    Examples:
      blurdct explain photo.jpg --out page.html
      blurdct explain photo.jpg --out page.html --threshold 0.3 --force

    \b
    Exit status: 0 the page was written, 1 the photo could not be read, 2 wrong use.
    """
    one_threshold(threshold, max_fpr)
    if out.suffix.lower() not in ENDINGS:
        raise ConfigError(f"{out}: expected a file ending in {' or '.join(ENDINGS)}")
    check_file(out, force)
    first, *more = islice(find([source], None, False), 2)
    if more:
        raise ConfigError(f"{source}: more than one photo, and a page is about one")

    from ...explain.page import write_page
    from ...explain.reasons import check_explained
    from ...features.photo import Photo
    from ...images.files import read_bytes
    from ...inference.bundle import load, named
    from ...inference.detector import Detector, threshold_for
    from ...scan.items import name_of, open_photo

    name = named(model)
    bundle = load(name)
    config = ReadConfig(size or bundle.size, max_pixels)
    detector = Detector(bundle, config, threshold_for(bundle, threshold, max_fpr), name)
    check_explained(detector)
    if config.size != bundle.size:
        note(f"{name} was calibrated at {bundle.size} pixels; at {size} its scores mean less")
    data, _ = read_bytes(open_photo(first), first.path)
    photo = Photo(data, detector.config, first.path)
    verdict = write_page(detector, photo, out, first.path, Path(name_of(first)).name)
    output.write(output.verdict_line(verdict.as_dict(), visible(str(out))))
