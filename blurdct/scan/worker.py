"""A photograph of a collection -> its row of results, in a worker process."""

from dataclasses import asdict
from typing import Any

from ..errors import ImageError
from ..features.photo import Photo
from ..inference.detector import Detector, Facts
from ..results import COLUMNS, Row
from .items import Item, open_photo

Job = tuple[int, Item]  # a photograph's place in the list, and it


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
    return {**row, **known, **{name: found[name] for name in COLUMNS if name in found}}


# In a worker process, its own:
_detector: Detector
_about: Facts


def prepare(setup: tuple[Any, ...], facts: Facts) -> None:
    """Load the model; first of all, in every process."""
    global _detector, _about
    _detector, _about = Detector(*setup), facts


def judge(job: Job) -> tuple[int, Row]:
    """A photograph's place and row; whatever is wrong with it stands in the row."""
    number, item = job
    try:
        return number, _judged(item)
    except ImageError as error:
        return number, row_of(item, _about, str(error))
    except Exception as error:  # of a dozen libraries that read what anybody may have written
        return number, row_of(item, _about, f"{type(error).__name__}: {error}")


def _judged(item: Item) -> Row:
    photo = Photo(open_photo(item), _detector.config, item.path)
    verdict, _ = _detector.judge(photo, item.path)
    width, height = photo.size
    found = {**asdict(verdict), "width": width, "height": height}
    if item.bytes is None:
        found["bytes"] = len(photo.source)  # type: ignore[arg-type]
    return row_of(item, _about, **found)
