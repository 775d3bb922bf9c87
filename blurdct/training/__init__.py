"""Rows -> a calibrated bundle: folds, fit, calibration, tuning."""

from typing import TYPE_CHECKING

from ..utils.lazy import exports

if TYPE_CHECKING:
    from .calibration import calibrate as calibrate
    from .cross_validation import cross_validate as cross_validate
    from .train import train_model as train_model
    from .tuning import tune as tune

_HOMES = {
    "train": ("train_model",),
    "cross_validation": ("cross_validate",),
    "tuning": ("tune",),
    "calibration": ("calibrate",),
}
__getattr__, __dir__, __all__ = exports(__name__, _HOMES)
