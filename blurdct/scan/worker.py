"""A photograph of a collection -> its verdict, or its row of results; here or in processes."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from ..errors import ImageError, ModelError
from ..features.photo import Photo
from ..inference.detector import Detector
from ..inference.facts import Facts
from ..inference.prediction import Prediction
from ..inference.workers import answer_or_error, given_up, in_worker, keep
from ..parallel.cores import cores
from ..results import COLUMNS, Row
from .items import Item, ahead, batches, open_photo

if TYPE_CHECKING:
    from ..inference.multiscale import SizeVerdict

CHUNK = 8  # photographs that are sent to a process at once

Job = tuple[int, Item]  # a photograph's place in the list, and it
Judge = Callable[[Detector, Item], Any]


def verdict(detector: Detector, item: Item) -> Prediction:
    """What the model says of a photograph.

    Raises:
        ImageError: It cannot be read.
    """
    return _judged(detector, item)[0]


def verdict_at_sizes(detector: Detector, item: Item) -> "SizeVerdict":
    """The same at each of its sizes; see ``inference.multiscale``."""
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
        judge: ``verdict`` or ``verdict_at_sizes``.
        detector: The model.
        items: Taken from as answers are taken.
        workers: Processes; None for one per core, but this one alone for fewer than ``many``.
        many: Photographs from which on processes are worth their start. Those whose bytes come
            with them are not counted ahead: the first so many of them are judged here.
        chunk: Photographs that are sent to a process at once.
    """
    here = partial(answer_or_error, judge, detector)
    if workers is None:
        held, items = ahead(items, many)
        if sum(not item.error for item in held) < many:
            yield from map(here, chain(held, islice(items, many)))
        else:
            items = chain(held, items)
        workers = cores()
    if workers == 1:
        yield from map(here, items)
        return
    if not (first := list(islice(items, 1))):
        return
    from ..parallel.pool import ordered_batches  # takes tens of milliseconds

    few = batches(chain(first, items), chunk, lambda item: item)
    how = partial(in_worker, answer_or_error)
    yield from ordered_batches(how, few, workers, keep, (judge, detector), given_up)


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
    found = {name: found[name] for name in COLUMNS if name in found}
    return {**row, **known, **found, **(item.more or {})}


def prepare(setup: tuple[Any, ...], facts: Facts) -> None:
    """Load the model; first of all, in every process."""
    keep(Detector(*setup), facts)


def judge(detector: Detector, facts: Facts, job: Job) -> tuple[int, Row]:
    """A photograph's place and row; whatever is wrong with it stands in the row."""
    number, item = job
    try:
        return number, _row(detector, facts, item)
    except (ImageError, ModelError) as error:
        return number, row_of(item, facts, str(error))
    except Exception as error:  # of a dozen libraries that read what anybody may have written
        return number, row_of(item, facts, f"{type(error).__name__}: {error}")


def _row(detector: Detector, facts: Facts, item: Item) -> Row:
    prediction, photo = _judged(detector, item)
    width, height = photo.size
    found = {**prediction.as_dict(), "width": width, "height": height}
    found["kind"] = prediction.kind or ""
    if item.bytes is None:
        found["bytes"] = len(photo.source)  # type: ignore[arg-type]
    return row_of(item, facts, **found)


def _judged(detector: Detector, item: Item) -> tuple[Prediction, Photo]:
    photo = Photo(open_photo(item), detector.config, item.path)
    try:
        return detector.judge(photo, item.path)[0], photo
    except ModelError as error:  # which knows no photo
        raise ModelError(f"{item.path}: {error}") from error
