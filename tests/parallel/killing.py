"""Killing the processes that a pool starts, and what they are given to do meanwhile."""

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LARGE = b"\1" * (4 << 20)  # a model: a pipe holds 64 KiB

_kept: list[bytes] = []


def keep(data: bytes) -> None:
    """An initializer that is given much."""
    _kept[:] = [data]


def size_of(item: object) -> tuple[object, int]:
    """An item, and how much its process keeps; slow enough to be killed."""
    time.sleep(0.03)
    return item, len(_kept[0])


@contextmanager
def killed_as_they_start(after: float = 0.0, most: int = 1 << 30) -> Iterator[list[int]]:
    """Meanwhile, child processes are killed so many seconds after they are seen first.

    Args:
        after: Seconds; a process takes about 0.2 to import what it needs.
        most: How many.
    """
    over, killed, seen = threading.Event(), [], {}

    def watch() -> None:
        while not over.wait(0.002):
            now = time.monotonic()
            for process in multiprocessing.active_children():
                number = process.pid or 0
                since = seen.setdefault(number, now)
                if now - since >= after and number not in killed and len(killed) < most:
                    with suppress(OSError):
                        os.kill(number, 9)
                    killed.append(number)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()


def runs(process: int) -> bool:
    """Whether it does; one that ended and that nobody has asked after does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait for it."""
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.01)
