"""Rows about a collection of photographs <-> a file of results: CSV, JSON lines or Parquet.

``scan`` writes them; ``filter``, ``best`` and ``report`` read them. Both ways stream: memory holds
a batch of rows, however long the file is.
"""

import errno
import math
import os
import sys
import warnings
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Any

from .errors import BlurdctError, BlurdctWarning, ConfigError
from .utils.atomic import replacing
from .utils.installing import install_hint
from .utils.parts.folder import is_part_folder, read_parts
from .utils.row_files import PARQUET, READERS, WRITERS, Row, other_cells, other_encoding, repeats
from .utils.tables import typed
from .utils.text import visible
from .utils.text_files import open_text, unreadable

Columns = Sequence[str] | Mapping[str, type]

ENDINGS = " or ".join(READERS)

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
    "label": str,  # sharp, blurred, unknown; empty if there is an error
    "sure": bool,  # whether the label is beyond doubt
    "threshold": float,  # P from which on the label is blurred
    "reason": str,  # why it is unknown
    "sharp_fraction": float,  # 0..1; None if the model makes no map
    "evidence": float,  # part that shows what could be sharp or blurred, 0..1
    "blur": float,  # how wide a point's image is, pixels; None if the model does not know
    "kind": str,  # what it is blurred by: defocus or motion; empty if nobody knows
    "kind_probability": float,  # that it is this and not the other, .5..1
    "model": str,
    "digest": str,  # of the model: the same digest, the same answers
    "note": str,  # what was done to judge it, such as "first of 3 pages"; mostly empty
    "error": str,  # why there is no answer; empty otherwise
}
FULL = (errno.ENOSPC, errno.EDQUOT)  # nobody asked for the wrong thing
UNREADABLE = "unreadable"  # what rows with an error are counted as
LABELS = ("sharp", "blurred", "unknown", "")
BLUR_KINDS = ("defocus", "motion")
OLD_LABELS = ("clear", "medium", "blurred", "unknown")  # of versions before there was ``sure``
# What numbers may be, both ends among them; whatever else they are, nobody measured them.
RANGES: dict[str, tuple[float, float]] = {
    "bytes": (0, math.inf),
    "modified": (-sys.float_info.max, sys.float_info.max),
    "width": (1, math.inf),
    "height": (1, math.inf),
    "score": (0, 100),
    "threshold": (0, 1),
    "sharp_fraction": (0, 1),
    "evidence": (0, 1),
    "blur": (0, 1e9),  # longer than any picture
    "kind_probability": (0.5, 1),
}
# Cells that no row lacks; spreadsheets leave out empty ones at its end.
FILLED = {"path", "width", "height", "probability", "score", "label", "sure", "threshold", "digest"}


def form(path: str | os.PathLike[str]) -> str:
    """The ending of a results file: ``.csv``, ``.jsonl`` or ``.parquet``.

    Raises:
        ConfigError: Another ending, or Parquet without the library for it.
    """
    ending = PARQUET if is_part_folder(path) else Path(path).suffix.lower()
    if ending not in READERS:
        raise ConfigError(f"{path}: expected a file ending in {ENDINGS}")
    if ending == PARQUET:
        try:
            import pyarrow  # noqa: F401
        except ImportError as error:
            raise ConfigError(
                f"{path}: Parquet needs pyarrow: {install_hint('scan', error)}"
            ) from error
    return ending


def read(
    path: str | os.PathLike[str], needed: Iterable[str] = ("path",), whole: bool = False
) -> Iterator[Row]:
    """The rows of a results file, one after the other.

    Args:
        path: The file, whose ending says what it is; or a complete folder of Parquet parts, here
            or behind a URL.
        needed: Columns that must be in it. Others of ``COLUMNS`` that are missing are None, or
            empty if they are texts; columns that are not of ``COLUMNS`` are left as they are.
        whole: Refuse a row of CSV with more cells than the header, or with fewer.

    Raises:
        ConfigError: No such file, not one of results, damaged, or without a column that is needed.
    """
    ending = form(path)
    reader = read_parts if is_part_folder(path) else READERS[ending]
    try:
        for number, row in enumerate(reader(path), 1):
            for column in needed:
                if column not in row:
                    raise ConfigError(f"{path}: no column {column!r} in it")
            if whole and ending == ".csv" and (why := other_cells(path, row, FILLED)):
                raise ConfigError(f"{path}: row {number} {why}")
            try:
                values = {name: _value(name, row.get(name)) for name in COLUMNS}
            except ValueError as error:
                raise ConfigError(f"{path}: row {number}: {error}") from error
            if _is_old(row, values):
                values |= _as_now(values)
                warnings.warn(
                    f"{path}: written by an earlier version, whose labels are read as sharp or "
                    "blurred, sure or not; a new scan makes them anew",
                    BlurdctWarning,
                    stacklevel=2,
                )
            yield {**row, **values}
    except (BlurdctError, BlurdctWarning):  # the latter where warnings are errors
        raise
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such file") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror or error})") from error
    except UnicodeError as error:
        raise ConfigError(f"{path}: {unreadable(error)}") from error
    except Exception as error:  # of three libraries
        line = str(error).partition("\n")[0]
        raise ConfigError(f"{path}: no file of results ({line})") from error


def verdicts(
    path: str | os.PathLike[str], needed: Iterable[str] = (), twice: bool = False
) -> Iterator[Row]:
    """The rows of a results file, checked.

    Args:
        path: The file.
        needed: Columns that must be in it beside ``path`` and ``probability``.
        twice: Whether a path may come twice, as where files of two folders were dropped on a page;
            who acts on files by their paths cannot tell such photographs apart.

    Raises:
        ConfigError: As by ``results.read``; no rows; a row without a path, with the path of
            another, with a number outside ``RANGES`` or a P outside 0..1, with neither P nor error
            whose label is not ``unknown``, or that was cut; after the last row of a path twice.
    """
    hashes = array("q")  # of paths: 8 bytes each, where the paths themselves would fill the memory
    remarked = False
    for number, row in enumerate(read(path, ("path", "probability", *needed), whole=True), 1):
        p = row["probability"]
        if not row["path"]:
            raise ConfigError(f"{path}: row {number} has no path")
        if row["label"] not in LABELS:
            told = f"the label {' or '.join(filter(None, LABELS))}, got {row['label']!a:.40}"
            raise ConfigError(f"{path}: row {number}: expected {told}")
        if row["kind"] not in ("", *BLUR_KINDS):
            told = f"the kind {' or '.join(BLUR_KINDS)}, got {row['kind']!a:.40}"
            raise ConfigError(f"{path}: row {number}: expected {told}")
        none_needed = row["error"] or (p is None and row["label"] == "unknown")
        if not (p is None and none_needed) and not (p is not None and 0 <= p <= 1):
            got = "none" if p is None else f"{p:g}"
            raise ConfigError(f"{path}: row {number}: expected a probability in 0..1, got {got}")
        if why := _impossible(row):
            raise ConfigError(f"{path}: row {number}: {why}")
        try:
            remark = other_encoding(row["path"])
        except ValueError as error:
            raise ConfigError(f"{path}: row {number} {error}") from error
        if remark and not remarked:
            remarked = True
            warnings.warn(f"{path}: row {number} {remark}", BlurdctWarning, stacklevel=2)
        hashes.append(hash(row["path"]))
        yield row
    if not hashes:
        raise ConfigError(f"{path}: no rows in it")
    for earlier, later in [] if twice else repeats(hashes):
        one, other = (next(islice(read(path), at, None))["path"] for at in (earlier, later))
        if one == other:
            rows = f"rows {earlier + 1} and {later + 1}"
            raise ConfigError(f"{path}: {rows} have one path: {visible(one)}")


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
            kinds = columns if isinstance(columns, Mapping) else COLUMNS
            writer(unfinished, counted(), {name: kinds.get(name, str) for name in columns})
    except OSError as error:
        kind = BlurdctError if error.errno in FULL else ConfigError
        raise kind(f"{path}: cannot be written ({error.strerror or error})") from error
    return count


def open_csv(path: str | os.PathLike[str]) -> IO[str]:
    """A CSV file to read; a mark before the first column says its encoding and is no part of it."""
    return open_text(path)


def _impossible(row: Row) -> str:
    """What is wrong with the numbers of a row, in words; empty if they are possible."""
    for column, (low, high) in RANGES.items():
        if row[column] is not None and not low <= row[column] <= high:
            span = f"of {low:g} or more" if high == math.inf else f"in {low:g}..{high:g}"
            return f"expected {column} {span}, got {row[column]}"
    return ""


def _value(column: str, value: Any) -> Any:
    """A cell as its column's kind.

    Raises:
        ValueError: It is something else; the column is in the message.
    """
    try:
        return typed(value, COLUMNS[column])
    except ValueError as error:
        raise ValueError(f"{column}: {error}") from error


def _is_old(row: Row, values: Row) -> bool:
    """Whether a row has one of the labels ``clear``, ``medium``, ``blurred`` of earlier versions.

    They had no ``sure``, and an unknown photo had a P.
    """
    is_old = values["label"] in OLD_LABELS and "sure" not in row
    return is_old and values["probability"] is not None


def _as_now(values: Row) -> Row:
    """An old row's verdict in the words of today; what was sure stays so."""
    label, p = values["label"], values["probability"]
    if label == "unknown":
        return {"probability": None, "score": None, "sharp_fraction": None, "sure": False}
    sure = label != "medium"
    if label != "blurred":
        label = "blurred" if label == "medium" and p >= 0.5 else "sharp"
    return {"label": label, "sure": sure}
