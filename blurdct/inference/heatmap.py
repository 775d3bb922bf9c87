"""Map of P(blurred) -> a picture for people: its colours alone, or over the photo with a scale.

Sources:
    Colours: viridis, even to the eye, and in order for those who do not tell red from green, too:
    Nunez, Anderton, Renslow, PLoS ONE 13(7), 2018, doi:10.1371/journal.pone.0199239.
"""

from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..config import ReadConfig
from ..images.reader import read_luma
from ..images.resize import resize_by

if TYPE_CHECKING:
    from .detector import Prediction

OPACITY = 0.5  # of the colours over the photo
LONG = 1024  # pixels, the most of the drawn photo's long side
SMALL = 512  # a photo of less is enlarged to that, but at most twice
NARROW = 260  # pixels; the picture is no narrower, so that scale and verdict have room
SCALE_LONG = 420  # pixels, the most of the scale
MARGIN = 12  # pixels
FAST = (cv2.IMWRITE_PNG_COMPRESSION, 3)  # of 9; much of a picture is noise, which has to stay
LEVELS = 32  # P that a small PNG tells apart: the eye does not see more, and it is half as large
INK, PAPER = (25, 25, 25), (255, 255, 255)


def draw(photo: Any, p_map: Any, prediction: "Prediction") -> np.ndarray:
    """A photo in grey under the colours of its map; below it score, label and what colours mean.

    Args:
        photo: Shape (H, W), or (H, W, 3) RGB, uint8; at any size.
        p_map: Shape (h, w), P(blurred) 0..1, evenly over the whole photo.
        prediction: The verdict on it.

    Returns:
        Shape (H', W', 3), uint8, RGB. The photo in it has a long side of at most 1024 pixels; one
        under 512 is enlarged to that, but at most twice. The picture is at least 260 wide.

    Raises:
        ValueError: Arrays of another shape or dtype.
    """
    photo, p_map = np.asarray(photo), np.asarray(p_map, np.float32)
    if photo.dtype != np.uint8 or photo.ndim not in (2, 3) or photo.shape[2:] not in ((), (3,)):
        raise ValueError(f"expected (H, W) or (H, W, 3) uint8, got {photo.shape} {photo.dtype}")
    if p_map.ndim != 2:
        raise ValueError(f"expected a map of shape (h, w), got {p_map.shape}")
    luma = photo if photo.ndim == 2 else cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)
    luma = resize_by(luma, _enlargement(max(luma.shape)), enlarge=cv2.INTER_CUBIC)
    p = np.clip(spread(p_map, luma.shape), 0, 1)
    colours = _colours()[np.rint(255 * p).astype(int)]  # (H', W', 3)
    return _page(_under(luma[:, :, None], colours), prediction)


def drawn_png(data: bytes, max_pixels: int, prediction: "Prediction", p_map: np.ndarray) -> bytes:
    """``draw`` of a photo's file as a PNG, read as large as it is drawn.

    Raises:
        ImageError: The photo cannot be read.
    """
    luma = read_luma(data, ReadConfig(LONG, max_pixels), prediction.path)
    return _png(np.ascontiguousarray(draw(luma, p_map, prediction)[:, :, ::-1]))


def overlay_png(p_map: np.ndarray) -> bytes:
    """The colours of a map, shape (h, w), as a PNG: a pixel for each cell, RGBA, opaque."""
    levels = np.rint(255 * np.clip(p_map, 0, 1)).astype(np.uint8)
    return _png(cv2.cvtColor(_colours()[levels], cv2.COLOR_RGB2BGRA))


def small_png(p_map: np.ndarray) -> bytes:
    """The same in as few bytes as can be: 32 colours, from a palette."""
    levels = np.rint(np.clip(p_map, 0, 1) * (LEVELS - 1)).astype(np.uint8)
    image = Image.fromarray(levels, "P")
    image.putpalette(_colours()[np.rint(np.linspace(0, 255, LEVELS)).astype(int)].tobytes())
    file = BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


def spread(cells: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A map at the size of a photo, shape (H, W): bilinear between the centres of cells.

    The cells share the photo evenly, which puts them at most a block from where they are: of an
    odd count of blocks one row stands alone, and a few pixels of the photo are in none.
    """
    return np.asarray(cv2.resize(cells, shape[1::-1], interpolation=cv2.INTER_LINEAR))


def _enlargement(long: int) -> float:
    return min(2.0, float(np.clip(1.0, SMALL / long, LONG / long)))


@cache
def _colours() -> np.ndarray:
    """Colours of P from 0 to 1, shape (256, 3), uint8, RGB."""
    ramp = np.arange(256, dtype=np.uint8)[:, None]
    return np.ascontiguousarray(cv2.applyColorMap(ramp, cv2.COLORMAP_VIRIDIS)[:, 0, ::-1])


def _png(bgr: Any) -> bytes:
    return bytes(cv2.imencode(".png", bgr, FAST)[1])


def _under(grey: Any, colours: np.ndarray) -> np.ndarray:
    """Grey levels as they look through colours, uint8."""
    return np.rint((1 - OPACITY) * grey + OPACITY * colours.astype(np.float32)).astype(np.uint8)


def _page(photo: np.ndarray, prediction: "Prediction") -> np.ndarray:
    """The photo on paper, over verdict and scale."""
    height, width = photo.shape[:2]
    wide = max(width, NARROW)
    letters = int(np.clip(wide / 32, 15, 24))  # pixels high
    font: Any = ImageFont.load_default(letters)
    small: Any = ImageFont.load_default(max(13, letters - 4))
    line = round(1.4 * letters)
    bar = min(wide - 4 * MARGIN, SCALE_LONG)
    page = Image.new("RGB", (wide, height + 2 * MARGIN + 4 * line), PAPER)
    page.paste(Image.fromarray(photo), ((wide - width) // 2, 0))
    pen = ImageDraw.Draw(page)
    top, left = height + MARGIN, 2 * MARGIN
    score = "" if prediction.score is None else f"score {prediction.score:.1f}   "
    pen.text((left, top), score + prediction.shown, INK, font)
    top += line + line // 4
    pen.text((left, top), "sharp", INK, small)
    pen.text((left + bar, top), "blurred", INK, small, anchor="ra")
    top += line
    ramp = Image.fromarray(_under(127.5, _colours())[None])  # as over a medium grey
    page.paste(ramp.resize((bar, line // 2)), (left, top))
    top += line // 2
    for tenth in range(0, 11, 2):
        x = left + round((bar - 1) * tenth / 10)
        pen.line((x, top, x, top + 4), INK)
        pen.text((x, top + 6), f"{tenth / 10:g}", INK, small, anchor="ma")
    return np.asarray(page)
