"""One photo as bytes -> its verdict as a plain dict, and its map; errors are the photo's alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..errors import ImageError
from ..features.photo import Photo
from ..inference.detector import Detector
from ..inference.prediction import Prediction

Answer = dict[str, Any]

# Of an answer, in this order.
FIELDS = (
    *("name", "probability", "score", "label", "sure", "threshold", "model", "reason"),
    *("sharp_fraction", "note", "evidence", "blur", "kind", "kind_probability"),
    *("width", "height"),
)


def judged(
    detector: Detector, threshold: float | None, data: bytes, name: str
) -> tuple[Prediction, tuple[int, int], np.ndarray | None]:
    """The verdict on a photo, its own width and height, upright, and its map if the model has one.

    Args:
        detector: The model.
        threshold: P from which on the label is ``blurred``, 0..1, instead of the model's.
        data: The photo's file.
        name: What to call it.

    Raises:
        ImageError: It cannot be read.
    """
    with _image_errors(name):
        photo = Photo(data, detector.config, name)
        verdict, places = detector.judge(photo, name, threshold)
        return verdict, photo.size, places


def model_probability(detector: Detector, data: bytes, name: str) -> float:
    """P(blurred) of a photo, 0..1, whether or not it shows anything that could be blurred.

    Raises:
        ImageError: It cannot be read.
    """
    with _image_errors(name):
        return detector.probability(Photo(data, detector.config, name))


@contextmanager
def _image_errors(name: str) -> Iterator[None]:
    try:
        yield
    except ImageError:
        raise
    except Exception as error:  # of a dozen libraries that read what anybody may have written
        raise ImageError(f"{name}: cannot be read (what decodes it fails)") from error


def answer(verdict: Prediction, size: tuple[int, int]) -> Answer:
    """``FIELDS`` of a photo of that width and height."""
    values = {**verdict.as_dict(), "name": verdict.path, "width": size[0], "height": size[1]}
    return {name: values[name] for name in FIELDS}


def unread(name: str, model: str, error: ImageError) -> Answer:
    """``FIELDS`` of a photo that cannot be read, and ``error``, which says why."""
    why = str(error).removeprefix(f"{name}: ")
    return {
        **dict.fromkeys(FIELDS),
        "name": name,
        "model": model,
        "label": "",
        "reason": "",
        "note": "",
        "error": why,
    }
