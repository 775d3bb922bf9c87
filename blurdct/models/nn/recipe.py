"""What a network learns from, and how: the rows and the recipe of a fit."""

from dataclasses import dataclass
from typing import Self

from ...errors import ConfigError
from ..base import Array, TrainingRows


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Attributes:
        epochs: At most.
        patience: Epochs without a better validation AUC after which to stop.
        batch: Photographs a step.
        learning_rate: The largest; it rises over the first epoch and falls as a cosine.
        optimiser: ``adam`` or ``sgd`` (momentum .9).
        weight_decay: L2, on all weights but those that the network's ``decays`` has by name.
        crop: Side of a random crop to train on, pixels; 0 for the whole picture.
        kept_aside: Whether a part of the scenes is not learnt from but decides when to stop; if
            not, the last epoch counts.
        mixed_on_cpu: Whether mixed precision pays on a processor that has it.
        seed: Of the first weights, of batches and augmentation.
    """

    epochs: int
    patience: int
    batch: int
    learning_rate: float
    optimiser: str = "adam"
    weight_decay: float = 0.0
    crop: int = 0
    kept_aside: bool = True
    mixed_on_cpu: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.epochs, self.patience, self.batch) < 1 or self.learning_rate <= 0:
            raise ConfigError("epochs, patience, batch: expected 1 or more; learning_rate: over 0")
        if self.optimiser not in ("adam", "sgd"):
            raise ConfigError(f"optimiser: expected adam or sgd, got {self.optimiser!r}")


@dataclass(frozen=True)
class NetworkRows:
    """What a network learns from: n rows.

    Attributes:
        values: (n, H, W, 3) uint8, pictures; (n, C, h, w) float16, maps; or (n, k) float32,
            numbers.
        targets: (n, k) float32, what the loss compares the output with.
        y: As in ``TrainingRows``, like the next two; early stopping goes by it.
        groups: By them some rows are kept aside.
        weights: How often a row is drawn.
        decides: (n,) bool, the rows that early stopping may go by.
    """

    values: Array
    targets: Array
    y: Array
    groups: Array
    weights: Array
    decides: Array

    @classmethod
    def of(cls, rows: TrainingRows, values: Array, targets: Array) -> Self:
        """Rows to learn from, with what the network sees of them and what it is to answer."""
        return cls(values, targets, rows.y, rows.groups, rows.weights, rows.deciding())
