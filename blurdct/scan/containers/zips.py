"""Zip archives -> where their members stand, one after the other, and the bytes of each.

The standard library holds the whole table of contents in memory, and unpacks as much as packed
bytes make of themselves; here both have their limits.

Sources:
    PKWARE, APPNOTE.TXT 6.3.10: 4.3.7 (local file header), 4.3.12 (central directory), 4.3.14 to
    4.3.16 (its end), 4.5.3 (zip64), 5.8.8 (LZMA).
"""

import bz2
import lzma
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, NamedTuple

_LOCAL_HEADER, _HEADER, _END, _END_64, _LOCATOR = 30, 46, 22, 56, 20  # bytes, without names
_COMMENT = 2**16  # bytes, the most of what may stand behind the end of the table
_BEYOND = 0xFFFFFFFF  # of a number that stands in the extra field instead
_ENCRYPTED, _UTF_8 = 1, 0x800  # flags


class Place(NamedTuple):
    """Where a member stands, and how it is packed."""

    offset: int
    packed: int  # bytes
    crc: int
    how: int
    encrypted: int


class Entry(NamedTuple):
    """A line of the table of contents.

    Attributes:
        name: Path in the archive; bytes that are no UTF-8 as surrogates.
        size: Bytes that it says it has.
        date: Year, month, day, hour, minute, second.
        place: For ``read``.
    """

    name: str
    size: int
    date: tuple[int, ...]
    place: Place


def entries(file: BinaryIO) -> Iterator[Entry]:
    """What stands in the table of contents, folders left out; read as it is asked for.

    Raises:
        ValueError: No archive, or a damaged one.
    """
    at, end, shift = _table(file)
    while at < end:
        file.seek(at)
        head = file.read(_HEADER)
        if len(head) < _HEADER or head[:4] != b"PK\1\2":
            raise ValueError("its table of contents is damaged")
        flags, how, time, date, crc = struct.unpack_from("<HHHHL", head, 8)
        numbers = [*struct.unpack_from("<LL", head, 20), *struct.unpack_from("<L", head, 42)]
        lengths = struct.unpack_from("<HHH", head, 28)
        rest = file.read(sum(lengths))
        at += _HEADER + len(rest)
        if len(rest) < sum(lengths) or at > end:
            raise ValueError("its table of contents is damaged")
        packed, size, offset = _in_full(numbers, rest[lengths[0] : lengths[0] + lengths[1]])
        raw = rest[: lengths[0]].partition(b"\0")[0]
        name = raw.decode("utf-8", "surrogateescape") if flags & _UTF_8 else raw.decode("cp437")
        if name.endswith("/"):
            continue
        day = (date >> 9) + 1980, date >> 5 & 15, date & 31
        clock = time >> 11, time >> 5 & 63, 2 * (time & 31)
        place = Place(offset + shift, packed, crc, how, flags & _ENCRYPTED)
        yield Entry(name, size, (*day, *clock), place)


def read(file: BinaryIO, size: int, place: Place, limit: int) -> bytes:
    """A member's bytes, as many as it says it has; no more are ever unpacked.

    Raises:
        ValueError: Encrypted, damaged, packed in an unknown way or in over ``limit`` bytes.
    """
    if place.encrypted:
        raise ValueError("encrypted")
    if place.how not in _UNPACK:
        raise ValueError(f"packed by method {place.how}, which is not supported")
    if place.packed > limit:
        raise ValueError(f"packed in over {limit:,} bytes")
    file.seek(place.offset)
    header = file.read(_LOCAL_HEADER)
    if len(header) < _LOCAL_HEADER or header[:4] != b"PK\3\4":
        raise ValueError("no file where one should be")
    file.seek(sum(struct.unpack_from("<HH", header, 26)), os.SEEK_CUR)
    data = _UNPACK[place.how](file.read(place.packed), size)
    if len(data) > size:
        raise ValueError(f"more than the {size:,} bytes that it says it has")
    if len(data) == size and zlib.crc32(data) != place.crc:
        raise ValueError("its checksum is wrong")
    return data


def _table(file: BinaryIO) -> tuple[int, int, int]:
    """Where the table of contents begins and ends; how many bytes stand before the archive."""
    length = file.seek(0, os.SEEK_END)
    begun = max(0, length - _END - _COMMENT - _LOCATOR - _END_64)
    file.seek(begun)
    tail = file.read(length - begun)
    found = tail.rfind(b"PK\5\6")
    if found < 0 or len(tail) < found + _END:
        raise ValueError("not a zip archive, or cut short")
    size, offset = struct.unpack_from("<LL", tail, found + 12)
    large = found - _LOCATOR - _END_64
    if large >= 0 and tail[large:].startswith(b"PK\6\6") and tail[large + _END_64 :][:2] == b"PK":
        found = large
        size, offset = struct.unpack_from("<QQ", tail, large + 40)
    end = begun + found
    if size + offset > end:
        raise ValueError("its table of contents is not where it should be")
    return end - size, end, end - size - offset


def _in_full(numbers: list[int], extra: bytes) -> list[int]:
    """Packed size, size and offset; what does not fit into four bytes is looked up."""
    at = 0
    while _BEYOND in numbers and at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            field, taken = extra[at + 4 : at + 4 + length], 0
            for number in (1, 0, 2):  # in this order there: size, packed size, offset
                if numbers[number] == _BEYOND and len(field) >= taken + 8:
                    (numbers[number],) = struct.unpack_from("<Q", field, taken)
                    taken += 8
            break
        at += 4 + length
    return numbers


def _inflated(data: bytes, size: int) -> bytes:
    return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, size + 1)


def _from_bzip2(data: bytes, size: int) -> bytes:
    return bz2.BZ2Decompressor().decompress(data, size + 1)


def _from_lzma(data: bytes, size: int) -> bytes:
    (length,) = struct.unpack_from("<H", data, 2)
    how, window = struct.unpack_from("<BL", data, 4)
    lzma1: dict[str, Any] = {
        "id": lzma.FILTER_LZMA1,
        "dict_size": max(4096, min(window, size + 1)),  # nothing stands farther back than that
        "lc": how % 9,
        "lp": how // 9 % 5,
        "pb": how // 45,
    }
    unpacking = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[lzma1])
    return unpacking.decompress(data[4 + length :], size + 1)


_UNPACK: dict[int, Callable[[bytes, int], bytes]] = {
    0: lambda data, size: data[: size + 1],
    8: _inflated,
    12: _from_bzip2,
    14: _from_lzma,
}
