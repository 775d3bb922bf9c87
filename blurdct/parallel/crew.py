"""Threads that hand work on, each to a process of its own, and that replace it when it dies.

Each process has a pipe that only it and its thread hold: its death is the end of the pipe, whenever
it comes, also while the process starts or in the middle of an answer. Whatever may be large, such
as a model, goes through this pipe. ``pool`` and ``crash_safe_pool`` put items in and take answers.
"""

import atexit
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Self

from ..errors import BlurdctError
from .process import Process

DIED = "the worker process died on it"
AT_ONCE = (
    "worker processes die at once; fewer workers need less memory, and a script that starts them "
    'needs if __name__ == "__main__":'
)
STARTS = 3  # that fail one after the other: then no process will ever be ready
LOOK = 0.5  # seconds after which a wait begins anew, for systems where Ctrl-C cannot end one


@dataclass(frozen=True)
class Heard:
    """What became of some items of a batch; batches and their items are heard of in order.

    Attributes:
        batch: Its number.
        answers: For each of the next items, whether it went well, and the answer or the exception.
        lost: The next item after these, that cannot be done, and why.
    """

    batch: int
    answers: Sequence[tuple[bool, Any]] = ()
    lost: tuple[Any, str] | None = None


_open: "weakref.WeakSet[Crew]" = weakref.WeakSet()


@atexit.register
def _end_all() -> None:
    """Before the library ends the processes, which would then be started anew."""
    for crew in list(_open):
        crew.close(0.0)


class Crew:
    """So many processes that do batches of items; a context, after which all are gone."""

    def __init__(
        self,
        function: Callable[[Iterator[Any]], Iterable[Any]],
        workers: int,
        limit: float | None = None,
        initializer: Callable[..., object] | None = None,
        initargs: tuple[object, ...] = (),
        patience: float = 0.0,
    ) -> None:
        """Start nothing yet.

        Args:
            function: A picklable function of a stream of items, which gives the answer to each.
            workers: Processes at most.
            limit: Seconds that an item may take.
            initializer: Called in every process first.
            initargs: Its arguments.
            patience: Seconds that processes have in the end to finish the item they are at.
        """
        self.setup = (function, initializer, initargs)
        self.limit = limit
        self._patience = patience
        self._most = workers
        self._hands: list[_Hand] = []
        self._todo: SimpleQueue[tuple[int, Sequence[Any]] | None] = SimpleQueue()
        self._heard: SimpleQueue[Heard | BaseException] = SimpleQueue()
        self._lock = threading.Lock()
        self._undone = 0  # batches
        self._failed = 0  # starts, one after the other
        self._over = False
        _open.add(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close(self._patience)

    def close(self, patience: float) -> None:
        """End all processes: in so many seconds those that are busy, the others at once."""
        with self._lock:
            self._over = True
        ends = time.monotonic() + patience
        for hand in self._hands:
            self._todo.put(None)  # for one that waits
            hand.stop(max(0.0, ends - time.monotonic()))
        for hand in self._hands:
            hand.thread.join(max(0.0, ends - time.monotonic()))
            hand.kill()
        for hand in self._hands:
            hand.thread.join()

    def give(self, batch: int, items: Sequence[Any]) -> None:
        """Have a batch done, not empty; numbers rise."""
        with self._lock:
            self._undone += 1
            wanted = self._undone > len(self._hands) < self._most
        self._todo.put((batch, items))
        if wanted:
            self._hands.append(_Hand(self))

    def hear(self) -> Heard:
        """What is known next; waits for it.

        Raises:
            BlurdctError: Processes die before they are ready, or cannot be made ready.
        """
        while True:
            with suppress(Empty):
                heard = self._heard.get(timeout=LOOK)
                if isinstance(heard, BaseException):
                    raise heard
                return heard

    # What the threads call.

    def next_batch(self) -> tuple[int, Sequence[Any]] | None:
        """What to do next, waiting for it; None in the end."""
        job = self._todo.get()
        return None if self._over else job

    def tell(self, heard: Heard | BaseException) -> None:
        """Pass something on."""
        self._heard.put(heard)

    def done(self) -> None:
        """A batch is done."""
        with self._lock:
            self._undone -= 1

    def process(self, hand: "_Hand") -> bool:
        """Give it a new process; False in the end.

        Raises:
            BlurdctError: The system has no room for one.
        """
        with self._lock:
            if self._over:
                return False
            try:
                hand.process = Process()
            except OSError as error:
                words = f"a worker process cannot start ({error.strerror}); try fewer workers"
                raise BlurdctError(words) from error
            return True

    def started(self, well: bool) -> None:
        """A process is ready, or died before it was.

        Raises:
            BlurdctError: None has become ready for a while.
        """
        with self._lock:
            self._failed = 0 if well else self._failed + 1
            if self._failed >= STARTS:
                raise BlurdctError(AT_ONCE)


class _Hand:
    """A thread, and the process that works for it.

    Attributes:
        thread: It ends with the crew.
        process: None before the first batch.
    """

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self.process: Process | None = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def stop(self, patience: float) -> None:
        """Have the process end when the item at hand is done."""
        if process := self.process:
            process.stop(patience)

    def kill(self) -> None:
        """Have the process end now."""
        if process := self.process:
            process.kill()

    def _run(self) -> None:
        try:
            while job := self._crew.next_batch():
                self._do(*job)
                self._crew.done()
        except Exception as error:  # also what an answer raises when it is unpacked: the caller's
            self._crew.tell(error)
        finally:
            if self.process:
                self.process.end()

    def _do(self, batch: int, items: Sequence[Any]) -> None:
        """One batch, by as many processes as it takes.

        An item on which a process died is done again, by another one that answers item by item;
        if that dies on it, too, the item is lost. One that took too long is not tried again.
        """
        left, again, limit = deque(items), False, self._crew.limit
        while left and (self.process or self._crew.process(self)):
            assert self.process
            process, why = self.process, ""
            with suppress(EOFError, OSError):  # it died
                self._make_ready(process)
                process.send((again or limit is not None, list(left)))
                while left:
                    if limit is not None and not process.pipe.poll(limit):
                        why = f"took longer than {limit:g} seconds"
                        break
                    answers = process.pipe.recv()
                    for _ in answers:
                        left.popleft()
                    self._crew.tell(Heard(batch, answers))
                else:
                    return
            process.end()
            self.process = None
            if not process.ready:
                self._crew.started(False)
            elif again and not why:
                why = DIED
            if why:
                self._crew.tell(Heard(batch, lost=(left.popleft(), why)))
            again = (process.ready or again) and not why

    def _make_ready(self, process: "Process") -> None:
        if not process.ready:
            process.send(self._crew.setup)
            if error := process.pipe.recv():
                raise error
            process.ready = True
            self._crew.started(True)
