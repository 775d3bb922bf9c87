"""A photo that model inputs are made of: its file is read once, its luma is made once."""

from functools import cached_property

import numpy as np

from ..config import ReadConfig
from ..images.arrays import is_pixels
from ..images.files import read_bytes
from ..images.reader import Reading, Source, read_sized
from .block_map import map_blocks


class Photo:
    """A photo, opened; what is made of it more than once is kept.

    Attributes:
        source: Bytes or pixels; see ``images.read_luma``.
        config: Working size and pixel limit.
        name: What errors call it.
    """

    def __init__(
        self, source: Source, config: ReadConfig = ReadConfig(), name: str | None = None
    ) -> None:
        """Read the file's bytes; nothing is decoded yet.

        Raises:
            ImageError: The file cannot be read.
        """
        if not is_pixels(source):
            source, name = read_bytes(source, name)
        self.source: Source = source
        self.config, self.name = config, name

    @property
    def luma(self) -> np.ndarray:
        """At the working size; see ``images.read_luma``, which raises what there is to raise."""
        return self._read.luma

    @property
    def size(self) -> tuple[int, int]:
        """Its own width and height, pixels, upright."""
        return self._read.size

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know about how it was read, for people: ``first of 3 pages``."""
        return self._read.notes

    @cached_property
    def _read(self) -> Reading:
        return read_sized(self.source, self.config, self.name)

    @cached_property
    def cells(self) -> np.ndarray:
        """Block statistics of the luma, cell by cell; see ``features.block_map.map_blocks``."""
        return map_blocks(self.luma)
