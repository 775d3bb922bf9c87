"""350 numbers about a photo -> how wide a point's image is in it: a graph beside ``dct-fusion``.

Dense layers as in ``dct_mlp``, which learn from copies, since of these alone the width is known: of
a disk its diameter, of a motion its length, of a Gaussian 2.5 standard deviations. Sharp copies
count as one pixel, which is the least that can be told. What is learnt is the logarithm, so that an
error is a share of the width.

Source of the loss: Huber, Annals of Mathematical Statistics 35(1), 1964,
doi:10.1214/aoms/1177703732.
"""

from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from ..features.summary import SUMMARY
from .base import Array
from .dct_mlp import Layers
from .nn.network import Graph, exported
from .nn.recipe import NetworkRows, Recipe
from .nn.train_loop import train_network
from .onnx_graph import halved

RECIPE: dict[str, Any] = {
    "epochs": 40,
    "patience": 1,
    "batch": 256,
    "learning_rate": 3e-3,
    "weight_decay": 1e-4,
    "kept_aside": False,
    "mixed_on_cpu": False,
}
WIDTH = 128
DROPPED = (0.05, 0.1, 0.1)
LEAST, MOST = 1.0, 1024.0  # pixels
BEND = 0.2  # of the natural logarithm, from which on an error counts in proportion
FEWEST = 200  # blurred copies: fewer tell nothing


def extent_onnx(numbers: Array, widths: Array, groups: Array, seed: int = 0) -> bytes:
    """Learn from what is known, and export.

    Args:
        numbers: Shape (n, 350), as ``features.summary.summarise`` gives them.
        widths: Shape (n,), of a point's image in pixels of the working size; 0 of sharp copies, NaN
            where nobody knows.
        groups: Shape (n,), scene.
        seed: Of first weights and batches.

    Returns:
        An ONNX graph, input ``wide`` (n, 350), output ``extent`` (n,), 1 to 1,024 pixels; empty if
        there are fewer than ``FEWEST`` blurred rows to learn from.
    """
    known = np.isfinite(widths)
    if np.sum(widths[known] > 0) < FEWEST:
        return b""
    values, widths = np.asarray(numbers[known], np.float32), widths[known]
    mean, deviation = (found.astype(np.float32) for found in (values.mean(0), values.std(0)))
    target = np.log(np.clip(widths, LEAST, MOST)).astype(np.float32)[:, None]
    alike = np.ones(len(values))
    y = (widths > 0).astype(np.int64)
    rows = NetworkRows(values, target, y, groups[known], alike, alike > 0)
    make = partial(Layers, mean, deviation, WIDTH, DROPPED)
    network = train_network("BlurExtent", make, _loss, rows, Recipe(**RECIPE, seed=seed))
    graph = exported(_Graph(network), ["wide"], [(len(SUMMARY),)], outputs=["extent"])
    return halved(graph)


def _loss(output: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Of each row."""
    return nn.functional.smooth_l1_loss(output, targets[:, 0], beta=BEND, reduction="none")


class _Graph(Graph):
    """The input, (n, 350) float32, to pixels, (n,)."""

    def forward(self, numbers: torch.Tensor) -> torch.Tensor:
        return torch.exp(self.network(numbers)).clamp(LEAST, MOST)
