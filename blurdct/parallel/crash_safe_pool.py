"""Work spread over processes that may die of it: a death costs one item, not the work.

Unlike in ``pool``, answers come as they are ready, and an item may have a limit of time.
"""

from collections.abc import Callable, Generator, Iterable, Sequence
from functools import partial
from typing import Any, TypeVar

from .crew import Crew
from .process import one_by_one

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def crash_safe_map(
    function: Callable[[Item], Answer],
    batches: Iterable[Sequence[Item]],
    lost: Callable[[Item, str], Answer],
    workers: int,
    limit: float | None = None,
    initializer: Callable[..., object] | None = None,
    initargs: tuple[object, ...] = (),
    stream: bool = False,
) -> Generator[Answer, None, None]:
    """One answer for each item, in no order, always from other processes than this one.

    Args:
        function: A picklable function of one item.
        batches: Items that are sent to a process at once; taken from when a process is done with
            one, so that there is always one at hand.
        lost: Answers for an item that cannot be done, given the reason: it took too long, or a
            process died on it after another one had died on its batch (a single process may have
            been killed for something else).
        workers: Processes at most.
        limit: Seconds that an item may take.
        initializer: Called in every process first.
        initargs: Its arguments.
        stream: The function takes an iterator of items and gives one of their answers, in order.

    Raises:
        BlurdctError: Processes die before they are ready.
    """
    answers: Any = function if stream else partial(one_by_one, function)
    with Crew(answers, workers, limit, initializer, initargs) as crew:
        yield from crew_answers(crew, batches, lost, workers)


def crew_answers(
    crew: Crew,
    batches: Iterable[Sequence[Item]],
    lost: Callable[[Item, str], Answer],
    workers: int,
) -> Generator[Answer, None, None]:
    """The same of processes that are there already, and stay; see ``crash_safe_map``."""
    source = filter(None, batches)
    left: dict[int, int] = {}  # by number of a batch, items without an answer
    begun = 0
    while True:
        while len(left) <= workers and (few := next(source, None)):
            crew.give(begun, few)
            left[begun] = len(few)
            begun += 1
        if not left:
            return
        heard = crew.hear()
        left[heard.batch] -= len(heard.answers) + (heard.lost is not None)
        if not left[heard.batch]:
            del left[heard.batch]
        for fine, answer in heard.answers:
            if not fine:
                raise answer
            yield answer
        if heard.lost:
            yield lost(*heard.lost)
