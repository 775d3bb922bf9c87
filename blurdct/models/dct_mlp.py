"""``dct-mlp``: a small dense network over the numbers of ``dct-xgb-wide``: smooth where trees cut.

A tree asks one number at a time; a layer weighs all at once. Several networks from other first
weights answer together.

Sources:
    Dropout: Srivastava et al., JMLR 15, 2014.
    Batch normalisation: Ioffe, Szegedy, ICML 2015, arXiv:1502.03167.
    Several networks as one: Hansen, Salamon, IEEE PAMI 12(10), 1990, doi:10.1109/34.58871.
"""

from functools import partial
from typing import Any, Self

import numpy as np
import torch
from torch import nn

from ..features.summary import SUMMARY
from .base import Array, TrainingRows
from .nn.network import Graph, Members, Scaled, Together, exported
from .nn.recipe import NetworkRows
from .onnx_graph import halved

DEFAULTS: dict[str, Any] = {
    "epochs": 150,
    "batch": 256,
    "learning_rate": 3e-3,
    "weight_decay": 1e-5,
    "label_smoothing": 0.04,
    "members": 1,
    "seed": 0,
}
WIDTH = 96  # numbers after each of the two hidden layers
DROPPED = (0.1, 0.3, 0.3)  # share of the inputs, and of the hidden numbers
FAR = 6.0  # deviations from the mean; what is further off counts as this


class DctMlp(Members):
    """Dense networks on 350 numbers, which answer by the mean of their log odds."""

    views = ("wide",)
    defaults = DEFAULTS
    learns_more = True
    mixed_on_cpu = False

    def fit(self, rows: TrainingRows) -> Self:
        """Train the members; rows of which only the mask is known teach nothing here."""
        known = rows.only(self.views).labelled()
        values = np.asarray(known.inputs["wide"], np.float32)
        learnt = values[known.weights > 0].astype(np.float64)
        mean, deviation = (found.astype(np.float32) for found in (learnt.mean(0), learnt.std(0)))
        shown = NetworkRows.of(known, values, known.y[:, None].astype(np.float32))
        make = partial(Layers, mean, deviation)
        self.network = _Together(self.trained("DctMlp", make, self.loss, shown))
        return self

    def to_onnx(self) -> bytes:
        """See ``Backend.to_onnx``; weights that 16 bits hold are stored in 16."""
        return halved(exported(_Graph(self._fitted()), ["wide"], [(len(SUMMARY),)]))


class Layers(Scaled):
    """Dense layers: (b, 350) -> one number of each, (b,)."""

    def __init__(
        self,
        mean: Array,
        deviation: Array,
        width: int = WIDTH,
        dropped: tuple[float, float, float] = DROPPED,
    ) -> None:
        super().__init__(mean, deviation + np.float32(1e-3))
        first, second, third = dropped
        self.layers = nn.Sequential(
            nn.Dropout(first),
            *_hidden(len(mean), width, second),
            *_hidden(width, width, third),
            nn.Linear(width, 1),
        )

    def forward(self, numbers: torch.Tensor) -> torch.Tensor:
        scaled = ((numbers - self.mean) / self.deviation).clamp(-FAR, FAR)
        number: torch.Tensor = self.layers(scaled)[:, 0]
        return number


class _Together(Together):
    """Networks alike -> the mean of their log odds, (b,)."""

    def forward(self, numbers: torch.Tensor) -> torch.Tensor:
        return torch.stack([member(numbers) for member in self.members]).mean(0)


class _Graph(Graph):
    """The input, (n, 350) float32, to P(blurred), (n,)."""

    def forward(self, numbers: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(self.network(numbers))


def _hidden(before: int, width: int, dropped: float) -> list[nn.Module]:
    return [nn.Linear(before, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(dropped)]
