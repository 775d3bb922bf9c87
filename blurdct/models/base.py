"""The ``Backend`` protocol, the rows that a backend learns from, and how parameters are refused."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol, Self

import numpy as np

from ..errors import ConfigError

Array = np.ndarray
# The name of a model input -> that input, one row per photo.
Inputs = Mapping[str, Array]


@dataclass(frozen=True)
class TrainingRows:
    """What a backend learns from: n rows, the same order everywhere.

    Attributes:
        inputs: By name, n rows each.
        y: (n,) 0 sharp or 1 blurred; -1 where only the mask is known.
        groups: (n,) the scene; keeps copies of one scene on one side of inner splits.
        weights: (n,) what each row counts.
        levels: (n,) strength of the blur: 0 none or weakest .. 9 strongest, -1 where only ``y`` is
            known. For models that learn more than a class. None if it is known of no row.
        masks: (n, h, w) share of blurred pixels of each cell, NaN where nobody says; or None.
        real: (n,) bool, the rows that decide; if left out, those that count most.
    """

    inputs: Inputs
    y: Array
    groups: Array
    weights: Array
    levels: Array | None = None
    masks: Array | None = None
    real: Array | None = None

    def deciding(self) -> Array:
        """Shape (n,), bool: the rows to stop by, or to weigh other models by."""
        if self.real is not None and self.real.any():
            return self.real
        found: Array = self.weights == self.weights.max()
        return found

    def only(self, views: Sequence[str]) -> "TrainingRows":
        """The same rows with these inputs alone, which costs nothing."""
        return replace(self, inputs={view: self.inputs[view] for view in views})

    def select(self, rows: Array) -> "TrainingRows":
        """Some of the rows, by their numbers or by a bool for each."""
        return TrainingRows(
            {view: values[rows] for view, values in self.inputs.items()},
            self.y[rows],
            self.groups[rows],
            self.weights[rows],
            None if self.levels is None else self.levels[rows],
            None if self.masks is None else self.masks[rows],
            None if self.real is None else self.real[rows],
        )

    def labelled(self) -> "TrainingRows":
        """Those whose ``y`` is known: the others teach only who learns from masks."""
        return self.select(self.y >= 0)

    def known_levels(self) -> Array:
        """``levels``, or what ``y`` alone says of them: 0 of sharp rows, -1 of blurred ones."""
        return np.where(self.y == 1, -1, 0) if self.levels is None else self.levels


@dataclass(frozen=True)
class BlurRows:
    """What is known of how rows are blurred: n rows, the same order everywhere.

    Attributes:
        inputs: By name, n rows each.
        groups: (n,) scene.
        widths: (n,) of a point's image, pixels of the working size; 0 of sharp copies, NaN where
            nobody knows.
        motion: (n,) 1 moved, 0 out of focus, NaN where nobody knows.
        weights: (n,) what each row counts where the kind is learnt; 0 where it is not known.
    """

    inputs: Inputs
    groups: Array
    widths: Array
    motion: Array
    weights: Array


class Backend(Protocol):
    """What every trainable model can do; those of the registry come from it.

    ``y`` and probabilities are about one event, fixed here and nowhere else: 1 means blurred.

    Attributes:
        views: Names of the model inputs that it takes, such as ``("features",)``.
        defaults: Its tuned parameters.
        learns_more: Whether it learns from extra rows and from masks.
        parameters: What it was made with; plain JSON values.
    """

    views: tuple[str, ...]
    defaults: ClassVar[dict[str, Any]]
    learns_more: ClassVar[bool] = False
    parameters: dict[str, Any]

    def __init__(self, **parameters: Any) -> None:
        """Make an unfitted model; parameters left out have the backend's tuned defaults.

        Raises:
            ConfigError: A parameter that it has not; the message has the nearest that it has.
        """
        self.parameters = completed(self.defaults, parameters)

    def fit(self, rows: TrainingRows) -> Self:
        """Learn from n rows."""
        ...

    def predict_proba(self, inputs: Inputs) -> Array:
        """P(blurred), shape (n,), 0..1, not calibrated."""
        ...

    def to_onnx(self) -> bytes:
        """The fitted model as an ONNX graph: inputs by their names, output ``probability``."""
        ...

    def map_onnx(self) -> bytes:
        """A graph of its own with the output ``map``, P of each cell; empty if there is none."""
        return b""

    def blur_onnx(self, rows: BlurRows) -> bytes:
        """A graph of its own, learnt now, with the output ``extent``, and ``motion`` where kinds of
        blur are known; empty if there is none. See ``blur_graph``.
        """
        return b""


def completed(usual: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """A backend's usual parameters, and those that are given in their place.

    Raises:
        ConfigError: One that there is not; the message has the nearest and all that there are.
    """
    unknown = sorted(set(given) - set(usual))
    if unknown:
        hint = next(filter(None, (nearest(name, usual) for name in unknown)), "")
        names, known = ", ".join(unknown), ", ".join(usual)
        raise ConfigError(f"unknown parameter {names}; {hint}known: {known}")
    return {**usual, **given}


def nearest(word: str, known: Iterable[str]) -> str:
    """The question whether a word was meant to be one that is known; empty if it is near none."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"did you mean {close[0]!r}? " if close else ""
