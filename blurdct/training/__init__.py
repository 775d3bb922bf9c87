"""Rows -> a calibrated bundle: folds, fit, calibration, tuning."""

from typing import TYPE_CHECKING

from ..utils.lazy import exports

if TYPE_CHECKING:
    from .cross_validation import cross_validate as cross_validate
    from .out_of_fold import OutOfFold as OutOfFold
    from .train import train_model as train_model
    from .training_set import (
        COLUMNS as COLUMNS,
        TrainingSet as TrainingSet,
        build_training_set as build_training_set,
    )
    from .tuning import tune as tune

_HOMES = {
    "training_set": ("COLUMNS", "TrainingSet", "build_training_set"),
    "train": ("train_model",),
    "cross_validation": ("cross_validate",),
    "out_of_fold": ("OutOfFold",),
    "tuning": ("tune",),
}
__getattr__, __dir__, __all__ = exports(__name__, _HOMES)
