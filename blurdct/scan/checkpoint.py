"""Rows of a scan that is under way, in a file that outlives whatever ends the scan.

An SQLite database: rows become part of it in whole batches, or not at all. A photograph's number is
its place in the list of this run; what an earlier run left has smaller numbers, until it is kept.
"""

import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from ..errors import BlurdctError, ConfigError
from ..results import COLUMNS, Row

BATCH = 4096  # rows
PAUSE = 1.0  # seconds after which a smaller batch is written, too
APPLICATION = 0x626C7572  # by which the file is known: "blur"
RUN = 1 << 40  # photographs; more than any run has
TABLES = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value);
CREATE TABLE rows (number INTEGER PRIMARY KEY, path BLOB UNIQUE, bytes, modified, row TEXT);
"""
# Of what has the same path twice in one run, be it two members of an archive, the first counts,
# whichever is done first.
INSERT = f"""
INSERT INTO rows VALUES (?, ?, ?, ?, ?) ON CONFLICT (path) DO UPDATE SET
    number = excluded.number, bytes = excluded.bytes, modified = excluded.modified,
    row = excluded.row
WHERE number / {RUN} < excluded.number / {RUN} OR number >= excluded.number
"""
# Rows of the past that are taken into this run: behind all others, in their order.
HOLD = f"""
UPDATE rows SET number = ? * {RUN} + {RUN} / 2 + place FROM (
    SELECT number AS old, row_number() OVER (ORDER BY number) AS place FROM rows
    WHERE number < ? * {RUN} AND held(path)
) WHERE number = old
"""
UNWRITTEN, FOREIGN = "cannot be written", "damaged, or not the work of a scan"
REASONS = {
    sqlite3.SQLITE_BUSY: "another scan is writing it",
    sqlite3.SQLITE_CANTOPEN: "cannot be made there",
    sqlite3.SQLITE_READONLY: "may not be written to",
    sqlite3.SQLITE_FULL: "cannot be written: the disk is full",
    sqlite3.SQLITE_NOTADB: FOREIGN,
    sqlite3.SQLITE_CORRUPT: FOREIGN,
}


class Checkpoint:
    """The file, locked against all others until it is closed."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open the file; make it if there is none.

        Raises:
            ConfigError: It cannot be written, is something else, or is in use.
        """
        self.path = Path(path)
        self.new = not os.path.lexists(self.path)
        self.kept = 0  # rows that were kept in this run
        self._run = self._pending = 0
        self._since = 0.0
        self._more = False  # whether it is known that there is more than the columns of results
        try:
            self._db = sqlite3.connect(self.path, timeout=0, isolation_level=None)
        except sqlite3.Error as error:
            raise ConfigError(f"{self.path}: {_why(error)}") from error
        try:
            self._lock()
        except sqlite3.Error as error:
            self.close()
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            why = _why(error)
            kind = BlurdctError if code == sqlite3.SQLITE_FULL else ConfigError
            raise kind(f"{self.path}: {why}") from error
        except ConfigError:
            self.close()
            raise

    def _lock(self) -> None:
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")  # until it is closed
        self._db.execute("BEGIN EXCLUSIVE")
        if not self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            self._db.execute(f"PRAGMA application_id = {APPLICATION}")
            for table in filter(str.strip, TABLES.split(";")):
                self._db.execute(table)
        elif self._db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
            raise ConfigError(f"{self.path}: {FOREIGN}")
        self._db.execute("COMMIT")

    @property
    def facts(self) -> Row:
        """What ``begin`` was told; empty if nothing has begun."""
        found = self._execute("SELECT value FROM facts WHERE name = 'facts'").fetchone()
        return self._read(found[0]) if found else {}

    @property
    def has_more(self) -> bool:
        """Whether there may be rows with columns beside those of results."""
        return bool(self._execute("SELECT 1 FROM facts WHERE name = 'more'").fetchone())

    def begin(self, facts: Row, rows: Iterable[Row] = ()) -> None:
        """Forget everything, and begin with rows that are known already; all of that or nothing."""
        self._execute("BEGIN")
        try:
            self._execute("DELETE FROM rows")
            self._execute("DELETE FROM facts WHERE name = 'more'")
            self._more = False
            for number, row in enumerate(rows):
                self._execute(INSERT, *_values(number, row))
                self._note_more(row)
            self._execute("INSERT OR REPLACE INTO facts VALUES ('facts', ?)", json.dumps(facts))
            self._execute("INSERT OR REPLACE INTO facts VALUES ('run', 0)")
            self._execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.rollback()
            raise

    def next_run(self) -> None:
        """From now on rows that are neither put nor kept belong to the past."""
        self._execute("UPDATE facts SET value = value + 1 WHERE name = 'run'")
        (self._run,) = self._execute("SELECT value FROM facts WHERE name = 'run'").fetchone()

    def keep(
        self,
        number: int,
        path: str,
        size: int | None,
        modified: float | None,
        more: Row | None = None,
    ) -> bool:
        """Whether there is a row of this photograph as it is now; if so it is one of this run.

        Args:
            number: Its place in the list.
            path: As in its row.
            size: Of the file, bytes; None if nobody knows.
            modified: When it was last changed, seconds since 1970; None if nobody knows.
            more: What a table says of it now; None if there is none, and the row is as it was.
        """
        key = _key(path)
        found = self._execute(
            "SELECT number, bytes, modified FROM rows WHERE path = ?", key
        ).fetchone()
        if not found:
            return False
        if found[0] >= self._run * RUN:
            return True
        if size not in (None, found[1]) or modified not in (None, found[2]):
            return False
        self._change("UPDATE rows SET number = ? WHERE path = ?", self._run * RUN + number, key)
        if more is not None:
            (text,) = self._execute("SELECT row FROM rows WHERE path = ?", key).fetchone()
            row = {name: value for name, value in self._read(text).items() if name in COLUMNS}
            told = json.dumps({**row, **more})
            if told != text:
                self._change("UPDATE rows SET row = ? WHERE path = ?", told, key)
                self._note_more(more)
        self.kept += 1
        return True

    def put(self, number: int, row: Row) -> None:
        """Add a photograph's row, by its place in the list; an older one is replaced."""
        self._change(INSERT, *_values(self._run * RUN + number, row))
        self._note_more(row)

    def hold(self, wanted: Callable[[str], bool]) -> int:
        """Take rows of the past into this run whose paths are wanted; how many they were."""

        def held(path: bytes) -> bool:
            return wanted(path.decode("utf-8", "surrogatepass"))

        self._db.create_function("held", 1, held)
        return self._execute(HOLD, self._run, self._run).rowcount

    def commit(self) -> None:
        """Make what was put and kept part of the file."""
        if self._db.in_transaction:
            self._execute("COMMIT")
        self._pending = 0

    def rows(self) -> Iterator[Row]:
        """The rows of this run, in the order of the list."""
        found = self._execute(
            "SELECT row FROM rows WHERE number >= ? ORDER BY number", self._run * RUN
        )
        for (row,) in found:
            yield self._read(row)

    def count(self) -> tuple[int, int]:
        """Rows of this run, and of the past."""
        first = self._run * RUN
        count = "SELECT count(*) FROM rows WHERE number"
        (now,) = self._execute(f"{count} >= ?", first).fetchone()
        (past,) = self._execute(f"{count} < ?", first).fetchone()
        return now, past

    def close(self) -> None:
        """Give the file free; what was not committed is lost."""
        self._db.close()

    def remove(self) -> None:
        """Close, and remove the file."""
        self.close()
        self.path.unlink(missing_ok=True)

    def _change(self, statement: str, *values: Any) -> None:
        """Change rows, and commit now and then."""
        if not self._db.in_transaction:
            self._execute("BEGIN")
            self._since = time.monotonic()
        self._execute(statement, *values)
        self._pending += 1
        if self._pending == BATCH or time.monotonic() - self._since > PAUSE:
            self.commit()

    def _note_more(self, row: Row) -> None:
        if not self._more and row.keys() - COLUMNS.keys():
            self._execute("INSERT OR REPLACE INTO facts VALUES ('more', 1)")
            self._more = True

    def _read(self, text: Any) -> Row:
        """What stands in the file, which may be anybody's work."""
        try:
            return dict(json.loads(text))
        except (ValueError, TypeError, RecursionError) as error:
            raise ConfigError(f"{self.path}: {FOREIGN}") from error

    def _execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
        try:
            return self._db.execute(statement, values)
        except sqlite3.Error as error:  # the disk is full, as a rule
            raise BlurdctError(f"{self.path}: {_why(error)}") from error


def _why(error: sqlite3.Error) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return REASONS.get(code, f"{UNWRITTEN} ({error})")


def _values(number: int, row: Row) -> tuple[Any, ...]:
    # ASCII, in which JSON can hold the lone surrogates of names that are no UTF-8
    return number, _key(row["path"]), row.get("bytes"), row.get("modified"), json.dumps(row)


def _key(path: str) -> bytes:
    return path.encode("utf-8", "surrogatepass")
