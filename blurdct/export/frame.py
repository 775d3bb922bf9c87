"""Luma -> the part of it that is the photo, without frames; see ``features.screening.frame``.

A box is (4,) int64: top, bottom, left, right, pixels. What goes row by row there is done for all
rows at once here, and the last row that fits is taken.
"""

import numpy as np
import spox.opset.ai.onnx.v17 as op
from spox import Var

from ..features.screening.frame import (
    BETWEEN,
    FILL,
    FILLED,
    LAYERS,
    LEAST,
    PART,
    ROUND,
    SMOOTH,
    STEP,
)
from .functions import absolute, either, floor
from .strips import margins, other
from .value import Value, arange, as_value, concat, maximum, minimum, stack, where

NO = np.array(False)


def inside(luma: Value, size: int) -> Value:
    """What a frame surrounds of a picture: a box, the whole one where there is none.

    Args:
        luma: (H, W) float32, whole grey levels.
        size: The most that a side of it has, pixels.
    """
    height, width = luma.size(0), luma.size(1)
    whole = stack([as_value(0), height, as_value(0), width])

    def layer(number: Var, going: Var, given: Var) -> list[Var]:
        box = Value(given)
        smaller = _without_margins(luma, box, size)
        smaller = either(_same(smaller, box), lambda: _without_fill(luma, box), lambda: smaller)
        better = ~_same(smaller, box) & _is_enough(smaller, whole)
        return [better.expand(0).var, where(better, smaller, box).var]

    def framed() -> Value:
        start = as_value(np.array([LAYERS])).var, as_value(np.array([True])).var
        box = Value(op.loop(*start, [whole.var], body=layer)[0])
        smaller = _without_corners(luma, box)
        return where(_is_enough(smaller, whole), smaller, box)

    return either(minimum(height, width) < LEAST, lambda: whole, framed)


def _same(one: Value, other: Value) -> Value:
    """Whether two boxes are the same; a scalar, bool."""
    return absolute(one - other).sum().equals(0)


def _sides(box: Value) -> tuple[Value, Value]:
    """Height and width."""
    return box[1] - box[0], box[3] - box[2]


def _of(luma: Value, box: Value) -> Value:
    return luma[box[0] : box[1], box[2] : box[3]]


def _is_enough(box: Value, whole: Value) -> Value:
    (height, width), (high, wide) = _sides(box), _sides(whole)
    share = (height * width).to(np.float64) / (high * wide).to(np.float64)
    return (minimum(height, width) >= LEAST) & (share >= PART)


def _shrunk(box: Value, top: Value, bottom: Value, left: Value, right: Value) -> Value:
    return box + stack([top, -bottom, left, -right])


def _without_margins(luma: Value, box: Value, size: int) -> Value:
    part = _of(luma, box)
    top, bottom = margins(part, True, size)
    left, right = margins(part.transpose(), False, size)
    height, width = _sides(box)
    too_much = ((top + bottom) >= height) | ((left + right) >= width)
    return where(too_much, box, _shrunk(box, top, bottom, left, right))


def _without_fill(luma: Value, box: Value) -> Value:
    def judged() -> Value:
        part = _of(luma, box)
        across, down = _filled(part[::4]), _filled(part[:, ::4].transpose())
        return _shrunk(box, down, down, across, across)

    return either(minimum(*_sides(box)) < FILLED, lambda: box, judged)


def _filled(picture: Value) -> Value:
    """Columns of a smooth canvas at the left and, as many, at the right; 0 if there is none."""
    steps = (absolute(picture[:, 1:] - picture[:, :-1]) > STEP).to(np.float64)
    shares = steps.mean(0)
    near = maximum(shares[1:], shares[:-1])
    width = picture.size(1)
    least = maximum(width // 40, 3)
    middle = floor(width.to(np.float64) * 0.46).to(np.int64)
    place = arange(near.size(0))
    candidate = (minimum(near, near[::-1]) > FILL) & (place >= least) & (place < middle)
    column = candidate.to(np.float32).argmax()
    outside = concat([shares[: column - 2], shares[shares.size(0) - column + 2 :]])
    found = candidate.to(np.float32).sum() > 0.0
    return either(
        found,
        lambda: where(outside.mean() > SMOOTH, 0, column + 3),
        lambda: as_value(0),
    )


def _without_corners(luma: Value, box: Value) -> Value:
    part = _of(luma, box)
    level = part[0, 0]
    corners = stack([part[0, 0], part[0, -1], part[-1, 0], part[-1, -1]])
    return either(
        other(corners, level).sum() > 0.0, lambda: box, lambda: _cut_round(part, level, box)
    )


def _cut_round(part: Value, level: Value, box: Value) -> Value:
    runs = [
        run
        for edge in (part[0], part[-1], part[:, 0], part[:, -1])
        for run in _ends(other(edge, level))
    ]
    uneven = as_value(NO)
    for pair in (runs[:4], runs[4:]):
        ends = stack(pair)
        uneven = uneven | (ends.max().to(np.float64) > ends.min().to(np.float64) * 1.6)
    high, wide = part.size(0), part.size(1)
    most = floor(minimum(high, wide).to(np.float64) * ROUND).to(np.int64)
    way, flat = arange(most + 1), part.reshape(-1)
    cut = as_value(0)
    for down in (way, high - 1 - way):
        for across in (way, wide - 1 - way):
            line = other(flat.take(down * wide + across), level)
            first = where(line.max() > 0.0, line.argmax(), most + 1)
            cut = maximum(cut, first)
    refused = (stack(runs).min() < 3) | uneven | (cut > most)
    cut = cut + 2
    return where(refused, box, _shrunk(box, cut, cut, cut, cut))


def _ends(others: Value) -> tuple[Value, Value]:
    """Places at both ends of a line that are no others; none if too few of those between are."""
    count, length = others.sum().to(np.float64), others.size(0)
    first, last = others.argmax(), others[::-1].argmax()
    between = (length - first - last).to(np.float64)
    few = (count < between * BETWEEN) | (count <= 0.0)
    return where(few, 0, first), where(few, 0, last)
