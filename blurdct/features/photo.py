"""A photo that model inputs are made of: its file is read once, its luma is made once."""

import math
from functools import cached_property
from typing import Any

import numpy as np

from ..config import ReadConfig
from ..images.arrays import is_pixels
from ..images.files import read_bytes
from ..images.reader import Reading, Source, read_least, read_sized
from ..images.resize import resize_within
from .block_map import CELL, map_blocks, quarter_energy
from .blocks import SIZE
from .screening.frame import inside
from .summary import ENERGY, has_evidence

Shares = tuple[float, float, float, float]
WHOLE: Shares = (0.0, 1.0, 0.0, 1.0)
FRAMED = "without the frame around it"


class Photo:
    """A photo, opened; what is made of it more than once is kept.

    Attributes:
        source: Bytes or pixels; see ``images.read_luma``.
        config: Working size and pixel limit.
        name: What errors call it.
        bare: Whether it is taken as it is, frame and all, as a part of another photo is.
    """

    def __init__(
        self,
        source: Source,
        config: ReadConfig = ReadConfig(),
        name: str | None = None,
        bare: bool = False,
    ) -> None:
        """Read the file's bytes; nothing is decoded yet.

        Raises:
            ImageError: The file cannot be read.
        """
        if not is_pixels(source):
            source, name = read_bytes(source, name)
        self.source: Source = source
        self.config, self.name, self.bare = config, name, bare

    @property
    def luma(self) -> np.ndarray:
        """At the working size, without a frame around the photo; see ``features.screening.frame``.

        What a frame surrounds has itself the working size as its long side, if it has as many
        pixels. See ``images.read_luma``, which raises what there is to raise.
        """
        return self._inner[0]

    @property
    def size(self) -> tuple[int, int]:
        """Its own width and height, pixels, upright, with the frame."""
        return self._read.size

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know about how it was read, for people: ``first of 3 pages``."""
        return (*self._read.notes, FRAMED) if self.is_framed else self._read.notes

    @property
    def shape(self) -> tuple[int, int]:
        """Of the luma with the frame, at the working size: (H, W)."""
        height, width = self._read.luma.shape
        return height, width

    @property
    def box(self) -> Shares:
        """Top, bottom, left and right of what a frame surrounds, 0..1 of height and of width."""
        return self._inner[1]

    @property
    def is_framed(self) -> bool:
        """Whether something around the photo was left out."""
        return self.box != WHOLE

    def within(self, picture: Any) -> Any:
        """What a frame surrounds of a picture of the whole photo, at whatever size."""
        return _part(picture, self.box) if self.is_framed else picture

    def least(self, short: int, colour: bool) -> tuple[Any, int]:
        """As ``images.reader.read_least``, without a frame; the pixels are those of the file."""
        pixels, area = read_least(self.source, short, colour, self.config, self.name)
        return self.within(pixels), area

    def spread(self, cells: np.ndarray) -> np.ndarray:
        """A map over the cells of the luma -> the same over those of the photo with its frame.

        Cells of the frame have the value of the nearest one in the photo.
        """
        if not self.is_framed:
            return cells
        starts, ends = self.box[::2], self.box[1::2]
        places = [
            _nearest(*of_axis)
            for of_axis in zip(self.shape, self.luma.shape, starts, ends, cells.shape, strict=True)
        ]
        # a model's map may have other cells than block_map's
        within = (np.minimum(at, n - 1) for at, n in zip(places, cells.shape, strict=True))
        return np.ascontiguousarray(cells[np.ix_(*within)])

    @cached_property
    def _read(self) -> Reading:
        return read_sized(self.source, self.config, self.name)

    @cached_property
    def _inner(self) -> tuple[np.ndarray, Shares]:
        luma = self._read.luma
        box = None if self.bare else inside(luma)
        if box is None or (box.height, box.width) == luma.shape:
            return luma, WHOLE
        height, width = luma.shape
        shares = (box.top / height, box.bottom / height, box.left / width, box.right / width)
        if max(self.size) > max(luma.shape):  # read again, for what pixels the photo can have
            short = min(luma.shape) * self.config.size / max(box.height, box.width)
            luma, _ = read_least(self.source, math.ceil(short), False, self.config, self.name)
        # reduced but once: what is reduced by a little looks blurred
        return resize_within(_part(luma, shares), self.config.size), shares

    @cached_property
    def cells(self) -> np.ndarray:
        """Block statistics of the luma, cell by cell; see ``features.block_map.map_blocks``."""
        return map_blocks(self.luma)

    @cached_property
    def evidence(self) -> float:
        """Part of the luma that shows something which could be sharp or blurred, 0..1."""
        energy = self.cells[ENERGY] if "cells" in vars(self) else quarter_energy(self.luma)
        return float(np.mean(has_evidence(energy)))

    @property
    def reduction(self) -> float:
        """Pixels of the photo at its own size to one of the luma; 1 or more."""
        left, right = self.box[2:]
        return max(1.0, self.size[0] * (right - left) / self.luma.shape[1])


def _part(picture: Any, box: Shares) -> np.ndarray:
    """The part of a picture between those shares of its height and width; one pixel at least."""
    rows, columns = (
        slice(min(math.ceil(start * extent), extent - 1), max(int(end * extent), 1))
        for extent, start, end in zip(picture.shape, box[::2], box[1::2], strict=False)
    )
    return np.ascontiguousarray(picture[rows, columns])


def _nearest(extent: int, inner: int, start: float, end: float, count: int) -> np.ndarray:
    """Along one axis, for each cell of the whole photo the one of ``count`` inside it."""
    share = (_centres(extent) / extent - start) / (end - start)
    return np.clip((share * inner - (inner % SIZE) // 2) // (CELL * SIZE), 0, count - 1).astype(int)


def _centres(extent: int) -> np.ndarray:
    """Of the cells of ``map_blocks`` along one axis, pixels."""
    count = -(-(extent // SIZE) // CELL)
    return (extent % SIZE) // 2 + CELL * SIZE * (np.arange(count) + 0.5)
