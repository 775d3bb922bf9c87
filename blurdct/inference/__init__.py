"""Numbers -> verdict: bundle, session, Detector, sizes, map, data frames."""

from typing import TYPE_CHECKING

from ..utils.lazy import exports

if TYPE_CHECKING:
    from .bundle import (
        Bundle as Bundle,
        Calibration as Calibration,
        Thresholds as Thresholds,
        load as load,
        shipped as shipped,
    )
    from .dataframe import score_frame as score_frame
    from .detector import Detector as Detector, Prediction as Prediction
    from .heatmap import draw as draw
    from .multiscale import SizeVerdict as SizeVerdict, judge_sizes as judge_sizes

_HOMES = {
    "bundle": ("Bundle", "Calibration", "Thresholds", "load", "shipped"),
    "detector": ("Detector", "Prediction"),
    "multiscale": ("SizeVerdict", "judge_sizes"),
    "dataframe": ("score_frame",),
    "heatmap": ("draw",),
}
__getattr__, __dir__, __all__ = exports(__name__, _HOMES)
