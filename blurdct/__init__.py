"""blurdct tells blurred photographs from sharp ones out of 18 DCT statistics.

>>> from blurdct import Detector
>>> Detector.load().predict("photo.jpg").score  # 0 sharp .. 100 blurred
"""

import os
from typing import TYPE_CHECKING

from ._version import __version__ as __version__
from .utils.lazy import exports

if TYPE_CHECKING:
    from .errors import (
        BlurdctError as BlurdctError,
        ConfigError as ConfigError,
        ImageError as ImageError,
        ModelError as ModelError,
    )
    from .features.bands import FEATURES as FEATURES
    from .features.extract import (
        block_statistics as block_statistics,
        image_features as image_features,
    )
    from .images.reader import read_luma as read_luma
    from .inference.dataframe import score_frame as score_frame
    from .inference.detector import Detector as Detector
    from .inference.multiscale import SizeVerdict as SizeVerdict, judge_sizes as judge_sizes
    from .inference.prediction import Prediction as Prediction

# ONNX Runtime's wheels count and report how they are used; a photo's reader should not.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

_HOMES = {
    "errors": ("BlurdctError", "ConfigError", "ImageError", "ModelError"),
    "features.bands": ("FEATURES",),
    "features.extract": ("block_statistics", "image_features"),
    "images.reader": ("read_luma",),
    "inference.dataframe": ("score_frame",),
    "inference.detector": ("Detector",),
    "inference.prediction": ("Prediction",),
    "inference.multiscale": ("SizeVerdict", "judge_sizes"),
}
__getattr__, __dir__, __all__ = exports(__name__, _HOMES)
