"""Rows of results -> tables and a bar on a terminal, lines of text, CSV or JSON elsewhere."""

import csv
import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO

from ..errors import ImageError
from ..utils.row_files import ESCAPED, escaped
from ..utils.text import visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from ..results import Row
    from .tally import Tally

LONG = 20  # photos; more of them get a progress bar
COLOURS = {"sharp": "green", "blurred": "red", "unknown": "dim"}
DOUBTFUL = "yellow"
NONE = "-"  # instead of a number that there is none of


class OutputError(Exception):
    """Standard output takes no more; number and reason as in an ``OSError``."""


class _Output(io.TextIOWrapper):
    """Standard output that fails in one way, whoever writes: help and tables are others' work."""

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError as error:
            raise _given_up(self, error) from error

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            raise _given_up(self, error) from error


class _Remarks(io.TextIOWrapper):
    """Standard error; that nobody can be told anything changes nothing that is done."""

    def write(self, text: str) -> int:
        with suppress(OSError):
            super().write(text)
        return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            _given_up(self, error)


def _given_up(stream: TextIO, error: OSError) -> OutputError:
    # Whatever it still holds could not be written when the process ends, either.
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return OutputError(*error.args)


def prepare() -> None:
    """Let paths go out byte for byte as they came in, and nobody else write to standard error."""
    with suppress(OSError):  # no file that is opened later may take a closed one's number
        while (number := os.open(os.devnull, os.O_RDWR)) < 3:
            pass
        os.close(number)
    encoding, errors = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()
    stdout, stderr = sys.stdout, sys.__stderr__
    if stdout is sys.__stdout__ and isinstance(stdout, io.TextIOWrapper):
        sys.stdout = _Output(stdout.buffer, encoding, errors, line_buffering=stdout.line_buffering)
    elif isinstance(stdout, io.TextIOWrapper):
        stdout.reconfigure(encoding=encoding, errors=errors)
    if stderr is not None and stderr is sys.stderr:
        # libjpeg and libtiff remark on damaged files without naming them, and an interrupted
        # worker process shows its traceback. All of them know only descriptor 2.
        own = open(os.dup(stderr.fileno()), "wb")  # noqa: SIM115 - for as long as this process is
        os.dup2(os.open(os.devnull, os.O_WRONLY), stderr.fileno())
        sys.stderr = _Remarks(own, stderr.encoding, "backslashreplace", line_buffering=True)


def write(line: str, end: str = "\n") -> None:
    """One line to standard output, now."""
    _say(line, sys.stdout, end)


def note(line: str) -> None:
    """One line to standard error, now, whatever characters are in it."""
    _say(visible(line), sys.stderr)


def printer(
    form: str | None, columns: Sequence[str], escape: bool = False
) -> "Callable[[Row], None]":
    """What prints a row at once: as ``json``, as ``csv`` (the header now), or a verdict as text.

    Args:
        form: ``json``, ``csv`` or None.
        columns: Of CSV.
        escape: In CSV, texts that a spreadsheet would take for formulas; see ``row_files.escaped``.
    """
    if form == "csv":
        columns = (*columns, ESCAPED) if escape else columns
        write(_csv(columns))

        def print_row(row: "Row") -> None:
            row = next(escaped([row])) if escape else row
            write(_csv([_plain(row[column]) for column in columns]))

        return print_row
    text = json.dumps if form == "json" else verdict_line
    return lambda row: write(text(row))


def counted_rows(answers: Iterable[Any], tally: "Tally") -> "Iterator[Row]":
    """The answers as rows, counted; an error goes to standard error instead."""
    for answer in answers:
        row = answer if isinstance(answer, (dict, ImageError)) else answer.as_dict()
        tally.add(row)
        if isinstance(row, ImageError):
            note(str(row))
        else:
            yield row


def with_bar(answers: Iterator[Any], total: int | None, quiet: bool = False) -> Iterable[Any]:
    """The answers, and while they come a progress bar, if they are many and someone looks.

    Args:
        answers: Taken from as they are taken.
        total: How many; None if nobody knows yet.
        quiet: No bar, whoever looks.
    """
    if (
        quiet
        or (total is not None and total <= LONG)
        or sys.stderr is None
        or not sys.stderr.isatty()
    ):
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
        table.add_row(path_cell(row["path"]), score_of(row), label_cell(row))
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


def label_cell(row: "Row") -> "Text":
    """A label in its colour; behind it why it is unknown, and what else there is to know."""
    from rich.text import Text

    from ..inference.prediction import kind_words

    kind = kind_words(row["kind"], row["kind_probability"])
    more = "; ".join(filter(None, (kind, row["reason"], row["note"])))
    colour = COLOURS[row["label"]] if row["sure"] or row["reason"] else DOUBTFUL
    text = Text().append(shown_label(row), colour)
    return text.append(f" ({more})", "dim") if more else text


def score_of(row: "Row") -> str:
    """A score as it is shown; a dash where there is none."""
    return NONE if row["score"] is None else f"{row['score']:.1f}"


def shown_label(row: "Row") -> str:
    """A label as it is shown: with a question mark where it is doubtful."""
    from ..inference.prediction import shown

    return shown(row["label"], row["sure"])


def verdict_line(row: "Row", *more: str) -> str:
    """Score, label, path, what a command has to add, and what there is to know; tabs between."""
    told = (visible(row[name]) for name in ("reason", "note") if row[name])
    return "\t".join((score_of(row), shown_label(row), visible(row["path"]), *more, *told))


def path_cell(path: str) -> "Text":
    """A path as it stands in a table, whatever characters are in it."""
    from rich.text import Text

    return Text(visible(path).encode("utf-8", "backslashreplace").decode())


def _plain(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value


def _csv(values: Iterable[object]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(values)
    return line.getvalue().removesuffix("\r\n")


def _say(line: str, stream: TextIO | None, end: str = "\n") -> None:
    if stream is not None:  # else it was closed by whoever started this
        print(line, file=stream, end=end, flush=True)
