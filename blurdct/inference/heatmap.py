"""Photo + map of P(blurred) -> a picture for people: colours over the photo, scale and verdict.

Sources:
    Colours: viridis, even to the eye, and in order for those who do not tell red from green, too:
    Nunez, Anderton, Renslow, PLoS ONE 13(7), 2018, doi:10.1371/journal.pone.0199239.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from .detector import Prediction

COLOURS = cv2.COLORMAP_VIRIDIS
OPACITY = 0.5  # of the colours over the photo
LONG = 1024  # pixels, the most of the drawn photo's long side
SMALL = 512  # a photo of less is enlarged to that, but at most twice
NARROW = 260  # pixels; the picture is no narrower, so that scale and verdict have room
SCALE_LONG = 420  # pixels, the most of the scale
MARGIN = 12  # pixels
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
    luma = _resize(luma, _enlargement(max(luma.shape)))
    p = np.clip(spread(p_map, luma.shape), 0, 1)
    colours = _colours()[np.rint(255 * p).astype(int)]  # (H', W', 3)
    return _page(_under(luma[:, :, None], colours), prediction)


def spread(cells: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A map at the size of a photo, shape (H, W): bilinear between the centres of cells.

    The cells share the photo evenly, which puts them at most a block from where they are: of an
    odd count of blocks one row stands alone, and a few pixels of the photo are in none.
    """
    return np.asarray(cv2.resize(cells, shape[1::-1], interpolation=cv2.INTER_LINEAR))


def _enlargement(long: int) -> float:
    return min(2.0, float(np.clip(1.0, SMALL / long, LONG / long)))


def _resize(luma: np.ndarray, by: float) -> np.ndarray:
    target = (max(1, round(luma.shape[1] * by)), max(1, round(luma.shape[0] * by)))
    how = cv2.INTER_AREA if by < 1 else cv2.INTER_CUBIC
    return luma if by == 1 else cv2.resize(luma, target, interpolation=how)


@cache
def _colours() -> np.ndarray:
    """Colours of P from 0 to 1, shape (256, 3), float32, RGB."""
    ramp = np.arange(256, dtype=np.uint8)[:, None]
    return cv2.applyColorMap(ramp, COLOURS)[:, 0, ::-1].astype(np.float32)


def _under(grey: Any, colours: np.ndarray) -> np.ndarray:
    """Grey levels as they look through colours, uint8."""
    return np.rint((1 - OPACITY) * grey + OPACITY * colours).astype(np.uint8)


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
    pen.text((left, top), f"score {prediction.score:.1f}   {prediction.label}", INK, font)
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
