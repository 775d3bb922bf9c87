"""Estimators for scikit-learn: ``BlurFeatures`` and ``BlurClassifier``."""

from typing import TYPE_CHECKING

from ..utils.lazy import exports

if TYPE_CHECKING:
    from .estimators import BlurClassifier as BlurClassifier, BlurFeatures as BlurFeatures

_HOMES = {
    "estimators": ("BlurClassifier", "BlurFeatures"),
}
__getattr__, __dir__, __all__ = exports(__name__, _HOMES)
