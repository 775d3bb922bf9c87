"""``dct-net``: convolutions over the map of block statistics: not only how much detail, but where.

18 averages forget where a photo is sharp. Here a cell is 2x2 blocks, with 91 numbers about them and
about the same place at a half and a quarter of the photo's size; with one more that says where the
photo is they are a small picture of 92 channels, 32x32 for a square photo at 512 pixels. A 1x1
convolution weighs the channels; after averaging by 2, two 3x3 ones see the neighbours. What they
find is pooled by the mean over the photo and by attention, which picks the most telling part, and
both together give P(blurred). From the same convolutions comes a map of P, cell by cell.

It learns from more than others can: varied copies (a photo resized, darkened, compressed or made
noisy keeps its label) and photographs blurred in part, with masks. In the map, a photo without a
mask counts little, every cell with the photo's label.

Sources:
    Batch normalisation: Ioffe, Szegedy, ICML 2015, arXiv:1502.03167.
    Attention pooling: Ilse, Tomczak, Welling, ICML 2018, arXiv:1802.04712.
"""

from functools import partial
from typing import Any, Self

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from ..features.block_map import CHANNELS, DIRECTIONS, SECTORS
from .base import Array, TrainingRows
from .nn.network import Graph, Members, Scaled, Together, exported
from .nn.recipe import NetworkRows
from .onnx_graph import halved

DEFAULTS: dict[str, Any] = {
    "epochs": 12,
    "batch": 64,
    "learning_rate": 3e-3,
    "weight_decay": 1e-4,
    "members": 1,
    "seed": 0,
}
WIDTHS = (32, 48, 64)  # channels after each convolution
MASKED, UNMASKED = 6.0, 0.1  # what the map of a photo counts beside its P
FAR = 1e4  # from all other odds: what lies outside the photo gets no attention


class DctNet(Members):
    """One or more networks alike, which answer by the mean of their P."""

    views = ("cells",)
    defaults = DEFAULTS
    learns_more = True

    def fit(self, rows: TrainingRows) -> Self:
        """Train the members, each from weights of its own; see ``Backend.fit``."""
        cells = rows.inputs["cells"]
        mean, deviation = _scales(cells[rows.weights > 0])
        shown = NetworkRows.of(rows, cells, _targets(cells, rows.y, rows.masks))
        make = partial(_Layers, mean, deviation)
        self.network = _Together(self.trained("DctNet", make, _loss, shown))
        return self

    def to_onnx(self) -> bytes:
        """See ``Backend.to_onnx``; a second output ``map`` has P of each cell, (n, h, w)."""
        shape = (len(CHANNELS), 32, 32)
        graph = exported(
            _Graph(self._fitted()),
            ["cells"],
            [shape],
            outputs=["probability", "map"],
            open_axes={"cells": {2: "h", 3: "w"}, "map": {1: "h", 2: "w"}},
        )
        return halved(graph)


class _Layers(Scaled):
    """(b, 92, h, w) -> log odds (b,); learning, those of P and of the cells."""

    def __init__(self, mean: Array, deviation: Array) -> None:
        super().__init__(mean, deviation)
        narrow, middle, wide = WIDTHS
        self.weights = nn.Parameter(torch.empty(narrow, len(CHANNELS) - 1))
        nn.init.kaiming_normal_(self.weights, nonlinearity="relu")
        self.normal = nn.BatchNorm2d(narrow)
        self.near = _convolution(narrow, middle, 3)
        self.far = _convolution(middle, wide, 3)
        self.attention = nn.Conv2d(wide, 1, 1)
        self.answer = nn.Linear(2 * wide, 1)
        self.cell = nn.Conv2d(narrow, 1, 1)
        self.around = nn.Conv2d(wide, 1, 1, bias=False)

    def forward(self, cells: torch.Tensor) -> torch.Tensor:
        if not self.training:
            return self.all(cells)[0]
        odds, places = self.all(cells, *(torch.rand(3) < 0.5).tolist())
        return torch.cat([odds[:, None], places.flatten(1)], 1)

    def all(
        self, cells: torch.Tensor, across: bool = False, down: bool = False, turn: bool = False
    ) -> tuple[torch.Tensor, ...]:
        """Log odds of the photo, (b,), and of its cells, (b, h, w); seen mirrored or turned."""
        # Turning a photo is another order of the weights of a 1x1 convolution, and all else may
        # wait until the map is small.
        mixed, inside = functional.conv2d(cells, self._mixing(turn)), cells[:, -1:]
        fine = functional.relu(self.normal(mixed)) * inside
        # an extent that is odd is padded, and each step divided by how many cells it has
        covered = functional.avg_pool2d(inside, 2, ceil_mode=True, count_include_pad=False)
        pooled = functional.avg_pool2d(fine, 2, ceil_mode=True, count_include_pad=False)
        within = _moved((covered > 0).float(), across, down, turn)
        pooled = _moved(pooled / covered.clamp(min=0.25), across, down, turn)
        coarse = self.far(self.near(pooled) * within) * within
        mean = coarse.sum((2, 3)) / within.sum((2, 3)).clamp(min=1)
        look = self.attention(coarse) - FAR * (1 - within)
        look = torch.exp(look - look.amax((2, 3), keepdim=True))
        seen = (coarse * look).sum((2, 3)) / look.sum((2, 3))
        odds = self.answer(torch.cat([mean, seen], 1))[:, 0]
        around = self.around(coarse)
        around = around.transpose(2, 3) if turn else around
        around = _moved(around, across, down, False)
        around = functional.interpolate(around, scale_factor=2.0, mode="nearest")
        places = self.cell(fine) + around[:, :, : fine.shape[2], : fine.shape[3]]
        return odds, places[:, 0]

    def _mixing(self, turn: bool) -> torch.Tensor:
        """The first convolution, on channels not scaled yet; the last weight is the offset."""
        scaled = self.weights / self.deviation
        offset = -(scaled * self.mean).sum(1, keepdim=True)
        scaled = scaled[:, TRANSPOSED[:-1]] if turn else scaled
        return torch.cat([scaled, offset], 1)[:, :, None, None]


class _Together(Together):
    """Networks alike -> the log odds of the mean of their P."""

    def forward(self, cells: torch.Tensor) -> torch.Tensor:
        p = self.all(cells)[0].clamp(1e-7, 1 - 1e-7)
        return torch.log(p / (1 - p))

    def all(self, cells: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """As ``_Layers.all``, but probabilities."""
        answers = [member.all(cells) for member in self.members]  # type: ignore[operator]
        parts = zip(*answers, strict=True)
        return tuple(torch.stack([torch.sigmoid(one) for one in part]).mean(0) for part in parts)


class _Graph(Graph):
    """Cells, (n, 92, h, w) float32, to P(blurred), (n,), and that of each of them.

    They are rounded here as the table is that the network learnt from, faster than by NumPy.
    """

    def forward(self, cells: torch.Tensor) -> tuple[torch.Tensor, ...]:
        answers: tuple[torch.Tensor, ...] = self.network.all(cells.half().float())  # type: ignore[operator]
        return answers


def _convolution(before: int, after: int, side: int) -> nn.Module:
    layer = nn.Conv2d(before, after, side, padding=side // 2, bias=False)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return nn.Sequential(layer, nn.BatchNorm2d(after), nn.ReLU(inplace=True))


def _scales(cells: Array) -> tuple[Array, Array]:
    """Mean and deviation of each channel over what lies inside photographs, (91,) float32."""
    some = cells[:: max(1, len(cells) // 512)].astype(np.float32)
    inside = some[:, -1] > 0
    found = [some[:, channel][inside] for channel in range(len(CHANNELS) - 1)]
    mean = np.array([values.mean() for values in found], np.float32)
    return mean, np.array([values.std() + 1e-3 for values in found], np.float32)


def _targets(cells: Array, y: Array, masks: Array | None) -> Array:
    """(n, 2 + h * w): what the map counts; then y and the cells, NaN where nobody says."""
    inside = (cells[:, -1] > 0).reshape(len(y), -1)
    known = np.where(y < 0, np.nan, y).astype(np.float32)[:, None]
    places = np.where(inside, known, np.float32(np.nan))
    counts = np.full((len(y), 1), UNMASKED, np.float32)
    if masks is not None:
        masked = np.isfinite(masks).any(axis=(1, 2))
        places[masked] = masks[masked].reshape(int(masked.sum()), -1)
        counts[masked] = MASKED
    return np.concatenate([counts, known, places], axis=1)


def _loss(output: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of P, and of the cells on average, where they are known."""
    entropy = functional.binary_cross_entropy_with_logits
    wanted = targets[:, 1:]
    known = wanted.isfinite()
    each = entropy(output, wanted.nan_to_num(), reduction="none") * known
    places = each[:, 1:].sum(1) / known[:, 1:].sum(1).clamp(min=1)
    return each[:, 0] + targets[:, 0] * places


def _moved(maps: torch.Tensor, across: bool, down: bool, turn: bool) -> torch.Tensor:
    """Mirrored, and transposed."""
    maps = maps.flip(3) if across else maps
    maps = maps.flip(2) if down else maps
    return maps.transpose(2, 3) if turn else maps


def _swapped(name: str) -> str:
    """The channel that another one becomes when a photo is transposed."""
    first, last = DIRECTIONS[0], DIRECTIONS[-1]
    for one, other in ((first, last), (last, first)):
        if any(sector in name for sector in SECTORS) and f"_{one}" in name:
            return name.replace(f"_{one}", f"_{other}")
    return name


TRANSPOSED = [CHANNELS.index(_swapped(name)) for name in CHANNELS]
