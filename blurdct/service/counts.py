"""The folder in which the processes of a service count together, and what others left behind.

Whose folder is in use is told by a lock on it: numbers of processes mean something else in another
container that shares the memory, and the system drops a lock with its holder, however that ends.
"""

import fcntl
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..utils.text import reason
from .logs import LOGGER
from .settings import COUNTS

MEMORY = Path("/dev/shm")  # counts need no disk
NAME = "blurdct-counts-"
UNLOCKED = f".{NAME}"  # until its lock is held, a folder has a name that nobody looks for


@contextmanager
def shared_counts() -> Iterator[None]:
    """A folder for the processes started meanwhile, named by a variable; removed in the end.

    Where there can be none, each process counts for itself.
    """
    for place in (MEMORY, Path(tempfile.gettempdir())):
        _remove_left(place)
    try:
        folder, lock = _made()
    except OSError as error:
        words = "processes count each for itself: no folder for their counts (%s)"
        logging.getLogger(LOGGER).warning(words, reason(error))
        yield
        return
    os.environ[COUNTS] = str(folder)
    try:
        yield
    finally:
        os.environ.pop(COUNTS, None)
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _made() -> tuple[Path, int]:
    """A new folder, and the descriptor that holds its lock."""
    try:
        made = Path(tempfile.mkdtemp(prefix=UNLOCKED, dir=MEMORY))
    except OSError:
        made = Path(tempfile.mkdtemp(prefix=UNLOCKED))
    lock = -1
    try:
        lock = _opened(made)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return made.rename(made.with_name(made.name.removeprefix("."))), lock
    except OSError:
        if lock >= 0:
            os.close(lock)
        shutil.rmtree(made, ignore_errors=True)
        raise


def _remove_left(place: Path) -> None:
    """Remove what services left that were killed; what is locked, or another user's, stays."""
    with suppress(OSError):
        for left in place.glob(f"{NAME}*"):
            with suppress(OSError):
                _remove_unlocked(left)


def _remove_unlocked(folder: Path) -> None:
    lock = _opened(folder)
    try:
        if os.fstat(lock).st_uid == os.geteuid():
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)


def _opened(folder: Path) -> int:
    """No link, and no file that is waited for."""
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
