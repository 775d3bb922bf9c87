"""What a model says to labelled photographs -> its calibration, and the thresholds of the verdicts.

The model itself is not touched, so a few dozen photographs do.

Source: Platt, Advances in Large Margin Classifiers 1999, with its targets.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from .. import metrics
from .._version import __version__
from ..config import TrainConfig
from ..datasets.splits import TOO_FEW, folds
from ..errors import ConfigError
from ..inference.bundle import Bundle, Calibration
from ..inference.detector import Detector
from ..inference.thresholds import VERDICTS, Thresholds, verdict_index
from ..utils.odds import logit

Array = np.ndarray

LEAST_SCALE = 1e-3  # a calibration must rise; so flat, P is the share of blurred photographs
SHARES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)  # of sharp photographs, to choose among


def decide(y: Array, raw: Array, config: TrainConfig) -> tuple[Calibration, Thresholds]:
    """Calibration, and the thresholds of the verdicts, from rows that the model did not learn from.

    Args:
        y: Shape (n,).
        raw: Shape (n,), P before calibration.
        config: Which shares of false answers there may be among what is sure.

    Raises:
        ConfigError: Rows of one label only.
    """
    if len(np.unique(y)) < 2:
        raise ConfigError(TOO_FEW)
    odds = logit(raw)
    # Platt's targets stop short of 0 and 1: as many photographs as there are cannot show more
    counts = np.bincount(y, minlength=2)
    target = np.where(y == 1, (counts[1] + 1) / (counts[1] + 2), 1 / (counts[0] + 2))
    # each row as a blurred one and as a sharp one; no penalty to speak of
    both, share = np.repeat([1, 0], len(y)), np.concatenate([target, 1 - target])
    fitted = LogisticRegression(C=1e6).fit(np.tile(odds, 2)[:, None], both, sample_weight=share)
    scale, offset = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
    if scale < LEAST_SCALE:  # the model says nothing about these, or the contrary
        scale = LEAST_SCALE
        offset = float(logit(np.mean(target)) - scale * np.mean(odds))
    calibration = Calibration(scale, offset)
    p = calibration(raw)
    blurred = metrics.threshold_at_fpr(p[y == 0], config.max_fpr)
    clear = metrics.threshold_at_fnr(p[y == 1], config.max_fnr)
    # a model that separates the two has its limits crossed: one cut between them then
    if clear > blurred:
        clear = blurred = (clear + blurred) / 2
    return calibration, Thresholds(sure_sharp=clear, sure_blurred=blurred)


def false_positives(y: Array, p: Array) -> dict[str, float]:
    """By share of sharp photographs: the least P from which on no more of them are found.

    Args:
        y: Shape (n,).
        p: Shape (n,), calibrated, of rows that the model did not learn from.
    """
    sharp = p[y == 0]
    return {f"{share:g}": metrics.threshold_at_fpr(sharp, share) for share in SHARES}


@dataclass(frozen=True)
class Calibrated:
    """A model with another calibration and other thresholds.

    Attributes:
        bundle: The model.
        before: What the model as it was is worth on these photographs: ``accuracy``,
            ``false_positive_rate`` (both at P .5), ``calibration_error``, ``sharp_blurred`` (share
            of sharp photographs that are surely blurred to it) and ``blurred_sharp``; all 0..1.
        after: The same of the new one, by calibrations and thresholds of other scenes.
    """

    bundle: Bundle
    before: dict[str, float]
    after: dict[str, float]


def calibrate(
    bundle: Bundle,
    inputs: Mapping[str, Array],
    y: Array,
    groups: Array,
    config: TrainConfig = TrainConfig(),
) -> Calibrated:
    """Fit calibration and thresholds anew; the graph stays as it is.

    Args:
        bundle: The model.
        inputs: By name, n rows each.
        y: Shape (n,), 1 blurred, 0 sharp.
        groups: Shape (n,), scene.
        config: Folds and shuffles to judge by, and which shares of false answers are allowed.

    Raises:
        ConfigError: One label only, or too few scenes.
    """
    raw = Detector(replace(bundle, calibration=Calibration())).probabilities(inputs)
    was = bundle.calibration(raw)
    before = _worth(y, was, verdict_index(was, bundle.thresholds))
    after = []
    for shuffle in range(config.shuffles):
        p, label = np.zeros(len(y)), np.zeros(len(y), int)
        for others, here in folds(groups, y, config.folds, config.seed + shuffle):
            calibration, thresholds = decide(y[others], raw[others], config)
            p[here] = calibration(raw[here])
            label[here] = verdict_index(p[here], thresholds)
        after.append(_worth(y, p, label))
    calibration, thresholds = decide(y, raw, config)
    note = {
        "photos": len(y),
        "blurred": int(np.sum(y)),
        "groups": len(np.unique(groups)),
        "config": asdict(config),
        "false_positives": false_positives(y, calibration(raw)),
        "version": __version__,
    }
    made = replace(
        bundle,
        calibration=calibration,
        thresholds=thresholds,
        training={**bundle.training, "calibrated": note},
    )
    return Calibrated(made, before, metrics.mean_of(after))


def _worth(y: Array, p: Array, label: Array) -> dict[str, Any]:
    at_half = metrics.at_cutoff(y, p)
    return {
        "accuracy": at_half["accuracy"],
        "false_positive_rate": at_half["false_positive_rate"],
        "calibration_error": metrics.calibration_error(y, p),
        "sharp_blurred": float(np.mean(label[y == 0] == VERDICTS.index("blurred"))),
        "blurred_sharp": float(np.mean(label[y == 1] == VERDICTS.index("sharp"))),
    }
