"""Photo -> model inputs: 18 features, a map of blocks, older methods, or small pictures.

Training and prediction make them here alike.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ..config import ReadConfig
from ..images.reader import Source
from ..images.resize import resize_to
from .bands import FEATURES
from .block_map import CELL, CHANNELS
from .blocks import SIZE
from .extract import image_features
from .focus_measures import laplacian_variance, sobel_variance
from .photo import Photo
from .summary import SUMMARY, summarise

STRIP = 8  # long side by short side, from which on only the middle of a photo is looked at
LARGER = 640  # pixels, the working size of what is looked at more closely
GRADIENT_SIDE = 800  # pixels, of the square that the published scores are taken on


@dataclass(frozen=True)
class ModelInput:
    """One kind of input.

    Attributes:
        shape: Of one photo's row; None for an extent that depends on the photo.
        dtype: NumPy name of what tables keep; a row of its own may have more digits.
        make: From a photo to that row.
        side: Of the square that it is taken on, pixels; 0 for the photo at the working size.
        cell: Of a map of the photo, pixels to one step of it; 0 if it is none.
        size: Working size that models learn from it at, pixels; 0 for the usual one.
    """

    shape: tuple[int | None, ...]
    dtype: str
    make: Callable[[Photo], np.ndarray]
    side: int = 0
    cell: int = 0
    size: int = 0

    def shape_at(self, size: int) -> tuple[int, ...]:
        """Of a row in a table, photographs at a working size: the largest that one may have."""
        return tuple(-(-size // self.cell) if one is None else one for one in self.shape)


def _features(photo: Photo) -> np.ndarray:
    return np.asarray(image_features(photo.luma), np.float32)


def _laplacian(photo: Photo) -> np.ndarray:
    return np.array([laplacian_variance(photo.luma)], np.float32)


def _gradients(photo: Photo) -> np.ndarray:
    luma, area = photo.least(GRADIENT_SIDE, False)
    square = resize_to(luma, GRADIENT_SIDE, GRADIENT_SIDE)
    return np.array([sobel_variance(square), laplacian_variance(square), area], np.float32)


def _squashed(photo: Photo, side: int) -> np.ndarray:
    rgb, _ = photo.least(side, True)
    return resize_to(rgb, side, side)


def _centre(photo: Photo, short: int, side: int) -> Any:
    rgb, _ = photo.least(short, True)
    height, width = rgb.shape[:2]
    if max(height, width) > STRIP * min(height, width):  # enlarged, a strip would take gigabytes
        longest = STRIP * min(height, width)
        top, left = (max(0, (extent - longest) // 2) for extent in (height, width))
        rgb = rgb[top : top + longest, left : left + longest]
        height, width = rgb.shape[:2]
    scale = short / min(height, width)
    rgb = resize_to(rgb, max(short, round(width * scale)), max(short, round(height * scale)))
    top, left = ((extent - side) // 2 for extent in rgb.shape[:2])
    return np.ascontiguousarray(rgb[top : top + side, left : left + side])


def _cells(photo: Photo) -> np.ndarray:
    return photo.cells


def _wide(photo: Photo) -> np.ndarray:
    return summarise(photo.cells)


def _square(side: int) -> ModelInput:
    return ModelInput((side, side, 3), "uint8", partial(_squashed, side=side), side)


INPUTS = {
    "features": ModelInput((len(FEATURES),), "float32", _features),
    "cells": ModelInput(
        (len(CHANNELS), None, None), "float16", _cells, cell=CELL * SIZE, size=LARGER
    ),
    "wide": ModelInput((len(SUMMARY),), "float32", _wide, size=LARGER),
    "laplacian": ModelInput((1,), "float32", _laplacian),
    "gradients": ModelInput((3,), "float32", _gradients, GRADIENT_SIDE),
    "rgb96": _square(96),
    "rgb224": _square(224),
    "rgb256": _square(256),
    "crop224": ModelInput((224, 224, 3), "uint8", partial(_centre, short=256, side=224), 224),
}


def is_numbers(name: str) -> bool:
    """Whether an input is a row of so many numbers, whatever the photo's shape."""
    return len(INPUTS[name].shape) == 1


def learnt_at(names: Iterable[str], usual: int) -> int:
    """The working size, pixels, that a model with these inputs learns at."""
    return max((INPUTS[name].size for name in names if INPUTS[name].size), default=usual)


def seen_at(names: Iterable[str], size: int) -> str:
    """At which sizes models with these inputs see a photo, for people: ``256x256, 512 pixels``."""
    sides = sorted({INPUTS[name].side for name in names})
    return ", ".join(f"{side}x{side}" if side else f"{size} pixels" for side in sides)


def photo_inputs(
    source: Source | Photo,
    names: Iterable[str],
    config: ReadConfig = ReadConfig(),
    name: str | None = None,
) -> dict[str, np.ndarray]:
    """The model inputs of one photo.

    Args:
        source: As for ``images.read_luma``; a file is read once. Or a ``Photo``, which has the
            rest already.
        names: Out of ``INPUTS``: ``features``, the 18 of the block DCT; ``cells``, the map of block
            statistics of ``block_map``; ``wide``, that map in 350 numbers; ``laplacian``, its
            variance at the working size; ``gradients``, the variances of Sobel magnitude and
            Laplacian at 800x800 and the photo's number of pixels; ``rgb96``, ``rgb224``,
            ``rgb256``, the photo squashed to that square; ``crop224``, its centre after the short
            side became 256.
        config: Working size and pixel limit.
        name: What errors call the photo; its path if left out.

    Returns:
        By name, one row without a batch axis; shape and dtype as in ``INPUTS``, but ``cells`` are
        float32.

    Raises:
        ImageError: It cannot be read; the message names it and says why.
    """
    photo = source if isinstance(source, Photo) else Photo(source, config, name)
    return {view: INPUTS[view].make(photo) for view in names}
