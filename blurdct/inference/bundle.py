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
from ..errors import ConfigError, ImageError, ModelError
from ..features.bands import FEATURES
from ..images.files import check_regular
from ..metrics import logit
from ..utils.atomic import replacing_folder
from ..utils.text import of_system
from .thresholds import Thresholds

# Names that stay when better models come: the most often right, and one that costs little.
NAMES = {"best": "dct-fusion", "fast": "dct-xgb"}
MODEL_VARIABLE = "BLURDCT_MODEL"  # of the environment: the model where none is asked for
SHIPPED = Path(__file__).parents[1] / "weights"  # a bundle's folder for each model in the wheel
GRAPH, MAP, BLUR, SHEET = "model.onnx", "map.onnx", "blur.onnx", "bundle.json"
# Graphs that not every bundle has, by file: the field of the bundle, and what the graph makes; the
# first of it always.
BESIDE = {MAP: ("map_graph", ("map",)), BLUR: ("blur_graph", ("extent", "motion"))}
SHEET_LIMIT, GRAPH_LIMIT = 16 * 2**20, 2**31  # bytes; no ONNX file has more
FORMAT = 2  # version of the layout of bundle.json
_FILES = {"graph", *(name for name, _ in BESIDE.values())}  # what is not in it


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
            raise ConfigError(
                "calibration: expected finite numbers, scale over 0; "
                f"got scale {self.scale}, offset {self.offset}"
            )

    def __call__(self, probability: np.ndarray) -> np.ndarray:
        """Calibrated P(blurred), shape and range 0..1 as given."""
        calibrated = self.scale * logit(probability) + self.offset
        return 1 / (1 + np.exp(-np.clip(calibrated, -700, 700)))  # exp of more overflows


@dataclass(frozen=True)
class Bundle:
    """Everything that a prediction needs.

    Attributes:
        backend: The kind of model, a name in the registry.
        graph: ONNX model; it takes ``views``, and its output ``probability`` has shape (n,).
        size: Working size the model was trained at, pixels.
        calibration: From the graph's output to P(blurred).
        thresholds: Of the verdicts.
        views: Names of its model inputs; see ``features.inputs.INPUTS``.
        features: Names of the columns of the input ``features``.
        parameters: Of the backend.
        training: What the model was trained on and how it did; for people to read.
        map_graph: ONNX model of its own that makes a map, output ``map``, of inputs that it names;
            empty if ``graph`` makes one, or nobody does.
        blur_graph: Likewise one whose output ``extent``, shape (n,), is how wide a point's image
            is, in pixels of the working size; and maybe ``motion``, shape (n,), P that a blurred
            photo was moved and is not out of focus.
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
    map_graph: bytes = field(default=b"", repr=False)
    blur_graph: bytes = field(default=b"", repr=False)

    def threshold_at(self, max_fpr: float) -> float | None:
        """From which P on no more than this share of sharp photographs is called blurred.

        Args:
            max_fpr: Share, 0..1, of photographs that were held out from training.

        Returns:
            P, 0..1, of the largest share in ``known_fprs`` that is not larger; None if all are.
        """
        known = self.known_fprs
        return next((known[of] for of in reversed(known) if of <= max_fpr * (1 + 1e-9)), None)

    @property
    def known_fprs(self) -> dict[float, float]:
        """Shares of sharp photographs -> P from which on so many were found, where it is known."""
        notes = self.training.get("calibrated", self.training)
        known = {float(of): p for of, p in notes.get("false_positives", {}).items()}
        if own := notes.get("config", {}).get("max_fpr"):
            known[float(own)] = self.thresholds.sure_blurred
        return dict(sorted(known.items()))

    def save(self, folder: str | PathLike[str]) -> None:
        """Write the folder, whole or not at all; a bundle that is there is replaced, or stays.

        Raises:
            OSError: It cannot be written, or is no folder.
        """
        entries = {name: value for name, value in asdict(self).items() if name not in _FILES}
        text = json.dumps({"format": FORMAT, **entries}, indent=1) + "\n"
        with replacing_folder(Path(folder), SHEET, own=list(BESIDE)) as new:
            (new / GRAPH).write_bytes(self.graph)
            for file, (name, _) in BESIDE.items():
                if graph := getattr(self, name):
                    (new / file).write_bytes(graph)
            (new / SHEET).write_text(text)


def shipped() -> list[str]:
    """Names of the models inside this install."""
    return sorted(path.parent.name for path in SHIPPED.glob(f"*/{SHEET}"))


def shipped_map() -> bytes:
    """The graph that makes the map of the model called ``best``."""
    return (SHIPPED / NAMES["best"] / MAP).read_bytes()


def named(model: str | PathLike[str] | None = None) -> str:
    """A model's name or folder as text.

    Args:
        model: ``best`` and ``fast`` become the names of the models that they are; None is what the
            environment says by ``BLURDCT_MODEL``, or ``best``.
    """
    asked = str((os.environ.get(MODEL_VARIABLE) or "best") if model is None else model)
    return NAMES.get(asked, asked)


def origin(model: str) -> str:
    """Words to stand behind the name of a model that the environment gave; empty for others."""
    given = model and model == named(os.environ.get(MODEL_VARIABLE) or "")
    return f" (which {MODEL_VARIABLE} says)" if given else ""


def load(model: str | PathLike[str] | None = None) -> Bundle:
    """A bundle by the name of a shipped model, or by its folder.

    Args:
        model: Name or folder, as ``named`` takes it.

    Raises:
        ModelError: No such model, a broken one, or one made for other features.
    """
    model = named(model)
    folder = SHIPPED / model if model in shipped() else Path(model)
    if not os.path.isfile(folder / SHEET):  # False, not an error, for a path that cannot be
        names = ", ".join([*NAMES, *shipped()])
        why = f"no model {model!r}{origin(model)}: neither a bundle's folder nor one of {names}"
        raise UnknownModelError(why, model)
    try:
        entries = json.loads(_content(folder / SHEET, SHEET_LIMIT))
        if not isinstance(entries, dict):
            raise ValueError(f"{SHEET} holds no JSON object")
        version = entries.pop("format", None)
        if type(version) is int and version == 1:
            entries["thresholds"] = _thresholds_of_old(entries.get("thresholds"))
        elif version != FORMAT:
            raise ModelError(
                f"{folder}{origin(model)}: made by another version of blurdct "
                f"(format {version}, not {FORMAT})"
            )
        expected = {field.name for field in fields(Bundle)} - _FILES
        if set(entries) != expected:
            raise ValueError(f"{SHEET} {_differences(expected, entries)}")
        for name in ("views", "features"):
            entries[name] = _names(name, entries[name])
        entries["calibration"] = from_dict(Calibration, entries["calibration"])
        entries["thresholds"] = from_dict(Thresholds, entries["thresholds"])
        entries["graph"] = _content(folder / GRAPH, GRAPH_LIMIT)
        for file, (name, _) in BESIDE.items():
            if (folder / file).exists():
                entries[name] = _content(folder / file, GRAPH_LIMIT)
        bundle = from_dict(Bundle, entries)
        ReadConfig(size=bundle.size)  # raises if it is out of range
    except ModelError:
        raise
    # RecursionError: of JSON nested by the thousand
    except (OSError, ValueError, TypeError, AttributeError, RecursionError, ImageError) as error:
        raise ModelError(f"{folder}{origin(model)}: not a bundle ({_why(error)})") from error
    if bundle.features != FEATURES:
        others = _differences(FEATURES, bundle.features) or "the same in another order"
        raise ModelError(f"{folder}: made for other features: {others}")
    return bundle


def _why(error: Exception) -> str:
    """What is wrong with a folder that is no bundle."""
    if isinstance(error, RecursionError):
        return "nested too deep"
    if isinstance(error, (json.JSONDecodeError, UnicodeError)):
        return f"{SHEET} is no JSON"
    if isinstance(error, TypeError):  # of a dataclass that was not given all it has no default for
        return "its thresholds are incomplete"
    return of_system(error) if isinstance(error, OSError) else str(error)


def _thresholds_of_old(limits: Any) -> dict[str, float]:
    """Format 1 had three labels, ``clear``, ``medium`` and ``blurred``, and these limits."""
    if not isinstance(limits, dict) or set(limits) != {"clear", "blurred"}:
        raise ValueError("thresholds: expected clear and blurred")
    return {"sure_sharp": limits["clear"], "sure_blurred": limits["blurred"]}


def _content(path: Path, limit: int) -> bytes:
    """A file's bytes; a pipe might never be written to, a device never end."""
    size = check_regular(path, path.name)
    if size > limit:
        raise ValueError(f"{path.name}: over {limit:,} bytes")
    return path.read_bytes()


def _differences(expected: Iterable[str], given: Iterable[str]) -> str:
    missing, foreign = set(expected) - set(given), set(given) - set(expected)
    words = {"lacks": missing, "has": foreign}
    return ", ".join(f"{word} {', '.join(sorted(of))}" for word, of in words.items() if of)


def _names(entry: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValueError(f"{entry}: expected a list of names, got {value!r}")
    return tuple(value)
