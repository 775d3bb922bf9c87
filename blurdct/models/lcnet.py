"""``lcnet``: PP-LCNet x1.0 with two classes, on the centre 224x224 of the photo at short side 256.

Weights have timm's names (``lcnet_100``), so published ImageNet ones can be loaded. Mended: it is
trained as it is used, on centre crops (the published one was trained on squashed pictures), and on
real blur and copies with defocus beside motion and Gaussian, all in linear light (the published
motion kernel darkened the picture). The published warm start and teacher are left out, and Adam
takes the place of SGD at a rate of .1, which from chance weights and a thousand photographs got
nowhere in two of five folds.

Source: Cui et al., PP-LCNet, 2021, arXiv:2109.15099.
"""

from typing import Any

import torch
from torch import nn

from .nn.network import Network, Normalise

DEFAULTS: dict[str, Any] = {
    "epochs": 12,
    "patience": 5,
    "batch": 32,
    "learning_rate": 0.002,
    "optimiser": "adam",
    "label_smoothing": 0.1,
    "head": 0,  # width of the layer before the last: 0 for none, 1280 as for ImageNet
    "seed": 0,
}

# Kernel, channels, stride, squeeze and excitation: of each block, by stage.
STAGES = (
    ((3, 32, 1, False),),
    ((3, 64, 2, False), (3, 64, 1, False)),
    ((3, 128, 2, False), (3, 128, 1, False)),
    ((3, 256, 2, False), (5, 256, 1, False)),
    ((5, 256, 1, False),) * 4,
    ((5, 512, 2, True), (5, 512, 1, True)),
)


class LCNet(Network):
    """Depthwise-separable blocks without residuals."""

    views = ("crop224",)
    defaults = DEFAULTS
    head = "classifier"
    mixed_on_cpu = False  # depthwise convolutions gain nothing

    def module(self) -> nn.Module:
        """See ``Network.module``."""
        return _Layers(int(self.parameters["head"]))


class _Layers(nn.Module):
    def __init__(self, head: int) -> None:
        super().__init__()
        self.normalise = Normalise()
        self.conv_stem = nn.Conv2d(3, 16, 3, 2, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.act = nn.Hardswish()
        stages, channels = [], 16
        for stage in STAGES:
            blocks = []
            for kernel, after, stride, squeeze in stage:
                blocks.append(_Block(channels, after, kernel, stride, squeeze))
                channels = after
            stages.append(nn.Sequential(*blocks))
        self.blocks = nn.Sequential(*stages)
        self.dropout = nn.Dropout(0.2)
        self.conv_head = nn.Conv2d(channels, head, 1) if head else None
        self.classifier = nn.Linear(head or channels, 2)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        found = self.act(self.bn1(self.conv_stem(self.normalise(pixels))))
        found = self.blocks(found).mean(dim=(2, 3), keepdim=True)
        if self.conv_head is not None:
            found = self.dropout(self.act(self.conv_head(found)))
        classes = self.classifier(found.flatten(1))
        return classes[:, 1] - classes[:, 0]  # the sigmoid of this is the softmax's second


class _Block(nn.Module):
    def __init__(self, before: int, after: int, kernel: int, stride: int, squeeze: bool) -> None:
        super().__init__()
        self.conv_dw = nn.Conv2d(
            before, before, kernel, stride, kernel // 2, groups=before, bias=False
        )
        self.bn1 = nn.BatchNorm2d(before)
        self.se = _Squeeze(before) if squeeze else nn.Identity()
        self.conv_pw = nn.Conv2d(before, after, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(after)
        self.act = nn.Hardswish()

    def forward(self, found: torch.Tensor) -> torch.Tensor:
        found = self.se(self.act(self.bn1(self.conv_dw(found))))
        return self.act(self.bn2(self.conv_pw(found)))


class _Squeeze(nn.Module):
    """Squeeze and excitation: channels weighed by what is in them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_reduce = nn.Conv2d(channels, channels // 4, 1)
        self.conv_expand = nn.Conv2d(channels // 4, channels, 1)

    def forward(self, found: torch.Tensor) -> torch.Tensor:
        mean = found.mean(dim=(2, 3), keepdim=True)
        gate = self.conv_expand(torch.relu(self.conv_reduce(mean)))
        return found * nn.functional.hardsigmoid(gate)
