"""``blurdct map photo.jpg --out DIR``: pictures of where photographs are blurred."""

import hashlib
import os
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...config import ReadConfig
from ...errors import ImageError, ModelError
from ...results import UNREADABLE
from ...utils.text import visible
from .. import output
from ..checks import check_out, command
from ..options import (
    ALL_READ,
    SOME_UNREAD,
    AllowHost,
    Column,
    Exclude,
    MaxPixels,
    Model,
    Null,
    Quiet,
    Size,
    Sources,
    find,
    note,
)
from ..tally import Tally

if TYPE_CHECKING:
    from ...inference.detector import Detector
    from ...inference.prediction import Prediction
    from ...scan.items import Item

ENDING = "_map.png"
MARK = "blurdct-map"  # key of a PNG text: SHA-256 of the path of the photo that it is a map of
LONGEST = 200  # bytes of a photo's name that go into the file's, which may have 255


@command
def map(
    sources: Sources,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the pictures.")],
    array: Annotated[
        bool, typer.Option("--array", help="Write DIR/NAME_map.npy, too: P of every cell.")
    ] = False,
    column: Column = None,
    null: Null = False,
    exclude: Exclude = None,
    allow_host: AllowHost = None,
    model: Model = None,
    size: Size = None,
    max_pixels: MaxPixels = ReadConfig.max_pixels,
    quiet: Quiet = False,
) -> None:
    """Draw where photos are blurred: in grey, under colours from sharp to blurred.

    Each becomes DIR/NAME_map.png, and a line of score, label, path and that file;
    in an archive or behind a URL, NAME is the photo's own, too.

    A map of the same photo is replaced. Where anything else has that name (say,
    a map of another photo), eight letters for the photo's path are put into it.

    \b
    Examples:
      blurdct map photo.jpg --out maps
      blurdct map photos/ --out maps --array

    \b
    Exit status: 0 every photo was read, 1 some could not be read, 2 wrong use.
    """
    from ...images.files import read_bytes
    from ...inference.bundle import load, named
    from ...inference.detector import Detector
    from ...scan.items import ahead, open_photo

    check_out(out)
    tally = Tally()
    held, rest = ahead(
        find(sources, column, null, exclude, tally.skipped)
    )  # before there are maps among them
    name = named(model)
    bundle = load(name)
    detector = Detector(bundle, ReadConfig(size or bundle.size, max_pixels), name=name)
    if not detector.has_map:
        raise ModelError(f"{name} cannot tell parts of a photo apart; best can: --model best")
    if detector.config.size != bundle.size:
        note(f"{name} was calibrated at {bundle.size} pixels; at {size} its maps mean less")
    former = 0
    for item in chain(held, rest):
        try:
            data, _ = read_bytes(open_photo(item), item.path)
            if item.path.endswith(ENDING) and _mark(BytesIO(data)):
                former += 1
                continue
            verdict, picture = _draw(item, data, out, detector, array)
        except ImageError as error:
            output.note(str(error))
            tally.add(error)
            continue
        row = verdict.as_dict()
        tally.add(row)
        output.write(output.verdict_line(row, visible(str(picture))))
    if former:
        note(f"maps from earlier, and left out: {former} of the pictures")
    if not quiet and (tally.photos > 1 or tally.skipped):
        note(tally.line())
    raise typer.Exit(SOME_UNREAD if tally.labels[UNREADABLE] else ALL_READ)


def _draw(
    item: "Item", data: bytes, out: Path, detector: "Detector", array: bool
) -> "tuple[Prediction, Path]":
    """Write a photo's map; what the model says about the photo, and where the map is.

    Raises:
        ImageError: The photo cannot be read, or there is no name left for its map.
    """
    import numpy as np
    from PIL import Image, PngImagePlugin

    from ...features.photo import Photo
    from ...images.reader import read_luma
    from ...inference.heatmap import LONG, draw
    from ...utils.atomic import replacing

    verdict, p_map = detector.judge(Photo(data, detector.config, item.path), item.path)
    assert p_map is not None  # a model without maps was refused
    luma = read_luma(data, ReadConfig(LONG, detector.config.max_pixels), item.path)
    path, mark = _place(item, out)
    text = PngImagePlugin.PngInfo()
    text.add_text(MARK, mark)
    with replacing(path) as temporary:
        Image.fromarray(draw(luma, p_map, verdict)).save(temporary, pnginfo=text)
    if array:  # after the picture, which says whose it is
        with replacing(path.with_suffix(".npy")) as temporary:
            np.save(temporary, p_map)
    return verdict, path


def _place(item: "Item", out: Path) -> tuple[Path, str]:
    """Where to write the map of a photo, and the mark by which it is known as that."""
    from ...scan.items import name_of
    from ...scan.remote import is_url

    file = item.container or item.path
    inside = item.path[len(file) :]
    place = file if is_url(file) else os.path.abspath(file)
    mark = hashlib.sha256(os.fsencode(place + inside)).hexdigest()
    stem = Path(name_of(item)).stem
    while len(os.fsencode(stem)) > LONGEST:
        stem = stem[:-1]
    for name in (stem, f"{stem}_{mark[:8]}"):
        path = out / f"{name}{ENDING}"
        if os.path.lexists(path):
            if _mark(path) == mark:
                return path, mark
        elif not os.path.lexists(path.with_suffix(".npy")):
            return path, mark
    raise ImageError(f"{item.path}: {path} exists and is no map of it")


def _mark(picture: Path | BytesIO) -> str | None:
    """The mark of a picture that this command made; None if it did not."""
    from PIL import Image

    try:
        with Image.open(picture, formats=["PNG"]) as image:
            mark = image.info.get(MARK)
    except Exception:  # the parser of hostile bytes may raise anything
        return None
    return mark if isinstance(mark, str) else None
