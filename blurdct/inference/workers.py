"""A detector and many photographs: one answer for each, in this process or in several.

What stays the same from photo to photo, such as a loaded model, is sent to a worker process once:
``keep`` it there, and let ``in_worker`` put it before every item.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, TypeVar

from ..errors import ImageError, ModelError
from ..parallel.cores import cores
from .looks import Look
from .prediction import Prediction

Answer = TypeVar("Answer")
Kept = TypeVar("Kept")

BATCH = 8  # photos that are judged at once
PAUSE = 0.1  # seconds after which fewer are, since somebody waits for answers

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
    several: Callable[[Any, Iterable[Any]], Iterator[Answer | ImageError]] | None = None,
) -> Iterator[Answer | ImageError]:
    """What a function of a detector and a photo says of many photos, in their order.

    Args:
        judge: Picklable; it raises an ``ImageError`` where a photo cannot be read.
        detector: Sent to each process once.
        photos: Paths; taken from as answers are taken.
        workers: Processes; None for one per core.
        chunk: Photos sent to a process at once.
        several: The same of a detector and of photos that are all at hand, for a process to call
            in place of ``judge``. In this process it is not called, since the next name may not be
            known before an answer is out.

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

    how: Any = partial(in_worker, several or answer)
    stream = several is not None
    yield from ordered_map(how, photos, workers, chunk, keep, (detector,), given_up, stream=stream)


def predict_each(
    detector: Any,
    photos: Iterable[Any],
    workers: int | None = 1,
    chunk: int = BATCH,
) -> Iterator[Prediction | ImageError]:
    """What ``Detector.predict`` says of many photos, in their order; a process judges some at once.

    Arguments, answers and errors are those of ``answer_each``.
    """
    return answer_each(type(detector).predict, detector, photos, workers, chunk, predictions)


def predictions(detector: Any, photos: Iterable[Any]) -> Iterator[Prediction | ImageError]:
    """The same in one process, of photos that are all at hand."""

    def looked() -> Iterator[tuple[ImageError | None, Look | None]]:
        for photo in photos:
            try:
                yield None, detector.look(*detector.opened(photo))
            except ImageError as error:
                yield error, None

    for error, verdict in judge_looks(detector, looked()):
        if isinstance(verdict, ModelError):
            raise verdict
        answer = error or verdict
        assert answer is not None
        yield answer


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


def judge_looks(
    detector: Any, looked: Iterable[tuple[Kept, Look | None]]
) -> Iterator[tuple[Kept, Prediction | ModelError | None]]:
    """The verdict on each photo, in order, some photos at once.

    Args:
        detector: The one that looked.
        looked: What the caller wants back with the verdict, and the look; None of a photo that
            could not be looked at. At most ``BATCH`` are taken before their verdicts are given.

    Yields:
        What the caller wanted back, and the verdict, or why the model gives none of this photo;
        None where there was no look.
    """
    held: list[tuple[Kept, Look | None]] = []
    since = 0.0
    try:
        for one in looked:
            since = since if held else time.monotonic()
            held.append(one)
            if len(held) == BATCH or time.monotonic() - since > PAUSE:
                done, held = held, []
                yield from _judged(detector, done)
    except Exception:  # those before it have been looked at
        yield from _judged(detector, held)
        raise
    yield from _judged(detector, held)


def _judged(
    detector: Any, held: list[tuple[Kept, Look | None]]
) -> Iterator[tuple[Kept, Prediction | ModelError | None]]:
    verdicts = iter(_verdicts(detector, [look for _, look in held if look]))
    return ((kept, next(verdicts) if look else None) for kept, look in held)


def _verdicts(detector: Any, looks: list[Look]) -> list[Prediction | ModelError]:
    """Where the model fails on several photos, that on which it fails alone has no verdict."""
    try:
        return [*detector.verdicts(looks)]
    except ModelError as error:
        if len(looks) == 1:
            return [error]
        return [one for look in looks for one in _verdicts(detector, [look])]
