"""Tar and zip archives -> the photographs in them, one after the other, nothing unpacked to disk.

A member of a zip archive, or of a tar archive that is not compressed, is found again by where it
stands; a compressed tar can only be read from its beginning, so its members come with their bytes.

Sources:
    zip: PKWARE, APPNOTE.TXT 6.3.10, 4.3.7 (local file header).
"""

import os
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from typing import Any, BinaryIO, NamedTuple

from ..errors import BlurdctError, ImageError
from ..images.files import LIMIT as LIMIT
from ..utils.installing import install_hint
from ..utils.text import reason
from .remote import opened

HEADERS = 2**20  # bytes of headers in front of one member of a tar; a name has a few hundred
SEPARATOR = "::"  # between an archive's path and a member's name

_ZIP = (".zip",)
_TAR = tuple(".tar .tar.gz .tar.bz2 .tar.xz .tar.zst .tgz .tbz2 .txz .tzst".split())
_ZSTD = b"\x28\xb5\x2f\xfd"
_PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", _ZSTD)  # first bytes of a compressed tar
_SPARSE = -1  # instead of where a member of a tar begins: a file of holes, which may be endless
_LONG = f"its headers are over {HEADERS:,} bytes"
_LOCAL_HEADER = 30  # bytes; a name and extra fields follow


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

    Memory stays flat for tar; of zip it holds the table of contents, some 500 bytes a file.

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
        raise ImageError(f"{path}: cannot be unpacked ({reason(error)})") from error


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
            data = (_from_zip if len(where) > 1 else _from_tar)(file, size, *where)
    except BlurdctError as error:
        raise ImageError(str(error)) from error
    except Exception as error:
        raise ImageError(f"{label}: cannot be unpacked ({reason(error)})") from error
    if len(data) != size:
        raise ImageError(f"{label}: cut short, {len(data):,} of {size:,} bytes")
    return data


def _zipped(file: BinaryIO, wanted: Callable[[str], bool]) -> Iterator[Member]:
    import calendar
    import zipfile

    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            if info.is_dir() or not wanted(info.filename):
                continue
            try:
                modified: float | None = calendar.timegm((*info.date_time, 0, 0, 0))
            except ValueError:  # month 0
                modified = None
            encrypted = info.flag_bits & 1
            place = (info.header_offset, info.compress_size, info.CRC, info.compress_type)
            where = (info.file_size, *place, encrypted)
            yield Member(info.filename, info.file_size, modified, None, where)


def _from_zip(
    file: BinaryIO, size: int, offset: int, packed: int, crc: int, how: int, encrypted: int
) -> bytes:
    """What ``ZipFile.open`` does, without reading the table of contents for every member."""
    import zipfile

    if encrypted:
        raise ValueError("encrypted")
    info = zipfile.ZipInfo()
    info.file_size, info.compress_size, info.CRC, info.compress_type = size, packed, crc, how
    file.seek(offset)
    header = file.read(_LOCAL_HEADER)
    if header[:4] != b"PK\3\4":
        raise ValueError("no file where one should be")
    file.seek(sum(struct.unpack_from("<HH", header, 26)), os.SEEK_CUR)
    try:
        with zipfile.ZipExtFile(file, "r", info) as member:
            return member.read(size + 1)
    except zipfile.BadZipFile as error:
        raise ValueError("its checksum is wrong") from error


def _tarred(file: BinaryIO, wanted: Callable[[str], bool]) -> Iterator[Member]:
    import tarfile

    start = file.read(6)
    file.seek(0)
    packed = start.startswith(_PACKED)
    with ExitStack() as stack:
        stream: Any = file
        if start.startswith(_ZSTD):
            import pyarrow

            stream = stack.enter_context(pyarrow.CompressedInputStream(file, "zstd"))
        mode: Any = "r|*" if packed else "r:"
        archive = stack.enter_context(tarfile.open(fileobj=stream, mode=mode, tarinfo=_strict()))
        while (info := archive.next()) is not None:
            archive.members = []  # type: ignore[attr-defined]  # it would remember every member
            if not info.isreg() or not wanted(info.name):
                continue
            if sum(map(len, archive.pax_headers.values())) > HEADERS:  # that are about all members
                raise tarfile.ReadError(_LONG)
            data, place = None, (info.size, _SPARSE if info.issparse() else info.offset_data)
            if packed and not info.issparse() and info.size <= LIMIT:
                member = archive.extractfile(info)
                data = member.read() if member else b""
            yield Member(info.name, info.size, info.mtime, data, place)


def _from_tar(file: BinaryIO, size: int, offset: int) -> bytes:
    if offset == _SPARSE:
        raise ValueError("a sparse file")
    file.seek(offset)
    return file.read(size)


@cache
def _strict() -> Any:
    """A ``tarfile.TarInfo`` to which a damaged header is an error, not the end.

    Long names and the like are read into memory, however long they say they are: over ``HEADERS``
    they are refused. The map of a sparse file is passed over.
    """
    import tarfile

    kinds = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
    headers = (*kinds, tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE)

    class Strict(tarfile.TarInfo):
        @classmethod
        def frombuf(cls, buf: Any, encoding: Any, errors: Any) -> "Strict":
            info = super().frombuf(buf, encoding, errors)
            if info.size < 0 or (info.type in headers and info.size > HEADERS):
                raise tarfile.ReadError(_LONG if info.size > 0 else "a negative size")
            return info

        @classmethod
        def fromtarfile(cls, archive: Any) -> "Strict":
            if archive.fileobj.tell() - archive.offset > HEADERS:  # header upon header
                raise tarfile.ReadError(_LONG)
            try:
                return super().fromtarfile(archive)
            except tarfile.HeaderError as error:
                if type(error).__name__ not in ("InvalidHeaderError", "TruncatedHeaderError"):
                    raise  # the end, said as it should be
                raise tarfile.ReadError(f"damaged header: {error}") from error

        def _proc_sparse(self, archive: Any) -> "Strict":
            """Pass over the map of GNU's first format: blocks, as long as the last byte says so."""
            _, more, size = self._sparse_structs  # type: ignore[attr-defined]
            begun = archive.fileobj.tell()
            while more:
                block = archive.fileobj.read(tarfile.BLOCKSIZE)
                if len(block) < tarfile.BLOCKSIZE or archive.fileobj.tell() - begun > HEADERS:
                    raise tarfile.ReadError(_LONG)
                more = block[504]
            self.sparse = []  # type: ignore[assignment]
            self.offset_data = archive.fileobj.tell()
            archive.offset = self.offset_data + -(-self.size // 512) * 512
            self.size = size
            return self

        def _proc_gnusparse_10(self, info: Any, pax_headers: Any, archive: Any) -> None:
            """Leave the map of GNU's last format in the member's data, where it stands."""
            info.sparse = []

    return Strict
