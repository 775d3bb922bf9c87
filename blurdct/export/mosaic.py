"""Luma -> whether it is a mosaic; see ``features.screening.mosaic``."""

import numpy as np
import spox.opset.ai.onnx.v17 as op

from ..features.screening.mosaic import (
    COMB,
    FINEST,
    LARGE,
    LEAST,
    LONGER,
    SMALL,
    SMALLEST,
    SQUARE,
    STRONG,
    TEETH,
    WEAK,
    WHOLE,
)
from .functions import absolute, ceil, either, floor, root
from .value import Value, arange, as_value, concat, maximum, minimum, where

NONE = as_value(False, np.bool_)


def is_mosaic(luma: Value) -> Value:
    """Luma, (H, W) float32, whole grey levels -> a scalar, bool."""

    def judged() -> Value:
        across = _comb(luma)

        def both() -> Value:
            down = _comb(luma.transpose())
            sides = across[1], down[1]
            alike = absolute(sides[0] - sides[1]) <= SQUARE * maximum(*sides)
            return _is_grid(*down) & alike

        return either(_is_grid(*across), both, _no)

    return either(minimum(luma.size(0), luma.size(1)) >= SMALLEST, judged, _no)


def _no() -> Value:
    return as_value(False, np.bool_)


def _is_grid(height: Value, period: Value, strength: Value) -> Value:
    return (height >= COMB) & (
        strength >= where(period >= LARGE, WEAK, as_value(STRONG, np.float64))
    )


def _comb(luma: Value) -> tuple[Value, Value, Value]:
    """Height of a tooth, period and strength of the steps from column to column; float64."""
    rows = luma[::3]
    steps = maximum(absolute(rows[:, 1:] - rows[:, :-1]) - SMALL, 0.0)
    line = steps.mean(0)
    length = line.size(0)
    turns = arange(length, np.float64) * (2 * np.pi / (length - 1).to(np.float64))
    window = 0.5 - 0.5 * Value(op.cos(turns.to(np.float32).var))
    weighed = line * window
    total = weighed.sum()

    def found() -> tuple[Value, Value, Value]:
        return _tooth(line, weighed / total)

    def nothing() -> tuple[Value, Value, Value]:
        zero = as_value(0.0, np.float64)
        return zero, zero, zero

    return either(total > 0.0, found, nothing)


def _tooth(line: Value, weighed: Value) -> tuple[Value, Value, Value]:
    count = line.size(0) * LONGER
    lowest = int(LONGER * TEETH)
    highest = floor(count.to(np.float64) / FINEST).to(np.int64)
    padded = weighed.reshape(1, -1, 1)
    waves = Value(op.dft(padded.var, count.var, axis=1, onesided=1)).reshape(-1, 2)
    waves = waves[lowest : highest + 1]
    spectrum = root((waves * waves).sum(1))
    inner = spectrum[1:-1]
    peak = (inner >= spectrum[:-2]) & (inner >= spectrum[2:]) & (inner >= spectrum.max() * 0.8)
    high = peak.to(np.float32)
    first = where(high.max() > 0.0, high.argmax() + 1, spectrum.argmax())
    period = count.to(np.float64) / (first + lowest).to(np.float64)
    extent = line.size(0).to(np.float64)
    teeth = ceil((extent - period / 2.0) / period).to(np.int64)
    starts = floor(arange(teeth, np.float64) * period).to(np.int64)
    ends = concat([starts[1:], line.size(0).expand(0)])
    sums = concat(
        [as_value(np.zeros(1)), Value(op.cumsum(line.to(np.float64).var, as_value(0).var))]
    )
    strengths = sums.take(ends) - sums.take(starts)
    strength = strengths.mean()
    whole = (strengths >= LEAST * strength).to(np.float64).mean() >= WHOLE
    height = where(whole, spectrum.take(first).to(np.float64), 0.0)
    return height, period, strength
