"""A journal: what is about to be done to files, one line for each, on disk before it is done.

JSON lines. The first says what it is; each of the others holds ``do`` and the paths, absolute.
``none`` takes back the line before it, which came to nothing, and ``undone`` the whole journal.
``within`` names a folder: files that other lines are about lie in or below one of these, once all
links are followed. Undoing keeps to that, whoever wrote the other lines. Journals of format 1 have
no such lines, and are else the same: whoever undoes one names the folders.
"""

import contextlib
import errno
import json
import os
import re
import stat
from array import array
from collections.abc import Iterator, Set
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from .._version import __version__
from ..errors import BlurdctError, ConfigError
from .file_ops import sync_folder

MARK = "blurdct journal"
FORMAT = 2
READ = (1, FORMAT)
ENDING = ".journal.jsonl"

Entry = dict[str, Any]
WITHIN = "within"
_TOKEN = re.compile("[0-9a-f]{8}")


class JournalError(BlurdctError):
    """A journal cannot be written, and so nothing more may be done."""


class Journal:
    """A journal that is being written; a context manager, and gone if nothing was done."""

    def __init__(self, folder: str | os.PathLike[str], action: str) -> None:
        """Begin a new one, ``blurdct-ACTION-TIME.journal.jsonl`` in that folder.

        Raises:
            ConfigError: No file can be written there.
        """
        self.used = False  # whether anything was announced
        self._folders: set[str] = set()
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
        self.used = False
        sync_folder(self.path.parent)

    def add(self, entry: Entry) -> None:
        """Put a line on disk; when this returns, it survives a power cut.

        Raises:
            JournalError: It cannot be written: whatever it announces must not be done.
        """
        line = json.dumps(entry).encode() + b"\n"
        try:
            if self._file.write(line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self.used = entry.get("do") != WITHIN or self.used
            os.fsync(self._file.fileno())
        except OSError as error:
            raise JournalError(f"{self.path}: cannot be written ({error.strerror})") from error

    def keep_within(self, *folders: str) -> None:
        """Name folders that the next lines are about, unless they lie in or below others."""
        for folder in folders:
            real = os.path.realpath(folder)
            if not within(real, self._folders):
                self._folders.add(real)
                self.add({"do": WITHIN, "to": real})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        if not self.used:
            self.path.unlink(missing_ok=True)


def within(path: str, folders: Set[str]) -> bool:
    """Whether a path without links lies in or below one of these folders, or is one of them."""
    while path not in folders:
        above = os.path.dirname(path)
        if above == path:
            return False
        path = above
    return True


def backwards(
    path: str | os.PathLike[str],
) -> tuple[str, set[str], Iterator[Entry | str]]:
    """A journal's token, the folders that it names, and what was done, the latest first.

    One of format 1 names none.

    Lines that came to nothing are left out, and so is a last one that was cut short: what it
    announces was never begun. Instead of any other line that cannot be read there is a text that
    says so. Memory holds 8 bytes a line.

    Raises:
        ConfigError: Not there, or no journal of this version.
    """
    starts = array("q", [0])
    folders = set[str]()
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise ConfigError(f"{path}: no journal of blurdct")
        with open(path, "rb") as file:
            first = file.readline()
            starts[0] = file.tell()
            for line in file:
                starts.append(starts[-1] + len(line))
                if b'"within"' in line and (entry := _parsed(line)) and entry.get("do") == WITHIN:
                    folders.add(str(entry.get("to")))
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such file") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    head = _parsed(first)
    if head is None or head.get("is") != MARK:
        raise ConfigError(f"{path}: no journal of blurdct")
    if head.get("format") not in READ:
        version = str(head.get("version"))[:40]
        raise ConfigError(
            f"{path}: a journal of another version of blurdct (format {head.get('format')}): undo "
            f"it by blurdct {version}, which wrote it, or a later one; this is {__version__}"
        )
    token = head.get("token")
    if not (isinstance(token, str) and _TOKEN.fullmatch(token)):
        raise ConfigError(f"{path}: no journal of blurdct (its token is damaged)")
    return token, folders, _from_end(path, starts)


def _from_end(path: str | os.PathLike[str], starts: "array[int]") -> Iterator[Entry | str]:
    skip = False
    with open(path, "rb") as file:
        for number in range(len(starts) - 2, -1, -1):
            file.seek(starts[number])
            line = file.readline()
            entry = _parsed(line)
            if entry is None or "do" not in entry:
                if line.strip() and line.endswith(b"\n"):
                    yield f"line {number + 2} cannot be read"
            elif skip:
                skip = False
            elif entry["do"] == "none":
                skip = True
            elif entry["do"] != WITHIN:
                yield entry


def finish(path: str | os.PathLike[str]) -> None:
    """Note that all of it is undone, if the journal can be written to."""
    # undone once more, there is nothing left to do
    with contextlib.suppress(OSError), open(path, "ab") as file:
        file.write(b'\n{"do": "undone"}\n')


def _parsed(line: bytes) -> Entry | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):  # the latter of what is nested too deep
        return None
    good = isinstance(entry, dict) and isinstance(entry.get("do", entry.get("is")), str)
    return entry if good else None
