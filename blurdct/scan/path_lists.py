"""Lists of paths in a text file and columns of a table -> the paths, one after the other."""

import codecs
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import ImageError
from ..utils import row_files
from ..utils.text import reason
from ..utils.text_files import (
    UNMARKED,
    marked,
    may_be_marked,
    open_regular,
    open_text,
    rows_of_csv,
    unreadable,
)

STDIN = "-"  # the name of a list on standard input
LIST = ".txt"  # the ending of others

LONGEST = 2**16  # bytes of a path; of URLs, too, that is more than any has

_BLOCK = 2**16  # bytes that are read at once


class BrokenListError(ImageError):
    """A list or a table cannot be read to its end."""


def is_table(path: str) -> bool:
    """Whether a file is a table, by its ending: CSV, JSON lines or Parquet."""
    return Path(path).suffix.lower() in row_files.READERS and not os.path.isdir(path)


def split_paths(file: Any, null: bool = False) -> Iterator[str]:
    """The names in an open list, byte for byte; empty ones are left out.

    Args:
        file: One name a line; buffered, in binary mode. A byte order mark at its beginning says
            that it is UTF-8, UTF-16 or UTF-32, and is no part of the first name.
        null: They are separated by null bytes instead, as by ``find -print0``.

    Raises:
        UnicodeError: It is not in the encoding that it says, or has null bytes between its lines.
        ValueError: A name is longer than any path, or nothing but separators follows.
    """
    separator, rest = b"\0" if null else b"\n", b""
    empty = 0
    for block in _blocks(file):
        *names, rest = (rest + block).split(separator)
        empty = 0 if rest or any(names) else empty + len(block)
        if len(rest) > LONGEST or empty > LONGEST:
            raise ValueError("no list of paths")
        yield from filter(None, (_decoded(name, null) for name in names))
    if last := _decoded(rest, null):
        yield last


def _blocks(file: Any) -> Iterator[bytes]:
    """A list's bytes as they come, without a mark; as the system names files, if there is one."""
    head = file.read1(_BLOCK)
    while may_be_marked(head) and (more := file.read1(_BLOCK)):
        head += more
    encoding = marked(head)
    decoder = (
        codecs.getincrementaldecoder(encoding)() if encoding not in ("", "utf-8-sig") else None
    )
    block = head.removeprefix(codecs.BOM_UTF8)
    while block:
        yield os.fsencode(decoder.decode(block)) if decoder else block
        block = file.read1(_BLOCK)
    if decoder:
        decoder.decode(b"", final=True)


def _decoded(name: bytes, null: bool) -> str:
    if not null and b"\0" in name:
        raise UnicodeError(f"{UNMARKED}, a null-separated list with --null")
    return os.fsdecode(name if null else name.removesuffix(b"\r"))


def from_standard_input(file: Any, null: bool = False) -> Iterator[str | ImageError]:
    """The names on standard input, see ``split_paths``; last an error, if it cannot be decoded."""
    try:
        yield from split_paths(file, null)
    except (OSError, ValueError) as error:
        yield _unread("standard input", error)


def listed(path: str, null: bool = False) -> Iterator[str | ImageError]:
    """The names in a list, see ``split_paths``; last an error, if it cannot be read to its end."""
    try:
        with open(path, "rb") as file:  # maybe a pipe: @<(find ...)
            if _is_device(os.fstat(file.fileno())) and not file.isatty():
                raise ValueError("a device, not a list")
            yield from split_paths(file, null)
    except (OSError, ValueError) as error:
        yield _unread(path, error)


def column_of(path: str, column: str) -> Iterator[str | ImageError]:
    """The paths in a column of a table; an error for each row without one.

    Args:
        path: A table; see ``is_table``.
        column: Its name.

    Yields:
        Paths; last an error, if the table cannot be read to its end or has no such column.
    """
    cells = _COLUMNS.get(Path(path).suffix.lower(), _cells)
    try:
        for number, cell in enumerate(cells(path, column), 1):
            name = os.fsdecode(cell) if isinstance(cell, (str, bytes)) else ""
            try:
                os.fsencode(name)
            except UnicodeError:  # JSON can spell what no file is called
                yield ImageError(f"{path}: row {number}: no file can be called {name!a:.60}")
                continue
            yield name or ImageError(f"{path}: row {number} has no path in {column!r}")
    except KeyError:
        yield BrokenListError(f"{path}: no column {column!r} in it")
    except Exception as error:  # of three libraries
        yield _unread(path, error)


def _is_device(status: os.stat_result) -> bool:
    """Whether it may never end; what is empty for ever does."""
    device = stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode)
    return device and not os.path.samestat(status, os.stat(os.devnull))


def _unread(path: str, error: Exception) -> BrokenListError:
    if isinstance(error, FileNotFoundError):
        return BrokenListError(f"{path}: no such file")
    if isinstance(error, UnicodeError):
        return BrokenListError(f"{path}: {unreadable(error)}")
    return BrokenListError(f"{path}: cannot be read ({reason(error)})")


def _cells(path: str, column: str) -> Iterator[Any]:
    for row in row_files.READERS[Path(path).suffix.lower()](Path(path)):
        yield row[column]


def _csv_cells(path: str, column: str) -> Iterator[Any]:
    with open_text(path) as file:
        for row in rows_of_csv(file, column):
            yield row[column]


def _parquet_cells(path: str, column: str) -> Iterator[Any]:
    """Without the other columns: photographs themselves may be among them."""
    import pyarrow.parquet

    with open_regular(path) as opened, pyarrow.parquet.ParquetFile(opened) as file:
        names = file.schema_arrow.names
        if column not in names:
            raise KeyError(column)
        raw = row_files.RAW_PATH if column == "path" and row_files.RAW_PATH in names else column
        for batch in file.iter_batches(row_files.BATCH, columns=sorted({column, raw})):
            for row in batch.to_pylist():
                yield row[column] if row[raw] is None else row[raw]


_COLUMNS = {".csv": _csv_cells, row_files.PARQUET: _parquet_cells}
