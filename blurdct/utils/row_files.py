"""Rows of named values <-> a file: CSV, JSON lines or Parquet; both ways stream."""

import csv
import json
import math
import os
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
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
_KINDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
_TRUTH = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}
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


def typed(value: Any, kind: type) -> Any:
    """A cell as its column's kind; ``nan``, which pandas puts where nothing is, is nothing.

    Args:
        value: As a file has it; what is missing or empty is None, or "" of texts.
        kind: str, int, float or bool.

    Raises:
        ValueError: It is something else, which the message says.
    """
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return "" if kind is str else None
    try:
        if kind is str:
            value.encode("utf-8", "surrogateescape")  # what no name or terminal can hold
            return value
        if kind is bool:
            return _TRUTH[str(value).lower()]
        return _whole(value) if kind is int else _not_nan(float(value))
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"expected {_KINDS[kind]}, got {value!a:.60}") from error


def _whole(value: Any) -> int | None:
    """Programs that know no whole number beside empty cells write ``4032.0``."""
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            value = float(value)
    number = _not_nan(value)
    if number is None or number == int(number):
        return None if number is None else int(number)
    raise ValueError


def _not_nan(number: float) -> float | None:
    return None if math.isnan(number) else number


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


def other_cells(path: str | os.PathLike[str], row: dict[Any, Any], filled: Set[str]) -> str:
    """What is wrong with the number of a row's cells, in words; empty if nothing is.

    Args:
        path: The CSV file that it is of.
        row: As ``csv.DictReader`` makes it: None where the row ends before the header does.
        filled: Columns in which no row is empty. Of others some spreadsheets leave out the cells at
            the end of a row where all of them are empty.
    """
    missing = {name for name, cell in row.items() if cell is None}
    if any(row.get(None, ())):
        return "has more cells than the header has names"
    cut = bool(missing) and not _ends_with_a_line(path)
    if not cut and filled.isdisjoint(missing):
        return ""
    return f"has {len(row) - len(missing)} of {len(row)} cells{f'; {CUT}' if cut else ''}"


def repeats(hashes: "array[int]") -> Iterator[tuple[int, int]]:
    """Pairs of rows with one hash, from 0, the earlier first; by the later one."""
    import numpy as np

    found = np.array(hashes)
    order = np.argsort(found, kind="stable")
    same = np.flatnonzero(found[order][1:] == found[order][:-1])
    for later, earlier in sorted((int(order[at + 1]), int(order[at])) for at in same):
        yield earlier, later


def other_encoding(name: str) -> str:
    """What to say of the name of a file that is no UTF-8; empty if it is, or such a file is here.

    Raises:
        ValueError: Spelled as Western Windows programs spell it, it is the name of a file that is
            here: so it was not the name that was odd. As names are bytes, it else may be right.
    """
    try:
        name.encode()
        return ""
    except UnicodeEncodeError:
        raw = name.encode("utf-8", "surrogateescape")
    if "::" in name or "://" in name or os.path.lexists(name):  # within others, nobody looks
        return ""
    if os.path.lexists(raw.decode("cp1252", "replace")):
        raise ValueError("is in Latin-1, not UTF-8, as the file of that name shows; save it anew")
    return "has a path that is no UTF-8, and no such file is here; is the table in Latin-1?"


def _ends_with_a_line(path: str | os.PathLike[str]) -> bool:
    with open(path, "rb") as file:
        file.seek(-min(4, os.path.getsize(path)), os.SEEK_END)  # a letter of UTF-32 has four bytes
        return file.read().rstrip(b"\0")[-1:] in (b"\n", b"\r")


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
