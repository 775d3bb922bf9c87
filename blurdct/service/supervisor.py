"""Processes that serve side by side: started, replaced when one dies, ended in order."""

import logging.config
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from ..errors import BlurdctError
from ..parallel.cores import cores
from ..parallel.spawn import CONTEXT, end, started
from ..utils.installing import about_opencv
from ..utils.text import reason
from .logs import CONFIG, LOGGER
from .settings import PLACE

PAUSE = 0.2  # seconds between two looks at them
RETRY = 1.0  # seconds until one that could not even start is started again

Work = Callable[[Callable[[], object]], None]


def keep_running(
    work: Work,
    count: int | None,
    ready: Callable[[], object] | None = None,
    ending: Callable[[], object] | None = None,
    patience: float = 5.0,
) -> None:
    """Have so many processes at work until SIGTERM or Ctrl-C, which ends them by SIGTERM.

    Args:
        work: Picklable; called in each process with a function to call when it is ready. It
            returns when its process was sent SIGTERM.
        count: Processes; one per core if None.
        ready: Called when all are ready for the first time.
        ending: Called before they are told to end.
        patience: Seconds that processes have to end.

    Raises:
        BlurdctError: One could not start, and none before it.
        ModuleNotFoundError: It lacked a library.
    """
    stop = threading.Event()
    workers: list[_Worker] = []
    told = False
    logging.config.dictConfig(CONFIG)
    with _signals(stop):
        try:
            workers = [_start(work, place) for place in range(count or cores())]
            while not stop.is_set():
                wait([one for worker in workers for one in worker.news()], PAUSE)
                for place, worker in enumerate(workers):
                    error = worker.look()
                    if error is None:
                        continue
                    if not told:
                        raise error
                    logging.getLogger(LOGGER).warning("%s; it is replaced", error)
                    if not worker.ready:
                        stop.wait(RETRY)
                    if not stop.is_set():
                        workers[place] = _start(work, place)
                if not told and all(worker.ready for worker in workers):
                    told = True
                    if ready:
                        ready()
        finally:
            if ending:
                ending()
            end([worker.process for worker in workers], patience)
            for worker in workers:
                worker.pipe.close()


@dataclass
class _Worker:
    process: BaseProcess
    pipe: "Connection[Any, Any]"
    ready: bool = False
    error: Exception | None = None

    def news(self) -> list[Any]:
        """What to wait for."""
        return [self.process.sentinel] if self.ready else [self.process.sentinel, self.pipe]

    def look(self) -> Exception | None:
        """Why it ended, if it did."""
        if not self.ready and self.error is None and self.pipe.poll():
            with suppress(EOFError):
                self.error = self.pipe.recv()
                self.ready = self.error is None
        if self.process.is_alive():
            return None
        when = "" if self.ready else " while it started"
        return self.error or BlurdctError(
            f"a process of the service ended{when} (status {self.process.exitcode})"
        )


def _start(work: Work, place: int) -> _Worker:
    ours, theirs = CONTEXT.Pipe(False)
    process = started(_run, work, place, theirs)
    theirs.close()
    return _Worker(process, ours)


def _run(work: Work, place: int, pipe: "Connection[Any, Any]") -> None:
    """What a process does."""
    logging.config.dictConfig(CONFIG)
    os.environ[PLACE] = str(place)
    try:
        work(lambda: pipe.send(None))
    except (BlurdctError, ModuleNotFoundError) as error:
        pipe.send(about_opencv(error) or error)
        sys.exit(1)
    except Exception as error:
        if known := about_opencv(error):
            pipe.send(known)
            sys.exit(1)
        logging.getLogger(LOGGER).exception("a process of the service ends")
        pipe.send(
            BlurdctError(f"a process of the service ended ({reason(error)}); the log says more")
        )
        sys.exit(1)


@contextmanager
def _signals(stop: threading.Event) -> Iterator[None]:
    """SIGTERM and SIGINT set an event meanwhile."""
    before = {
        number: signal.signal(number, lambda *_: stop.set())
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
