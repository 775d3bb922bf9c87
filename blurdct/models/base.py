"""The ``Backend`` protocol, nothing else."""

from collections.abc import Mapping
from typing import Any, Protocol, Self

import numpy as np

Array = np.ndarray
# A view's name -> what the model eats of it, one row per photo.
Inputs = Mapping[str, Array]


class Backend(Protocol):
    """What every trainable model can do.

    ``y`` and probabilities are about one event, fixed here and nowhere else: 1 means blurred.

    Attributes:
        views: Names of the inputs it needs, such as ``("features",)``.
        parameters: What it was made with; plain JSON values.
    """

    views: tuple[str, ...]
    parameters: dict[str, Any]

    def __init__(self, **parameters: Any) -> None:
        """Make an unfitted model; parameters left out have the backend's tuned defaults."""

    def fit(
        self,
        inputs: Inputs,
        y: Array,
        groups: Array,
        weights: Array,
        levels: Array | None = None,
    ) -> Self:
        """Learn from n rows.

        Args:
            inputs: By view, n rows each.
            y: Shape (n,), 0 sharp or 1 blurred.
            groups: Shape (n,), the scene; keeps copies of one scene on one side of inner splits.
            weights: Shape (n,), what each row counts.
            levels: Shape (n,), strength of the blur: 0 none or weakest .. 9 strongest, -1 where
                only ``y`` is known. For models that learn more than a class.
        """
        ...

    def predict_proba(self, inputs: Inputs) -> Array:
        """P(blurred), shape (n,), 0..1, not calibrated."""
        ...

    def to_onnx(self) -> bytes:
        """The fitted model as an ONNX graph: inputs named for the views, output ``probability``."""
        ...


def learns_more(kind: type[Backend]) -> bool:
    """Whether a backend learns from rows apart, and ``fit`` takes masks."""
    return bool(getattr(kind, "learns_more", False))
