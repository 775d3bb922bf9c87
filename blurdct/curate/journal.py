"""A journal: what is about to be done to files, one line for each, on disk before it is done.

JSON lines. The first says what it is; each of the others holds ``do`` and the paths, absolute.
``none`` takes back the line before it, which came to nothing, and ``undone`` the whole journal.
"""

import contextlib
import errno
import json
import os
from array import array
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from .._version import __version__
from ..errors import BlurdctError, ConfigError
from .file_ops import sync_folder

MARK = "blurdct journal"
FORMAT = 1
ENDING = ".journal.jsonl"

Entry = dict[str, Any]


class Journal:
    """A journal that is being written; a context manager, and gone if nothing was done."""

    def __init__(self, folder: str | os.PathLike[str], action: str) -> None:
        """Begin a new one, ``blurdct-ACTION-TIME.journal.jsonl`` in that folder.

        Raises:
            ConfigError: No file can be written there.
        """
        self.token = os.urandom(4).hex()  # of names of unfinished files
        stem = f"blurdct-{action}-{datetime.now():%Y%m%d-%H%M%S}"
        number = 0
        while True:
            self.path = Path(folder, f"{stem}{f'-{number}' if number else ''}{ENDING}")
            try:
                self._file = open(self.path, "xb", buffering=0)  # noqa: SIM115
                break
            except FileExistsError:
                number += 1
            except OSError as error:
                raise ConfigError(f"{self.path}: cannot be written ({error.strerror})") from error
        self.add({"is": MARK, "format": FORMAT, "version": __version__, "token": self.token})
        self.used = False  # whether anything was announced
        sync_folder(self.path.parent)

    def add(self, entry: Entry) -> None:
        """Put a line on disk; when this returns, it survives a power cut.

        Raises:
            BlurdctError: It cannot be written: whatever it announces must not be done.
        """
        line = json.dumps(entry).encode() + b"\n"
        try:
            if self._file.write(line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self.used = True
            os.fsync(self._file.fileno())
        except OSError as error:
            raise BlurdctError(f"{self.path}: cannot be written ({error.strerror})") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        if not self.used:
            self.path.unlink(missing_ok=True)


def backwards(path: str | os.PathLike[str]) -> tuple[Entry, Iterator[Entry | str]]:
    """The first line of a journal, and what was done, the latest first.

    Lines that came to nothing are left out, and so is a last one that was cut short: what it
    announces was never begun. Instead of any other line that cannot be read there is a text that
    says so. Memory holds 8 bytes a line.

    Raises:
        ConfigError: Not there, or no journal of this version.
    """
    starts = array("q", [0])
    try:
        with open(path, "rb") as file:
            first = file.readline()
            starts[0] = file.tell()
            for line in file:
                starts.append(starts[-1] + len(line))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    head = _parsed(first)
    if head is None or head.get("is") != MARK:
        raise ConfigError(f"{path}: no journal of blurdct")
    if head.get("format") != FORMAT:
        raise ConfigError(f"{path}: a journal of another blurdct (format {head.get('format')})")
    return head, _from_end(path, starts)


def _from_end(path: str | os.PathLike[str], starts: "array[int]") -> Iterator[Entry | str]:
    skip = False
    with open(path, "rb") as file:
        for number in range(len(starts) - 2, -1, -1):
            file.seek(starts[number])
            line = file.readline()
            entry = _parsed(line)
            if entry is None:
                if line.strip() and line.endswith(b"\n"):
                    yield f"{path}: line {number + 2} cannot be read"
            elif skip:
                skip = False
            elif entry["do"] == "none":
                skip = True
            else:
                yield entry


def finish(path: str | os.PathLike[str]) -> None:
    """Note that all of it is undone, if the journal can be written to."""
    # undone once more, there is nothing left to do
    with contextlib.suppress(OSError), open(path, "ab") as file:
        file.write(b'\n{"do": "undone"}\n')


def _parsed(line: bytes) -> Entry | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    good = isinstance(entry, dict) and isinstance(entry.get("do", entry.get("is")), str)
    return entry if good else None
