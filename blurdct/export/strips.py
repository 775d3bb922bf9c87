"""Rows of one grey level at the edges of a picture, with letters in them or not: frames."""

import numpy as np

from ..features.screening.frame import (
    ABRUPT,
    ALONE,
    ALONG,
    BAR,
    BESIDE_DENSE,
    BESIDE_TEXT,
    DENSE,
    FEW,
    LINES,
    NEAR,
    PLAIN,
    SAME,
    TEXT,
)
from .functions import absolute, ascending, either, floor, nearest, quantile
from .value import Value, arange, as_value, concat, maximum, minimum, where


def other(picture: Value, level: Value) -> Value:
    """Where it is another level than this: 1 or 0, float32."""
    return (absolute(picture - level) > NEAR).to(np.float32)


def margins(picture: Value, letters: bool, size: int) -> tuple[Value, Value]:
    """Rows of frames at the top and at the bottom of a picture; see ``screening.frame``.

    Args:
        picture: (H, W) float32, whole grey levels.
        letters: Whether there may be some in them.
        size: The most that a side of it has, pixels.
    """
    # by number: a slice is what the runtime tries to do without, and warns where it cannot
    upside = picture.take(picture.size(0) - 1 - arange(picture.size(0)))
    first, last = (_margin(way, letters, size) for way in (picture, upside))
    one_alone = (first > 0) ^ (last > 0)

    def judged() -> Value:
        count = maximum(first, last)
        strip = either(first > 0, lambda: picture[:count], lambda: upside[:count])
        return _stands_alone(strip, picture.size(0), letters)

    kept = either(one_alone, judged, lambda: as_value(np.array(True)))
    return where(kept, first, 0), where(kept, last, 0)


def _level(row: Value) -> Value:
    return floor(quantile(ascending(row), 0.5))


def _share(of: Value, axis: int) -> Value:
    """Means along an axis of what is 0 or 1, float64, as exact as NumPy's."""
    return of.sum(axis).to(np.float64) / of.size(axis).to(np.float64)


def _stands_alone(strip: Value, extent: Value, letters: bool) -> Value:
    height = strip.size(0).to(np.float64)
    level = _level(strip[0])
    same = (absolute(strip - level) <= SAME).to(np.float32)
    even = _share(same.reshape(-1), 0) >= PLAIN
    if letters:
        shares = _share(other(strip, level), 1)
        between = (shares <= FEW).to(np.float32)
        dense = (shares.max() > TEXT) & (_share(between, 0) >= LINES)
        of_those = (same * between.expand(1)).sum().to(np.float64)
        count = (between.sum() * strip.size(1).to(np.float32)).to(np.float64)
        even = even | (dense & (of_those >= count * PLAIN))
    return even & (height >= extent.to(np.float64) * ALONE)


def _margin(picture: Value, letters: bool, size: int) -> Value:
    """Rows of a frame at the top of a picture, 0 if it has none."""
    level = _level(picture[0])
    begins = _share(other(picture[0], level), 0) <= FEW
    return either(begins, lambda: _framed(picture, level, letters, size), lambda: as_value(0))


def _framed(picture: Value, level: Value, letters: bool, size: int) -> Value:
    others = other(picture, level)
    high, wide = others.size(0), others.size(1)
    height = high.to(np.float64)
    columns = (others.sum(0).to(np.float64) > height * FEW).to(np.float32)
    first, last = columns.argmax(), wide - columns[::-1].argmax()
    shares = _share(others, 1)
    longest = maximum(high, wide).to(np.float64)
    abrupt = maximum(nearest(longest * ABRUPT), 2.0).to(np.int64)
    rows = arange(high)
    # the largest up to each row: of all pairs of rows, those that lie before
    before = rows.expand(0) <= rows.expand(1)
    most = where(before, shares.expand(0), as_value(np.array(-1.0))).max(1)
    limit = DENSE if letters else FEW
    ended = (most > limit) | ((most > FEW) & (rows.to(np.float64) > height * BAR))
    after = concat([shares[1:], shares[-1:]])
    edge = (shares <= FEW) & (after > FEW) & ~ended & (rows < high - abrupt)
    edge = edge & (columns.max() > 0.0)

    def found() -> Value:
        inner = picture[:, first:last]
        enough = where(most <= TEXT, BESIDE_TEXT, as_value(np.array(BESIDE_DENSE)))
        enough = where(most <= FEW, ALONG, enough)
        nearest_step, most_steps = as_value(0), max(2, round(ABRUPT * size))
        for step in range(most_steps, 0, -1):  # the nearest one is told last
            beyond = inner.take(minimum(rows + step, high - 1))
            along = _share((absolute(beyond - inner) > NEAR).to(np.float32), 1)
            far = (along >= enough) & (as_value(step) <= abrupt)
            nearest_step = where(far, step, nearest_step)
        fits = (edge & (nearest_step > 0)).to(np.int64)
        row = (fits * (rows + 1)).argmax()
        return where(fits.max() > 0, row + 1 + nearest_step.take(row), 0)

    return either(edge.to(np.float32).max() > 0.0, found, lambda: as_value(0))
