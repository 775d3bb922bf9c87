"""A detector and many photographs: one answer for each, in this process or in several.

What stays the same from photo to photo, such as a loaded model, is sent to a worker process once:
``keep`` it there, and let ``in_worker`` put it before every item.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, TypeVar

from ..errors import ImageError
from ..parallel.cores import cores

Answer = TypeVar("Answer")

_kept: tuple[Any, ...] = ()  # in a worker process, its own


def keep(*given: Any) -> None:
    """What every call of ``in_worker`` begins with; the initializer of a pool of processes."""
    global _kept
    _kept = given


def in_worker(function: Callable[..., Answer], item: Any) -> Answer:
    """A function of what was kept and an item; for pools as ``partial(in_worker, function)``."""
    return function(*_kept, item)


def answer_each(
    judge: Callable[[Any, Any], Answer],
    detector: Any,
    photos: Iterable[Any],
    workers: int | None = 1,
    chunk: int = 8,
) -> Iterator[Answer | ImageError]:
    """What a function of a detector and a photo says of many photos, in their order.

    Args:
        judge: Picklable; it raises an ``ImageError`` where a photo cannot be read.
        detector: Sent to each process once.
        photos: Paths; taken from as answers are taken.
        workers: Processes; None for one per core.
        chunk: Photos sent to a process at once.

    Yields:
        An answer, or for a photo that cannot be read, or on which processes died, the
        ``ImageError`` that says why.

    Raises:
        ValueError: One path in place of several.
    """
    if isinstance(photos, (str, bytes)):
        one = judge.__name__
        raise ValueError(f"expected several paths, got one string; {one} takes one photo")
    answer = partial(answer_or_error, judge)
    if workers is None:
        workers = cores()
    if workers == 1:  # nothing is kept: another detector may take turns with this one
        yield from (answer(detector, photo) for photo in photos)
        return
    from ..parallel.pool import ordered_map  # takes tens of milliseconds

    how = partial(in_worker, answer)
    yield from ordered_map(how, photos, workers, chunk, keep, (detector,), given_up)


def given_up(photo: Any, reason: str) -> ImageError:
    """Instead of an answer: what to say of a photo that cost processes their lives."""
    name = photo if isinstance(photo, (str, bytes, os.PathLike)) else getattr(photo, "path", None)
    return ImageError(f"{'a photo' if name is None else os.fsdecode(name)}: {reason}")


def answer_or_error(
    judge: Callable[[Any, Any], Answer], detector: Any, photo: Any
) -> Answer | ImageError:
    """What a function of a detector and a photo says, or why the photo cannot be read."""
    try:
        return judge(detector, photo)
    except ImageError as error:
        return error
