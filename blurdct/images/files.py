"""Path, bytes or open file -> bytes; folder -> the photographs in it."""

import os
import stat
from collections.abc import Callable, Iterator
from io import FileIO
from pathlib import Path
from typing import Any

from ..errors import ImageError
from ..utils.text import reason

LIMIT = 512 * 2**20  # bytes of one file; a few of them are in memory at a time
PIECE = 2**16  # bytes that are read at least at once

# Of camera RAW files.
RAW_SUFFIXES = frozenset(".arw .cr2 .cr3 .dng .nef .nrw .orf .pef .raf .rw2 .srw".split())

# Endings of files that a folder is searched for. PDF is not among them: a folder's documents are
# photographs only where they are named.
SUFFIXES = RAW_SUFFIXES | frozenset(
    ".avif .bmp .dib .gif .heic .heif .hif .j2k .jfif .jp2 .jpe .jpeg .jpg .mpo .pbm .pgm .png "
    ".pnm .ppm .tif .tiff .webp".split()
)

# Pictures by their endings that nothing here reads, and what they are.
UNREAD_FORMATS = {
    ".jxl": "JPEG XL",
    **dict.fromkeys((".hdp", ".jxr", ".wdp"), "JPEG XR"),
    **dict.fromkeys((".psb", ".psd"), "Photoshop"),
    ".bpg": "BPG",
    ".exr": "OpenEXR",
    ".hdr": "Radiance HDR",
    ".jls": "JPEG-LS",
    ".qoi": "QOI",
    ".tga": "Targa",
    ".xcf": "GIMP",
    **dict.fromkeys(".3fr .fff".split(), "Hasselblad RAW"),
    **dict.fromkeys(".cap .eip .iiq".split(), "Phase One RAW"),
    **dict.fromkeys(".dcr .k25 .kdc".split(), "Kodak RAW"),
    **dict.fromkeys(".sr2 .srf".split(), "Sony RAW"),
    ".crw": "Canon CRW",
    ".erf": "Epson RAW",
    ".gpr": "GoPro RAW",
    ".mef": "Mamiya RAW",
    ".mos": "Leaf RAW",
    ".mrw": "Minolta RAW",
    ".rwl": "Leica RAW",
    ".x3f": "Sigma RAW",
}

# How files of such formats begin: at which byte, with what.
_UNREAD_STARTS = {
    "JPEG XL": ((0, b"\xff\x0a"), (0, b"\0\0\0\x0cJXL \r\n\x87\n")),
    "JPEG XR": ((0, b"II\xbc"),),
    "Photoshop": ((0, b"8BPS"),),
    "BPG": ((0, b"BPG\xfb"),),
    "OpenEXR": ((0, b"\x76\x2f\x31\x01"),),
    "Radiance HDR": ((0, b"#?RADIANCE"), (0, b"#?RGBE")),
    "QOI": ((0, b"qoif"),),
    "GIMP": ((0, b"gimp xcf"),),
    "Sigma RAW": ((0, b"FOVb"),),
    "Minolta RAW": ((0, b"\0MRM"),),
    "Windows icon": ((0, b"\0\0\1\0"), (0, b"\0\0\2\0")),
    "Apple icon": ((0, b"icns"),),
    "DirectDraw": ((0, b"DDS "),),
    "FITS": ((0, b"SIMPLE  ="),),
    "DICOM": ((128, b"DICM"),),
    "PostScript": ((0, b"%!PS"), (0, b"\xc5\xd0\xd3\xc6")),
    "SVG": ((0, b"<svg"),),
    "Windows metafile": ((0, b"\xd7\xcd\xc6\x9a"), (40, b" EMF")),
    "DjVu": ((0, b"AT&TFORM"),),
    "FLIF": ((0, b"FLIF"),),
}


def unread_format(data: bytes, name: str) -> str:
    """What kind of picture a file is that nothing here reads; empty if it may be any other.

    Args:
        data: The file, or its first 256 bytes.
        name: Its ending tells where content does not.
    """
    for what, starts in _UNREAD_STARTS.items():
        if any(data.startswith(start, at) for at, start in starts):
            return what
    if b"<svg" in data[:256]:
        return "SVG"
    return UNREAD_FORMATS.get(os.path.splitext(name)[1].lower(), "")


def find_photos(
    folder: str | os.PathLike[str], on_error: Callable[[OSError], object] | None = None
) -> list[Path]:
    """Every image file in a folder and the folders below it, by its ending, sorted by path.

    Args:
        folder: Where to search; links to other folders are not followed.
        on_error: Called with the error for each folder that cannot be listed; else it is skipped.
    """
    found = []
    for parent, folders, files in os.walk(folder, onerror=on_error):
        folders.sort()
        found += [Path(parent, file) for file in files if is_photo(file)]
    return sorted(found)


def is_photo(name: str) -> bool:
    """Whether a file in a folder or an archive is taken for a photograph, by its name alone."""
    return os.path.splitext(name)[1].lower() in SUFFIXES and not name.startswith(".")


def check_regular(path: str | os.PathLike[str], label: str) -> int:
    """Refuse what is no ordinary file: a device or a pipe might never come to an end.

    Args:
        path: A link counts as what it leads to.
        label: What errors call it.

    Returns:
        Its size, bytes.

    Raises:
        ImageError: It is something else.
        OSError: It is not there, or cannot be asked.
        ValueError: A null byte in the path.
    """
    status = os.stat(path)
    if stat.S_ISDIR(status.st_mode):
        raise ImageError(f"{label}: a folder, not a photo")
    if not stat.S_ISREG(status.st_mode):
        raise ImageError(f"{label}: not a regular file")
    return status.st_size


def read_bytes(source: Any, name: str | None = None) -> tuple[bytes, str]:
    """A file's bytes, and what errors are to call it.

    Args:
        source: Path, bytes, or an open binary file.
        name: What to call it; its path if left out.

    Raises:
        ImageError: Missing, empty, no regular file once links are followed, of more than ``LIMIT``
            bytes, or not to be read; the message names it and says why.
        ValueError: A file opened as text.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        data, label = bytes(source), name or "bytes"
    elif hasattr(source, "read"):
        label = name or str(getattr(source, "name", "file"))
        data = source.read()
        if not isinstance(data, (bytes, bytearray)):
            raise ValueError(f"{label}: expected a file opened in binary mode")
    else:
        if not isinstance(source, (str, os.PathLike)):
            kinds = "a path, bytes, an open file, pixels or an image"
            raise TypeError(f"expected {kinds}, got {type(source).__name__}")
        label = name or os.fspath(source) or "''"
        try:
            data = _content(source, label)
        except ImageError:
            raise
        except FileNotFoundError as error:
            raise ImageError(f"{label}: no such file") from error
        except (OSError, ValueError) as error:  # ValueError: a null byte in the path
            raise ImageError(f"{label}: cannot be read ({reason(error)})") from error
    if not data:
        raise ImageError(f"{label}: empty file")
    return data, label


def _content(path: str | os.PathLike[str], label: str) -> bytes:
    size = check_regular(path, label)
    if size > LIMIT:
        raise ImageError(f"{label}: too large, over {LIMIT:,} bytes")
    with open(path, "rb", buffering=0) as file:
        data = b"".join(_pieces(file, size))
    if len(data) > LIMIT:  # it has grown, or its system does not tell sizes
        raise ImageError(f"{label}: too large, over {LIMIT:,} bytes")
    return data


def _pieces(file: FileIO, size: int) -> Iterator[bytes]:
    """A file piece by piece, the first of so many bytes; not much more than ``LIMIT``."""
    total = 0
    while total <= LIMIT and (piece := file.read(max(size - total, PIECE))):
        total += len(piece)
        yield piece
