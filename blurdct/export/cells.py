"""Luma -> the map of block statistics of ``features.block_map``, with the same numbers.

Constants, names and orders are those of ``features``; what is written anew here is the arithmetic,
which there is NumPy's and OpenCV's.
"""

import numpy as np
import spox.opset.ai.onnx.v17 as op

from ..features.bands import BANDS, FEATURES, FLAT
from ..features.block_map import (
    CELL,
    CHANNELS,
    ENERGY,
    LOGARITHMS,
    SCALES,
    STATISTICS,
    sector_means,
)
from ..features.blocks import SIZE
from ..features.dct import dct_matrix
from .functions import absolute, either, log, nearest, root
from .resize import halves, means
from .value import Value, arange, as_value, concat, maximum, stack, where

SQUARE = (CELL, CELL)


def turn(luma: Value) -> Value:
    """How ``features.orientation`` turns a photo: (3,) bool, transposed, mirrored, upside down."""
    columns, rows = (luma.to(np.float64).sum(axis) for axis in (0, 1))
    right, down = (_later(line) - _later(line[::-1]) for line in (columns, rows))
    return stack([absolute(down) > absolute(right), right > 0, down > 0])


def _later(line: Value) -> Value:
    """The sum of the second half, without the middle of an odd one."""
    return line[(line.size(0) + 1) // 2 :].sum()


def canonical(picture: Value, turned: Value) -> Value:
    """A picture as the photo lies -> as its canonical orientation does."""
    return _transposed(_mirrored(picture, turned), turned)


def from_canonical(picture: Value, turned: Value) -> Value:
    """The way back."""
    return _mirrored(_transposed(picture, turned), turned)


def _transposed(picture: Value, turned: Value) -> Value:
    return either(turned[0], lambda: picture.transpose(), lambda: picture)


def _mirrored(picture: Value, turned: Value) -> Value:
    for axis, flag in ((0, turned[2]), (1, turned[1])):
        count = picture.size(axis)
        places = arange(count)
        picture = picture.take(where(flag, (count - 1) - places, places), axis)
    return picture


def map_blocks(luma: Value) -> Value:
    """Luma in its canonical orientation, (H, W) float32 -> (92, h, w); see ``block_map``."""
    luma, (rows, columns), (high, wide) = _whole(luma)
    ends = stack([*[as_value(0)] * 4, high * CELL - rows, wide * CELL - columns])
    blocks = Value(op.pad(_blocks(luma).var, ends.var))
    sums = Value(op.average_pool(blocks.expand(0).var, kernel_shape=SQUARE, strides=SQUARE))[0] * (
        CELL * CELL
    )
    sectors = blocks[len(FEATURES) : len(STATISTICS)].expand(0)
    most = Value(op.max_pool(sectors.var, kernel_shape=SQUARE, strides=SQUARE)[0])[0]
    cells = [sums / (_blocks_in(rows).expand(1) * _blocks_in(columns)), most]
    cells += [_reduced(luma, factor)[:, :high, :wide] for factor in SCALES.values()]
    inside = sums[:1] * 0.0 + 1.0
    return concat([*cells, inside]).reshape(len(CHANNELS), high, wide)


def quarter_energy(luma: Value) -> Value:
    """The channel ``quarter_low_freq_energy`` of ``map_blocks`` alone, (h, w)."""
    luma, _, (high, wide) = _whole(luma)
    return _reduced(luma, SCALES["quarter"])[ENERGY, :high, :wide]


Pair = tuple[Value, Value]


def _whole(luma: Value) -> tuple[Value, Pair, Pair]:
    """Whole blocks, cropped on both sides alike; how many there are, and how many cells."""
    height, width = luma.size(0), luma.size(1)
    rows, columns = height // SIZE, width // SIZE
    top, left = ((side % SIZE) // 2 for side in (height, width))
    whole = luma[top : top + rows * SIZE, left : left + columns * SIZE]
    return whole, (rows, columns), ((rows + CELL - 1) // CELL, (columns + CELL - 1) // CELL)


def block_statistics(coefficients: Value) -> Value:
    """(64, N) DCT of blocks -> (18, N), as ``features.bands.band_statistics``."""
    members = np.zeros((len(BANDS), SIZE * SIZE))
    for row, ranks in zip(members, BANDS.values(), strict=True):
        row[ranks] = 1
    counts = members.sum(axis=1, keepdims=True)
    average = as_value((members / counts).astype(np.float32))
    power = coefficients * coefficients
    mean, second = average @ coefficients, average @ power
    third, fourth = average @ (power * coefficients), average @ (power * power)
    e_log_e = average @ (power * log(power + 1e-12))
    magnitude = average @ absolute(coefficients)
    energy, square = second * counts.astype(np.float32), mean * mean
    variance = second - square
    textured = (variance > FLAT).to(np.float32)
    variance = maximum(variance, FLAT)
    std = root(variance)
    skew = (third - mean * (3 * second - 2 * square)) / (variance * std) * textured
    kurt = fourth - 4 * mean * third + square * (6 * second - 3 * square)
    kurt = (kurt / (variance * variance) - 3) * textured
    entropy = log(maximum(energy, FLAT)) - e_log_e / maximum(second, FLAT)
    each = (magnitude, std * textured, energy, kurt, skew, entropy * textured)
    return concat([one.expand(1) for one in each], axis=1).reshape(len(FEATURES), -1)


def coefficients_of(luma: Value) -> Value:
    """(H, W), whole blocks -> (64, N) in zigzag order."""
    rows, columns = (luma.size(axis) // SIZE for axis in (0, 1))
    blocks = luma.reshape(rows, SIZE, columns, SIZE).transpose(1, 3, 0, 2)
    return dct_matrix().astype(np.float32) @ blocks.reshape(SIZE * SIZE, -1)


def _blocks(luma: Value) -> Value:
    """(H, W), whole blocks -> (28, H / 8, W / 8): statistics and brightness of each block."""
    coefficients = coefficients_of(luma)
    statistics = block_statistics(coefficients)
    logs = np.isin(np.arange(len(FEATURES)), LOGARITHMS)[:, None]
    # what is negative has no logarithm that is used, but must have one
    compressed = log(maximum(statistics, 0.0) + 1.0)
    statistics = where(as_value(logs), compressed, statistics)
    energies = log(sector_means() @ (coefficients * coefficients) + 1.0)
    channels = concat([statistics, energies, coefficients[:1] / (SIZE * 255.0)])
    rows, columns = (luma.size(axis) // SIZE for axis in (0, 1))
    return channels.reshape(len(STATISTICS) + 1, rows, columns)


def _reduced(luma: Value, factor: int) -> Value:
    """The (27, h, w) statistics of the photo at a part of its size, at each of its cells."""
    side = factor * SIZE
    for axis in (0, 1):
        count = luma.size(axis)
        # mirrored at the end, the last one twice, as often as it takes
        place = arange((count + side - 1) // side * side) % (count * 2)
        luma = luma.take(where(place < count, place, count * 2 - 1 - place), axis)
    small = halves(luma) if factor == 2 else nearest(means(luma, factor))
    cells = _blocks(small)[: len(STATISTICS)]
    if (again := side // (CELL * SIZE)) > 1:
        for axis in (1, 2):
            cells = cells.take(arange(cells.size(axis) * again) // again, axis)
    return cells


def _blocks_in(count: Value) -> Value:
    """How many blocks each cell of a row or column has, float32."""
    first = arange((count + CELL - 1) // CELL) * CELL
    left = count - first
    return where(left < CELL, left, CELL).to(np.float32)
