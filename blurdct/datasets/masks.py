"""Partly blurred photographs and their masks -> pairs, names held out, labels of cells.

Source: Shi, Xu, Jia, CVPR 2014, doi:10.1109/CVPR.2014.379 (photographs with such masks).
"""

import hashlib
from collections.abc import Iterable
from os import PathLike
from pathlib import Path

import cv2
import numpy as np

from ..errors import ConfigError
from ..features.block_map import CELL
from ..features.blocks import SIZE, grid
from ..images.files import find_photos
from ..images.reader import read_rgb

PHOTOS, MASKS = "image", "mask"  # folders


def read_pairs(folder: str | PathLike[str]) -> list[tuple[str, Path, Path]]:
    """Name, photo and mask of each pair in a folder, sorted by name.

    Args:
        folder: Holds ``image/NAME.*`` and ``mask/NAME.*``, in folders of any depth.

    Raises:
        ConfigError: No such folder, nothing in it, a name twice, or one without the other.
    """
    found = []
    for name in (PHOTOS, MASKS):
        place = Path(folder, name)
        if not place.is_dir():
            raise ConfigError(f"{place}: no such folder")
        paths = find_photos(place)
        by_stem = {path.stem: path for path in paths}
        if len(by_stem) < len(paths):
            twice = next(path for path in paths if by_stem[path.stem] != path)
            raise ConfigError(f"{twice}: {by_stem[twice.stem]} has the same name")
        found.append(by_stem)
    photos, masks = found
    for stem in sorted(photos.keys() ^ masks.keys()):
        lacks = "photo" if stem in masks else "mask"
        raise ConfigError(f"{(photos | masks)[stem]}: there is no {lacks} of this name")
    if not photos:
        raise ConfigError(f"{folder}: no photographs found")
    return [(stem, photos[stem], masks[stem]) for stem in sorted(photos)]


def read_mask(path: str | PathLike[str]) -> np.ndarray:
    """Where a photo is blurred: shape (H, W), bool, from a picture that is white there.

    Raises:
        ImageError: It cannot be read; the message names it and says why.
    """
    return read_rgb(path).min(axis=2) > 127


def held_out(stems: Iterable[str], count: int = 100) -> list[str]:
    """The names that a model may not learn from, sorted: those of the smallest SHA-256.

    The choice depends on the names alone: photographs that come in later move few of the others.

    Args:
        stems: Names of photographs without folder and ending.
        count: How many; all, if there are no more.
    """
    ranked = sorted(set(stems), key=lambda stem: hashlib.sha256(stem.encode()).digest())
    return sorted(ranked[:count])


def cell_labels(mask: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Share of blurred pixels of each cell of 2x2 blocks, 0..1: what a map of the photo should be.

    Args:
        mask: Shape (H', W'), bool, True where blurred; at the photo's own size or any other.
            Turned by ``orientation.to_canonical`` if labels are to lie as a model sees the photo.
        shape: (H, W) of the photo's luma at the working size, turned likewise.

    Returns:
        Shape (h, w), float32, cells as in ``block_map.map_blocks``: h = ceil((H // 8) / 2), w
        likewise; pixels over are left out on both sides, the last row of cells may have one block.

    Raises:
        ValueError: No mask of a photo of that shape, or less than a block.
    """
    if mask.ndim != 2 or mask.dtype != np.bool_:
        raise ValueError(f"expected shape (H, W), bool, got {mask.shape} {mask.dtype}")
    if abs(mask.shape[0] * shape[1] - mask.shape[1] * shape[0]) > max(mask.shape):  # by rounding
        raise ValueError(f"a mask of {mask.shape} is not of a photo of {tuple(shape)}")
    how = cv2.INTER_AREA if mask.shape[0] > shape[0] else cv2.INTER_LINEAR
    share = cv2.resize(mask.astype(np.float32), shape[::-1], interpolation=how)
    rows, columns = (SIZE * count for count in grid(*shape))
    top, left = ((extent % SIZE) // 2 for extent in shape)
    share = share[top : top + rows, left : left + columns]
    tops, lefts = (np.arange(0, extent, CELL * SIZE) for extent in (rows, columns))
    total = np.add.reduceat(np.add.reduceat(share, tops, axis=0), lefts, axis=1)
    heights, widths = np.diff(tops, append=rows), np.diff(lefts, append=columns)
    return total / np.outer(heights, widths).astype(np.float32)
