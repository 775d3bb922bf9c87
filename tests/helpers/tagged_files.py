"""Small photographs of every format that say when they were taken and what people think of them."""

import struct
from io import BytesIO
from pathlib import Path

from PIL import Image, PngImagePlugin, TiffImagePlugin

TIME = "2024:05:06 07:08:09"
WORD, STARS = "mine", 4
_XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_CANON_UUID = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")

PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    f'xmp:Rating="{STARS}"><dc:subject><rdf:Bag><rdf:li>{WORD}</rdf:li></rdf:Bag></dc:subject>'
    '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
).encode()


def exif(time: str | None = TIME, inside: bool = True) -> Image.Exif:
    """EXIF with a capture time: in its own directory, or in the first one as DNG has it."""
    found = Image.Exif()
    found[271], found[272] = "Maker", "Model"
    if time is not None:
        (found.get_ifd(34665) if inside else found)[36867] = time
    return found


def _saved(kind: str, **options) -> bytes:
    file = BytesIO()
    Image.new("RGB", (64, 64), (90, 120, 30)).save(file, kind, **options)
    return file.getvalue()


def _jpeg(tags, packet):
    return _saved("JPEG", exif=tags, **({"xmp": packet} if packet else {}))


def _mpo(tags, packet):
    two = [Image.new("RGB", (64, 64))]
    return _saved("MPO", save_all=True, append_images=two, exif=tags, xmp=packet or b"")


def _png(tags, packet):
    info = PngImagePlugin.PngInfo()
    if packet:
        info.add_itxt("XML:com.adobe.xmp", packet.decode(), zip=True)
    return _saved("PNG", exif=tags, pnginfo=info)


def _tiff(tags, packet):
    if packet:
        tags[700] = packet
    info = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, value in tags.items():
        info[tag] = value
    if inner := dict(tags.get_ifd(34665)):
        info[34665] = inner
    return _saved("TIFF", tiffinfo=info)


def _dng(tags, packet):
    tags[50706] = b"\1\4\0\0"
    return _tiff(tags, packet)


def _orf(tags, packet):
    return b"IIRO" + _tiff(tags, packet)[4:]


def _rw2(tags, packet):
    return b"IIU\0" + _tiff(tags, packet)[4:]


def _raf(tags, packet):
    jpeg = _jpeg(tags, packet)
    return (
        b"FUJIFILMCCD-RAW ".ljust(84, b"0") + struct.pack(">II", 100, len(jpeg)) + bytes(8) + jpeg
    )


def _modern(kind):
    return lambda tags, packet: _saved(kind, exif=tags, xmp=packet or b"")


def _heic(tags, packet):
    import pillow_heif

    pillow_heif.register_heif_opener()
    return _modern("HEIF")(tags, packet)


def _box(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", 8 + len(data)) + name + data


def _jp2(tags, packet):
    data = _saved("JPEG2000")
    data += _box(b"uuid", b"JpgTiffExif->JP2" + tags.tobytes().removeprefix(b"Exif\0\0"))
    return data + (_box(b"uuid", _XMP_UUID + packet) if packet else b"")


def _cr3(tags, packet):
    inner = Image.Exif()
    for tag, value in tags.get_ifd(34665).items():
        inner[tag] = value
    parts = [one.tobytes().removeprefix(b"Exif\0\0") for one in (tags, inner)]
    canon = _CANON_UUID + _box(b"CMT1", parts[0]) + _box(b"CMT2", parts[1])
    data = _box(b"ftyp", b"crx \0\0\0\1crx isom") + _box(b"moov", _box(b"uuid", canon))
    return data + (_box(b"uuid", _XMP_UUID + packet) if packet else b"")


def _gif(tags, packet):
    data = _saved("GIF")
    tail = b"\1" + bytes(range(255, -1, -1)) + b"\0"
    return data[:-1] + b"!\xff\x0bXMP DataXMP" + packet + tail + b"\0;" if packet else data


def _pdf(tags, packet):
    return _saved("PDF") + b"%" + packet


WRITERS = {
    ".jpg": _jpeg,
    ".mpo": _mpo,
    ".png": _png,
    ".tif": _tiff,
    ".webp": _modern("WEBP"),
    ".avif": _modern("AVIF"),
    ".heic": _heic,
    ".dng": _dng,
    ".nef": _dng,
    ".orf": _orf,
    ".rw2": _rw2,
    ".raf": _raf,
    ".cr3": _cr3,
    ".jp2": _jp2,
    ".gif": _gif,
    ".pdf": _pdf,
}
TIMED = [ending for ending in WRITERS if ending not in (".gif", ".pdf")]  # those that have EXIF


def write(path: Path, tags: Image.Exif | None = None, packet: bytes | None = PACKET) -> str:
    """A photo of the format that its ending names; EXIF with ``TIME`` if left out."""
    data = WRITERS[path.suffix](exif() if tags is None else tags, packet)
    path.write_bytes(data)
    return str(path)
