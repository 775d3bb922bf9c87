"""Which of the 350 numbers speak of which size, of how fine detail, and of which direction.

A number that compares two sizes counts to the larger one, and one that compares two bands to the
finer one: it says what is there beyond the other. What is of no size (brightness, noise, how much
of the photo shows anything) counts to the whole photo.
"""

from collections.abc import Callable, Hashable

import numpy as np

from ..features.bands import BANDS
from ..features.block_map import DIRECTIONS, SCALES
from ..features.summary import QUANTILES, SUMMARY, WHOLE

FULL = "full"
SIZES = (FULL, *SCALES)
WHOLE_PHOTO = "whole"  # the part that is of no size and no band
NO_DIRECTION = "none"
STARTS = ("mean ", "high ", "spread ", *(f"{quantile:g} " for quantile in QUANTILES))


def size_of(name: str) -> str:
    """``full``, ``half`` or ``quarter``; ``whole`` of what is about the whole photo."""
    told = _told(name)
    if name in WHOLE or told == "luma":
        return WHOLE_PHOTO
    return next((size for size in SCALES if told.startswith((f"{size}_", f"{size}-", f"{size} "))),
                FULL)  # fmt: skip


def band_of(name: str) -> str:
    """A name in ``BANDS``; ``whole`` of what is about the whole photo."""
    if size_of(name) == WHOLE_PHOTO:
        return WHOLE_PHOTO
    told = _told(name)
    return min((band for band in BANDS if band in told), key=told.index)


def direction_of(name: str) -> str:
    """A name in ``DIRECTIONS``; ``none`` of what is about all at once, ``whole`` as for bands."""
    if size_of(name) == WHOLE_PHOTO:
        return WHOLE_PHOTO
    told = _told(name)
    return next((direction for direction in DIRECTIONS if direction in told), NO_DIRECTION)


def members(part_of: Callable[[str], Hashable]) -> dict[Hashable, np.ndarray]:
    """Part -> which numbers are of it, shape (350,), bool; each is of one part.

    Args:
        part_of: From a name in ``SUMMARY`` to its part.
    """
    parts = [part_of(name) for name in SUMMARY]
    return {part: np.array([one == part for one in parts]) for part in dict.fromkeys(parts)}


def _told(name: str) -> str:
    """What a number is of, without how it is taken over the cells."""
    start = next((start for start in STARTS if name.startswith(start)), "")
    return name.removeprefix(start)
