"""A PNG file's size, and the file without what makes no pixels: text, profiles, further frames.

Sources:
    Chunks and their checksums: W3C, Portable Network Graphics Specification (Third Edition), 5.
"""

import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_FRAME = 12  # bytes of a chunk that are not its data: length, kind and checksum
_USED = (b"tRNS", b"eXIf")  # ancillary, yet they change what is seen: transparency, orientation


def still_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG file, pixels; None if it is none, or has several frames."""
    if not data.startswith(SIGNATURE + b"\0\0\0\rIHDR") or len(data) < 33:
        return None
    if data.find(b"acTL", 0, data.find(b"IDAT") + 1) > 0:
        return None
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


def pixels_alone(data: bytes) -> bytes:
    """The same picture in a file of the chunks that count.

    Args:
        data: A PNG file.

    Returns:
        All critical chunks as they were, damaged or not; of the ancillary ones those of
        transparency and EXIF whose checksum is right. From where chunks no longer follow each
        other, the file is left as it is.
    """
    kept = [data[: len(SIGNATURE)]]
    at = len(SIGNATURE)
    while at < len(data):
        end = at + _FRAME + int.from_bytes(data[at : at + 4], "big")
        kind = data[at + 4 : at + 8]
        if end > len(data) or not kind.isalpha():
            kept.append(data[at:])
            break
        if kind[:1].isupper() or (kind in _USED and _is_whole(data[at:end])):
            kept.append(data[at:end])
        at = end
    return b"".join(kept)


def _is_whole(chunk: bytes) -> bool:
    return zlib.crc32(chunk[4:-4]) == int.from_bytes(chunk[-4:], "big")
