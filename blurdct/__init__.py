"""blurdct tells blurred photographs from sharp ones out of 18 DCT statistics.

>>> from blurdct import Detector
>>> Detector.load().predict("photo.jpg").score  # 0 sharp .. 100 blurred
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .bands import FEATURES
    from .detector import Detector, Prediction
    from .errors import BlurdctError, ConfigError, ImageError, ModelError
    from .features import block_statistics, image_features
    from .frames import score_frame
    from .images import read_luma
    from .sizes import SizeVerdict, judge_sizes

__version__ = "0.1.0"

# ONNX Runtime's wheels count and report how they are used; a photo's reader should not.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

_HOME = {
    "FEATURES": "bands",
    "Detector": "detector",
    "Prediction": "detector",
    "BlurdctError": "errors",
    "ConfigError": "errors",
    "ImageError": "errors",
    "ModelError": "errors",
    "block_statistics": "features",
    "image_features": "features",
    "judge_sizes": "sizes",
    "read_luma": "images",
    "score_frame": "frames",
    "SizeVerdict": "sizes",
}

__all__ = [
    "FEATURES",
    "BlurdctError",
    "ConfigError",
    "Detector",
    "ImageError",
    "ModelError",
    "Prediction",
    "SizeVerdict",
    "block_statistics",
    "image_features",
    "judge_sizes",
    "read_luma",
    "score_frame",
]


def __getattr__(name: str) -> Any:
    # Imported when first used, so that ``import blurdct`` costs nothing.
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
