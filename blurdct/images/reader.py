"""Path, bytes or array -> luma (H, W) uint8 at the working size, or colour; the one reader.

JPEG files, nearly all photographs there are, go straight to OpenCV, which can decode them at a
half, a quarter or an eighth of their size; everything else goes through Pillow, which knows
transparency, palettes and the rest. HEIC, camera RAW and PDF are unpacked first: see ``formats``.

Sources:
    Luma: ITU-R BT.601-7, 2.5.1 (0.299 R + 0.587 G + 0.114 B), as in JPEG files.
"""

import os
from collections.abc import Callable
from functools import partial
from typing import Any, BinaryIO

import cv2
import numpy as np

from ..config import ReadConfig
from ..errors import ImageError
from .decode import (
    DAMAGED,
    MIN_SIDE,
    array_luma,
    array_rgb,
    check_size,
    decode_by_pillow,
    jpeg_lies_on_side,
    jpeg_size,
    pillow_luma,
    pillow_rgb,
)
from .files import read_bytes
from .formats import unpack
from .resize import resize_by

# What ``read_luma`` takes.
Source = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | np.ndarray

_JPEG = b"\xff\xd8\xff"
_REDUCED = {  # in colour or not -> by how much -> flag
    False: {
        1: cv2.IMREAD_GRAYSCALE,
        2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
        4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
        8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
    },
    True: {
        1: cv2.IMREAD_COLOR,
        2: cv2.IMREAD_REDUCED_COLOR_2,
        4: cv2.IMREAD_REDUCED_COLOR_4,
        8: cv2.IMREAD_REDUCED_COLOR_8,
    },
}


def read_luma(source: Source, config: ReadConfig = ReadConfig(), name: str | None = None) -> Any:
    """The brightness of a photo at the working size.

    Args:
        source: Path; bytes of an image file, or an open file of them; or pixels as an array of
            shape (H, W), (H, W, 3) RGB or (H, W, 4) RGBA, dtype uint8, uint16 or bool. Of 16 bits
            in a PNG or TIFF file or an array so many count as are in use, by the largest sample:
            the least of 8, 10, 12, 14 and 16 that holds it. At 12, white is 4095.
        config: Working size and pixel limit.
        name: What errors call the photo; its path if left out.

    Returns:
        Shape (H, W), uint8, grey levels 0..255: upright by EXIF, transparency over white, the
        long side reduced to ``config.size`` (never enlarged) by area averaging, aspect kept. Of a
        strip so narrow that its short side would fall under 16 pixels, that side stays 16.

    Raises:
        ImageError: Missing, empty, truncated, no image, unsupported, too small (a side under 16
            pixels) or over the pixel limit. The message names the photo and says why.
        ValueError: An array of another shape or dtype.
    """
    return read_sized(source, config, name)[0]


def read_sized(
    source: Source, config: ReadConfig = ReadConfig(), name: str | None = None
) -> tuple[Any, tuple[int, int]]:
    """What ``read_luma`` returns, and the photo's own width and height, pixels, upright."""
    luma, size = _read(source, config, name, False, partial(_scale, size=config.size))
    height, width = luma.shape
    return resize_by(luma, _scale(width, height, config.size)), size


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
    return _read(source, config, name, True, None)[0]


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
    pixels, (width, height) = _read(
        source, config, name, colour, lambda w, h: min(1.0, short / min(w, h))
    )
    return pixels, width * height


def _read(
    source: Source,
    config: ReadConfig,
    name: str | None,
    colour: bool,
    scale: Callable[[int, int], float] | None,
) -> tuple[Any, tuple[int, int]]:
    """Pixels, and the photo's own upright size; ``scale`` says how small a JPEG may be decoded."""
    if isinstance(source, np.ndarray):
        size = source.shape[1::-1]
        check_size(size, config, name or "array")
        return (array_rgb if colour else array_luma)(source), size
    data, label = read_bytes(source, name)
    if data[:3] == _JPEG:
        width, height = jpeg_size(data, label)
        check_size((width, height), config, label)
        factor = _reduction(scale(width, height)) if scale else 1
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), _REDUCED[colour][factor])
        if pixels is None:
            raise ImageError(f"{label}: {DAMAGED}")
        if _is_turned(data, pixels.shape[1::-1], (width, height), factor):
            width, height = height, width
        return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB) if colour else pixels, (width, height)
    unpacked = unpack(data, label, partial(check_size, config=config, label=label))
    if unpacked:
        return _read(unpacked[0], config, label, colour, scale)[0], unpacked[1]
    pixels = decode_by_pillow(data, label, config, pillow_rgb if colour else pillow_luma)
    return pixels, pixels.shape[1::-1]


def _is_turned(data: bytes, shown: tuple[int, ...], stored: tuple[int, int], factor: int) -> bool:
    """Whether OpenCV, turning a JPEG upright, let width and height change places.

    Args:
        data: The JPEG file.
        shown: Width and height that came out, pixels.
        stored: Width and height as stored, pixels.
        factor: By how much the JPEG library shrank it; it rounds up.
    """
    width, height = (-(-side // factor) for side in stored)
    if width != height:
        return shown != (width, height)
    return stored[0] != stored[1] and jpeg_lies_on_side(data)  # sizes no longer tell


def _scale(width: int, height: int, size: int) -> float:
    """By how much a photo is reduced: long side to ``size``, but the short one not under 16."""
    return min(1.0, max(size / max(width, height), MIN_SIDE / min(width, height)))


def _reduction(scale: float) -> int:
    """By how much the JPEG library may shrink: to exactly the wanted scale or at least twice it."""
    for factor in (8, 4, 2):
        if factor * scale == 1 or 2 * factor * scale <= 1:
            return factor
    return 1
