"""Luma -> why it tells nothing about blur, as a number, 0 if it tells; see ``features.evidence``.

The number counts from 1 on through ``features.evidence.REASONS``.
"""

from itertools import pairwise

import numpy as np

from ..features.evidence import (
    BLACK,
    FALL,
    LEAST_CELLS,
    LIMITS,
    NOISE,
    REASONS,
    SMALLEST,
    TILE,
    WHITE,
)
from .functions import absolute, ascending, either, quantile, root, strongest
from .mosaic import is_mosaic
from .resize import halves, means, surroundings
from .value import Value, arange, as_value, maximum, minimum, where

CODES = {name: number for number, name in enumerate(REASONS, start=1)}


def missing(luma: Value) -> Value:
    """Luma, (H, W) float32, whole grey levels -> a scalar, int64."""
    fine = _fine(luma)
    detail = absolute(fine - surroundings(fine, 3))
    peak = _strongest(detail, as_value(2))
    told = either(
        peak > LIMITS["peak"],
        lambda: (as_value(True, np.bool_), as_value(0.0)),
        lambda: _contrast(fine, detail),
    )
    shows, typical = told

    def with_edges() -> Value:
        return either(
            _is_noise(fine, detail),
            lambda: as_value(CODES["noise"]),
            lambda: where(is_mosaic(luma), CODES["mosaic"], as_value(0)),
        )

    def without() -> Value:
        mean = luma.to(np.float64).mean()
        empty = where(typical > NOISE, CODES["noise"], as_value(CODES["flat"]))
        empty = where(mean > WHITE, CODES["white"], empty)
        return where(mean < BLACK, CODES["black"], empty)

    return either(shows, with_edges, without)


def _contrast(fine: Value, detail: Value) -> tuple[Value, Value]:
    """Whether fine texture or a soft contrast is evidence, and the typical tile's texture."""
    coarse = means(fine, 2)
    texture = root(means(detail * detail, TILE)).reshape(-1)
    soft = (surroundings(coarse, 3) - surroundings(coarse, 7))[3:-3, 3:-3]
    shows = _strongest(texture, texture.size(0)) > LIMITS["texture"]
    shows = shows | (_strongest(absolute(soft), as_value(4)) > LIMITS["soft"])
    return shows, quantile(ascending(texture), 0.5)


def _is_noise(fine: Value, detail: Value) -> Value:
    """Whether what stands out is noise; a scalar, bool."""
    strengths = [_rms(detail)]
    enough = minimum(fine.size(0), fine.size(1)) >= LEAST_CELLS

    def judged() -> Value:
        smaller = fine
        for _ in range(2):
            smaller = means(smaller, 2)
            strengths.append(_rms(smaller - surroundings(smaller, 3)))
        first, second = (after <= FALL * before for before, after in pairwise(strengths))
        return first & second

    return either(enough, judged, lambda: as_value(False, np.bool_))


def _rms(detail: Value) -> Value:
    inner = detail[1:-1, 1:-1]
    return root((inner * inner).mean())


def _fine(luma: Value) -> Value:
    """Cells of 4x4 pixels; a picture smaller than 64 pixels is continued by its mirror image."""
    sides = [luma.size(axis) for axis in (0, 1)]
    small = minimum(*sides) < SMALLEST

    def continued() -> Value:
        picture = _levelled(luma)
        for axis, side in enumerate(sides):
            period = (side - 1) * 2
            place = arange(maximum(side, SMALLEST)) % period
            picture = picture.take(where(place < side, place, period - place), axis)
        return means(means(picture, 2), 2)

    return either(small, continued, lambda: halves(halves(luma)))


def _levelled(luma: Value) -> Value:
    """Less its mean and its slope."""
    flat = luma - luma.mean()
    for axis, side in ((1, 0), (0, 1)):
        count = luma.size(side).to(np.float64)
        line = (arange(luma.size(side), np.float64) * (2 / (count - 1)) - 1).to(np.float32)
        slope = (flat.mean(axis) * line).sum() / (line * line).sum()
        flat = flat - (slope * line).expand(axis)
    return flat


def _strongest(values: Value, rank: Value) -> Value:
    """The value of that rank from the top, or the last one within the top fortieth."""
    line = values.reshape(-1)
    count = minimum(rank, line.size(0) // 40 + 1)
    return strongest(line, count)[-1]
