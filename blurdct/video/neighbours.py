"""Frames of a clip that nothing near them resembles: damage that looks like detail.

In a film each frame resembles the ones beside it more than these resemble one another across it.
Where a transfer was disturbed it is the other way round: frames before and after are alike, and
what is between them has torn slices, blocks of other places, or noise.
"""

from collections.abc import Callable
from itertools import pairwise

import cv2
import numpy as np

REACH = 3  # frames on each side that are compared
WIDTH, HEIGHT = 32, 24  # to which frames are reduced
SOFT = 0.6  # pixels of these by which they are blurred: focus and grain are not to count
SHIFT = 2  # pixels of these that a frame may have moved
# A frame is alone if its unlikeness to the nearest is over both: so much, and so many times that of
# the frames around it. Chosen on films made of photographs; the tests hold films of other pictures.
LEAST, TIMES = 0.04, 4.0
FLAT = 4.0  # variance, grey levels squared, of what has no structure to compare
# A flash: brighter by so much in half of the picture, darker in next to none of it, and something
# of the scene is still to be seen.
LIGHT, MOST_OF_IT, NEXT_TO_NONE, SEEN = 8.0, 0.5, 0.02, 0.7


def is_alone(at: int, count: int, small: Callable[[int], np.ndarray]) -> bool:
    """Whether a frame resembles none near it, though these resemble one another.

    Between two scenes, or in a row of pictures that all differ, no frame is alone; nor is one that
    differs by light alone. The first and last frames of a clip are compared with those on the one
    side that they have.

    Args:
        at: Place of the frame among consecutive ones that are at hand.
        count: Of these; at an end of the clip they are fewer.
        small: The frame of a place as ``softened`` gives it; asked for as needed.
    """
    before = range(at - 1, max(-1, at - REACH - 1), -1)
    after = range(at + 1, min(count, at + REACH + 1))
    near = sorted([*before, *after], key=lambda place: abs(place - at))
    own = np.inf
    for place in near:
        own = min(own, unlikeness(small(at), small(place)))
        if own <= LEAST:
            return False
    if before and after:
        around = min(unlikeness(small(i), small(j)) for i in before for j in after)
    elif len(near) > 1:  # all of them must be alike: one by one there is no telling a cut
        around = max(unlikeness(small(i), small(j)) for i, j in pairwise(near))
    else:
        return False
    if own <= TIMES * around:
        return False
    return own > SEEN or not any(_is_flash(small(at), small(place)) for place in near)


def softened(luma: np.ndarray) -> np.ndarray:
    """A frame reduced to (HEIGHT, WIDTH), grey levels, as it is compared."""
    return cv2.GaussianBlur(luma.astype(np.float32), (0, 0), SOFT)


def unlikeness(one: np.ndarray, other: np.ndarray) -> float:
    """0 for the same picture, whatever its brightness and contrast, to 1 and more for strangers.

    One less the correlation, at the best of shifts by up to ``SHIFT`` pixels.
    """
    inner = one[SHIFT:-SHIFT, SHIFT:-SHIFT]
    shifted = np.lib.stride_tricks.sliding_window_view(other, inner.shape)
    a = inner - inner.mean()
    b = shifted - shifted.mean(axis=(2, 3), keepdims=True)
    both = np.einsum("ij,klij->kl", a, b) / a.size
    power = np.einsum("klij,klij->kl", b, b) / a.size
    # Two flat pictures are alike, and a flat one is like no other.
    alike = (both + FLAT) / np.sqrt((np.mean(a * a) + FLAT) * (power + FLAT))
    return float(1 - alike.max())


def _is_flash(one: np.ndarray, other: np.ndarray) -> bool:
    more = one - other
    return bool(np.mean(more > LIGHT) >= MOST_OF_IT and np.mean(more < -LIGHT) <= NEXT_TO_NONE)
