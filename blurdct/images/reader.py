"""Path, bytes or pixels -> luma (H, W) uint8 at the working size, or colour; the one reader.

JPEG files, nearly all photographs there are, go straight to OpenCV, which can decode them at a
half, a quarter or an eighth of their size; everything else goes through Pillow, which knows
transparency, palettes and the rest. HEIC, camera RAW and PDF are unpacked first: see ``formats``.
Which process does that, and within which limits: see ``guard``.

Sources:
    Luma: ITU-R BT.601-7, 2.5.1 (0.299 R + 0.587 G + 0.114 B), as in JPEG files.
"""

import os
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from PIL import Image

from ..config import ReadConfig
from .arrays import decode_pixels, is_pixels
from .files import read_bytes
from .guard import Aim, decode, reduced
from .structure.pages import Decoded

# What ``read_luma`` takes; and PyTorch's tensors, which are not imported for their name.
Source = (
    str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | np.ndarray | Image.Image
)


class Reading(NamedTuple):
    """A photo at the working size.

    Attributes:
        luma: As ``read_luma`` returns it.
        size: The photo's own width and height, pixels, upright.
        notes: What to know about how it was read, for people: ``first of 3 pages``.
    """

    luma: Any
    size: tuple[int, int]
    notes: tuple[str, ...]


def read_luma(source: Source, config: ReadConfig = ReadConfig(), name: str | None = None) -> Any:
    """The brightness of a photo at the working size.

    Args:
        source: Path; bytes of an image file, or an open file of them; or pixels. Those are an
            array of shape (H, W), (H, W, 3) in the order red, green, blue (OpenCV's is the other
            way round) or (H, W, 4) RGBA, dtype uint8, uint16 or bool; an image of Pillow's in any
            of its modes, turned upright by its EXIF; or a tensor of PyTorch's, as an array or with
            the colours first, (3, H, W), where floats are 0..1. Of 16 bits in a PNG or TIFF file
            or an array so many count as are in use, by the largest sample: the least of 8, 10, 12,
            14 and 16 that holds it. At 12, white is 4095. Of a file of several pages or frames the
            first that shows something counts, thumbnails aside.
        config: Working size and pixel limit.
        name: What errors call the photo; its path if left out.

    Returns:
        Shape (H, W), uint8, grey levels 0..255: upright by EXIF, transparency over white, the
        long side reduced to ``config.size`` (never enlarged) by area averaging, aspect kept. Of a
        strip so narrow that its short side would fall under 16 pixels, that side stays 16.

    Raises:
        ImageError: Missing, empty, truncated, no image, unsupported, too small (a side under 16
            pixels), over the pixel limit, or more than a decoder may take of memory or time. The
            message names the photo and says why.
        ValueError: An array or tensor of another shape, dtype or range.
    """
    return read_sized(source, config, name).luma


def read_sized(
    source: Source, config: ReadConfig = ReadConfig(), name: str | None = None
) -> Reading:
    """What ``read_luma`` returns, the photo's own size, and notes."""
    found = _read(source, config, name, False, Aim(long=config.size))
    return Reading(found.pixels, found.size, found.notes)


def read_rgb(source: Source, config: ReadConfig = ReadConfig(), name: str | None = None) -> Any:
    """The colours of a photo at its own size, for making blurred copies of it.

    Args:
        source: As for ``read_luma``.
        config: Only its pixel limit counts here.
        name: What errors call the photo; its path if left out.

    Returns:
        Shape (H, W, 3), uint8, red, green, blue: upright by EXIF, transparency over white.

    Raises:
        ImageError: As for ``read_luma``.
    """
    return _read(source, config, name, True, Aim()).pixels


def read_least(
    source: Source,
    short: int,
    colour: bool,
    config: ReadConfig = ReadConfig(),
    name: str | None = None,
) -> tuple[Any, int]:
    """A photo that is still to be reduced: no smaller than needed, but decoded fast.

    Args:
        source: As for ``read_luma``.
        short: Pixels that the short side will have in the end.
        colour: Red, green and blue, or luma.
        config: Only its pixel limit counts here.
        name: What errors call the photo; its path if left out.

    Returns:
        Shape (H, W, 3) or (H, W), uint8, upright: the photo at its own size, or at a half, a
        quarter or an eighth of it where that leaves exactly ``short`` pixels or at least twice as
        many. And the pixels that it has at its own size.

    Raises:
        ImageError: As for ``read_luma``.
    """
    found = _read(source, config, name, colour, Aim(short=short))
    return found.pixels, found.size[0] * found.size[1]


def _read(source: Source, config: ReadConfig, name: str | None, colour: bool, aim: Aim) -> Decoded:
    if is_pixels(source):
        return reduced(decode_pixels(source, name or "array", config, colour), aim)
    data, label = read_bytes(source, name)
    return decode(data, label, config, colour, aim)
