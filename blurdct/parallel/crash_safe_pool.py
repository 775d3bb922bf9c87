"""Work spread over processes that may die of it: a death costs one item, not the work.

Unlike in ``pool``, answers come as they are ready. Each process has a pipe of its own, so it is
known which batch it was busy with when it died; another one does that again, carefully: it answers
item by item.
"""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import suppress
from multiprocessing.connection import wait
from typing import Any, TypeVar

from ..errors import BlurdctError
from .spawn import CONTEXT, end, started

Item = TypeVar("Item")
Answer = TypeVar("Answer")

DIED = "the worker process died on it"
STARTS = 3  # that fail one after the other: then no process will ever be ready


def crash_safe_map(
    function: Callable[[Item], Answer],
    batches: Iterable[Sequence[Item]],
    lost: Callable[[Item, str], Answer],
    workers: int,
    limit: float | None = None,
    initializer: Callable[..., object] | None = None,
    initargs: tuple[object, ...] = (),
) -> Generator[Answer, None, None]:
    """One answer for each item, in no order, always from other processes than this one.

    Args:
        function: A picklable function of one item.
        batches: Items that are sent to a process at once; taken from when a process was given one,
            so that the next is at hand when it is done.
        lost: Answers for an item that cannot be done, given the reason: it took too long, or a
            process died on it after another one had died on its batch (a single process may have
            been killed for something else).
        workers: Processes at most.
        limit: Seconds that an item may take.
        initializer: Called in every process first.
        initargs: Its arguments.

    Raises:
        BlurdctError: Processes die before they are ready.
    """
    source = filter(None, batches)
    setup = (function, initializer, initargs)
    busy: dict[Any, _Worker] = {}  # by pipe
    idle: list[_Worker] = []
    failed = 0  # starts, one after the other
    heard: list[tuple[bool, Any]] = []  # that are still to be passed on
    try:
        batch = next(source, None)
        while True:
            while batch and len(busy) < workers:
                worker = idle.pop() if idle else _Worker(setup)
                busy[worker.pipe] = worker
                worker.give(batch, limit is not None)
                batch = next(source, None)
            for fine, answer in heard:  # now that all processes have something to do
                if not fine:
                    raise answer
                yield answer
            heard = []
            if not busy:
                return
            ready: list[Any] = wait(list(busy), limit)
            if limit is not None:
                for worker in busy.values():
                    if worker.pipe not in ready:
                        worker.hurry(limit)
            for pipe in ready:
                worker = busy[pipe]
                try:
                    said = pipe.recv()
                except (EOFError, OSError):  # it died
                    del busy[pipe]
                    worker.end()
                    failed = 0 if worker.begun else failed + 1
                    if failed == STARTS:
                        message = "worker processes die at once; fewer workers need less memory"
                        raise BlurdctError(message) from None
                    reason = worker.reason or (DIED if worker.begun and worker.again else "")
                    if reason:
                        heard.append((True, lost(worker.items.popleft(), reason)))
                    if worker.items:
                        again = (worker.begun or worker.again) and not reason
                        heir = _Worker(setup)
                        busy[heir.pipe] = heir
                        heir.give(worker.items, limit is not None, again)
                    continue
                worker.heard(said)
                if not worker.items:
                    idle.append(busy.pop(pipe))
                heard += said
    finally:
        for worker in (*busy.values(), *idle):
            worker.end()


class _Worker:
    """A process, and what it has still to do.

    Attributes:
        pipe: To it and from it.
        items: Without an answer.
        begun: Whether it was ever ready.
        again: Whether another one has died on its batch.
        reason: Why it was killed, if it was.
    """

    def __init__(self, setup: tuple[Any, ...]) -> None:
        self.pipe, its_end = CONTEXT.Pipe()
        self._process = started(_serve, its_end, *setup)
        its_end.close()  # so that its death is the end of the pipe
        self.items: deque[Any] = deque()
        self.begun, self.again, self.reason = False, False, ""
        self._since = 0.0

    def give(self, items: Sequence[Any], each: bool, again: bool = False) -> None:
        """Send a batch; answers are to come when all of it is done, or each at once."""
        self.items, self.again = deque(items), again
        self._since = time.monotonic()
        with suppress(OSError):  # it died, which will be heard
            self.pipe.send((each or again, list(items)))

    def heard(self, said: Sequence[Any]) -> None:
        """Note what it said: answers to the first items, or nothing, which is that it is ready."""
        self._since = time.monotonic()
        self.begun, self.reason = True, ""
        for _ in said:
            self.items.popleft()

    def hurry(self, limit: float) -> None:
        """Kill it if it has been busy with its first item for longer than this."""
        if self.begun and not self.reason and time.monotonic() - self._since > limit:
            self.reason = f"took longer than {limit:g} seconds"
            self._process.kill()

    def end(self) -> None:
        """Kill it; it holds nothing that could be lost."""
        self.pipe.close()
        end([self._process])


def _serve(
    pipe: Any,
    function: Callable[[Any], Any],
    initializer: Callable[..., object] | None,
    initargs: tuple[object, ...],
) -> None:
    """What a process does until the other end of its pipe is closed."""
    if initializer:
        initializer(*initargs)
    with suppress(EOFError, OSError):
        pipe.send([])
        while True:
            each, items = pipe.recv()
            said: list[tuple[bool, Any]] = []
            for item in items:
                try:
                    said.append((True, function(item)))
                except Exception as error:
                    said.append((False, error))
                if each:
                    pipe.send(said)
                    said = []
            if said:
                pipe.send(said)
