"""A trained model as a folder: ONNX graph and ``bundle.json``; refuse what does not fit."""

import json
import math
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ..config import ReadConfig, from_dict
from ..errors import ConfigError, ModelError
from ..features.bands import FEATURES
from ..utils.atomic import replacing_folder
from ..utils.odds import logit

DEFAULT = "dct-xgb"
BEST = "dct-fusion"  # what ``best`` names: the most often right, if not the fastest
SHIPPED = Path(__file__).parents[1] / "weights"  # a bundle's folder for each model in the wheel
GRAPH, SHEET = "model.onnx", "bundle.json"
FORMAT = 1  # version of the layout of bundle.json


class UnknownModelError(ModelError):
    """No bundle has that name or folder.

    Attributes:
        model: What was asked for.
    """

    def __init__(self, message: str, model: str = "") -> None:
        """A line, and what was asked for."""
        super().__init__(message)
        self.model = model


@dataclass(frozen=True)
class Calibration:
    """Logistic calibration: logit of P is ``scale * logit + offset``; it keeps the order.

    Source: Platt, Advances in Large Margin Classifiers 1999.
    """

    scale: float = 1.0
    offset: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.scale) and self.scale > 0 and math.isfinite(self.offset)):
            raise ConfigError(f"calibration: expected finite, scale over 0; got {self}")

    def __call__(self, probability: np.ndarray) -> np.ndarray:
        """Calibrated P(blurred), shape and range 0..1 as given."""
        calibrated = self.scale * logit(probability) + self.offset
        return 1 / (1 + np.exp(-np.clip(calibrated, -700, 700)))  # exp of more overflows


@dataclass(frozen=True)
class Thresholds:
    """Where the labels change, P 0..1: ``clear`` below the first, ``blurred`` from the second."""

    clear: float
    blurred: float

    def __post_init__(self) -> None:
        if not 0 <= self.clear <= self.blurred <= 1:
            raise ConfigError(f"thresholds: expected 0 <= clear <= blurred <= 1, got {self}")

    def moved(self, blurred: float | None) -> "Thresholds":
        """The same with another ``blurred``, and ``clear`` no higher; None changes nothing."""
        if blurred is None:
            return self
        return Thresholds(min(self.clear, blurred), blurred)


def label_index(p: Any, thresholds: Thresholds) -> Any:
    """The label's number, shape as that of P(blurred): 0 clear, 1 medium, 2 blurred."""
    return np.searchsorted((thresholds.clear, thresholds.blurred), p, side="right")


@dataclass(frozen=True)
class Bundle:
    """Everything that a prediction needs.

    Attributes:
        backend: The kind of model, a name in the registry.
        graph: ONNX model; it takes ``views``, and its output ``probability`` has shape (n,).
        size: Working size the model was trained at, pixels.
        calibration: From the graph's output to P(blurred).
        thresholds: Of the labels.
        views: Names of its model inputs; see ``features.inputs.INPUTS``.
        features: Names of the columns of the input ``features``.
        parameters: Of the backend.
        training: What the model was trained on and how it did; for people to read.
    """

    backend: str
    graph: bytes = field(repr=False)
    size: int
    calibration: Calibration
    thresholds: Thresholds
    views: tuple[str, ...] = ("features",)
    features: tuple[str, ...] = FEATURES
    parameters: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)

    def save(self, folder: str | PathLike[str]) -> None:
        """Write the folder, whole or not at all; a bundle that is there is replaced, or stays.

        Raises:
            OSError: It cannot be written, or is no folder.
        """
        entries = {name: value for name, value in asdict(self).items() if name != "graph"}
        text = json.dumps({"format": FORMAT, **entries}, indent=1) + "\n"
        with replacing_folder(Path(folder), SHEET) as new:
            (new / GRAPH).write_bytes(self.graph)
            (new / SHEET).write_text(text)


def shipped() -> list[str]:
    """Names of the models inside this install."""
    return sorted(path.parent.name for path in SHIPPED.glob(f"*/{SHEET}"))


def named(model: str | PathLike[str]) -> str:
    """A model's name or folder as text; ``best`` becomes the name of the model that it is."""
    return BEST if str(model) == "best" else str(model)


def load(model: str | PathLike[str] = DEFAULT) -> Bundle:
    """A bundle by the name of a shipped model, ``best`` for one, or by its folder.

    Raises:
        ModelError: No such model, a broken one, or one made for other features.
    """
    model = named(model)
    folder = SHIPPED / model if model in shipped() else Path(model)
    if not os.path.isfile(folder / SHEET):  # False, not an error, for a path that cannot be
        names = ", ".join(shipped()) or "none"
        why = f"no model {model!r}: neither a bundle's folder nor one of {names}"
        raise UnknownModelError(why, model)
    try:
        entries = json.loads((folder / SHEET).read_text())
        version = entries.pop("format", None)
        if version != FORMAT:
            raise ModelError(f"{folder}: made by another blurdct (format {version}, not {FORMAT})")
        expected = {field.name for field in fields(Bundle)} - {"graph"}
        if set(entries) != expected:
            raise ValueError(f"{SHEET} {_differences(expected, entries)}")
        for name in ("views", "features"):
            entries[name] = _names(name, entries[name])
        entries["calibration"] = from_dict(Calibration, entries["calibration"])
        entries["thresholds"] = from_dict(Thresholds, entries["thresholds"])
        entries["graph"] = (folder / GRAPH).read_bytes()
        bundle = from_dict(Bundle, entries)
        ReadConfig(size=bundle.size)  # raises if it is out of range
    except ModelError:
        raise
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ModelError(f"{folder}: not a bundle ({error})") from error
    if bundle.features != FEATURES:
        order = ", in another order" if set(bundle.features) == set(FEATURES) else ""
        raise ModelError(
            f"{folder}: made for other features: {_differences(FEATURES, bundle.features)}{order}"
        )
    return bundle


def _differences(expected: Iterable[str], given: Iterable[str]) -> str:
    missing, foreign = set(expected) - set(given), set(given) - set(expected)
    return f"lacks {sorted(missing) or 'none'}, has {sorted(foreign) or 'none'}"


def _names(entry: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValueError(f"{entry}: expected a list of names, got {value!r}")
    return tuple(value)
