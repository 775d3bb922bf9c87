"""A photo, its mirror images and its turns by quarters -> one canonical orientation, and back."""

import cv2
import numpy as np

from ..kernel import calls


def canonical(luma: np.ndarray) -> np.ndarray:
    """A photo in the one of its eight orientations that has the light left and above.

    Of its two differences of light, between left and right half and between upper and lower half,
    the larger one comes to lie between left and right. A photo without either stays as it is.
    """
    turned, right, down = _orientation(luma)
    if right or down:  # OpenCV does both several times as fast as NumPy
        luma = cv2.flip(luma, -1 if right and down else int(right))
    return cv2.transpose(luma) if turned else np.ascontiguousarray(luma)


def to_canonical(cells: np.ndarray, luma: np.ndarray) -> np.ndarray:
    """The way back from ``from_canonical``: a map as the photo lies -> as ``canonical`` does."""
    turned, right, down = _orientation(luma)
    cells = cells[::-1] if down else cells
    cells = cells[:, ::-1] if right else cells
    return np.ascontiguousarray(cells.T if turned else cells)


def from_canonical(cells: np.ndarray, luma: np.ndarray) -> np.ndarray:
    """A map over the cells of ``map_blocks`` -> the same as the photo lies: (h, w)."""
    turned, right, down = _orientation(luma)
    cells = cells.T if turned else cells
    cells = cells[:, ::-1] if right else cells
    return np.ascontiguousarray(cells[::-1] if down else cells)


def is_transposed(luma: np.ndarray) -> bool:
    """Whether rows and columns of a photo change places on its way to ``canonical``."""
    return _orientation(luma)[0]


def _orientation(luma: np.ndarray) -> tuple[bool, bool, bool]:
    """Whether to transpose (last), to mirror left and right, to mirror top and bottom."""
    if calls.takes(luma):
        lighter = calls.lighter(luma)
        return abs(lighter[1]) > abs(lighter[0]), lighter[0] > 0, lighter[1] > 0
    columns, rows = (cv2.reduce(luma, axis, cv2.REDUCE_SUM, dtype=cv2.CV_32S) for axis in (0, 1))
    right, down = (_later(line) - _later(line[::-1]) for line in (columns[0], rows[:, 0]))
    return bool(abs(down) > abs(right)), bool(right > 0), bool(down > 0)


def _later(line: np.ndarray) -> int:
    """The sum of the second half, without the middle of an odd one."""
    return int(line[(len(line) + 1) // 2 :].sum(dtype=np.int64))
