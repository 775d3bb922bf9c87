"""Paths that were listed already, on disk: however many they are, memory stays flat."""

import hashlib
import os
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, suppress
from glob import has_magic

from ...errors import BlurdctError
from ..archives import is_archive
from ..items import Item
from ..path_lists import LIST, STDIN
from ..tables import is_table

DIGEST = 16  # bytes, of which no two paths have the same


def once_each(items: Iterable[Item], sources: Sequence[str]) -> Iterator[Item]:
    """The same photographs, without those whose path came before.

    Args:
        items: Of these sources.
        sources: A single folder or pattern names nothing twice, so that nothing is kept of it.
    """
    return iter(items) if _names_once(sources) else _new(items)


def _names_once(sources: Sequence[str]) -> bool:
    if len(sources) != 1:
        return False
    (name,) = sources
    lists = name == STDIN or name.startswith("@") or name.lower().endswith(LIST)
    # a pattern may match archives, in which a name may stand twice
    return os.path.isdir(name) or not (
        lists or is_table(name) or is_archive(name) or has_magic(name)
    )


def _new(items: Iterable[Item]) -> Iterator[Item]:
    file, place = tempfile.mkstemp(".blurdct-seen")
    os.close(file)
    try:
        with closing(sqlite3.connect(place, isolation_level=None)) as db:
            for pragma in ("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE"):
                db.execute(f"PRAGMA {pragma}")
            db.execute("CREATE TABLE seen (path BLOB PRIMARY KEY) WITHOUT ROWID")
            db.execute("BEGIN")
            for item in items:
                path = item.path.encode("utf-8", "surrogatepass")
                key = hashlib.blake2b(path, digest_size=DIGEST).digest()
                if db.execute("INSERT OR IGNORE INTO seen VALUES (?)", (key,)).rowcount:
                    yield item
    except sqlite3.Error as error:
        raise BlurdctError(f"{place}: paths cannot be kept there ({error})") from error
    finally:
        with suppress(OSError):
            os.unlink(place)
