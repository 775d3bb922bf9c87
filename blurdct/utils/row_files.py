"""Rows of named values <-> a file: CSV, JSON lines or Parquet; both ways stream."""

import csv
import json
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


def _read_csv(path: str | os.PathLike[str]) -> Iterator[Row]:
    with open_text(path) as file:
        yield from unescaped(rows_of_csv(file, "path", strict=True))


def _read_jsonl(path: str | os.PathLike[str]) -> Iterator[Row]:
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


def parquet_rows(path: str | os.PathLike[str]) -> Iterator[Row]:
    """The rows of a Parquet file, paths as they were; see ``open_parquet`` for errors."""
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
            clean = [_for_parquet(row) for row in batch]
            arrays = [_arrow([row.get(one.name) for row in clean], one.type) for one in schema]
            writer.write_batch(pyarrow.RecordBatch.from_arrays(arrays, schema=schema))


def _arrow(values: list[Any], kind: Any) -> Any:
    """Values of one kind, or None, as an array of pyarrow's.

    By its buffers: ``pyarrow.array`` imports pandas wherever that is installed, which takes as long
    as to judge a hundred photographs.
    """
    import numpy as np
    import pyarrow

    known = np.array([value is not None for value in values], np.bool_)
    bits = [pyarrow.py_buffer(np.packbits(known, bitorder="little"))]
    if kind in (pyarrow.string(), pyarrow.binary()):
        texts = [b"" if value is None else _encoded(value) for value in values]
        ends = np.cumsum([0, *map(len, texts)], dtype=np.int64)
        if ends[-1] >= 2**31:
            raise ValueError("over 2 GB of text in 4,096 rows")
        bits += [pyarrow.py_buffer(ends.astype(np.int32)), pyarrow.py_buffer(b"".join(texts))]
    else:
        filled = np.array([0 if value is None else value for value in values], _NUMPY[str(kind)])
        plain = np.packbits(filled, bitorder="little") if filled.dtype == np.bool_ else filled
        bits.append(pyarrow.py_buffer(plain))
    return pyarrow.Array.from_buffers(kind, len(values), bits)


_NUMPY = {"int64": "int64", "double": "float64", "bool": "bool"}


def _encoded(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode()


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


READERS: dict[str, Callable[[str | os.PathLike[str]], Iterator[Row]]] = {
    ".csv": _read_csv,
    ".jsonl": _read_jsonl,
    PARQUET: parquet_rows,
}
WRITERS: dict[str, Callable[[Path, Iterable[Row], Columns], None]] = {
    ".csv": _write_csv,
    ".jsonl": _write_jsonl,
    PARQUET: _write_parquet,
}
