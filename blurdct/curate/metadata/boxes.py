"""Metadata of files that are made of boxes: HEIC and AVIF, JPEG 2000, and Canon's CR3.

Sources:
    Boxes: ISO/IEC 14496-12:2015, 4.2; items: 8.11 (``iloc``, ``iinf``). EXIF and XMP as items:
    ISO/IEC 23008-12:2017, A.2. XMP in JPEG 2000: XMP Specification Part 3 (2020), 1.1.4.
    CR3: https://github.com/lclevy/canon_cr3 (``CMT1`` is the first directory, ``CMT2`` EXIF).
"""

from collections.abc import Iterator
from uuid import UUID

from .source import Source

_XMP = UUID("be7acfcb-97a9-42e8-9c71-999491e3afac").bytes
_EXIF = b"JpgTiffExif->JP2"
_IPTC = UUID("33c7a4d2-b81d-4723-a0ba-f1a3e097ad38").bytes
_CANON = UUID("85c0b687-820f-11e0-8111-f4ce462b6a48").bytes
_MOST = 100_000  # boxes or items that are looked at

Block = tuple[str, Source]  # exif, xmp or iptc


def blocks(source: Source) -> Iterator[Block]:
    """EXIF (a TIFF file of its own), XMP and IPTC, wherever they are."""
    for name, box in _boxes(source):
        if name == b"meta":
            yield from _items(box.part(4), source)
        elif name == b"moov":
            for inner, canon in _boxes(box):
                if inner == b"uuid" and canon.read(0, 16) == _CANON:
                    parts = dict(_boxes(canon.part(16)))
                    yield from (("exif", parts[cmt]) for cmt in (b"CMT2", b"CMT1") if cmt in parts)
        elif name == b"uuid":
            kind = {_XMP: "xmp", _EXIF: "exif", _IPTC: "iptc"}.get(box.read(0, 16))
            if kind:
                yield kind, box.part(16)


def _boxes(source: Source) -> Iterator[tuple[bytes, Source]]:
    at = 0
    for _ in range(_MOST):
        size, name, start = source.number(at, 4), source.read(at + 4, 4), 8
        if len(name) < 4:
            return
        if size == 1:
            size, start = source.number(at + 8, 8), 16
        elif size == 0:  # to the end
            size = source.length - at
        if size < start:
            return
        yield name, source.part(at + start, size - start)
        at += size


def _items(meta: Source, file: Source) -> Iterator[Block]:
    """EXIF and XMP among the items of a HEIF file."""
    found = dict(_boxes(meta))
    if b"iinf" not in found or b"iloc" not in found:
        return
    kinds = dict(_kinds(found[b"iinf"]))
    for item, method, extents in _places(found[b"iloc"]):
        if item not in kinds:
            continue
        home = {0: file, 1: found.get(b"idat")}.get(method)
        if home is None:
            continue
        parts = [home.part(at, length) if length else home.part(at) for at, length in extents]
        one = parts[0] if len(parts) == 1 else Source.of(b"".join(part.all() for part in parts))
        if kinds[item] == "exif":
            one = one.part(4 + one.number(0, 4))  # behind the distance to the TIFF header
        yield kinds[item], one


def _kinds(iinf: Source) -> Iterator[tuple[int, str]]:
    """Number of an item, and whether it is EXIF or XMP; of the others nothing."""
    start = 6 if iinf.number(0, 1) == 0 else 8
    for name, entry in _boxes(iinf.part(start)):
        version = entry.number(0, 1)
        if name != b"infe" or version < 2:
            continue
        wide = 2 if version == 2 else 4
        kind = entry.read(4 + wide + 2, 4)
        if kind == b"Exif":
            yield entry.number(4, wide), "exif"
        elif kind == b"mime" and b"application/rdf+xml\0" in entry.read(4 + wide + 6, 4096) + b"\0":
            yield entry.number(4, wide), "xmp"


def _places(iloc: Source) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
    """Number of an item, how its place is told, and from where on it has how many bytes."""
    version, sizes, at = iloc.number(0, 1), iloc.number(4, 2), 6
    offset, length, base, index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    wide = 4 if version == 2 else 2
    count, at = iloc.number(at, wide), at + wide
    for _ in range(min(count, _MOST)):
        item, at = iloc.number(at, wide), at + wide
        method = 0
        if version:
            method, at = iloc.number(at, 2) & 15, at + 2
        at += 2  # of data in other files
        start, at = iloc.number(at, base), at + base
        extents, at = iloc.number(at, 2), at + 2
        found = []
        for _ in range(min(extents, 64)):
            at += index if version else 0
            place, at = start + iloc.number(at, offset), at + offset
            found.append((place, iloc.number(at, length)))
            at += length
        if found:
            yield item, method, found
