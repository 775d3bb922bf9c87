"""A photograph of a collection -> its row of results, in a worker process."""

import hashlib
import json
from dataclasses import asdict
from typing import Any

from . import __version__
from .bundle import Bundle
from .collection import Item, open_photo
from .detector import Detector
from .errors import ImageError
from .results import COLUMNS, Row
from .views import Photo

ANSWERS = 1  # raised when a model of old would answer otherwise from now on

Job = tuple[int, Item]  # a photograph's place in the list, and it
Facts = dict[str, Any]  # about the model


def facts_of(detector: Detector, bundle: Bundle) -> Facts:
    """What tells one model's answers from another's: the first difference is the one to name.

    The digest, 12 hexadecimal digits, is the same as long as the answers are.
    """
    facts = {
        "model": detector.model,
        "size": detector.config.size,
        "clear below": detector.thresholds.clear,
        "blurred from": detector.thresholds.blurred,
    }
    means = [ANSWERS, *list(facts.values())[1:], asdict(detector.calibration), bundle.views]
    digest = hashlib.sha256(json.dumps(means).encode() + bundle.graph).hexdigest()[:12]
    return {**facts, "blurdct": __version__, "digest": digest}


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
