"""Rows of named values <-> a file: CSV, JSON lines or Parquet; both ways stream."""

import csv
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from .text_files import CUT, lines, open_regular, open_text, rows_of_csv

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

Row = dict[str, Any]
Columns = Mapping[str, type]  # str, int, float or bool

BATCH = 4096  # rows that are read or written at once
PARQUET = ".parquet"
# Names of files are bytes: what is no UTF-8 lives in Python's strings as lone surrogates, which
# Parquet forbids. There the text has replacement characters, and this column the bytes.
RAW_PATH = "path_bytes"


# What spreadsheets take for the beginning of a formula; tabs and line ends they may pass over.
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
APOSTROPHE = "'"  # in front of it all is text
ESCAPED = "escaped"  # a column that says so of its row: texts in it have one apostrophe too many


def escaped(rows: Iterable[Row]) -> Iterator[Row]:
    """Rows whose texts no spreadsheet takes for a formula; ``unescaped`` gives them back."""
    for row in rows:
        if any(map(is_formula, row.values())):
            row = {name: _escape(value) for name, value in row.items()} | {ESCAPED: APOSTROPHE}
        yield {ESCAPED: "", **row}


def unescaped(rows: Iterable[Row]) -> Iterator[Row]:
    """Rows as they were before ``escaped``; others come back as they are."""
    for row in rows:
        if row.get(ESCAPED) in ("", APOSTROPHE) and row.pop(ESCAPED):
            row = {name: _unescape(value) for name, value in row.items()}
        yield row


def is_formula(value: Any) -> bool:
    """Whether a cell is a text that begins like a formula, and no number."""
    if not isinstance(value, str) or not value.startswith(FORMULAS):
        return False
    try:
        float(value)
    except ValueError:
        return True
    return value != value.strip()


def _escape(value: Any) -> Any:
    if isinstance(value, str) and (is_formula(value) or value.startswith(APOSTROPHE)):
        return APOSTROPHE + value
    return value


def _unescape(value: Any) -> Any:
    return value.removeprefix(APOSTROPHE) if isinstance(value, str) else value


def _read_csv(path: Path) -> Iterator[Row]:
    with open_text(path) as file:
        yield from unescaped(rows_of_csv(file, "path", strict=True))


def _read_jsonl(path: Path) -> Iterator[Row]:
    with open_text(path) as file:
        for number, line in enumerate(lines(file), 1):
            if line.strip():
                yield _object(line, number)


def _object(line: str, number: int) -> Row:
    """A line of JSON.

    Raises:
        ValueError: It is no object; the message has its number.
    """
    try:
        row = json.loads(line)
    except RecursionError as error:
        raise ValueError(f"line {number:,}: nested too deep") from error
    except ValueError as error:
        cut = "" if line.endswith(("\n", "\r")) else f"; {CUT}"
        raise ValueError(f"line {number:,}: not JSON{cut}") from error
    if not isinstance(row, dict):
        raise ValueError(f"line {number:,}: no JSON object")
    return row


def _read_parquet(path: Path) -> Iterator[Row]:
    with open_parquet(path) as file:
        for batch in file.iter_batches(BATCH):
            for row in batch.to_pylist():
                raw = row.pop(RAW_PATH, None)
                yield row if raw is None else {**row, "path": os.fsdecode(raw)}


@contextmanager
def open_parquet(path: str | os.PathLike[str]) -> "Iterator[ParquetFile]":
    """A Parquet file to read.

    Raises:
        OSError: It cannot be opened.
        ValueError: No regular file, or damaged, as may be found while it is read.
    """
    import pyarrow
    import pyarrow.parquet

    with open_regular(path) as opened:
        try:
            with pyarrow.parquet.ParquetFile(opened) as file:
                yield file
        except (pyarrow.ArrowException, OSError) as error:
            if isinstance(error, OSError) and error.errno:
                raise
            raise ValueError("damaged, cut, or no Parquet") from error


def _write_csv(path: Path, rows: Iterable[Row], columns: Columns) -> None:
    with open(path, "w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        writer = csv.DictWriter(_Lines(file), columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(map(_for_csv, rows))


def _for_csv(row: Row) -> Row:
    return {**row, "sure": str(row["sure"]).lower()} if isinstance(row.get("sure"), bool) else row


class _Lines:
    """Lines that end in a line feed; ``csv`` quotes carriage returns only if its own end in one."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, line: str) -> int:
        return self._file.write(line.removesuffix("\r\n") + "\n")


def _write_jsonl(path: Path, rows: Iterable[Row], columns: Columns) -> None:
    with open(path, "w", encoding="ascii") as file:
        for row in rows:
            file.write(json.dumps({name: row.get(name) for name in columns}) + "\n")


def _write_parquet(path: Path, rows: Iterable[Row], columns: Columns) -> None:
    import pyarrow
    import pyarrow.parquet

    kinds = {
        str: pyarrow.string(),
        int: pyarrow.int64(),
        float: pyarrow.float64(),
        bool: pyarrow.bool_(),
    }
    fields = [(name, kinds[kind]) for name, kind in columns.items()]
    schema = pyarrow.schema([*fields, (RAW_PATH, pyarrow.binary())])
    with pyarrow.parquet.ParquetWriter(path, schema) as writer:
        source = iter(rows)
        while batch := list(islice(source, BATCH)):
            writer.write_batch(
                pyarrow.RecordBatch.from_pylist([_for_parquet(row) for row in batch], schema)
            )


def _for_parquet(row: Row) -> Row:
    clean = {name: _unicode(value) for name, value in row.items()}
    path = row.get("path") or ""
    return {**clean, RAW_PATH: None if clean.get("path", "") == path else os.fsencode(path)}


def _unicode(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return value


READERS: dict[str, Callable[[Path], Iterator[Row]]] = {
    ".csv": _read_csv,
    ".jsonl": _read_jsonl,
    PARQUET: _read_parquet,
}
WRITERS: dict[str, Callable[[Path, Iterable[Row], Columns], None]] = {
    ".csv": _write_csv,
    ".jsonl": _write_jsonl,
    PARQUET: _write_parquet,
}
