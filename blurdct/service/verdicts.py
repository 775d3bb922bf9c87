"""One photo as bytes -> its verdict as a plain dict, and its map; errors are the photo's alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..config import ReadConfig
from ..errors import ConfigError, ImageError
from ..features.photo import Photo
from ..inference.bundle import load, named, shipped
from ..inference.detector import Detector, threshold_for
from ..inference.prediction import Prediction

if TYPE_CHECKING:  # models can be asked without the libraries of the services
    from .settings import Settings

Answer = dict[str, Any]

# Of an answer, in this order.
FIELDS = (
    *("name", "probability", "score", "label", "sure", "threshold", "model", "reason"),
    *("sharp_fraction", "note", "width", "height"),
)


def model_name(model: str) -> str:
    """What a model is called: a shipped one's name; of a folder, its own name, not the path."""
    model = named(model)
    return model if model in shipped() else Path(model).absolute().name


def loaded(settings: "Settings") -> dict[str, Detector]:
    """The models that may be asked for, by name; the default one first.

    Raises:
        ModelError: No such model, or a broken one.
        ConfigError: One that was asked for has no threshold for ``max_fpr``.
    """
    asked = (settings.model, settings.map_model, *settings.models)
    detectors: dict[str, Detector] = {}
    for model in asked if settings.models else (*asked, *shipped()):
        bundle, name = load(model), model_name(model)
        if name in detectors:
            continue
        try:
            at = threshold_for(bundle, settings.threshold, settings.max_fpr)
        except ConfigError:
            if model in asked:
                raise
            continue  # it would be there only because it is shipped
        config = ReadConfig(bundle.size, settings.max_pixels)
        detectors[name] = Detector(bundle, config, at, name)
    return detectors


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
        raise ImageError(f"{name}: cannot be read ({type(error).__name__})") from error


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
