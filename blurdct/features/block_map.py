"""Luma -> a small picture of block statistics, a cell of 2x2 blocks each: where a photo is sharp.

The 18 statistics of each block, the energies of three bands in three directions, and brightness,
averaged over a cell; of the directed energies the largest too, since one sharp block in a cell
shows more than four soft ones. Beside them the same statistics of the photo at a half and at a
quarter of its size: scenes look alike at all scales, so that detail which a photo has at half its
size and lacks at the full one is missing by blur, whatever the scene. Energies are compressed by
log(1 + x), so that a cell of strong contrast does not outshine the others.

Orientation: a photo, its mirror image and the photo turned by quarters are one to a model, since
all eight are brought to one orientation first (``canonical``).

Sources:
    Scale invariance of natural scenes: Field, JOSA A 4, 1987, doi:10.1364/JOSAA.4.002379.
    Directional DCT energies for blur: Tong et al., ICME 2004, doi:10.1109/ICME.2004.1394114, who
    look for edges by direction; the cuts by angle here are this project's own.
"""

from functools import cache, reduce

import cv2
import numpy as np

from ..kernel import calls
from .bands import BANDS, FEATURES, band_statistics
from .blocks import SIZE, grid
from .dct import zigzag
from .extract import coefficient_strips
from .orientation import canonical

CELL = 2  # side of a cell, blocks

# Detail that changes from left to right, both ways, from top to bottom: which coefficients belong
# to a direction goes by the ratio of their frequencies, cut at 2.
DIRECTIONS = ("across", "diagonal", "down")
SECTORS = tuple(f"{band}_{direction}" for band in BANDS for direction in DIRECTIONS)
STATISTICS = (*FEATURES, *SECTORS)
SCALES = {"half": 2, "quarter": 4}  # by how much the photo is reduced
CHANNELS = (
    *STATISTICS,
    "luma",
    *(f"{sector}_max" for sector in SECTORS),
    *(f"{scale}_{name}" for scale in SCALES for name in STATISTICS),
    "inside",
)

ENERGY = FEATURES.index("low_freq_energy")
LOGARITHMS = [
    row for row, name in enumerate(FEATURES) if name.endswith(("_mean", "_std", "_energy"))
]


def map_blocks(luma: np.ndarray) -> np.ndarray:
    """What is known about every cell of a photo.

    Args:
        luma: Shape (H, W), uint8, grey levels 0..255, at least 8x8.

    Returns:
        Shape (92, h, w), float32, channels as in ``CHANNELS``, finite: rows and columns are cells
        of the photo in ``canonical`` orientation, two blocks each, the last one maybe single.
        ``luma`` is 0..1; ``inside`` is 1 everywhere, so that padding with zeros is told apart.

    Raises:
        ValueError: Not two axes, or smaller than one block.
    """
    luma, high, wide = _whole(luma)
    if calls.takes(luma):
        return calls.mapped(luma)
    rows, columns = grid(*luma.shape)
    blocks = _blocks(luma)
    odd = ((0, 0), (0, high * CELL - rows), (0, wide * CELL - columns))
    blocks = np.pad(blocks, odd)
    sectors = blocks[len(FEATURES) : len(STATISTICS)]
    count = np.outer(_blocks_in(rows), _blocks_in(columns)).astype(np.float32)
    return np.concatenate(
        [
            _over_cells(np.add, blocks) / count,
            _over_cells(np.maximum, sectors),  # energies are 0 or more, as is the padding
            *(_reduced(luma, factor)[:, :high, :wide] for factor in SCALES.values()),
            np.ones((1, high, wide), np.float32),
        ]
    )


def quarter_energy(luma: np.ndarray) -> np.ndarray:
    """The channel ``quarter_low_freq_energy`` of ``map_blocks`` alone, in a tenth of the time.

    Args:
        luma: As for ``map_blocks``.

    Returns:
        Shape (h, w), float32.
    """
    luma, high, wide = _whole(luma)
    if calls.takes(luma):
        energy = calls.quarter(luma)[ENERGY]
        return energy.repeat(2, axis=0).repeat(2, axis=1)[:high, :wide]
    return _reduced(luma, SCALES["quarter"])[ENERGY, :high, :wide]


def _whole(luma: np.ndarray) -> tuple[np.ndarray, int, int]:
    """Whole blocks in ``canonical`` orientation; rows and columns of cells."""
    if luma.ndim != 2:
        raise ValueError(f"expected shape (H, W), got {luma.shape}")
    luma = canonical(luma)
    rows, columns = grid(*luma.shape)
    # what is left over is cropped on both sides, so that the map lies true
    top, left = ((extent % SIZE) // 2 for extent in luma.shape)
    luma = luma[top : top + rows * SIZE, left : left + columns * SIZE]
    return luma, -(-rows // CELL), -(-columns // CELL)


def _reduced(luma: np.ndarray, factor: int) -> np.ndarray:
    """The (27, h, w) statistics of the photo at a part of its size, at each of its cells."""
    side = factor * SIZE  # of the part of the photo that becomes a block
    missing = [(0, -extent % side) for extent in luma.shape]
    whole = np.pad(luma, missing, "symmetric")
    small = cv2.resize(whole, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA)
    cells = _blocks(small)[: len(STATISTICS)]
    again = side // (CELL * SIZE)  # one such block lies over so many cells each way
    return cells.repeat(again, axis=1).repeat(again, axis=2) if again > 1 else cells


def _blocks(luma: np.ndarray) -> np.ndarray:
    """(H, W), whole blocks -> (28, H / 8, W / 8): statistics and brightness of each block."""
    if calls.takes(luma):
        channels = calls.describe(luma, logs=True)
        return channels.reshape(len(channels), *grid(*luma.shape))
    channels = np.concatenate([_described(strip) for strip in coefficient_strips(luma)], axis=1)
    return channels.reshape(len(channels), *grid(*luma.shape))


def _described(coefficients: np.ndarray) -> np.ndarray:
    """(64, n) DCT of some blocks -> their channels, (28, n)."""
    statistics = band_statistics(coefficients)
    statistics[LOGARITHMS] = np.log1p(statistics[LOGARITHMS])
    energies = np.log1p(sector_means() @ (coefficients * coefficients))
    return np.concatenate([statistics, energies, coefficients[:1] / (SIZE * 255)])


def _over_cells(combine: np.ufunc, blocks: np.ndarray) -> np.ndarray:
    """(C, CELL * h, CELL * w) -> (C, h, w); much faster than a reduction over strided axes."""
    rows = [blocks[:, start::CELL] for start in range(CELL)]
    tall = reduce(combine, rows)
    return np.asarray(reduce(combine, [tall[:, :, start::CELL] for start in range(CELL)]))


def _blocks_in(count: int) -> np.ndarray:
    """How many blocks each cell of a row or column has."""
    return np.minimum(CELL, count - CELL * np.arange(-(-count // CELL)))


@cache
def sector_means() -> np.ndarray:
    """The mean over each sector's coefficients, in zigzag order, as a matrix (9, 64)."""
    down, across = np.divmod(np.array(zigzag()), SIZE)
    direction = np.where(across > 2 * down, 0, np.where(down > 2 * across, 2, 1))
    ranks = np.arange(SIZE * SIZE)
    members = np.array(
        [
            (direction == number) & (ranks >= band.start) & (ranks < band.stop)
            for band in BANDS.values()
            for number in range(len(DIRECTIONS))
        ]
    )
    return (members / members.sum(axis=1, keepdims=True)).astype(np.float32)
