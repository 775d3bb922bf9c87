"""One photo as bytes -> its verdict as a plain dict, and its map; errors are the photo's alone."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ImageError
from ..features.photo import Photo
from ..inference.bundle import named, shipped
from ..inference.detector import Detector, Prediction

Answer = dict[str, Any]

# Of an answer, in this order.
FIELDS = (
    *("name", "probability", "score", "label", "threshold", "model", "reason"),
    *("sharp_fraction", "width", "height"),
)


def model_name(model: str) -> str:
    """What a model is called: a shipped one's name; of a folder, its own name, not the path."""
    model = named(model)
    return model if model in shipped() else Path(model).absolute().name


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
    try:
        photo = Photo(data, detector.config, name)
        verdict, places = detector.judge(photo, name, threshold)
        return verdict, photo.size, places
    except ImageError:
        raise
    except Exception as error:  # of a dozen libraries that read what anybody may have written
        raise ImageError(f"{name}: cannot be read ({type(error).__name__})") from error


def answer(verdict: Prediction, size: tuple[int, int]) -> Answer:
    """``FIELDS`` of a photo of that width and height."""
    values = {**asdict(verdict), "name": verdict.path, "width": size[0], "height": size[1]}
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
        "error": why,
    }
