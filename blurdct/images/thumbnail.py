"""A photo as a small JPEG, for pages."""

import cv2
import numpy as np

from ..errors import ImageError
from .reader import Source, read_rgb
from .resize import resize_within

LONG = 960  # pixels, the most of a picture's long side where there is a budget
LEAST = 30  # pixels of that side; of less nothing can be made out
QUALITIES = (80, 65, 50, 35)  # of JPEG, tried in this order
THUMBNAIL = 160  # long side, pixels, of what is as large for every photo
QUALITY = 70  # of their JPEG


def thumbnail_jpeg(source: Source, side: int = THUMBNAIL) -> bytes | None:
    """A small JPEG of a photo, its long side at most ``side`` pixels; None if it is unreadable."""
    try:
        rgb = read_rgb(source)
    except (ImageError, ValueError):
        return None
    return encode_jpeg(resize_within(rgb, side), QUALITY)


def small_jpeg(rgb: np.ndarray, budget: int, long: int = LONG) -> tuple[bytes, tuple[int, int]]:
    """A photo as a small JPEG: the largest and best of at most ``budget`` bytes, and its size.

    Empty where not even 30 pixels fit.
    """
    while long >= LEAST:
        small = resize_within(rgb, long)
        for quality in QUALITIES:
            jpeg = encode_jpeg(small, quality)
            if len(jpeg) <= budget:
                return jpeg, small.shape[1::-1]
        long = 3 * long // 4
    return b"", (0, 0)


def encode_jpeg(rgb: np.ndarray, quality: int) -> bytes:
    """Pixels (H, W, 3), uint8, RGB -> a JPEG of that quality, 0..100."""
    bgr = np.ascontiguousarray(rgb[..., ::-1])
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
