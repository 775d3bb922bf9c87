"""Luma -> whether it is a mosaic: squares of one grey level each, as pixelation leaves them.

Nothing in such a picture tells how sharp it was. Its steps from pixel to pixel stand in a comb:
every so many columns and, as far apart, every so many rows; the Fourier transform of a comb is one
too, whose teeth are as high as its first value, the sum of the steps.
"""

from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np

SMALL = 5  # grey levels: steps up to that are texture, noise and JPEG blocks
FINEST = 2.5  # pixels of a square's side that are looked for, at least
COMB = 0.7  # height of a tooth, 0..1: the share of the steps that stand in the comb, roughly
STRONG = 2.0  # grey levels, mean excess of a step over ``SMALL`` at a border of squares, ...
WEAK = 0.4  # the same of squares of ...
LARGE = 20  # pixels or more, which no blocks of JPEG are; over a blurred photo they differ by less
SQUARE = 0.04  # relative difference between the squares' sides
SMALLEST = 96  # pixels of the picture's short side
TEETH = 4.2  # squares side by side at least: what comes in larger parts may do so by chance
WHOLE = 0.5  # share of the teeth that are there: a few lines of a drawing are no comb
LEAST = 0.1  # of the mean tooth: what counts as one
LONGER = 4  # by how much the lines are continued with zeros, for a finer view of frequencies


class Comb(NamedTuple):
    """How steps stand along one axis.

    Attributes:
        height: Of a tooth of the spectrum, 0..1.
        period: Pixels.
        strength: Grey levels, mean of the steps there beyond ``SMALL``.
    """

    height: float
    period: float
    strength: float


def is_mosaic(luma: np.ndarray) -> bool:
    """Whether a picture is a mosaic all over, at its own size or enlarged.

    Args:
        luma: Shape (H, W), uint8, grey levels. Less than 96 pixels along a side tell nothing.
    """
    if min(luma.shape) < SMALLEST:
        return False
    across = comb(luma)
    if not _is_grid(across):
        return False  # as of nearly all photos
    down = comb(np.ascontiguousarray(luma.T))
    if not _is_grid(down):
        return False
    return abs(across.period - down.period) <= SQUARE * max(across.period, down.period)


def _is_grid(of: Comb) -> bool:
    return of.height >= COMB and of.strength >= (WEAK if of.period >= LARGE else STRONG)


def comb(luma: np.ndarray) -> Comb:
    """How the steps from column to column stand."""
    between = cv2.absdiff(luma[::3, 1:], luma[::3, :-1])  # a third of the rows tells as much
    steps = cv2.subtract(between, SMALL)  # type: ignore[call-overload]  # none under 0
    plain = cv2.reduce(steps, 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[0] / len(steps)
    count = LONGER * len(plain)
    line = plain * _window(len(plain))
    total = float(line.sum())
    if total <= 0:
        return Comb(0.0, 0.0, 0.0)
    lowest, highest = int(LONGER * TEETH), int(count / FINEST)
    spectrum = np.abs(np.fft.rfft(line, count))[lowest : highest + 1] / total
    # of teeth that are as high the first is that of the squares, the others count it manyfold
    peaks = (spectrum[1:-1] >= spectrum[:-2]) & (spectrum[1:-1] >= spectrum[2:])
    high = np.flatnonzero(peaks & (spectrum[1:-1] >= 0.8 * spectrum.max())) + 1
    first = int(high[0]) if len(high) else int(np.argmax(spectrum))
    period = count / (lowest + first)
    teeth = np.add.reduceat(plain, np.arange(0, len(plain) - period / 2, period).astype(int))
    strength = float(teeth.mean())
    is_whole = np.mean(teeth >= LEAST * strength) >= WHOLE
    return Comb(float(spectrum[first]) if is_whole else 0.0, period, strength)


@lru_cache(maxsize=64)
def _window(count: int) -> np.ndarray:
    window = np.hanning(count)
    window.setflags(write=False)
    return window
