"""Luma -> why it tells nothing about blur: black, white, noise, flat or mosaic; "" if it does tell.

An edge, sharp or blurred, shows in the means of cells of 4x4 and 8x8 pixels, where noise averages
out and a smooth gradient is what its surroundings say. Chosen so that noise of 10 grey levels,
before JPEG too, and fog of 2 % contrast stay below the limits, and pictures blurred by a tenth of
their width above.

Sources:
    A cell less the mean around it: centre-surround, as in Itti, Koch, Niebur, IEEE TPAMI 20, 1998,
    doi:10.1109/34.730558.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from ..images.transparency import TRANSPARENT
from .screening.mosaic import is_mosaic

REASONS = {
    "black": "nothing but black",
    "white": "nothing but white",
    "transparent": "transparent: nothing of it shows on white",
    "noise": "no edge rises above the noise",
    "flat": "flat: no edge that could be sharp or blurred",
    "mosaic": "mosaic: squares of one grey level each",
}
BLACK, WHITE = 16, 240  # grey levels of the whole photo's mean
NOISE = 0.5  # grey levels of the typical tile's texture: white noise of about 2

TILE = 8  # cells of 4x4 pixels, side of the tiles that texture is averaged over
SMALLEST = 64  # pixels; a smaller side is continued to that


@dataclass(frozen=True)
class Contrast:
    """How far cells stand out from what is around them, grey levels.

    Attributes:
        peak: Of the cell of 4x4 pixels that stands out second most: a light, a bird, a line.
        texture: RMS over tiles of 32x32 pixels that a fortieth of the photo reaches: fine texture.
        soft: Of the fourth strongest mean of 24x24 pixels, from that of 56x56: what strong blur
            leaves of a scene.
        typical: RMS as in texture, in the median tile.
    """

    peak: float
    texture: float
    soft: float
    typical: float


# Each alone is evidence. A lone hot pixel of 255 makes a peak of 14. Noise of 10 grey levels makes
# peaks of 12, a soft contrast of 1.6 and texture of 2.9, or 3.2 after JPEG of quality 40. A smooth
# sky that clips makes a soft contrast of 4.4.
LIMITS = {"peak": 22.0, "texture": 3.3, "soft": 4.6}

# What strong noise falls to from 4 to 8 and from 8 to 16 pixels: white noise to .45 to .56, at
# whatever strength, before JPEG or after. The limit follows that noise. The larger of the two falls
# is .6 and more in photographs of gravel and grass, and .67 and more in 3,498 of all kinds, which
# were looked at as well when it was set.
FALL = 0.58
LEAST_CELLS = 24  # of 4 pixels, along a side: fewer of 16 pixels vary by chance


def missing(luma: np.ndarray, notes: Collection[str] = ()) -> str:
    """Why nothing can be said about blur in this photo; "" if something can.

    Args:
        luma: Shape (H, W), uint8, grey levels, at the working size: limits hold per pixel.
        notes: On how it was read; see ``images.reader.Reading``.

    Returns:
        One of ``REASONS``, for people.

    Raises:
        ValueError: Not two axes.
    """
    fine, detail = _detail(luma)
    # the peak alone is enough for nearly all photos, in half the time
    found = None if _reaches(detail, 2, LIMITS["peak"]) else _contrast(fine, detail)
    if not found or any(getattr(found, name) > limit for name, limit in LIMITS.items()):
        if _is_noise(fine, detail):
            return REASONS["noise"]
        return REASONS["mosaic"] if is_mosaic(luma) else ""
    if TRANSPARENT in notes:
        return REASONS["transparent"]
    mean = cv2.mean(luma)[0]
    if mean < BLACK:
        return REASONS["black"]
    if mean > WHITE:
        return REASONS["white"]
    return REASONS["noise" if found.typical > NOISE else "flat"]


def contrast(luma: np.ndarray) -> Contrast:
    """What ``missing`` decides by.

    Args:
        luma: Shape (H, W), uint8. A side under 64 pixels is continued by mirror images.

    Raises:
        ValueError: Not two axes.
    """
    return _contrast(*_detail(luma))


def _contrast(fine: np.ndarray, detail: np.ndarray) -> Contrast:
    """From what ``_detail`` returns."""
    coarse = _means(fine, 2)
    texture = np.sqrt(_means(detail * detail, TILE))
    soft = (cv2.blur(coarse, (3, 3)) - cv2.blur(coarse, (7, 7)))[3:-3, 3:-3]
    return Contrast(
        _strongest(detail, 2),
        _strongest(texture, texture.size),
        _strongest(np.abs(soft), 4),
        float(np.median(texture)),
    )


def _is_noise(fine: np.ndarray, detail: np.ndarray) -> bool:
    """Whether what stands out is noise, from what ``_detail`` returns."""
    if min(fine.shape) < LEAST_CELLS:
        return False
    before = _rms(detail)
    for _ in range(2):
        fine = _means(fine, 2)
        after = _rms(fine - cv2.blur(fine, (3, 3)))
        if after > FALL * before:
            return False
        before = after
    return True


def _rms(detail: np.ndarray) -> float:
    """Without the outermost cells, whose surroundings are continued by mirror images."""
    inner = detail[1:-1, 1:-1]
    return float(np.sqrt(np.mean(inner * inner)))


def _detail(luma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cells of 4x4 pixels, and how far each stands out from those around it."""
    if luma.ndim != 2:
        raise ValueError(f"expected shape (H, W), got {luma.shape}")
    if min(luma.shape) < SMALLEST:
        lacking = [(0, max(0, SMALLEST - side)) for side in luma.shape]
        luma = np.pad(_levelled(luma), lacking, mode="reflect")
    # a quarter in two halves, which OpenCV makes of bytes five times as fast
    fine = _means(_means(luma, 2), 2).astype(np.float32)
    return fine, np.abs(fine - cv2.blur(fine, (3, 3)))


def _levelled(luma: np.ndarray) -> np.ndarray:
    """Less its mean and its slope, so that a gradient has no fold at the mirror."""
    down, across = (np.linspace(-1, 1, side, dtype=np.float32) for side in luma.shape)
    flat = luma - luma.mean(dtype=np.float32)
    flat -= (flat.mean(axis=1) @ down) / (down @ down) * down[:, None]
    flat -= (flat.mean(axis=0) @ across) / (across @ across) * across
    return flat


def _means(picture: np.ndarray, side: int) -> Any:
    """Means of cells of side x side; what is left over is cropped."""
    rows, columns = (extent // side for extent in picture.shape)
    whole = picture[: rows * side, : columns * side]
    return cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA)


def _reaches(values: np.ndarray, rank: int, limit: float) -> bool:
    """Whether ``_strongest`` is over a limit."""
    return int(np.count_nonzero(values > limit)) >= _rank(values, rank)


def _strongest(values: np.ndarray, rank: int) -> float:
    """The value of that rank from the top, or the last one within the top fortieth."""
    place = values.size - _rank(values, rank)
    return float(np.partition(values, place, axis=None)[place])


def _rank(values: np.ndarray, rank: int) -> int:
    return min(rank, 1 + values.size // 40)
