"""Text files as other programs write them: marks of an encoding, delimiters of a table.

What has no mark is UTF-8, and bytes that are none stay as they are, as names of files are bytes.

Sources:
    Byte order marks: The Unicode Standard 15.0, 23.8.
"""

import codecs
import csv
import io
import os
import re
import stat
from collections.abc import Iterator
from io import BufferedReader
from itertools import chain
from typing import IO, Any

# First bytes -> the encoding behind them; a longer mark stands before one that it begins with.
MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
CUT = "the file seems to be cut"
LONGEST_LINE = 64 * 2**20  # characters; photographs themselves may stand in a column
DELIMITERS = ",;\t"
UNMARKED = "null bytes in it; UTF-16 is read with a byte order mark alone"

_LONGEST = max(map(len, MARKS))  # bytes
_NO_CSV = {  # by what the library says
    "unexpected end": f"a quotation mark is never closed; {CUT}",
    "expected after": "text behind a closed quotation mark",
    "field limit": f"a cell of over {csv.field_size_limit():,} characters",
    "NUL": "a null byte",
}
_SEPARATOR = re.compile(r"sep=(.)\s*")  # the first line of some spreadsheets


def marked(head: bytes) -> str:
    """The encoding that a file's first bytes name; empty if they name none."""
    return next((name for mark, name in MARKS.items() if head.startswith(mark)), "")


def may_be_marked(head: bytes) -> bool:
    """Whether more bytes could still make these first ones a mark, or a longer one."""
    return any(mark.startswith(head) and mark != head for mark in MARKS)


def open_regular(path: str | os.PathLike[str]) -> BufferedReader:
    """A file to read; opening a pipe would wait for somebody to write, a device may never end.

    Raises:
        OSError: It cannot be opened.
        ValueError: No regular file, once links are followed.
    """
    mode = os.stat(path).st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):  # of a folder the system says what it is
        raise ValueError("not a regular file")
    return open(path, "rb")


def open_text(path: str | os.PathLike[str]) -> IO[str]:
    """A text file to read, line ends as they are; a mark is no part of it.

    Raises:
        OSError: It cannot be opened.
        ValueError: No regular file, which might never end.
        UnicodeError: UTF-16 without a mark. Reading raises a ``UnicodeDecodeError`` where the
            encoding that was marked is broken.
    """
    file = open_regular(path)  # what is handed out closes it
    try:
        head = file.peek(_LONGEST)[:_LONGEST]
        encoding = marked(head)
        if not encoding and b"\0" in head:
            raise UnicodeError(UNMARKED)
    except BaseException:
        file.close()
        raise
    escaped = "surrogateescape" if encoding in ("", "utf-8-sig") else "strict"
    return io.TextIOWrapper(file, encoding or "utf-8", escaped, newline="")


def lines(file: IO[str]) -> Iterator[str]:
    """The lines of a text file, with their ends.

    Raises:
        ValueError: One is longer than memory should hold.
    """
    while line := file.readline(LONGEST_LINE + 1):
        if len(line) > LONGEST_LINE:
            raise ValueError(f"a line of over {LONGEST_LINE:,} characters")
        yield line


def rows_of_csv(file: IO[str], column: str, **how: Any) -> Iterator[dict[str, Any]]:
    """The rows of a table whose cells are parted by commas, semicolons or tabs.

    Args:
        file: Open, at its beginning.
        column: The delimiter is the one by which the header has this column; else the one by
            which it has most.
        how: For ``csv.DictReader``.

    Raises:
        ValueError: Nothing in it, a line as ``lines`` refuses it, or one that is no CSV.
    """
    number = 0

    def numbered() -> Iterator[str]:
        nonlocal number
        for line in lines(file):
            number += 1
            yield line

    rest = numbered()
    first = next(rest, "")
    if separator := _SEPARATOR.fullmatch(first):
        delimiter, first = separator[1], ""
    else:

        def fitting(delimiter: str) -> tuple[bool, int]:
            names = next(csv.reader([first], delimiter=delimiter), [])
            return column in names, len(names)

        delimiter = max(DELIMITERS, key=fitting)
    rest = chain([first] if first else [], rest)
    rows = csv.DictReader(rest, delimiter=delimiter, **how)
    try:
        if not rows.fieldnames:
            raise ValueError("empty")
        yield from rows
    except csv.Error as error:
        known = (why for words, why in _NO_CSV.items() if words in str(error))
        why = next(known, "not CSV")
        raise ValueError(f"line {number:,}: {why}") from error


def unreadable(error: UnicodeError) -> str:
    """Which encoding a file is not in, for its line of error."""
    if isinstance(error, UnicodeDecodeError):
        return f"cannot be read as {error.encoding.upper()} ({error.reason})"
    if isinstance(error, UnicodeEncodeError):  # bytes that came in as surrogates
        return "cannot be read as UTF-8 (bytes in it that no letter has)"
    return f"cannot be read as UTF-8 ({error})"
