"""Photographs of one group but of several sizes -> P at the same size, and which are copies.

A small copy hides blur, and is judged at its own size, so that its P says less: all are judged
anew at the size of the smallest. What P of a copy says even then is about how it was made small.
"""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from ..errors import ImageError
from ..features.photo import Photo
from ..inference.detector import Detector
from .ranking import Candidate, Look

# Of 60 photographs, of other sets than those of the tests, reduced by five filters, also sharpened:
# the least likeness was .78, and 2.0 the most sharpening that the larger needed to look so. Where
# the larger was blurred by a Gaussian of one pixel at the size of the smaller, the median was 4.9.
ALIKE = 0.75  # correlation of the brightness's slopes from which on two show one picture
SHARPENING = 2.0  # strength of an unsharp mask of one pixel; of more, the larger lacks detail
SIDE = 256  # pixels of the long side, at most, at which pictures are compared
MOST = 64  # pictures of a group that are compared with each other


def compare(detector: Detector, members: Sequence[Candidate]) -> list[Look]:
    """Judge the photographs of a group at one size, and find copies among them.

    Of two that show one picture the one with fewer pixels is the copy; unless the larger is so
    blurred that it lacks what the smaller has: then there are two pictures.

    Args:
        detector: What judges them, at its working size or, if one is smaller, at that one's.
        members: Their ``side`` and ``pixels`` must be known.

    Returns:
        In the order of the members.
    """
    size = max(16, min(detector.config.size, *(photo.side or 2**31 for photo in members)))
    most = max(detector.config.max_pixels, *(photo.pixels for photo in members))
    config = replace(detector.config, size=size, max_pixels=most)  # they were read before
    looks = [Look(photo.probability) for photo in members]
    pictures: list[np.ndarray] = []
    for index in sorted(range(len(members)), key=lambda index: -members[index].pixels):
        path = members[index].path
        try:
            photo = Photo(path, config, path)
            p = detector.probability(photo)
        except ImageError as error:
            looks[index] = Look(None, problem=str(error))
            continue
        luma = _reduced(photo.luma)
        copy = any(_shows(luma, larger) for larger in pictures)
        looks[index] = Look(p, copy)
        if not copy and len(pictures) < MOST:
            pictures.append(luma)
    return looks


def _shows(luma: np.ndarray, larger: np.ndarray) -> bool:
    """Whether a luma shows the picture of another that had more pixels, sharpened at the most."""
    if luma.shape != larger.shape:
        larger = cv2.resize(larger, luma.shape[::-1], interpolation=cv2.INTER_AREA)
    mine, theirs = _slopes(luma), _slopes(larger)
    fine = _slopes(larger - cv2.GaussianBlur(larger, (0, 0), 1.0))
    parts = np.stack([theirs, fine], axis=1)  # (n, 2)
    (amount, sharpened), *_ = np.linalg.lstsq(parts.T @ parts, parts.T @ mine, rcond=None)
    fitted = amount * theirs + sharpened * fine
    own, other = float(np.linalg.norm(mine)), float(np.linalg.norm(fitted))
    if not own or not other:  # nothing to see
        return not own
    alike = float(mine @ fitted) / (own * other)
    return alike >= ALIKE and amount > 0 and sharpened <= SHARPENING * amount


def _slopes(luma: np.ndarray) -> np.ndarray:
    across, down = np.diff(luma, axis=1), np.diff(luma, axis=0)
    return np.concatenate([across.ravel(), down.ravel()])


def _reduced(luma: np.ndarray) -> np.ndarray:
    """Shape (h, w), float32, the long side ``SIDE`` at most."""
    scale = min(1.0, SIDE / max(luma.shape))
    height, width = (max(1, round(side * scale)) for side in luma.shape)
    pixels = luma if scale == 1 else cv2.resize(luma, (width, height), interpolation=cv2.INTER_AREA)
    return pixels.astype(np.float32)
