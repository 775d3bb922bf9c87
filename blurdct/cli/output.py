"""Rows of results -> tables and a bar on a terminal, lines of text, CSV or JSON elsewhere."""

import csv
import io
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TextIO

from ..errors import ImageError
from ..utils.text import visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from ..results import Row

LONG = 20  # photos; more of them get a progress bar
COLOURS = {"clear": "green", "medium": "yellow", "blurred": "red", "unknown": "dim"}
UNREAD = "unreadable"  # what photos without a verdict are counted as


class OutputError(Exception):
    """Standard output or error takes no more; number and reason as in an ``OSError``."""


def prepare() -> None:
    """Let paths go out byte for byte as they came in, and nobody else write to standard error."""
    with suppress(OSError):  # no file that is opened later may take a closed one's number
        while (number := os.open(os.devnull, os.O_RDWR)) < 3:
            pass
        os.close(number)
    if isinstance(sys.stdout, io.TextIOWrapper):
        encoding, errors = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()
        sys.stdout.reconfigure(encoding=encoding, errors=errors)
    stderr = sys.__stderr__
    if stderr is not None and stderr is sys.stderr:
        # libjpeg and libtiff remark on damaged files without naming them, and an interrupted
        # worker process shows its traceback. All of them know only descriptor 2.
        own = os.dup(stderr.fileno())
        os.dup2(os.open(os.devnull, os.O_WRONLY), stderr.fileno())
        sys.stderr = os.fdopen(own, "w", 1, stderr.encoding, "backslashreplace")


def write(line: str, end: str = "\n") -> None:
    """One line to standard output, now."""
    _say(line, sys.stdout, end)


def note(line: str) -> None:
    """One line to standard error, now, whatever characters are in it."""
    _say(visible(line), sys.stderr)


def printer(form: str | None, columns: Sequence[str]) -> "Callable[[Row], None]":
    """What prints a row at once: as ``json``, as ``csv`` (the header now), or a verdict as text."""
    if form == "csv":
        write(_csv(columns))
        return lambda row: write(_csv([row[column] for column in columns]))
    text = json.dumps if form == "json" else _text
    return lambda row: write(text(row))


def counted_rows(answers: Iterable[Any], tally: "Counter[str]") -> "Iterator[Row]":
    """The answers as rows, counted by label; an error goes to standard error instead."""
    for answer in answers:
        if isinstance(answer, ImageError):
            tally[UNREAD] += 1
            note(str(answer))
        else:
            row = answer if isinstance(answer, dict) else asdict(answer)
            tally[row.get("label", "")] += 1
            yield row


def with_bar(answers: Iterator[Any], total: int | None) -> Iterable[Any]:
    """The answers, and while they come a progress bar, if they are many and someone looks.

    Args:
        answers: Taken from as they are taken.
        total: How many; None if nobody knows yet.
    """
    if (total is not None and total <= LONG) or sys.stderr is None or not sys.stderr.isatty():
        return answers
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(answers, "Looking", total=total, console=console, transient=True)


def print_verdicts(rows: "list[Row]") -> None:
    """One table of photos with their scores and labels; long paths are folded, never cut."""
    if not rows:
        return
    console, table = new_table("photo", "score", "label")
    table.columns[0].justify = table.columns[2].justify = "left"
    table.columns[0].overflow = "fold"
    for row in rows:
        label = f"[{COLOURS[row['label']]}]{row['label']}[/]"
        if row["reason"]:
            table.add_row(path_cell(row["path"]), "", f"{label} ({row['reason']})")
            continue
        table.add_row(path_cell(row["path"]), f"{row['score']:.1f}", label)
    console.print(table)


def print_bands(row: "Row") -> None:
    """The features of one photo as a table, bands down and statistics across."""
    from ..features.bands import BANDS, STATISTICS

    console, table = new_table("band", *STATISTICS)
    for band in BANDS:
        table.add_row(band, *(f"{row[f'{band}_{name}']:,.3f}" for name in STATISTICS))
    console.print(path_cell(row["path"]), soft_wrap=True)
    console.print(table)


def new_table(*columns: str) -> "tuple[Console, Table]":
    """An empty table, all columns to the right, and what prints it."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for name in columns:
        table.add_column(name, justify="right")
    return Console(highlight=False), table


def path_cell(path: str) -> "Text":
    """A path as it stands in a table, whatever characters are in it."""
    from rich.text import Text

    return Text(visible(path).encode("utf-8", "backslashreplace").decode())


def _text(row: "Row") -> str:
    return f"{row['score']:.1f}\t{row['label']}\t{visible(row['path'])}"


def _csv(values: Iterable[object]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(values)
    return line.getvalue().removesuffix("\r\n")


def _say(line: str, stream: TextIO | None, end: str = "\n") -> None:
    if stream is None:  # closed by whoever started this
        return
    try:
        print(line, file=stream, end=end, flush=True)
    except OSError as error:
        # Whatever the stream still holds could not be written when the process ends, either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        raise OutputError(*error.args) from error
