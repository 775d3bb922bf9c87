"""Work spread over processes, answers in the order of the questions."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import TypeVar

from ..errors import BlurdctError, ConfigError
from .cores import cores
from .spawn import CONTEXT, begin, starting

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def ordered_map(
    function: Callable[[Item], Answer],
    items: Iterable[Item],
    workers: int | None = None,
    chunk: int = 8,
    initializer: Callable[..., object] | None = None,
    initargs: tuple[object, ...] = (),
) -> Iterator[Answer]:
    """``map`` over processes: lazy, in order, a bounded number of items ahead.

    Args:
        function: A picklable function of one item.
        items: Taken from as answers are taken, so it may be endless.
        workers: Processes; None for one per core, 1 for none but this one.
        chunk: Items sent to a worker at once.
        initializer: Called in every worker first (in this process when ``workers`` is 1).
        initargs: Its arguments.

    Raises:
        ConfigError: Fewer than one worker.
        BlurdctError: A worker process was killed.
    """
    count = cores() if workers is None else workers
    if count < 1:
        raise ConfigError(f"workers: expected at least 1, got {count}")
    if count == 1:
        if initializer:
            initializer(*initargs)
        yield from map(function, items)
        return
    source = iter(items)
    setup = (initializer, initargs)
    with ProcessPoolExecutor(count, CONTEXT, initializer=_set_up, initargs=setup) as executor:
        waiting: deque[Future[list[Answer]]] = deque()
        try:
            with starting():
                for _ in range(count):  # each starts a process, as none is idle yet
                    executor.submit(_nothing)
            while True:
                while len(waiting) < 3 * count and (batch := list(islice(source, chunk))):
                    with starting():  # if one was idle above, the last of them starts only here
                        waiting.append(executor.submit(_run, function, batch))
                if not waiting:
                    return
                yield from waiting.popleft().result()
        except BrokenProcessPool as error:
            raise BlurdctError("a worker process died; fewer workers need less memory") from error
        finally:
            # waits for what runs: whoever reads or removes files next must be alone with them
            executor.shutdown(cancel_futures=True)


def _set_up(initializer: Callable[..., object] | None, initargs: tuple[object, ...]) -> None:
    begin()
    if initializer:
        initializer(*initargs)


def _run(function: Callable[[Item], Answer], batch: list[Item]) -> list[Answer]:
    return [function(item) for item in batch]


def _nothing() -> None:
    """What a worker does to be there."""
