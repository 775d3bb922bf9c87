"""350 numbers about a photo -> how wide its blur is, and which kind: beside ``dct-fusion``.

Dense layers as in ``dct_mlp``, twice. The width, of a point's image, is learnt from copies, since
of these alone it is known: of a disk its diameter, of a motion its length, of a Gaussian 2.5
standard deviations. Sharp copies count as one pixel, which is the least that can be told. What is
learnt is the logarithm, so that an error is a share of the width. The kind, moved or out of focus,
is learnt from copies and from photographs of which somebody has said it.

Sources:
    Loss of the width: Huber, Annals of Mathematical Statistics 35(1), 1964,
    doi:10.1214/aoms/1177703732.
    Smoothed labels of the kind: Szegedy et al., CVPR 2016, doi:10.1109/CVPR.2016.308.
"""

from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from ..features.summary import SUMMARY
from .base import Array, BlurRows
from .dct_mlp import Layers
from .nn.network import Graph, exported
from .nn.recipe import NetworkRows, Recipe
from .nn.train_loop import Loss, train_network
from .onnx_graph import beside, halved

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
KIND_WIDTH = 48
KIND_DROPPED = (0.1, 0.3, 0.3)
SMOOTHED = 0.05  # of the labels, so that P tells how often a kind is right
FEWEST_OF_KIND = 100  # rows of either kind


def width_and_kind(rows: BlurRows, seed: int = 0) -> bytes:
    """The graph with the outputs of ``extent_onnx`` and ``kind_onnx``; see there.

    Empty if there are too few rows to learn the width from; without ``motion`` if it is the kind.
    """
    wide = rows.inputs["wide"]
    extent = extent_onnx(wide, rows.widths, rows.groups, seed)
    motion = kind_onnx(wide, rows.motion, rows.weights, rows.groups, seed)
    return beside("blur", {"extent": extent, "kind": motion}) if extent and motion else extent


def extent_onnx(numbers: Array, widths: Array, groups: Array, seed: int = 0) -> bytes:
    """Learn the width from what is known, and export.

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
    target = np.log(np.clip(widths[known], LEAST, MOST))
    y = (widths[known] > 0).astype(np.int64)
    network = _trained("BlurExtent", numbers[known], target, y, groups[known], _off, seed)
    return _graph(_Extent(network), "extent")


def kind_onnx(numbers: Array, motion: Array, weights: Array, groups: Array, seed: int = 0) -> bytes:
    """Learn the kind from what is known, and export.

    Args:
        numbers: As for ``extent_onnx``, like groups and seed.
        motion: Shape (n,): 1 moved, 0 out of focus, NaN where nobody knows.
        weights: Shape (n,), what each row counts; those of 0 are left out.

    Returns:
        An ONNX graph, input ``wide`` (n, 350), output ``motion`` (n,), P that a blurred photo was
        moved, 0..1; empty if there are fewer than ``FEWEST_OF_KIND`` rows of either to learn from.
    """
    known = np.isfinite(motion) & (weights > 0)
    y = motion[known].astype(np.int64)
    if np.bincount(y, minlength=2).min() < FEWEST_OF_KIND:
        return b""
    # by the loss and not by how often it is drawn, as a few photographs weigh like many copies
    counts = weights[known] / weights[known].mean()
    target = np.stack([y * (1 - SMOOTHED) + SMOOTHED / 2, counts], axis=1)
    shape = KIND_WIDTH, KIND_DROPPED
    network = _trained("BlurKind", numbers[known], target, y, groups[known], _wrong, seed, *shape)
    return _graph(_Motion(network), "motion")


def _trained(
    name: str,
    numbers: Array,
    targets: Array,
    y: Array,
    groups: Array,
    loss: Loss,
    seed: int,
    width: int = WIDTH,
    dropped: tuple[float, float, float] = DROPPED,
) -> nn.Module:
    """Layers that learnt from these rows, each drawn alike."""
    values = np.asarray(numbers, np.float32)
    mean, deviation = (found.astype(np.float32) for found in (values.mean(0), values.std(0)))
    alike = np.ones(len(values))
    targets = targets.astype(np.float32).reshape(len(values), -1)
    rows = NetworkRows(values, targets, y, groups, alike, alike > 0)
    make = partial(Layers, mean, deviation, width, dropped)
    return train_network(name, make, loss, rows, Recipe(**RECIPE, seed=seed))


def _graph(network: Graph, output: str) -> bytes:
    return halved(exported(network, ["wide"], [(len(SUMMARY),)], outputs=[output]))


def _off(output: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Of each row, how far its width is off."""
    return nn.functional.smooth_l1_loss(output, targets[:, 0], beta=BEND, reduction="none")


def _wrong(output: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Of each row, how wrong its kind is, times what it counts."""
    entropy = nn.functional.binary_cross_entropy_with_logits
    return entropy(output, targets[:, 0], reduction="none") * targets[:, 1]


class _Extent(Graph):
    """The input, (n, 350) float32, to pixels, (n,)."""

    def forward(self, numbers: torch.Tensor) -> torch.Tensor:
        return torch.exp(self.network(numbers)).clamp(LEAST, MOST)


class _Motion(Graph):
    """The input, (n, 350) float32, to P of motion, (n,)."""

    def forward(self, numbers: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(self.network(numbers))
