"""A photo as a small JPEG, for pages."""

import cv2
import numpy as np

from ..errors import ImageError
from .reader import Source, read_rgb

LONG = 240  # pixels, the most of a picture's long side
QUALITIES = (80, 65, 50, 35)  # of JPEG, tried in this order


def small_jpeg(rgb: np.ndarray, budget: int, long: int = LONG) -> tuple[bytes, tuple[int, int]]:
    """A photo as a small JPEG: the largest and best of at most ``budget`` bytes, and its size.

    Empty where not even 30 pixels fit.
    """
    while long >= 30:
        scale = min(1.0, long / max(rgb.shape[:2]))
        width, height = (max(1, round(length * scale)) for length in rgb.shape[1::-1])
        small = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA)
        bgr = np.ascontiguousarray(small[..., ::-1])
        for quality in QUALITIES:
            jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
            if len(jpeg) <= budget:
                return jpeg, (width, height)
        long //= 2
    return b"", (0, 0)


THUMBNAIL = 160  # long side, pixels
QUALITY = 70  # of their JPEG


def thumbnail(source: Source, side: int = THUMBNAIL) -> bytes | None:
    """A small JPEG of a photo, its long side at most ``side`` pixels; None if it is unreadable."""
    try:
        rgb = read_rgb(source)
    except (ImageError, ValueError):
        return None
    scale = min(1.0, side / max(rgb.shape[:2]))
    width, height = (max(1, round(length * scale)) for length in rgb.shape[1::-1])
    small = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA)
    done, jpeg = cv2.imencode(".jpg", small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return jpeg.tobytes() if done else None
