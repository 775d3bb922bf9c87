"""Tables of paths -> the path in each row, and what else stands in it."""

import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import ImageError
from ..results import COLUMNS
from ..utils import row_files
from ..utils.text_files import open_text, rows_of_csv
from .path_lists import BrokenListError, unread

Cells = dict[str, Any]
# What results have beside ``COLUMNS`` for their own use.
RESERVED = (*COLUMNS, row_files.RAW_PATH, row_files.ESCAPED)
FRONT = "table_"  # of the name of a column that results have, too
_LARGEST = 2**63  # no whole number of a Parquet file reaches it


def is_table(path: str) -> bool:
    """Whether a file is a table, by its ending: CSV, JSON lines or Parquet."""
    return Path(path).suffix.lower() in row_files.READERS and not os.path.isdir(path)


def column_of(path: str, column: str) -> Iterator[tuple[str | ImageError, Cells]]:
    """The paths in a column of a table, and the other cells of their rows.

    Args:
        path: A table; see ``is_table``.
        column: Its name.

    Yields:
        A path, or an error for a row without one. The other cells by the names that results give
        their columns: numbers, true or false, text, None where nothing is; bytes are left out.
        Last an error, if the table cannot be read to its end or has no such column.
    """
    rows = _ROWS.get(Path(path).suffix.lower(), _rows)
    names: dict[str, str] = {}
    try:
        for number, row in enumerate(rows(path, column), 1):
            cell = row.pop(column)
            if row.keys() - names.keys():
                names = carried_names([*names, *(name for name in row if name not in names)])
            more = {names[key]: plain(value) for key, value in row.items() if key}
            name = os.fsdecode(cell) if isinstance(cell, (str, bytes)) else ""
            try:
                os.fsencode(name)
            except UnicodeError:  # JSON can spell what no file is called
                yield ImageError(f"{path}: row {number}: no file can be called {name!a:.60}"), {}
                continue
            yield name or ImageError(f"{path}: row {number} has no path in {column!r}"), more
    except KeyError:
        yield BrokenListError(f"{path}: no column {column!r} in it"), {}
    except Exception as error:  # of three libraries
        yield unread(path, error), {}


def carried_names(columns: Sequence[str]) -> dict[str, str]:
    """What results call the columns of a table: as it does, but for names that are theirs."""
    names: dict[str, str] = {}
    taken = {*RESERVED, *columns}
    for column in columns:
        name = column
        while name in RESERVED or (name != column and name in taken):
            name = FRONT + name
        names[column] = name
        taken.add(name)
    return names


def plain(value: Any) -> Any:
    """A cell as results hold it: a number, true or false, text; None for nothing and for bytes."""
    if isinstance(value, str):
        try:
            value.encode("utf-8", "surrogateescape")
        except UnicodeError:  # JSON can spell what no file can hold
            value = value.encode("utf-8", "replace").decode()
        return value
    if value is None or isinstance(value, (bool, bytes)):
        return None if isinstance(value, bytes) else value
    if isinstance(value, int):
        return value if -_LARGEST <= value < _LARGEST else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (list, dict)):
        return json.dumps(value, default=str)
    from decimal import Decimal  # of Parquet alone, and no small import

    return str(value) if isinstance(value, Decimal) else _moment(value)


def kinds_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, type]:
    """Columns that rows have beside those of results, and what all their values are."""
    kinds: dict[str, set[type]] = {}
    for row in rows:
        for name in row.keys() - COLUMNS.keys():
            known = kinds.setdefault(name, set())
            if row[name] is not None:
                known.add(type(row[name]))
    return {name: _common(kinds[name]) for name in kinds}


def _common(kinds: set[type]) -> type:
    if len(kinds) == 1:
        return next(iter(kinds))
    return float if kinds == {int, float} else str


def as_kind(value: Any, kind: type) -> Any:
    """A value as its column's kind; text where others of the column are text."""
    return None if value is None else value if type(value) is kind else kind(value)


def _moment(value: Any) -> str:
    return str(value.isoformat() if hasattr(value, "isoformat") else value)


def _rows(path: str, column: str) -> Iterator[Cells]:
    for row in row_files.READERS[Path(path).suffix.lower()](Path(path)):
        yield dict(row)


def _csv_rows(path: str, column: str) -> Iterator[Cells]:
    with open_text(path) as file:
        yield from row_files.unescaped(rows_of_csv(file, column))


def _parquet_rows(path: str, column: str) -> Iterator[Cells]:
    """Without columns of bytes or of parts: photographs themselves may be among them."""
    from pyarrow import types

    with row_files.open_parquet(path) as file:
        schema = file.schema_arrow
        if column not in schema.names:
            raise KeyError(column)
        raw = row_files.RAW_PATH if column == "path" and row_files.RAW_PATH in schema.names else ""
        heavy = (
            types.is_binary,
            types.is_large_binary,
            types.is_fixed_size_binary,
            types.is_nested,
        )
        light = [
            field.name
            for field in schema
            if field.name in (column, raw) or not any(is_kind(field.type) for is_kind in heavy)
        ]
        for batch in file.iter_batches(row_files.BATCH, columns=light):
            for row in batch.to_pylist():
                exact = row.pop(raw) if raw else None
                yield row if exact is None else {**row, column: exact}


_ROWS = {".csv": _csv_rows, row_files.PARQUET: _parquet_rows}
