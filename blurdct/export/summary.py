"""A map of block statistics -> the 350 numbers of ``features.summary``; luma -> 18 features."""

import numpy as np
import spox.opset.ai.onnx.v17 as op

from ..features.bands import BANDS
from ..features.block_map import CHANNELS, DIRECTIONS, SCALES, SECTORS
from ..features.blocks import LEAST, SIZE, STRONG as STRONG_BLOCK
from ..features.summary import ENERGY, FLOOR, KEPT, QUANTILES, RANGE, STRONG
from .cells import block_statistics, coefficients_of
from .functions import absolute, ascending, exp, log, quantile, root, rounded
from .value import Value, arange, as_value, concat, maximum, stack

LUMA = CHANNELS.index("luma")
NOISE = [CHANNELS.index(f"{name}_energy") for name in ("high_freq", "med_freq", "half_high_freq")]
AT = [[CHANNELS.index(size + sector) for sector in SECTORS]
      for size in ("", *(f"{scale}_" for scale in SCALES))]  # fmt: skip


def has_evidence(energy: Value) -> Value:
    """Which cells show something that could be sharp or blurred, by their ``ENERGY``: (n,) bool."""
    return energy >= quantile(ascending(energy), STRONG) - RANGE


def summarise(cells: Value, told_by: Value) -> Value:
    """(92, n) cells, and which of them have evidence -> (350,), as ``features.summary``."""
    told = Value(op.compress(cells.var, told_by.var, axis=1))
    energy, every = told[ENERGY], cells.size(1)
    count = energy.size(0)
    kept = told.take(as_value(np.array(KEPT)))
    rising = ascending(kept, 1)
    tenth = maximum(count // 10, 1)
    apart = _differences(told)
    ordered = ascending(apart, 1)
    at = stack([rounded(share, count - 1) for share in QUANTILES])
    third = maximum(rounded(0.34, count), 1).expand(0)
    most = Value(op.top_k(energy.var, third.var, axis=0)[1])
    strong = apart.take(most, 1)
    spread = strong - strong.mean(1).expand(1)
    noise = ascending(cells.take(as_value(np.array(NOISE))), 1)
    luma, sorted_energy = cells[LUMA], ascending(cells[ENERGY])
    whole = [
        count.to(np.float32) / every.to(np.float32),
        log(every.to(np.float32)),
        *(quantile(sorted_energy, share) for share in (STRONG, 0.5)),
        *(noise[row].take(rounded(FLOOR, every - 1)) for row in range(len(NOISE))),
        told[LUMA].mean(),
        luma.mean(),
        root(((luma - luma.mean()) * (luma - luma.mean())).mean()),
    ]
    parts = [
        rising.mean(1),
        rising[:, -tenth:].mean(1),
        ordered.take(at, 1).transpose().reshape(-1),
        root((spread * spread).mean(1)),
        stack(whole),
    ]
    return concat(parts)


def _differences(cells: Value) -> Value:
    """(92, n) -> (44, n), as ``features.summary.DIFFERENCES``."""
    full, half, quarter = (cells.take(as_value(np.array(at))) for at in AT)
    width = len(DIRECTIONS)
    parts, totals = [full - half, half - quarter], []
    for sectors in (full, half, quarter):
        low, medium, high = (sectors[row * width : (row + 1) * width] for row in range(len(BANDS)))
        parts += [high - medium, medium - low]
        whole = exp(sectors).reshape(len(BANDS), width, -1).mean(1)
        totals.append(log(whole))
    parts += [totals[0] - totals[1], totals[1] - totals[2]]
    parts += [totals[0][2:3] - totals[1][:1], totals[0][1:2] - totals[2][:1]]
    return concat(parts)


def image_features(luma: Value) -> Value:
    """Luma, (H, W) float32 -> the 18 features of ``features.extract``, (18,) float32."""
    rows, columns = (luma.size(axis) // SIZE for axis in (0, 1))
    whole = luma[: rows * SIZE, : columns * SIZE]
    weights = _evidence(whole, rows, columns).reshape(-1)
    statistics = block_statistics(coefficients_of(whole)).to(np.float64)
    wide = weights.to(np.float64)
    return (statistics @ (wide / wide.sum()).expand(1)).reshape(-1).to(np.float32)


def _evidence(luma: Value, rows: Value, columns: Value) -> Value:
    """The weight of each block; see ``features.blocks.block_evidence``."""
    means = luma.reshape(rows, SIZE, columns, SIZE).sum(3).sum(1) / float(SIZE * SIZE)
    differences = means * 0.0
    for down, across in ((0, 1), (1, 0), (1, 1), (1, -1)):
        for sign in (1, -1):
            other, there = means, as_value(np.ones((1, 1), np.float32))
            for axis, step, count in ((0, sign * down, rows), (1, sign * across, columns)):
                places = arange(count) + step
                other = other.take(places.clip(0, count - 1), axis)
                inside = ((places >= 0) & (places < count)).to(np.float32).expand(1 - axis)
                there = there * inside
            differences = maximum(differences, absolute(means - other) * there)
    rising = ascending(differences.reshape(-1))
    strong = rising.take(rounded(STRONG_BLOCK, rows * columns - 1))
    share = (differences / maximum(strong, LEAST)).clip(0.0, 1.0)
    return root(share + LEAST)


def laplacian_variance(luma: Value) -> Value:
    """As ``features.focus_measures``, (1,) float32."""
    kernel = as_value(np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]], np.float32)[None, None])
    edge = as_value(np.array([1, 1, 1, 1], np.int64))
    mirrored = Value(op.pad(luma.var, edge.var, mode="reflect")).expand(0).expand(0)
    answer = Value(op.conv(mirrored.var, kernel.var)).reshape(-1).to(np.float64)
    from_mean = answer - answer.mean()
    return (from_mean * from_mean).mean().expand(0).to(np.float32)
