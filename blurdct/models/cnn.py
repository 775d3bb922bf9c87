"""``cnn``: a small convolutional network on the photo squashed to 256x256.

The published layers: 3x3 convolutions of 64 channels with ReLU, pooling by 2 after the second,
third and fourth, a last convolution to one channel, global average, sigmoid. Mended, not copied:
the published augmentation zooms and rotates, which resamples and so blurs; here photographs are
mirrored, turned by quarters and cropped. Training on crops of 128 pixels instead of whole pictures
costs a quarter of the time; as the output is an average over places, the network is the same. The
learning rate is twenty times the published 1e-4, with a cosine schedule, for few epochs. The
published L2 of .01 on the first layer (``first_layer_decay``) is off: it keeps small the very
filters that see fine detail.

Source: a published classifier of blurred licence photographs (Keras).
"""

from typing import Any

import torch
from torch import nn

from .nn.network import Network

DEFAULTS: dict[str, Any] = {
    "epochs": 8,
    "patience": 4,
    "batch": 32,
    "learning_rate": 2e-3,
    "crop": 128,
    "first_layer_decay": 0.0,
    "seed": 0,
}


class Convolutions(Network):
    """Six convolutions and a global average."""

    views = ("rgb256",)
    defaults = DEFAULTS

    def module(self) -> nn.Module:
        """See ``Network.module``."""
        return _Layers(float(self.parameters["first_layer_decay"]))


class _Layers(nn.Module):
    def __init__(self, decay: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(_convolution(3), _convolution(64), nn.MaxPool2d(2)),
            *(_convolution(64), nn.MaxPool2d(2)),
            *(_convolution(64), nn.MaxPool2d(2)),
            *(_convolution(64), nn.Conv2d(64, 1, 3, padding=1)),
        )
        self.decays = {"layers.0.0.weight": 2 * decay}  # Keras' L2 leaves the half out

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.layers(pixels).mean(dim=(1, 2, 3))


def _convolution(channels: int) -> nn.Module:
    layer = nn.Conv2d(channels, 64, 3, padding=1)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return nn.Sequential(layer, nn.ReLU(inplace=True))
