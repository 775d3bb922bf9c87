"""``resnet18``: ResNet-18 on the photo squashed to 224x224, trained for one of three tasks.

``binary`` learns blurred or not by cross-entropy; ``severity`` learns 0 clear, 1 medium, 2 blurred,
and ``level`` the strength 0..9, by squared error. Where only "blurred" is known of a photo, any
severity from 1 and any level from 1 is right, and costs nothing. All three map to P by one rule:
the sigmoid of the output less its middle, which the bundle's calibration then stretches to real
photographs; it is monotone, so the score of 0..100 keeps the order of severities and levels.

Mended: the published optimiser had only the head's weights, and was made anew each epoch;
thresholds were chosen on the test set; and synthetic blur changed the brightness. Level 1, read as
clear there, is blur here. The published head stays: 512 -> 128 -> ReLU -> dropout .4 -> 1.

Weights have torchvision's names (``resnet18``), so published ImageNet ones can be loaded.

Source: He et al., CVPR 2016, doi:10.1109/CVPR.2016.90.
"""

from typing import Any

import numpy as np
import torch
from torch import nn

from ..errors import ConfigError
from .base import Array
from .nn.network import Network, Normalise

DEFAULTS: dict[str, Any] = {
    "task": "binary",
    "epochs": 6,
    "patience": 3,
    "batch": 32,
    "learning_rate": 1e-3,
    "seed": 0,
}

# Task -> the least and the most that is right for blur of unknown strength, and the middle between
# sharp and blurred.
BLURRED = {"severity": (1.0, 2.0, 0.5), "level": (1.0, 9.0, 2.0)}
SEVERE = 6  # level from which on the severity is 2


class ResNet18(Network):
    """Residual network with a head for the task."""

    views = ("rgb224",)
    defaults = DEFAULTS
    head = "fc"

    def __init__(self, **parameters: Any) -> None:
        super().__init__(**parameters)
        if self.parameters["task"] not in ("binary", *BLURRED):
            known = ", ".join(("binary", *BLURRED))
            raise ConfigError(f"task: expected one of {known}, got {self.parameters['task']!r}")

    def module(self) -> nn.Module:
        """See ``Network.module``."""
        return _Layers(BLURRED.get(self.parameters["task"], (0, 0, 0.0))[2])

    def targets(self, y: Array, levels: Array) -> Array:
        """Least and most that is right, (n, 2); or the class, (n, 1)."""
        task = self.parameters["task"]
        if task == "binary":
            return super().targets(y, levels)
        # blur of the weakest level is blur
        known = np.where(y == 1, np.maximum(levels, 1), 0)
        if task == "severity":
            known = np.where(known == 0, 0, np.where(known >= SEVERE, 2, 1))
        least, most, _ = BLURRED[task]
        unknown = (y == 1) & (levels < 0)
        bounds = [np.where(unknown, least, known), np.where(unknown, most, known)]
        return np.stack(bounds, axis=1).astype(np.float32)

    def loss(self, output: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Of each row: squared distance to what is right, or binary cross-entropy."""
        if targets.shape[1] == 1:
            return super().loss(output, targets)
        value = output + BLURRED[self.parameters["task"]][2]
        return (value - torch.clamp(value.detach(), targets[:, 0], targets[:, 1])) ** 2


class _Layers(nn.Module):
    def __init__(self, middle: float) -> None:
        super().__init__()
        self.middle = middle
        self.normalise = Normalise()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = nn.Sequential(_Block(64, 64, 1), _Block(64, 64, 1))
        self.layer2 = nn.Sequential(_Block(64, 128, 2), _Block(128, 128, 1))
        self.layer3 = nn.Sequential(_Block(128, 256, 2), _Block(256, 256, 1))
        self.layer4 = nn.Sequential(_Block(256, 512, 2), _Block(512, 512, 1))
        self.fc = nn.Sequential(
            nn.Linear(512, 128), nn.ReLU(inplace=True), nn.Dropout(0.4), nn.Linear(128, 1)
        )
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        found = torch.relu(self.bn1(self.conv1(self.normalise(pixels))))
        found = self.layer2(self.layer1(self.maxpool(found)))
        found = self.layer4(self.layer3(found)).mean(dim=(2, 3))
        return self.fc(found)[:, 0] - self.middle


class _Block(nn.Module):
    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(after)
        self.conv2 = nn.Conv2d(after, after, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(after)
        same = stride == 1 and before == after
        self.downsample = (
            None
            if same
            else nn.Sequential(
                nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after)
            )
        )

    def forward(self, found: torch.Tensor) -> torch.Tensor:
        short = found if self.downsample is None else self.downsample(found)
        found = torch.relu(self.bn1(self.conv1(found)))
        return torch.relu(self.bn2(self.conv2(found)) + short)
