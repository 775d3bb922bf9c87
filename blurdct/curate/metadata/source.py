"""A file, or a part of one, read at places."""

from io import BytesIO
from typing import BinaryIO, Self

LIMIT = 2**24  # bytes of one piece; longer ones are no metadata


class Source:
    """A file, or a part of one. It never reads beyond its end, nor more than ``LIMIT`` at once."""

    def __init__(self, file: BinaryIO, start: int = 0, length: int | None = None) -> None:
        self._file, self._start = file, start
        if length is None:
            length = file.seek(0, 2) - start
        self.length = max(0, length)

    @classmethod
    def of(cls, data: bytes) -> Self:
        """Bytes that are in memory already."""
        return cls(BytesIO(data))

    def read(self, at: int, count: int) -> bytes:
        """So many bytes from there on; fewer where it ends, none outside of it."""
        if not 0 <= at < self.length:
            return b""
        self._file.seek(self._start + at)
        return self._file.read(max(0, min(count, self.length - at, LIMIT)))

    def number(self, at: int, count: int, little: bool = False) -> int:
        """An unsigned number of so many bytes; 0 where there is none."""
        data = self.read(at, count)
        return int.from_bytes(data, "little" if little else "big") if len(data) == count else 0

    def part(self, at: int, length: int | None = None) -> "Source":
        """A part of it, to its end if no length is given."""
        left = max(0, self.length - at)
        return Source(self._file, self._start + at, left if length is None else min(length, left))

    def all(self) -> bytes:
        """What is in it, as far as ``LIMIT``."""
        return self.read(0, self.length)
