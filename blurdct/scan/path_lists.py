"""Lists of paths in a text file and columns of a table -> the paths, one after the other."""

import csv
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .. import results
from ..errors import ImageError
from ..utils.text import reason

STDIN = "-"  # the name of a list on standard input
LIST = ".txt"  # the ending of others

_BLOCK = 2**16  # bytes that are read at once


def is_table(path: str) -> bool:
    """Whether a file is a table, by its ending: CSV, JSON lines or Parquet."""
    return Path(path).suffix.lower() in results.READERS and not os.path.isdir(path)


def split_paths(file: Any, null: bool = False) -> Iterator[str]:
    """The names in an open list, byte for byte; empty ones are left out.

    Args:
        file: One name a line; buffered, in binary mode.
        null: They are separated by null bytes instead, as by ``find -print0``.
    """
    separator, rest = b"\0" if null else b"\n", b""
    while block := file.read1(_BLOCK):
        *names, rest = (rest + block).split(separator)
        yield from filter(None, (_decoded(name, null) for name in names))
    if last := _decoded(rest, null):
        yield last


def _decoded(name: bytes, null: bool) -> str:
    return os.fsdecode(name if null else name.removesuffix(b"\r"))


def listed(path: str, null: bool = False) -> Iterator[str | ImageError]:
    """The names in a list, see ``split_paths``; last an error, if it cannot be read to its end."""
    try:
        with open(path, "rb") as file:
            yield from split_paths(file, null)
    except OSError as error:
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
            yield name or ImageError(f"{path}: row {number} has no path in {column!r}")
    except KeyError:
        yield ImageError(f"{path}: no column {column!r} in it")
    except Exception as error:  # of three libraries
        yield _unread(path, error)


def _unread(path: str, error: Exception) -> ImageError:
    if isinstance(error, FileNotFoundError):
        return ImageError(f"{path}: no such file")
    return ImageError(f"{path}: cannot be read ({reason(error)})")


def _cells(path: str, column: str) -> Iterator[Any]:
    for row in results.READERS[Path(path).suffix.lower()](Path(path)):
        yield row[column]


def _csv_cells(path: str, column: str) -> Iterator[Any]:
    with results.open_csv(path) as file:
        for row in csv.DictReader(file):
            yield row[column]


def _parquet_cells(path: str, column: str) -> Iterator[Any]:
    """Without the other columns: photographs themselves may be among them."""
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(path) as file:
        names = file.schema_arrow.names
        if column not in names:
            raise KeyError(column)
        raw = results.RAW_PATH if column == "path" and results.RAW_PATH in names else column
        for batch in file.iter_batches(results.BATCH, columns=sorted({column, raw})):
            for row in batch.to_pylist():
                yield row[column] if row[raw] is None else row[raw]


_COLUMNS = {".csv": _csv_cells, results.PARQUET: _parquet_cells}
