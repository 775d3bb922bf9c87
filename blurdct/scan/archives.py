"""Tar and zip archives -> the photographs in them, one after the other, nothing unpacked to disk.

A member of a zip archive, or of a tar archive that is not compressed, is found again by where it
stands; a compressed tar can only be read from its beginning, so its members come with their bytes.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple

from ..errors import BlurdctError, ImageError
from ..images.files import LIMIT as LIMIT
from ..utils.installing import install_hint
from ..utils.text import reason
from .remote import opened

SEPARATOR = "::"  # between an archive's path and a member's name

_ZIP = (".zip",)
_TAR = tuple(".tar .tar.gz .tar.bz2 .tar.xz .tar.zst .tgz .tbz2 .txz .tzst".split())


class Member(NamedTuple):
    """One file in an archive.

    Attributes:
        name: Its path in there.
        bytes: Its size.
        modified: When it was last changed, seconds since 1970. Zip archives know no time zone:
            there the clock on the wall is taken for UTC, so that it is the same everywhere.
        data: Its bytes, if it could not be found again.
        place: Where it is, for ``read``.
    """

    name: str
    bytes: int
    modified: float | None
    data: Any
    place: tuple[int, ...]


def is_archive(path: str) -> bool:
    """Whether a file is an archive, by the ending of its name."""
    return path.lower().endswith(_ZIP + _TAR)


def split(path: str) -> tuple[str, str] | None:
    """``a.zip::b/c.jpg`` -> ``a.zip`` and ``b/c.jpg``; None if no archive is in front."""
    at = path.find(SEPARATOR)
    while at >= 0 and not is_archive(path[:at]):
        at = path.find(SEPARATOR, at + 1)
    return None if at < 0 else (path[:at], path[at + len(SEPARATOR) :])


def members(path: str, wanted: Callable[[str], bool]) -> Iterator[Member]:
    """The files in an archive whose names are wanted, in the order in which they stand there.

    A link in a tar counts as the file in there that it leads to, and stands behind all others.
    Memory stays flat, but for the names of links.

    Raises:
        ImageError: It cannot be read, or not to its end; what came before is as it should be.
    """
    try:
        with opened(path) as file:
            found = _zipped if path.lower().endswith(_ZIP) else _tarred
            yield from found(file, wanted)
    except BlurdctError as error:  # a URL that nobody here can open
        raise ImageError(str(error)) from error
    except ImportError as error:
        raise ImageError(f"{path}: zstd needs {install_hint('scan', error)}") from error
    except FileNotFoundError as error:
        raise ImageError(f"{path}: no such file") from error
    except PermissionError as error:
        raise ImageError(f"{path}: cannot be read ({reason(error)})") from error
    except Exception as error:  # parsers of hostile bytes raise anything
        raise ImageError(f"{path}: cannot be unpacked ({_why(error)})") from error


def read(path: str, name: str, place: tuple[int, ...]) -> bytes:
    """A member's bytes.

    Raises:
        ImageError: Too large, encrypted, damaged, or the archive cannot be read.
    """
    label = f"{path}{SEPARATOR}{name}"
    size, *where = place
    if size > LIMIT:
        raise ImageError(f"{label}: too large, over {LIMIT:,} bytes")
    try:
        with opened(path) as file:
            data = _unpacked(file, size, where)
    except BlurdctError as error:
        raise ImageError(str(error)) from error
    except Exception as error:
        raise ImageError(f"{label}: cannot be unpacked ({_why(error)})") from error
    if len(data) != size:
        raise ImageError(f"{label}: cut short, {len(data):,} of {size:,} bytes")
    return data


# What libraries say -> what it means.
_WORDS = {
    "end-of-stream": "cut short",
    "unexpected end": "cut short",
    "Truncated": "cut short",
    "Memory usage limit": "it would take too much memory",
    "recursion": "its headers are nested too deep",
    "while decompressing": "damaged",
    "Corrupt": "damaged",
    "Invalid data": "damaged",
    "decompress failed": "damaged",
    "Cannot seek": "its server does not send parts of a file; download it first",
    "unsupported format": "damaged",
}


def _why(error: Exception) -> str:
    """Why an archive cannot be unpacked, for people, where a library says it otherwise."""
    words = reason(error)
    return next((why for part, why in _WORDS.items() if part.lower() in words.lower()), words)


def _zipped(file: BinaryIO, wanted: Callable[[str], bool]) -> Iterator[Member]:
    import calendar

    from .containers import zips

    for entry in zips.entries(file):
        if not wanted(entry.name):
            continue
        try:
            modified: float | None = calendar.timegm((*entry.date, 0, 0, 0))
        except ValueError:  # month 0
            modified = None
        yield Member(entry.name, entry.size, modified, None, (entry.size, *entry.place))


def _tarred(file: BinaryIO, wanted: Callable[[str], bool]) -> Iterator[Member]:
    from .containers import tars

    for entry in tars.entries(file, wanted, LIMIT):
        place = (entry.size, entry.offset)
        yield Member(entry.name, entry.size, entry.modified, entry.data, place)


def _unpacked(file: BinaryIO, size: int, place: Sequence[int]) -> bytes:
    from .containers import tars, zips

    if len(place) > 1:
        return zips.read(file, size, zips.Place(*place), LIMIT)
    return tars.read(file, size, *place)
