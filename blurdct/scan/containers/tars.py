"""Tar archives, compressed or not -> their files and links, one after the other, in flat memory.

Sources:
    Headers, links and holes: POSIX.1-2017, pax; GNU tar 1.35, appendix D.
"""

import bz2
import gzip
import io
import lzma
import posixpath
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, BinaryIO, NamedTuple

HEADERS = 2**20  # bytes of headers in front of one member; a name has a few hundred
WINDOW = 200 * 2**20  # bytes, the most that unpacking xz may take; ``xz -9`` asks for 65 MiB
LINKS = 100_000  # in one archive that are followed: their names are held in memory

_LONG = f"its headers are over {HEADERS:,} bytes"
# Instead of where a member begins: why there are no bytes of it.
_SPARSE, _DANGLING, _CROWDED = -1, -2, -3
_WITHOUT = {
    _SPARSE: "a sparse file, which is not supported",  # of holes, which may be endless
    _DANGLING: "a link to no file in this archive",
    _CROWDED: f"one of over {LINKS:,} links",
}


class Entry(NamedTuple):
    """A file in the archive; a link counts as the file that it leads to.

    Attributes:
        name: Path in there.
        size: Bytes.
        modified: When it was last changed, seconds since 1970.
        data: Its bytes, if the archive is compressed.
        offset: Where it begins, for ``read``.
    """

    name: str
    size: int
    modified: float
    data: bytes | None
    offset: int


def entries(file: BinaryIO, wanted: Callable[[str], bool], limit: int) -> Iterator[Entry]:
    """The files whose names are wanted; behind them the links, which may lead to any of them.

    Args:
        file: At its beginning.
        wanted: Asked once about the name of each.
        limit: Bytes; the data of larger ones stay where they are.

    Raises whatever the parsers do.
    """
    links: dict[str, list[tuple[str, float]]] = {}  # by the name of what they lead to
    count = 0
    for archive, info in _infos(file):
        if not (info.isreg() or info.islnk() or info.issym()) or not wanted(info.name):
            continue
        if info.isreg():
            yield _entry(archive, info, limit)
        elif count < LINKS:
            count += 1
            links.setdefault(_target(info), []).append((info.name, info.mtime))
        else:
            yield Entry(info.name, 0, info.mtime, None, _CROWDED)
    if not links:
        return
    file.seek(0)
    for archive, info in _infos(file):
        if info.isreg() and (leading := links.pop(_plain(info.name), None)):
            found = _entry(archive, info, limit)
            yield from (found._replace(name=name) for name, _ in leading)
            if not links:
                return
    for leading in links.values():
        yield from (Entry(name, 0, modified, None, _DANGLING) for name, modified in leading)


def read(file: BinaryIO, size: int, offset: int) -> bytes:
    """A member's bytes.

    Raises:
        ValueError: It has none.
    """
    if offset < 0:
        raise ValueError(_WITHOUT[offset])
    file.seek(offset)
    return file.read(size)


def _infos(file: BinaryIO) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    start = file.read(6)
    file.seek(0)
    unpacked = next((open_ for begun, open_ in _PACKED.items() if start.startswith(begun)), None)
    with ExitStack() as stack:
        stream: Any = stack.enter_context(unpacked(file)) if unpacked else file
        mode: Any = "r|" if unpacked else "r:"
        archive = stack.enter_context(tarfile.open(fileobj=stream, mode=mode, tarinfo=_Strict))
        while (info := archive.next()) is not None:
            archive.members = []  # type: ignore[attr-defined]  # it would remember every member
            if sum(map(len, archive.pax_headers.values())) > HEADERS:  # that are about all members
                raise tarfile.ReadError(_LONG)
            yield archive, info


def _entry(archive: tarfile.TarFile, info: tarfile.TarInfo, limit: int) -> Entry:
    data = None
    packed = not hasattr(archive.fileobj, "seekable")  # a stream of tarfile's own
    if packed and not info.issparse() and info.size <= limit:
        member = archive.extractfile(info)
        data = member.read() if member else b""
    offset = _SPARSE if info.issparse() else info.offset_data
    return Entry(info.name, info.size, info.mtime, data, offset)


def _target(info: tarfile.TarInfo) -> str:
    """The name that a link leads to; a hard one has it in full, the other from where it stands."""
    name = info.linkname
    return _plain(name if info.islnk() else posixpath.join(posixpath.dirname(info.name), name))


def _plain(name: str) -> str:
    return posixpath.normpath(name).lstrip("/")


class _Xz(io.RawIOBase):
    """What is in a file of xz, within a limit of memory, which its own header would set."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._unpacking = self._new()

    @staticmethod
    def _new() -> lzma.LZMADecompressor:
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=WINDOW)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = b""
        while not data:
            packed = b""
            if self._unpacking.eof:  # another stream may follow, behind zeros
                packed = self._unpacking.unused_data.lstrip(b"\0")
                while not packed and (more := self._file.read(2**16)):
                    packed = more.lstrip(b"\0")
                if not packed:
                    return 0
                self._unpacking = self._new()
            elif self._unpacking.needs_input and not (packed := self._file.read(2**16)):
                raise EOFError("cut short")
            data = self._unpacking.decompress(packed, len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _zstd(file: BinaryIO) -> Any:
    import pyarrow

    return pyarrow.CompressedInputStream(file, "zstd")


# First bytes of a compressed tar, and what unpacks it piece by piece.
_PACKED: dict[bytes, Callable[[BinaryIO], Any]] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"BZh": lambda file: bz2.BZ2File(file),
    b"\xfd7zXZ": lambda file: io.BufferedReader(_Xz(file), 2**16),
    b"\x28\xb5\x2f\xfd": _zstd,
}


class _Strict(tarfile.TarInfo):
    """One to which a damaged header is an error, not the end.

    Long names and the like are read into memory, however long they say they are: over ``HEADERS``
    they are refused. The map of a sparse file is passed over.
    """

    @classmethod
    def frombuf(cls, buf: Any, encoding: Any, errors: Any) -> "_Strict":
        info = super().frombuf(buf, encoding, errors)
        if info.size < 0 or (info.type in _IN_MEMORY and info.size > HEADERS):
            raise tarfile.ReadError(_LONG if info.size > 0 else "a member of negative size")
        return info

    @classmethod
    def fromtarfile(cls, archive: Any) -> "_Strict":
        if archive.fileobj.tell() - archive.offset > HEADERS:  # header upon header
            raise tarfile.ReadError(_LONG)
        try:
            return super().fromtarfile(archive)
        except tarfile.HeaderError as error:
            if type(error).__name__ not in ("InvalidHeaderError", "TruncatedHeaderError"):
                raise  # the end, said as it should be
            raise tarfile.ReadError("a damaged header, or no tar archive") from error

    def _proc_sparse(self, archive: Any) -> "_Strict":
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


# Types of headers whose whole data are read into memory.
_IN_MEMORY = (
    *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
    *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
)
