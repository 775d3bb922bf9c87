"""A photo's file, of whatever format -> its blocks of EXIF, XMP and IPTC.

Sources:
    Where XMP stands in each format: XMP Specification Part 3 (2020), 1.1. JPEG: ITU-T T.81, B.1;
    EXIF 2.32, 4.7.2. PNG: W3C, PNG (Third Edition), 11.3.3.2, 11.3.4.5; ImageMagick's "Raw profile
    type". WebP: RFC 9649, 2.7. GIF: CompuServe, GIF89a (1990), 26. Image resources: Adobe,
    Photoshop File Formats. RAF: libopenraw, "Fujifilm RAF".
"""

import zlib
from collections.abc import Callable, Iterator

from . import boxes
from .boxes import Block
from .source import LIMIT, Source
from .tiff import is_tiff

_MOST = 200_000  # segments, chunks or blocks that are looked at
_EXIF, _XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
_PHOTOSHOP = b"Photoshop 3.0\0"
_PROFILES = {b"exif": "exif", b"APP1": "exif", b"xmp": "xmp", b"iptc": "iptc", b"8bim": "8bim"}
_BEGIN, _END = b"<?xpacket begin=", b"<?xpacket end="
_RAF = b"FUJIFILMCCD-RAW "


def blocks(source: Source) -> tuple[bool, Iterator[Block]]:
    """Whether the format is known, and what there is; the first of a kind is the one that counts.

    ``exif`` is a TIFF file of its own, or all of the file if it is one; ``xmp`` a packet; ``iptc``
    datasets; ``8bim`` image resources of Photoshop, with datasets in them. A file of an unknown
    format is searched for a packet.
    """
    start = source.read(0, 16)
    for begins, reader in _READERS.items():
        if start.startswith(begins):
            return True, reader(source)
    if is_tiff(start):
        return True, iter([("exif", source)])
    if start[4:8] in (b"ftyp", b"jP  "):
        return True, boxes.blocks(source)
    return False, _last_packet(source)


def _jpeg(source: Source) -> Iterator[Block]:
    resources, at = b"", 2
    for _ in range(_MOST):
        start = source.read(at, 4)
        if len(start) < 4 or start[0] != 0xFF or start[1] in (0xDA, 0xD9):
            break
        if start[1] == 0xFF:  # one more before a marker
            at += 1
            continue
        if start[1] == 1 or 0xD0 <= start[1] <= 0xD8:  # without a length
            at += 2
            continue
        length = int.from_bytes(start[2:], "big")
        part = source.part(at + 4, length - 2)
        if start[1] == 0xE1:
            head = part.read(0, len(_XMP))
            if head[:6] == _EXIF:
                yield "exif", part.part(6)
            elif head == _XMP:
                yield "xmp", part.part(len(_XMP))
        elif start[1] == 0xED and part.read(0, len(_PHOTOSHOP)) == _PHOTOSHOP:
            resources += part.all()[len(_PHOTOSHOP) :]
        at += 2 + max(length, 2)
    if resources:
        yield "8bim", Source.of(resources)


def _png(source: Source) -> Iterator[Block]:
    at = 8
    for _ in range(_MOST):
        length, name = source.number(at, 4), source.read(at + 4, 4)
        if len(name) < 4:
            return
        part = source.part(at + 8, length)
        if name == b"eXIf":
            yield "exif", _without_word(part)
        elif name in (b"iTXt", b"tEXt", b"zTXt") and length <= LIMIT:
            yield from _png_text(name, part.all())
        at += 12 + length


def _png_text(name: bytes, data: bytes) -> Iterator[Block]:
    key, _, rest = data.partition(b"\0")
    packed = name == b"zTXt"
    if name == b"iTXt":
        packed, rest = rest[:1] == b"\1", rest[2:].split(b"\0", 2)[-1]
    elif packed:
        rest = rest[1:]
    if key == b"XML:com.adobe.xmp":
        kind = "xmp"
    elif key.startswith(b"Raw profile type "):
        kind = _PROFILES.get(key[17:], "")
    else:
        return
    if packed:
        rest = _inflated(rest)
    if key.startswith(b"Raw") and kind:
        try:
            rest = bytes.fromhex(rest.strip().split(b"\n", 2)[2].decode("ascii"))
        except (IndexError, ValueError):
            return
        if rest.startswith(_XMP):
            kind, rest = "xmp", rest[len(_XMP) :]
        elif kind == "iptc" and rest.startswith(b"8BIM"):
            kind = "8bim"
    if kind:
        yield kind, _without_word(Source.of(rest)) if kind == "exif" else Source.of(rest)


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, LIMIT)
    except zlib.error:
        return b""


def _webp(source: Source) -> Iterator[Block]:
    if source.read(8, 4) != b"WEBP":
        return
    at = 12
    for _ in range(_MOST):
        name, length = source.read(at, 4), source.number(at + 4, 4, little=True)
        if len(name) < 4:
            return
        if name == b"EXIF":
            yield "exif", _without_word(source.part(at + 8, length))
        elif name == b"XMP ":
            yield "xmp", source.part(at + 8, length)
        at += 8 + length + length % 2


def _gif(source: Source) -> Iterator[Block]:
    at = 13 + _colours(source.number(10, 1))
    for _ in range(_MOST):
        mark = source.read(at, 2)
        if mark[:1] == b"!":
            is_xmp = mark[1:] == b"\xff" and source.read(at + 2, 12) == b"\x0bXMP DataXMP"
            start = at + (14 if is_xmp else 2)
            at = _behind_blocks(source, start)
            if is_xmp:  # not in blocks, but so that who reads blocks comes out behind it
                yield "xmp", source.part(start, max(0, at - start - 258))
        elif mark[:1] == b",":
            at = _behind_blocks(source, at + 11 + _colours(source.number(at + 9, 1)))
        else:
            return


def _colours(flags: int) -> int:
    """Bytes of a table of colours."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _behind_blocks(source: Source, at: int) -> int:
    for _ in range(50 * _MOST):
        length = source.number(at, 1)
        at += 1 + length
        if not length:
            break
    return at


def _last_packet(source: Source) -> Iterator[Block]:
    """The last packet that is not compressed: that of a PDF comes behind its pictures'."""
    last, before = b"", b""
    for at in range(0, source.length, LIMIT):
        data = before + source.read(at, LIMIT)
        end = data.rfind(_END)
        start = data.rfind(_BEGIN, 0, max(end, 0))
        if start >= 0:
            last = data[start : data.find(b">", end) + 1 or None]
        before = data[-LIMIT // 16 :]
    if last:
        yield "xmp", Source.of(last)


def _raf(source: Source) -> Iterator[Block]:
    return _jpeg(source.part(source.number(84, 4), source.number(88, 4)))


def _without_word(exif: Source) -> Source:
    """Some write here, too, what stands before EXIF in JPEG files."""
    return exif.part(6) if exif.read(0, 6) == _EXIF else exif


def _nothing(_: Source) -> Iterator[Block]:
    return iter(())


_READERS: dict[bytes, Callable[[Source], Iterator[Block]]] = {
    b"\xff\xd8\xff": _jpeg,
    b"\x89PNG\r\n\x1a\n": _png,
    b"RIFF": _webp,
    b"GIF8": _gif,
    b"%PDF-": _last_packet,
    _RAF: _raf,
    # formats that have no place for it: BMP, DIB, a stream of JPEG 2000, PPM and its kin
    **dict.fromkeys((b"BM", b"(\0\0\0", b"\xffO\xffQ"), _nothing),
    **{b"P%d" % kind: _nothing for kind in range(1, 8)},
}
