"""Numbers -> verdict: bundle, session, Detector, sizes, map, data frames."""

from typing import TYPE_CHECKING

from ..utils.lazy import exports

if TYPE_CHECKING:
    from .bundle import (
        Bundle as Bundle,
        Calibration as Calibration,
        load as load,
        shipped as shipped,
    )
    from .calibration import Calibrated as Calibrated, calibrate as calibrate
    from .dataframe import score_frame as score_frame
    from .detector import Detector as Detector
    from .heatmap import draw as draw
    from .multiscale import SizeVerdict as SizeVerdict, judge_sizes as judge_sizes
    from .prediction import Prediction as Prediction
    from .thresholds import Thresholds as Thresholds

_HOMES = {
    "bundle": ("Bundle", "Calibration", "load", "shipped"),
    "detector": ("Detector",),
    "prediction": ("Prediction",),
    "thresholds": ("Thresholds",),
    "multiscale": ("SizeVerdict", "judge_sizes"),
    "calibration": ("Calibrated", "calibrate"),
    "dataframe": ("score_frame",),
    "heatmap": ("draw",),
}
__getattr__, __dir__, __all__ = exports(__name__, _HOMES)
