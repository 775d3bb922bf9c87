"""``certh-cnn``: a classifier of the CERTH blur set, on the photo squashed to 96x96.

The published layers: convolutions 3x3 of 32, 32, pool, 64, pool, 128, pool, dense 2048 twice with
dropout .5, softmax of two. 42 million weights learn from a thousand photographs: it is here for
comparison. Mended: it stops by scenes kept aside, where the published one had no validation set.
First weights are Glorot's, as the published layers' framework draws them; from those of torch it
learnt next to nothing in as many epochs.

Source: a published classifier of the CERTH image blur data set (Mavridaki, Mezaris, ICIP 2014,
doi:10.1109/ICIP.2014.7025045).
"""

from itertools import pairwise
from typing import Any

import torch
from torch import nn

from .nn.network import Network

DEFAULTS: dict[str, Any] = {
    "epochs": 9,
    "patience": 4,
    "batch": 64,
    "learning_rate": 3e-4,
    "seed": 0,
}

WIDTH = 2048  # of the dense layers, as published


class CerthNetwork(Network):
    """Four convolutions and two wide dense layers."""

    views = ("rgb96",)
    defaults = DEFAULTS

    def module(self) -> nn.Module:
        """See ``Network.module``."""
        return _Layers()


class _Layers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        channels = (3, 32, 32, 64, 128)
        parts: list[nn.Module] = []
        for number, (before, after) in enumerate(pairwise(channels)):
            parts += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU(inplace=True)]
            if number:  # the first two stand together
                parts.append(nn.MaxPool2d(2))
        self.convolutions = nn.Sequential(*parts)
        self.dense = nn.Sequential(
            *(nn.Linear(128 * 12 * 12, WIDTH), nn.ReLU(inplace=True)),
            *(nn.Linear(WIDTH, WIDTH), nn.ReLU(inplace=True), nn.Dropout(0.5)),
            nn.Linear(WIDTH, 2),
        )
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.xavier_uniform_(layer.weight)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        classes = self.dense(self.convolutions(pixels).flatten(1))
        return classes[:, 1] - classes[:, 0]  # the sigmoid of this is the softmax's second
