"""Files of several pictures -> the one that is judged, and what is said about the others.

That is the first which shows something: scanners and cameras put thumbnails before a picture, and
films begin in black.

Sources:
    Folders, NewSubfileType, SubIFDs: TIFF 6.0 (1992), 2 and 8; Adobe, TIFF Technical Note 1 (1995).
    BigTIFF: www.awaresystems.be/imaging/tiff/bigtiff.html.
"""

import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

SHOWN = 12  # grey levels between the brightest and the darkest part of what shows something
_PARTS = 64  # of each side at most; in parts of 4x4 pixels and more noise averages out
TRIES = 12  # pictures of a file that are looked at, ever further from each other
_PASSED = 2_000_000_000  # pixels of frames that may have to be decoded on the way

TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # BigTIFF is the latter two
_FOLDERS = 1000  # that are looked at in a TIFF file
# TIFF tags.
_SUBFILE, _OLD_SUBFILE, _WIDTH, _HEIGHT, _SUB_FOLDERS = 254, 255, 256, 257, 330
_REDUCED, _MASK = 1, 4  # bits of _SUBFILE
_OLD_REDUCED = 2  # value of _OLD_SUBFILE
_BITS, _FORMAT = 258, 339  # of a sample
_KINDS = {2: "signed samples", 3: "floating point", 5: "complex numbers", 6: "complex numbers"}
_FORMS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}  # of values


@dataclass(frozen=True)
class Decoded:
    """A picture out of a file.

    Attributes:
        pixels: Shape (H, W) or (H, W, 3), uint8.
        size: Its own width and height, pixels, upright, before anything reduced it.
        notes: What to know about how it was read, for people: ``first of 3 pages``.
    """

    pixels: Any
    size: tuple[int, int]
    notes: tuple[str, ...] = ()


def which(number: int, count: int, what: str = "frame") -> tuple[str, ...]:
    """Words for a picture, counted from 1, among so many in its file; none if it is alone."""
    if count < 2:
        return ()
    return (f"first of {count} {what}s" if number == 1 else f"{what} {number} of {count}",)


def shows(pixels: np.ndarray) -> bool:
    """Whether anything is to be seen in a picture; shape (H, W) or (H, W, 3), uint8."""
    luma = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    rows, columns = (max(1, min(_PARTS, side // 4)) for side in luma.shape)
    return int(np.ptp(cv2.resize(luma, (columns, rows), interpolation=cv2.INTER_AREA))) > SHOWN


def first_shown(
    read: Callable[[int], Any], order: Iterable[int], seen: Callable[[Any], np.ndarray]
) -> tuple[int, Any]:
    """The first picture that shows something, or the very first if none does; its number, and it.

    Args:
        read: What makes a picture out of its number.
        order: The numbers; what is wrong with any but the first hardly matters.
        seen: Its pixels.
    """
    numbers = iter(order)
    number = next(numbers)
    first = read(number)
    if shows(seen(first)):
        return number, first
    for other in numbers:
        with suppress(Exception):  # it is damaged, and so the first may be all there is
            picture = read(other)
            if shows(seen(picture)):
                return other, picture
    return number, first


def spread(count: int, pixels: int = 1) -> list[int]:
    """Frames to look at, out of so many of so many pixels each: 0, 1, 2, 4, 8..."""
    end = min(count, max(1, _PASSED // max(1, pixels)), 1 << TRIES)
    return [0, *(1 << power for power in range(TRIES) if 1 << power < end)]


def tiff_pages(data: bytes) -> tuple[list[int], int]:
    """Where the folders of a TIFF file lie whose pictures are none of a thumbnail or a mask.

    Args:
        data: A TIFF or BigTIFF file.

    Returns:
        Their places, in order; and where its first folder lies. Nothing and 0 where there is none.
    """
    with suppress(struct.error, IndexError, OverflowError):
        folders = list(_folders(data))
        pages = [folder for folder in folders if folder.area and not folder.is_copy]
        pages = [one for one in pages if not any(one.is_smaller_copy(other) for other in pages)]
        if not pages:
            pages = sorted(folders, key=lambda folder: -folder.area)[:1]
        return [page.at for page in pages], folders[0].at
    return [], 0


def tiff_from(data: bytes, at: int) -> bytes:
    """The same TIFF file with the folder at that place as its first."""
    order = "<" if data[:1] == b"I" else ">"
    if _is_big(data, order):
        return data[:8] + struct.pack(order + "Q", at) + data[16:]
    return data[:4] + struct.pack(order + "I", at) + data[8:]


@dataclass(frozen=True)
class Samples:
    """What numbers the samples of a TIFF picture are; as text, for people.

    Attributes:
        bits: Of one.
        kind: 1 whole numbers, 2 such with a sign, 3 floating point, 5 and 6 complex ones.
    """

    bits: int
    kind: int

    @property
    def misread(self) -> bool:
        """Whether readers take them for something else, or for nothing that they know."""
        return self.kind in _KINDS and (self.kind != 2 or self.bits <= 8)

    @property
    def unusual(self) -> bool:
        """Whether that may be why a reader gives up."""
        return self.kind in _KINDS or self.bits not in (1, 8, 16)

    def __str__(self) -> str:
        return f"{self.bits}-bit {_KINDS.get(self.kind, 'samples')}"


def tiff_samples(data: bytes, at: int) -> Samples:
    """Of the picture whose folder lies there; of 8 bits where that cannot be read."""
    order = "<" if data[:1] == b"I" else ">"
    try:
        tags, _ = _tags(data, at, order, _is_big(data, order))
    except struct.error:
        tags = {}
    return Samples(tags.get(_BITS, [8])[0], tags.get(_FORMAT, [1])[0])


@dataclass(frozen=True)
class _Folder:
    at: int
    width: int
    height: int
    is_copy: bool  # reduced, or a mask, by its tags

    @property
    def area(self) -> int:
        return self.width * self.height

    def is_smaller_copy(self, other: "_Folder") -> bool:
        """Whether the other has this one's shape, and twice its size or more."""
        off = abs(self.width * other.height - self.height * other.width)
        return other.width >= 2 * self.width and off <= max(other.width, other.height)


def _folders(data: bytes) -> Iterator[_Folder]:
    """Each folder that a TIFF file has in its chain, and those below a thumbnail."""
    order = "<" if data[:1] == b"I" else ">"
    big = _is_big(data, order)
    link = order + ("Q" if big else "I")
    waiting = [struct.unpack_from(link, data, 8 if big else 4)[0]]
    seen: set[int] = set()
    while waiting and len(seen) < _FOLDERS:
        at = waiting.pop(0)
        if not 0 < at < len(data) or at in seen:
            continue
        seen.add(at)
        with suppress(struct.error):  # a chain that leads nowhere ends there
            tags, after = _tags(data, at, order, big)
            (following,) = struct.unpack_from(link, data, after)
            kind = tags.get(_SUBFILE, [0])[0]
            old = tags.get(_OLD_SUBFILE, [0])[0]
            copy = bool(kind & (_REDUCED | _MASK)) or old == _OLD_REDUCED
            width, height = (tags.get(tag, [0])[0] for tag in (_WIDTH, _HEIGHT))
            yield _Folder(at, width, height, copy)
            below = tags.get(_SUB_FOLDERS, []) if copy else []
            waiting = [*below, following, *waiting]


def _tags(data: bytes, at: int, order: str, big: bool) -> tuple[dict[int, list[int]], int]:
    """Whole numbers among the tags of a folder that tell what it is, and where the folder ends."""
    (count,) = struct.unpack_from(order + ("Q" if big else "H"), data, at)
    start, step = at + (8 if big else 2), 20 if big else 12
    wanted = (_SUBFILE, _OLD_SUBFILE, _WIDTH, _HEIGHT, _SUB_FOLDERS, _BITS, _FORMAT)
    tags = {}
    for place in range(start, start + step * min(count, 4096), step):
        tag, form, number = struct.unpack_from(order + ("HHQ" if big else "HHI"), data, place)
        if tag not in wanted or form not in _FORMS or not number:
            continue
        number = min(number, _FOLDERS)
        values, inside = order + str(number) + _FORMS[form], place + step - (8 if big else 4)
        if struct.calcsize(values) > (8 if big else 4):
            (inside,) = struct.unpack_from(order + ("Q" if big else "I"), data, inside)
        tags[tag] = list(struct.unpack_from(values, data, inside))
    return tags, start + step * count


def _is_big(data: bytes, order: str) -> bool:
    return bool(struct.unpack_from(order + "H", data, 2)[0] == 43)
