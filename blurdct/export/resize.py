"""Pixels at any size -> luma at the working size, as ``images.resize`` makes it.

Rounded as by OpenCV: a grey level more or less in one pixel of a thousand moves P by up to .002.

Source: ``cv::resize`` with ``INTER_AREA``, modules/imgproc/src/resize.cpp of OpenCV 5.
"""

import numpy as np
import spox.opset.ai.onnx.v17 as op
from spox import Var

from ..images.decode import MIN_SIDE
from .functions import ceil, either, floor, nearest
from .value import Value, arange, as_value, maximum, minimum, where

# Of 65,536: how Pillow, and so ``images``, weighs red, green and blue by BT.601. Whole numbers up
# to 2**24 are exact in float32.
WEIGHTS = (19595, 38470, 7471)
LEAST = 1e-3  # of a pixel: OpenCV leaves out parts that are smaller


def luma_of(rgb: Value) -> Value:
    """(H, W, 3) uint8 -> (H, W) float32, whole grey levels."""
    parts = [rgb[:, :, at].to(np.float32) * weight for at, weight in enumerate(WEIGHTS)]
    return floor((parts[0] + parts[1] + parts[2] + 32768) / 65536)


def within(luma: Value, size: int, least: int | None = MIN_SIDE) -> Value:
    """Luma, (H, W) float32, with a long side of at most so many pixels.

    Args:
        luma: Whole grey levels.
        size: Pixels.
        least: Pixels that the short side does not fall under; None for no such limit.
    """
    sides = [as_double(luma.size(axis)) for axis in (0, 1)]
    scale = size / as_double(maximum(*sides))
    if least:
        scale = maximum(scale, least / as_double(minimum(*sides)))
    scale = minimum(scale, 1.0)
    height, width = (maximum(nearest(side * scale), 1.0).to(np.int64) for side in sides)
    return reduced(luma, height, width)


def as_double(value: Value) -> Value:
    """As float64, in which NumPy and Python reckon."""
    return value.to(np.float64)


def reduced(luma: Value, height: Value, width: Value) -> Value:
    """Whole grey levels, (H, W) float32 -> the same reduced to (height, width)."""
    high, wide = luma.size(0), luma.size(1)
    same = high.equals(height) & wide.equals(width)
    return either(same, lambda: luma, lambda: _reduced(luma, height, width))


def _reduced(luma: Value, height: Value, width: Value) -> Value:
    wide, high = (luma.size(axis) for axis in (1, 0))
    # where both sides are whole multiples OpenCV adds up whole numbers, and divides once
    whole = (wide % width).equals(0) & (high % height).equals(0)
    rows = _down(luma.transpose(), width, whole).transpose()
    sums = _down(rows, height, whole)
    area = ((wide // width) * (high // height)).to(np.float32)
    means = sums * where(whole, 1.0 / area, 1.0)
    half = high.equals(height * 2) & wide.equals(width * 2)
    # a half is rounded up there, and to the even one elsewhere
    return where(half, floor(means + 0.5), nearest(means))


def _down(rows: Value, count: Value, whole: Value) -> Value:
    """Means of so many parts of the rows, or their sums if ``whole``, one row after the other.

    In float32 and in the order of OpenCV, so that a half is rounded as it is there.
    """
    extent = as_double(rows.size(0))
    step = extent / as_double(count)
    start = arange(count, np.float64) * step
    end, length = start + step, minimum(step, extent - start)
    last = minimum(floor(end), extent - 1.0)
    first = minimum(ceil(start), last)
    before, after = first - start, minimum(minimum(end - last, 1.0), length)
    before, after = (where(part > LEAST, part, 0.0) for part in (before, after))
    origin = first - (before > 0.0).to(np.float64)
    unit = where(whole, as_value(np.array(1.0)), length)

    def add(number: Var, going: Var, sums: Var) -> list[Var]:
        row = origin + as_double(Value(number))
        part = where(row < first, before, (row < last).to(np.float64))
        part = where(row.equals(last), after, part) / unit
        found = rows.take(minimum(row, extent - 1.0).to(np.int64))
        return [going, (Value(sums) + found * part.to(np.float32).expand(1)).var]

    turns = (ceil(step).to(np.int64) + 1).expand(0)
    nothing = rows[:1].take(arange(count) * 0) * 0.0
    return Value(op.loop(turns.var, as_value(np.array([True])).var, [nothing.var], body=add)[0])


def halves(luma: Value) -> Value:
    """Whole grey levels -> means of 2x2 pixels, a half rounded up; a last odd row is left out."""
    return floor(means(luma, 2) + 0.5)


def means(picture: Value, side: int) -> Value:
    """Means of cells of side x side pixels; what is left over is left out."""
    pooled = op.average_pool(
        picture.expand(0).expand(0).var, kernel_shape=(side, side), strides=(side, side)
    )
    return Value(pooled)[0, 0]


def surroundings(picture: Value, side: int) -> Value:
    """The mean of side x side around each pixel, edges mirrored, as ``cv2.blur`` makes it."""
    edge = np.array([side // 2, side // 2] * 2, np.int64)
    mirrored = Value(op.pad(picture.var, op.const(edge), mode="reflect"))
    pooled = op.average_pool(
        mirrored.expand(0).expand(0).var, kernel_shape=(side, side), strides=(1, 1)
    )
    return Value(pooled)[0, 0]
