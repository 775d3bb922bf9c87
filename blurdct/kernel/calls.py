"""The compiled functions by what goes in and comes out; arrays for their answers are made here.

Each is called only where ``takes`` says that it can be.
"""

from typing import Any

import numpy as np

from .choice import compiled

CHANNELS = 28  # of a block: 18 statistics, 9 energies by band and direction, and light
MAPPED = 92  # channels of a map of cells
LEAST = 16  # pixels, of a side that ``area`` reduces to

compiled()  # so that what the environment asks for in vain is told before a photo is read


def takes(pixels: Any) -> bool:
    """Whether there is a kernel, and whether these are pixels as it takes them: (H, W) uint8."""
    return (
        isinstance(pixels, np.ndarray)
        and pixels.ndim == 2
        and pixels.dtype == np.uint8
        and compiled() is not None
        and pixels.shape[1] <= pixels.strides[0]
        and pixels.strides[1] == 1
    )


def describe(luma: np.ndarray, logs: bool = False) -> np.ndarray:
    """Numbers of each block, shape (28, N), float32: see ``CHANNELS``.

    Args:
        luma: At least one block.
        logs: log(1 + x) of means, deviations and energies.
    """
    found = np.empty((CHANNELS, (luma.shape[0] // 8) * (luma.shape[1] // 8)), np.float32)
    kernel = compiled()
    (kernel.describe_logs if logs else kernel.describe)(luma, found)
    return found


def weigh(luma: np.ndarray, strong: float, least: float) -> np.ndarray:
    """What ``blocks.block_evidence`` returns, float32; the arguments are its constants."""
    weights = np.empty((luma.shape[0] // 8, luma.shape[1] // 8), np.float32)
    compiled().weigh(luma, np.array([strong, least]), weights)
    return weights


def weighted(luma: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The sum over blocks of each statistic times the block's weight, shape (18,), float64."""
    sums = np.empty(18)
    compiled().weighted(luma, weights, sums)
    return sums


def mapped(luma: np.ndarray) -> np.ndarray:
    """What ``block_map.map_blocks`` returns, of whole blocks in canonical orientation."""
    cells = np.empty((MAPPED, -(-luma.shape[0] // 16), -(-luma.shape[1] // 16)), np.float32)
    compiled().map(luma, cells)
    return cells


def quarter(luma: np.ndarray) -> np.ndarray:
    """Numbers of each block of a quarter of whole blocks: (28, H / 32, W / 32), with logarithms."""
    found = np.empty((CHANNELS, -(-luma.shape[0] // 32), -(-luma.shape[1] // 32)), np.float32)
    compiled().quarter(luma, found)
    return found


def lighter(luma: np.ndarray) -> tuple[int, int]:
    """By how much the second half of the columns, and of the rows, is lighter than the first."""
    right, down = compiled().lighter(luma)
    return right, down


def edges(luma: np.ndarray, near: int) -> np.ndarray:
    """Of the upper, lower, left and right edge the median and how many pixels are near it: (4, 2).

    Args:
        luma: Of one pixel or more.
        near: Grey levels.
    """
    found = np.empty((4, 2), np.int32)
    compiled().edges(luma, np.array([near], np.int32), found)
    return found


def steps(luma: np.ndarray, step: int) -> tuple[np.ndarray, np.ndarray]:
    """How many steps over so many grey levels stand between columns, and between rows.

    Returns:
        Shapes (W - 1,), of every fourth row, and (H - 1,), of every fourth column.
    """
    across, down = (np.empty(side - 1, np.int32) for side in luma.shape[::-1])
    compiled().steps(luma, np.array([step], np.int32), across, down)
    return across, down


def area(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
    """A picture reduced by area averaging, each side to 16 pixels or more."""
    smaller = np.empty((height, width), np.uint8)
    compiled().area(pixels, smaller)
    return smaller


def summarise(cells: np.ndarray, count: int, *tables: np.ndarray) -> np.ndarray:
    """What ``summary.summarise`` returns, shape (count,), float32; ``tables`` are its constants."""
    found = np.empty(count, np.float32)
    compiled().summarise(cells, *tables, found)
    return found
