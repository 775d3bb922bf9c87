"""A photo -> the piece of it that shows most detail, pixel for pixel, as a JPEG."""

import cv2
import numpy as np

from ..images.thumbnail import encode_jpeg

SIDES = (400, 320, 256, 192, 128)  # pixels of a piece, tried in this order
QUALITIES = (85, 70, 55)  # of JPEG, tried in this order for each of them
STEP = 16  # pixels between two places that are looked at


def sharpest_piece(
    rgb: np.ndarray, budget: int, p_map: np.ndarray | None = None
) -> tuple[bytes, tuple[int, int]]:
    """The largest and best piece of at most ``budget`` bytes, and its width and height.

    Args:
        rgb: Shape (H, W, 3), uint8, at the photo's own size.
        budget: Bytes.
        p_map: Shape (h, w), P(blurred) 0..1 evenly over the photo, if the model makes one: of two
            places of as much detail the one that it calls sharper counts more.

    Returns:
        Empty where not even the smallest fits.
    """
    detail = _detail(rgb, p_map)
    for side in SIDES:
        left, top = _most(detail, side)
        piece = rgb[top : top + side, left : left + side]
        for quality in QUALITIES:
            jpeg = encode_jpeg(piece, quality)
            if len(jpeg) <= budget:
                return jpeg, (piece.shape[1], piece.shape[0])
    return b"", (0, 0)


def _detail(rgb: np.ndarray, p_map: np.ndarray | None) -> np.ndarray:
    """Mean of the absolute Laplacian by squares of ``STEP`` pixels, (H / STEP, W / STEP)."""
    luma = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY)
    edges = cv2.convertScaleAbs(cv2.Laplacian(luma, cv2.CV_16S, ksize=1))
    height, width = luma.shape
    size = max(1, width // STEP), max(1, height // STEP)
    detail = cv2.resize(edges, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    if p_map is not None:
        sharp = 1 - np.clip(np.asarray(p_map, np.float32), 0, 1)
        detail *= 0.1 + cv2.resize(sharp, size, interpolation=cv2.INTER_LINEAR)
    return detail


def _most(detail: np.ndarray, side: int) -> tuple[int, int]:
    """Left and top, pixels, of the square with the most detail in it."""
    rows, columns = detail.shape
    high, wide = min(rows, side // STEP), min(columns, side // STEP)
    sums = cv2.integral(detail)
    inside = sums[high:, wide:] - sums[:-high, wide:] - sums[high:, :-wide] + sums[:-high, :-wide]
    top, left = np.unravel_index(int(inside.argmax()), inside.shape)
    return STEP * int(left), STEP * int(top)
