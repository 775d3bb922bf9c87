"""A photograph of a collection -> its verdict, or its row of results; here or in processes."""

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from ..config import ReadConfig
from ..errors import ImageError, ModelError
from ..features.photo import Photo
from ..inference.bundle import load, named
from ..inference.detector import Detector, threshold_for
from ..inference.facts import Facts, facts_of
from ..inference.looks import Look
from ..inference.prediction import Prediction
from ..inference.workers import answer_or_error, given_up, in_worker, judge_looks, keep
from ..parallel.cores import cores
from ..results import COLUMNS, Row
from .items import Item, ahead, batches, open_photo

if TYPE_CHECKING:
    from ..inference.multiscale import SizeVerdict

CHUNK = 8  # photographs that are sent to a process at once

Job = tuple[int, Item]  # a photograph's place in the list, and it
Judge = Callable[[Detector, Iterable[Item]], Iterator[Any]]


def verdicts(detector: Detector, items: Iterable[Item]) -> Iterator[Prediction | ImageError]:
    """What the model says of photographs, or why one cannot be read; some are judged at once.

    Raises:
        ModelError: The model fails on one; the message names it.
    """

    def looked() -> Iterator[tuple[Item | ImageError, Look | None]]:
        for item in items:
            try:
                yield item, _look(detector, item)[0]
            except ImageError as error:
                yield error, None

    for item, found in judge_looks(detector, looked()):
        if isinstance(item, ImageError):
            yield item
        elif isinstance(found, Prediction):
            yield found
        else:
            raise ModelError(f"{item.path}: {found}") from found


def verdicts_at_sizes(
    detector: Detector, items: Iterable[Item]
) -> "Iterator[SizeVerdict | ImageError]":
    """The same at each of their sizes; see ``inference.multiscale``."""
    return (answer_or_error(_at_sizes, detector, item) for item in items)


def _at_sizes(detector: Detector, item: Item) -> "SizeVerdict":
    from ..inference.multiscale import judge_sizes

    return judge_sizes(detector, open_photo(item), item.path)


def judge_many(
    judge: Judge,
    detector: Detector,
    items: Iterator[Item],
    workers: int | None = None,
    many: int = 0,
    chunk: int = CHUNK,
) -> Iterator[Any]:
    """The verdict on each photograph, or the ``ImageError`` that says why there is none; in order.

    Args:
        judge: ``verdicts`` or ``verdicts_at_sizes``.
        detector: The model.
        items: Taken from as answers are taken, a few ahead.
        workers: Processes; None for one per core, but this one alone for fewer than ``many``.
        many: Photographs from which on processes are worth their start. Those whose bytes come
            with them are not counted ahead: the first so many of them are judged here.
        chunk: Photographs that are sent to a process at once.
    """
    if workers is None:
        held, items = ahead(items, many)
        if sum(not item.error for item in held) < many:
            yield from _one_by_one(judge, detector, chain(held, islice(items, many)))
        else:
            items = chain(held, items)
        workers = cores()
    if workers == 1:
        yield from _one_by_one(judge, detector, items)
        return
    if not (first := list(islice(items, 1))):
        return
    from ..parallel.pool import ordered_batches  # takes tens of milliseconds

    few = batches(chain(first, items), chunk, lambda item: item)
    how: Any = partial(in_worker, judge)  # a stream of answers
    yield from ordered_batches(how, few, workers, keep, (detector,), given_up, stream=True)


def _one_by_one(judge: Judge, detector: Detector, items: Iterable[Item]) -> Iterator[Any]:
    """In this process, where the next name may not be known before this answer is out."""
    for item in items:
        yield from judge(detector, [item])


def row_of(item: Item, facts: Facts, error: str = "", **found: object) -> Row:
    """A row of results; one with an error lacks all that was to be found."""
    known = {
        "path": item.path,
        "bytes": item.bytes,
        "modified": item.modified,
        "model": facts["model"],
        "digest": facts["digest"],
        "error": error.removeprefix(f"{item.path}: "),
    }
    row: Row = {name: "" if kind is str else None for name, kind in COLUMNS.items()}
    found = {name: found[name] for name in COLUMNS if found.get(name) is not None}
    return {**row, **known, **found, **(item.more or {})}


def setup_of(
    model: str | os.PathLike[str] | None,
    size: int | None,
    threshold: float | None,
    max_fpr: float | None,
    max_pixels: int,
) -> tuple[tuple[Any, ...], Facts]:
    """What makes the detector of every process, and what its answers go by; see ``scan.scan``.

    Raises:
        ModelError: No such model, or a broken one: here, not by the death of every process.
    """
    bundle = load(model)
    config = ReadConfig(bundle.size if size is None else size, max_pixels)
    setup = (bundle, config, threshold_for(bundle, threshold, max_fpr), named(model))
    Detector(*setup)
    return setup, facts_of(*setup)


def prepare(setup: tuple[Any, ...], facts: Facts) -> None:
    """Load the model; first of all, in every process."""
    keep(Detector(*setup), facts)


def judge_each(detector: Detector, facts: Facts, jobs: Iterable[Job]) -> Iterator[tuple[int, Row]]:
    """Places and rows of photographs, in order; whatever is wrong with one stands in its row.

    Some are judged at once.
    """

    def looked() -> Iterator[tuple[tuple[Job, str, Row], Look | None]]:
        for job in jobs:
            known: Row = {}
            look, why = None, ""
            try:
                look, known = _look(detector, job[1])
            except (ImageError, ModelError) as error:
                why = str(error)
            except Exception as error:  # of a dozen libraries that read what anybody wrote
                why = f"{type(error).__name__}: {error}"
            yield (job, why, known), look

    for ((number, item), why, known), found in judge_looks(detector, looked()):
        if isinstance(found, Prediction):
            yield number, row_of(item, facts, **found.as_dict(), **known)
        else:
            yield number, row_of(item, facts, why or f"{item.path}: {found}")


def _look(detector: Detector, item: Item) -> tuple[Look, Row]:
    """A look at a photograph, and the columns of its row that are known then."""
    photo = Photo(open_photo(item), detector.config, item.path)
    try:
        look = detector.look(photo, item.path)
    except ModelError as error:  # which knows no photo
        raise ModelError(f"{item.path}: {error}") from error
    width, height = photo.size
    known = {"width": width, "height": height}
    if item.bytes is None:
        known["bytes"] = len(photo.source)  # type: ignore[arg-type]
    return look, known
