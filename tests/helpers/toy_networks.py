"""Networks of a few weights, rows that they learn from, and their training."""

import numpy as np
import torch
from torch import nn

from blurdct.models.nn.recipe import NetworkRows, Recipe
from blurdct.models.nn.train_loop import train_network

SIDE = 12  # pixels
RECIPE = Recipe(epochs=4, patience=4, batch=8, learning_rate=0.03)


class Small(nn.Module):
    """All that makes a fit depend on what came before: normalisation, dropout, chance."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            *(nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.Dropout(0.2)), nn.Conv2d(6, 1, 1)
        )

    def forward(self, pixels):
        return self.layers(pixels).mean(dim=(1, 2, 3))


class Numbers(nn.Module):
    """Over rows of numbers, whose first it notes: (learning, the first numbers), in order."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 1)
        self.seen = []

    def forward(self, rows):
        self.seen.append((self.training, rows[:, 0].long().tolist()))
        return self.layer(rows)[:, 0] * 1e-3

    def rows(self, learning: bool) -> list[int]:
        """All that it was shown while learning, or while answering."""
        return [number for when, numbers in self.seen if when == learning for number in numbers]


def loss(output, targets):
    """Of each row."""
    return nn.functional.binary_cross_entropy_with_logits(output, targets[:, 0], reduction="none")


def every(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights alike, and all rows decide."""
    return np.ones(count), np.ones(count, bool)


def pictures(count: int = 48, seed: int = 0, scenes: int | None = None) -> NetworkRows:
    """Noise, and smooth noise for the blurred, two of a scene."""
    rng = np.random.default_rng(seed)
    y = np.arange(count) % 2
    values = rng.integers(0, 256, (count, SIDE, SIDE, 3), dtype=np.uint8)
    values[y == 1] = values[y == 1] // 4 + 96
    groups = np.arange(count) // 2 % (scenes or count)
    return NetworkRows(values, y[:, None].astype(np.float32), y, groups, *every(count))


def numbers(count: int, weights: np.ndarray | None = None) -> NetworkRows:
    """Each row its own number, two of a scene."""
    y = np.arange(count) % 2
    values = np.stack([np.arange(count), np.ones(count)], axis=1).astype(np.float32)
    weights = np.ones(count) if weights is None else weights
    decides = weights == weights.max()
    scenes = np.arange(count) // 2
    return NetworkRows(values, y[:, None].astype(np.float32), y, scenes, weights, decides)


def train(
    rows: NetworkRows | None = None, recipe: Recipe = RECIPE, make=Small, name="Small", about=None
):
    """The network after training."""
    return train_network(name, make, loss, rows or pictures(), recipe, about)


def weights_of(network: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def same(first: nn.Module, second: nn.Module) -> bool:
    """Whether two networks have the very same weights."""
    one, other = first.state_dict(), second.state_dict()
    return all(torch.equal(one[name], other[name]) for name in one)
