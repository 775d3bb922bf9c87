"""Kernels of blur by kind and extent: disk, Gaussian, motion, mixtures.

Extents are the width of a point's image, in pixels of the finished copy at the working size: the
disk's diameter, the path's length, for the Gaussian 2.5 standard deviations, about its width at
half height. (Its standard deviation is then 1.6 times that of the disk of that diameter, which is
a quarter of the diameter.)

Source:
    Camera shake as a smooth random path: Boracchi, Foi, IEEE TIP 2012,
    doi:10.1109/TIP.2012.2192126.
"""

import math
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

EXTENT = (2.5, 32.0)  # pixels at the working size, strength 0 to 1


def extent_of(strength: float) -> float:
    """Extent of a blur in pixels at the working size; strength 0..1 counts logarithmically."""
    low, high = EXTENT
    return low * (high / low) ** strength


def disk(diameter: float, rng: np.random.Generator | None = None) -> np.ndarray:
    """Kernel of a lens out of focus: shape (K, K), K odd, float32, sum 1."""
    half = max(1, math.ceil(diameter / 2))
    fine = 8  # samples per pixel, so that small disks have soft edges
    axis = (np.arange((2 * half + 1) * fine) + 0.5) / fine - half - 0.5
    inside = (axis[:, None] ** 2 + axis[None, :] ** 2 <= (diameter / 2) ** 2).astype(np.float32)
    side = 2 * half + 1
    return _unit(inside.reshape(side, fine, side, fine).sum(axis=(1, 3)))


def gaussian(extent: float, rng: np.random.Generator | None = None) -> np.ndarray:
    """Kernel of a Gaussian with sigma = extent / 2.5: shape (K, K), K odd, float32, sum 1."""
    sigma = extent / 2.5
    half = max(1, math.ceil(3 * sigma))
    line = np.exp(-0.5 * (np.arange(-half, half + 1) / sigma) ** 2)
    return _unit(np.outer(line, line))


def motion(length: float, rng: np.random.Generator) -> np.ndarray:
    """Kernel of a camera in motion along a smooth random path: (K, K), K odd, float32, sum 1.

    All directions alike; a third of the paths are straight, the others bend.
    """
    steps = max(64, math.ceil(8 * length))
    heading: Any = rng.uniform(0, 2 * math.pi)
    curved = rng.random() > 1 / 3
    if curved:
        bend = rng.normal(0, 1.2)
        wander = np.cumsum(rng.normal(0, 1, steps)) * (0.8 / math.sqrt(steps))
        heading = heading + bend * np.linspace(-0.5, 0.5, steps) + wander
    speed = np.exp(rng.normal(0, 0.4) * np.linspace(-1, 1, steps))
    speed *= length / speed.sum()
    return path_kernel(np.cumsum(speed * np.cos(heading)), np.cumsum(speed * np.sin(heading)))


def shake(length: float, rng: np.random.Generator) -> np.ndarray:
    """Kernel of a jolt: most of the time at the two ends of a short path, so that edges double."""
    heading, first, between = rng.uniform(0, math.pi), rng.uniform(0.3, 0.7), rng.uniform(0.05, 0.4)
    times = np.rint(400 * (1 - between) * np.array([first, 1 - first])).astype(int)
    way = np.linspace(0, 1, max(8, round(400 * between)))
    along = length * np.concatenate([np.repeat([0.0, 1.0], times), way])
    return path_kernel(along * math.cos(heading), along * math.sin(heading))


def path_kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Time spent over each pixel by a point on a path, centred on its mean: (K, K), K odd, sum 1.

    Args:
        x: Shape (T,), pixels to the right, at equal times.
        y: Shape (T,), pixels down.
    """
    x, y = x - x.mean(), y - y.mean()
    half = max(1, math.ceil(max(np.abs(x).max(), np.abs(y).max())) + 1)
    kernel = np.zeros((2 * half + 1, 2 * half + 1))
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    right_part, low_part = x - left, y - top
    for down, weight_y in ((0, 1 - low_part), (1, low_part)):
        for over, weight_x in ((0, 1 - right_part), (1, right_part)):
            np.add.at(kernel, (top + down + half, left + over + half), weight_y * weight_x)
    return _unit(kernel)


def mixture(extent: float, rng: np.random.Generator) -> np.ndarray:
    """Out of focus and moved: a disk along a path, their squared extents adding up to extent's."""
    part = rng.uniform(0.4, 0.9)
    moved = motion(extent * part, rng)
    soft = disk(extent * math.sqrt(1 - part * part))
    pad = len(soft) // 2
    return _unit(cv2.filter2D(np.pad(moved, pad), -1, soft, borderType=cv2.BORDER_CONSTANT))


KERNELS: dict[str, Callable[[float, np.random.Generator], np.ndarray]] = {
    "defocus": disk,
    "motion": motion,
    "gaussian": gaussian,
    "mixture": mixture,
}


def _unit(kernel: np.ndarray) -> np.ndarray:
    return (kernel / kernel.sum()).astype(np.float32)
