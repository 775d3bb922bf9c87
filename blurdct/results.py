"""Rows about a collection of photographs <-> a file of results: CSV, JSON lines or Parquet.

``scan`` writes them; ``filter``, ``best`` and ``report`` read them. Both ways stream: memory holds
a batch of rows, however long the file is.
"""

import csv
import errno
import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Any

from .errors import BlurdctError, ConfigError
from .utils.atomic import replacing
from .utils.text_files import lines, open_regular, open_text, rows_of_csv, unreadable

Row = dict[str, Any]
Columns = Sequence[str] | Mapping[str, type]

# What a row holds, in this order: the name of a column, and what its values are. A number that is
# not known is None, a text that is not there is empty.
COLUMNS: dict[str, type] = {
    "path": str,  # as the source names it; ``archive.zip::inside.jpg`` in an archive
    "bytes": int,  # size of the file
    "modified": float,  # when it was last changed: seconds since 1970, UTC
    "width": int,  # pixels, upright
    "height": int,
    "probability": float,  # P(blurred), 0..1
    "score": float,  # 100 times that
    "label": str,  # clear, medium, blurred, unknown; empty if there is an error
    "reason": str,  # why it is unknown
    "sharp_fraction": float,  # 0..1; None if the model makes no map
    "model": str,
    "digest": str,  # of the model: the same digest, the same answers
    "error": str,  # why there is no answer; empty otherwise
}
FULL = (errno.ENOSPC, errno.EDQUOT)  # nobody asked for the wrong thing
_KINDS = {str: "a text", int: "a whole number", float: "a number"}
BATCH = 4096  # rows that are read or written at once
PARQUET = ".parquet"
NEEDS = "pip install 'blurdct[scan]'"
# Names of files are bytes: what is no UTF-8 lives in Python's strings as lone surrogates, which
# Parquet forbids. There the text has replacement characters, and this column the bytes.
RAW_PATH = "path_bytes"


def form(path: str | os.PathLike[str]) -> str:
    """The ending of a results file: ``.csv``, ``.jsonl`` or ``.parquet``.

    Raises:
        ConfigError: Another ending, or Parquet without the library for it.
    """
    ending = Path(path).suffix.lower()
    if ending not in READERS:
        raise ConfigError(f"{path}: expected a file ending in {', '.join(READERS)}")
    if ending == PARQUET:
        try:
            import pyarrow  # noqa: F401
        except ImportError as error:
            raise ConfigError(f"{path}: Parquet needs pyarrow: {NEEDS}") from error
    return ending


def read(path: str | os.PathLike[str], needed: Iterable[str] = ("path",)) -> Iterator[Row]:
    """The rows of a results file, one after the other.

    Args:
        path: The file; its ending says what it is.
        needed: Columns that must be in it. Others of ``COLUMNS`` that are missing are None, or
            empty if they are texts; columns that are not of ``COLUMNS`` are left as they are.

    Raises:
        ConfigError: No such file, not one of results, damaged, or without a column that is needed.
    """
    reader = READERS[form(path)]
    try:
        for number, row in enumerate(reader(Path(path)), 1):
            for column in needed:
                if column not in row:
                    raise ConfigError(f"{path}: no column {column!r} in it")
            try:
                values = {name: _value(name, row.get(name)) for name in COLUMNS}
            except ValueError as error:
                raise ConfigError(f"{path}: row {number} is none of results ({error})") from error
            yield {**row, **values}
    except BlurdctError:
        raise
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror or error})") from error
    except UnicodeError as error:
        raise ConfigError(f"{path}: {unreadable(error)}") from error
    except Exception as error:  # of three libraries
        line = str(error).partition("\n")[0]
        raise ConfigError(f"{path}: no file of results ({line})") from error


def verdicts(path: str | os.PathLike[str], needed: Iterable[str] = ()) -> Iterator[Row]:
    """The rows of a results file, checked.

    Args:
        path: The file.
        needed: Columns that must be in it beside ``path`` and ``probability``.

    Raises:
        ConfigError: As by ``results.read``; or a row without a path, or with a P outside 0..1, or
            with neither P nor error.
    """
    for number, row in enumerate(read(path, ("path", "probability", *needed)), 1):
        p = row["probability"]
        if not row["path"]:
            raise ConfigError(f"{path}: row {number} has no path")
        if not row["error"] and not (p is not None and 0 <= p <= 1):
            raise ConfigError(f"{path}: row {number}: expected a probability in 0..1, got {p}")
        yield row


def write(
    path: str | os.PathLike[str], rows: Iterable[Row], columns: Columns = tuple(COLUMNS)
) -> int:
    """Write rows to a results file, all or nothing; how many they were.

    The file appears under its name when it is complete; until then an earlier one stays.

    Args:
        path: Where to; its ending says what it becomes.
        rows: Taken as they are written.
        columns: Keys of the rows that are written, in this order; with types if they are others
            than those of ``COLUMNS``.

    Raises:
        ConfigError: The file cannot be written; a BlurdctError where the disk is full.
    """
    writer = WRITERS[form(path)]
    count = 0

    def counted() -> Iterator[Row]:
        nonlocal count
        for row in rows:
            count += 1
            yield row

    try:
        with replacing(Path(path), make_folder=False) as unfinished:
            writer(unfinished, counted(), columns)
    except OSError as error:
        kind = BlurdctError if error.errno in FULL else ConfigError
        raise kind(f"{path}: cannot be written ({error.strerror or error})") from error
    return count


def open_csv(path: str | os.PathLike[str]) -> IO[str]:
    """A CSV file to read; a mark before the first column says its encoding and is no part of it."""
    return open_text(path)


def _value(column: str, value: Any) -> Any:
    """A cell as its column's kind; ``nan``, which pandas puts where nothing is, is nothing.

    Raises:
        ValueError: It is something else; the column is in the message.
    """
    kind = COLUMNS[column]
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return "" if kind is str else None
    try:
        if kind is str:
            value.encode("utf-8", "surrogateescape")  # what no name or terminal can hold
            return value
        return _whole(value) if kind is int else _not_nan(float(value))
    except (AttributeError, TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{column}: expected {_KINDS[kind]}, got {value!a:.60}") from error


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


def _read_csv(path: Path) -> Iterator[Row]:
    with open_text(path) as file:
        yield from rows_of_csv(file, "path", strict=True)


def _read_jsonl(path: Path) -> Iterator[Row]:
    with open_text(path) as file:
        for line in lines(file):
            if line.strip():
                row = json.loads(line)
                if not isinstance(row, dict):
                    raise ValueError("a line is no JSON object")
                yield row


def _read_parquet(path: Path) -> Iterator[Row]:
    import pyarrow.parquet

    with open_regular(path) as opened, pyarrow.parquet.ParquetFile(opened) as file:
        for batch in file.iter_batches(BATCH):
            for row in batch.to_pylist():
                raw = row.pop(RAW_PATH, None)
                yield row if raw is None else {**row, "path": os.fsdecode(raw)}


def _write_csv(path: Path, rows: Iterable[Row], columns: Columns) -> None:
    with open(path, "w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        writer = csv.DictWriter(_Lines(file), columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


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

    kinds = {str: pyarrow.string(), int: pyarrow.int64(), float: pyarrow.float64()}
    known = columns if isinstance(columns, Mapping) else COLUMNS
    fields = [(name, kinds[known.get(name, str)]) for name in columns]
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
