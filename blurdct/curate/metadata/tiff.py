"""The directories of a TIFF file, of camera RAW that is built like one, or of EXIF.

Sources:
    Directories: Adobe, TIFF 6.0 (1992), 2; BigTIFF: the same with numbers of 64 bits.
    Tags of EXIF: CIPA DC-008-2019 (EXIF 2.32), 4.6. Those of Windows: Microsoft, "Photo Metadata
    Policies"; of DNG: Adobe, Digital Negative Specification 1.6.
"""

from typing import NamedTuple

from .source import LIMIT, Source

MAKE, MODEL, XMP, RATING, IPTC, PHOTOSHOP = 271, 272, 700, 18246, 33723, 34377
TIME, SUBSEC, OFFSET, SERIAL, OWN_SERIAL = 36867, 37521, 36881, 42033, 50735
WORDS = 40094  # keywords of Windows, UTF-16 with semicolons between them
_EXIF = 34665  # where the directory of EXIF is
_WANTED = {MAKE, MODEL, XMP, RATING, IPTC, PHOTOSHOP, TIME, SUBSEC, OFFSET, SERIAL, OWN_SERIAL}
_WANTED |= {WORDS, _EXIF}
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_SIZES |= {16: 8, 17: 8, 18: 8}
_MOST = 4096  # entries of a directory


class Value(NamedTuple):
    """A tag's bytes, and whether the least comes first in its numbers."""

    data: bytes
    little: bool

    @property
    def text(self) -> str:
        """As a text, without the zeros and blanks around it."""
        text = self.data.partition(b"\0")[0]
        try:
            return text.decode().strip()
        except UnicodeDecodeError:
            return text.decode("latin-1").strip()

    @property
    def number(self) -> int:
        """As one whole number."""
        return int.from_bytes(self.data, "little" if self.little else "big")


Directory = dict[int, Value]


def is_tiff(start: bytes) -> bool:
    """Whether a file begins like TIFF, or like camera RAW that differs in the second word."""
    return start[:2] in (b"II", b"MM") and start[2:4] in (
        *(b"*\0", b"\0*", b"+\0", b"\0+", b"RO", b"OR", b"RS", b"U\0"),
    )


def directories(source: Source) -> list[Directory]:
    """The directory of EXIF, if there is one, and the first directory; of both the tags wanted.

    What leads outside of the file, or is longer than ``LIMIT``, is left out.
    """
    little = source.read(0, 2) == b"II"
    big = source.number(2, 2, little) == 43
    first = _directory(source, source.number(8 if big else 4, 8 if big else 4, little), little, big)
    found = [first]
    if _EXIF in first:
        found.insert(0, _directory(source, first[_EXIF].number, little, big))
    return found


def _directory(source: Source, at: int, little: bool, big: bool) -> Directory:
    wide, step, inline = (8, 20, 12) if big else (2, 12, 8)
    data = source.read(at + wide, min(source.number(at, wide, little), _MOST) * step)
    order = "little" if little else "big"
    found: Directory = {}
    for start in range(0, len(data) - step + 1, step):
        entry = data[start : start + step]
        tag = int.from_bytes(entry[:2], order)  # type: ignore[arg-type]
        if tag not in _WANTED or tag in found:
            continue
        size = _SIZES.get(int.from_bytes(entry[2:4], order), 0)  # type: ignore[arg-type]
        size *= int.from_bytes(entry[4:inline], order)  # type: ignore[arg-type]
        value = entry[inline:]
        if size > len(value):
            value = source.read(int.from_bytes(value, order), min(size, LIMIT + 1))  # type: ignore[arg-type]
        if len(value) >= size > 0:
            found[tag] = Value(value[:size], little)
    return found
