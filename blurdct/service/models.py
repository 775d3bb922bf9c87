"""Names of models -> detectors that are ready, and what people may want to know of each."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import ReadConfig
from ..errors import ConfigError, ModelError
from ..features.inputs import INPUTS, seen_at
from ..inference.bundle import Bundle, load, named, shipped
from ..inference.detector import Detector, threshold_for

if TYPE_CHECKING:  # models can be asked without the libraries of the services
    from .settings import Settings

JUDGED = ("accuracy", "roc_auc", "ms_per_photo")  # what a bundle may know of how good it is


@dataclass(frozen=True)
class Served:
    """A model that may be asked for.

    Attributes:
        detector: Ready.
        facts: As ``facts`` says them.
    """

    detector: Detector
    facts: dict[str, Any]


@dataclass(frozen=True)
class Models:
    """The models of a service.

    Attributes:
        known: By name; the one that judges where none is asked for comes first.
        map: The name of the one that draws maps where none is asked for.
    """

    known: dict[str, Served]
    map: str


def model_name(model: str) -> str:
    """What a model is called: a shipped one's name; of a folder, its own name, not the path."""
    model = named(model)
    return model if model in shipped() else Path(model).absolute().name


def loaded(settings: "Settings") -> Models:
    """The models that may be asked for.

    Raises:
        ModelError: No such model, or a broken one; or the one for maps makes none.
        ConfigError: One that was asked for has no threshold for ``max_fpr``.
    """
    known: dict[str, Served] = {}
    _add(known, [settings.model], settings)
    chosen = settings.map_model
    if not chosen:  # one model for both, if it can
        first = next(iter(known.values()))
        chosen = settings.model if first.detector.has_map else "best"
    _add(known, [chosen, *settings.models], settings)
    drawer = model_name(chosen)
    if not known[drawer].detector.has_map:
        raise ModelError(f"{chosen}: this model makes no map")
    if not settings.models:
        _add(known, shipped(), settings, required=False)
    return Models(known, drawer)


def facts(name: str, bundle: Bundle, detector: Detector) -> dict[str, Any]:
    """What people may want to know of a model.

    Returns:
        name; size: the longest side at which it sees a photo, pixels; sees: that in words, such as
        ``256x256``; threshold, sure_sharp, sure_blurred: P, 0..1; has_map; and, None where nobody
        measured it, accuracy and roc_auc, 0..1, on labelled photographs of scenes that it had not
        seen, and ms_per_photo, milliseconds.
    """
    at, size = detector.thresholds, detector.config.size
    judged = bundle.training.get("judged", {})
    return {
        "name": name,
        "size": max(INPUTS[view].side or size for view in bundle.views),
        "sees": seen_at(bundle.views, size),
        "threshold": at.decision,
        "sure_sharp": at.sure_sharp,
        "sure_blurred": at.sure_blurred,
        "has_map": detector.has_map,
        **{key: judged.get(key) for key in JUDGED},
    }


def _add(
    known: dict[str, Served], models: Iterable[str], settings: "Settings", required: bool = True
) -> None:
    """Load those that are not known yet; one that is not required may lack a threshold."""
    for model in models:
        name = model_name(model)
        if name in known:
            continue
        bundle = load(model)
        try:
            at = threshold_for(bundle, settings.threshold, settings.max_fpr)
        except ConfigError:
            if required:
                raise
            continue
        config = ReadConfig(bundle.size, settings.max_pixels, settings.seconds)
        detector = Detector(bundle, config, at, name)
        known[name] = Served(detector, facts(name, bundle, detector))
