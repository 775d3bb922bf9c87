"""Another size for a picture: the mean of what falls together, or interpolated where it grows.

Which of the two it is makes a difference to every number that is taken afterwards: interpolation
skips pixels of what is reduced, and leaves edges that no camera drew.
"""

from typing import Any

import cv2
import numpy as np

from ..kernel import calls


def resize_to(pixels: np.ndarray, width: int, height: int, enlarge: int = cv2.INTER_LINEAR) -> Any:
    """A picture of exactly that size: by area averaging, unless a side grows.

    Args:
        pixels: Shape (H, W) or (H, W, channels).
        width: Pixels.
        height: Pixels.
        enlarge: How OpenCV interpolates where a side grows, since averaging cannot.

    Returns:
        A new array, shape (height, width) or (height, width, channels), dtype as given.
    """
    smaller = pixels.shape[1] >= width and pixels.shape[0] >= height
    # OpenCV is fast where both sides become a whole part of themselves
    whole = pixels.shape[1] % width == pixels.shape[0] % height == 0
    if smaller and not whole and min(width, height) >= calls.LEAST and calls.takes(pixels):
        return calls.area(pixels, width, height)
    how = cv2.INTER_AREA if smaller else enlarge
    return cv2.resize(pixels, (width, height), interpolation=how)


def resize_by(
    pixels: np.ndarray, scale: float, least: int = 1, enlarge: int = cv2.INTER_LINEAR
) -> Any:
    """A picture at so many times its size, each side rounded but of ``least`` pixels or more.

    It comes back as it is, not copied, where that is its size already; otherwise see ``resize_to``.
    """
    height, width = (max(least, round(side * scale)) for side in pixels.shape[:2])
    if (height, width) == pixels.shape[:2]:
        return pixels
    return resize_to(pixels, width, height, enlarge)


def resize_within(pixels: np.ndarray, longest: int) -> Any:
    """A picture whose long side is at most so many pixels: reduced with its aspect, or as it is."""
    return resize_by(pixels, min(1.0, longest / max(pixels.shape[:2])))
