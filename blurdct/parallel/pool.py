"""Work spread over processes, answers in the order of the questions."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, islice
from typing import Any, TypeVar

from ..errors import BlurdctError, ConfigError
from .cores import cores
from .crew import Crew
from .process import one_by_one

Item = TypeVar("Item")
Answer = TypeVar("Answer")

PATIENCE = 10.0  # seconds that processes have in the end for the item that they are at


def ordered_map(
    function: Callable[[Item], Answer],
    items: Iterable[Item],
    workers: int | None = None,
    chunk: int = 8,
    initializer: Callable[..., object] | None = None,
    initargs: tuple[object, ...] = (),
    lost: Callable[[Item, str], Answer] | None = None,
    stream: bool = False,
) -> Iterator[Answer]:
    """``map`` over processes: lazy, in order, a bounded number of items ahead.

    Args:
        function: A picklable function of one item.
        items: Taken from as answers are taken, so it may be endless.
        workers: Processes; None for one per core, 1 for none but this one.
        chunk: Items sent to a worker at once.
        initializer: Called in every worker first (in this process when ``workers`` is 1).
        initargs: Its arguments.
        lost: Answers for an item on which two processes died, given the reason; if left out,
            that is the end.
        stream: The function takes an iterator of items and gives one of their answers, in order;
            it may look at as many items ahead as are sent at once.

    Raises:
        ConfigError: Fewer than one worker.
        BlurdctError: Worker processes die before they are ready; or two of them on one item.
    """
    source = iter(items)
    batches = iter(lambda: list(islice(source, 1 if workers == 1 else chunk)), [])
    yield from ordered_batches(function, batches, workers, initializer, initargs, lost, stream)


def ordered_batches(
    function: Callable[[Item], Answer],
    batches: Iterable[Sequence[Item]],
    workers: int | None = None,
    initializer: Callable[..., object] | None = None,
    initargs: tuple[object, ...] = (),
    lost: Callable[[Item, str], Answer] | None = None,
    stream: bool = False,
) -> Iterator[Answer]:
    """The same of items in batches, each sent to a worker at once; still one answer for an item."""
    count = cores() if workers is None else workers
    if count < 1:
        raise ConfigError(f"workers: expected at least 1, got {count}")
    answered: Any = function if stream else partial(one_by_one, function)
    if count == 1:
        if initializer:
            initializer(*initargs)
        yield from answered(chain.from_iterable(batches))
        return
    source = filter(None, batches)
    begun, over = 0, 0  # batches
    waiting: deque[tuple[int, list[tuple[bool, Any]]]] = deque()  # how many items, their answers
    # waits for what runs: whoever reads or removes files next must be alone with them
    with Crew(answered, count, None, initializer, initargs, PATIENCE) as crew:
        while True:
            while len(waiting) < 3 * count and (few := next(source, None)):
                crew.give(begun, few)
                waiting.append((len(few), []))
                begun += 1
            if not waiting:
                return
            size, answers = waiting[0]
            while len(answers) < size:
                heard = crew.hear()
                place = waiting[heard.batch - over][1]
                place += heard.answers
                if heard.lost:
                    place.append(_instead(lost, *heard.lost))
            waiting.popleft()
            over += 1
            for fine, answer in answers:
                if not fine:
                    raise answer
                yield answer


def _instead(
    lost: Callable[[Item, str], Answer] | None, item: Item, reason: str
) -> tuple[bool, Any]:
    if lost:
        return True, lost(item, reason)
    return False, BlurdctError("a worker process died; fewer workers need less memory")
