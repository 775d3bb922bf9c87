"""What a model says to labelled photographs -> its calibration, and the thresholds of the verdicts.

The model itself is not touched, so a few dozen photographs do.

Sources:
    Calibration, and its targets: Platt, Advances in Large Margin Classifiers 1999.
    Its fit by Newton's method: Lin, Lin, Weng, Machine Learning 68, 2007,
    doi:10.1007/s10994-007-5018-6.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from .. import metrics
from .._version import __version__
from ..config import TrainConfig
from ..errors import ConfigError
from ..images.labelled import TOO_FEW
from ..metrics import logit
from .bundle import Bundle, Calibration
from .detector import Detector
from .thresholds import VERDICTS, Thresholds, verdict_index

Array = np.ndarray

LEAST_SCALE = 1e-3  # a calibration must rise; so flat, P is the share of blurred photographs
RIDGE = 1e-6  # on the scale, for photographs that all have one score; nothing beside a row
STEPS = 100  # of Newton's; a dozen do
# By what a calibration is judged on photographs that it did not see, and which way is better. Not
# by its own error in bins: of a hundred photographs this says little.
JUDGED = {"accuracy": 1, "brier": -1}
SHARES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)  # of sharp photographs, to choose among


def decide(
    y: Array, raw: Array, config: TrainConfig, weights: Array | None = None
) -> tuple[Calibration, Thresholds]:
    """Calibration, and the thresholds of the verdicts, from rows that the model did not learn from.

    Args:
        y: Shape (n,).
        raw: Shape (n,), P before calibration.
        config: Which shares of false answers there may be among what is sure.
        weights: Shape (n,), what rows count for the calibration; 1 each if left out.

    Raises:
        ConfigError: Rows of one label only.
    """
    weights = np.ones(len(y)) if weights is None else weights
    if len(np.unique(y)) < 2:
        raise ConfigError(TOO_FEW)
    odds = logit(raw)
    # Platt's targets stop short of 0 and 1: as many photographs as there are cannot show more
    counts = np.bincount(y, weights, minlength=2)
    target = np.where(y == 1, (counts[1] + 1) / (counts[1] + 2), 1 / (counts[0] + 2))
    scale, offset = _fitted(odds, target, weights)
    if scale < LEAST_SCALE:  # the model says nothing about these, or the contrary
        scale = LEAST_SCALE
        offset = float(logit(np.average(target, weights=weights)) - scale * np.mean(odds))
    calibration = Calibration(scale, offset)
    return calibration, limits(y, calibration(raw), config)


def limits(y: Array, p: Array, config: TrainConfig) -> Thresholds:
    """The thresholds of the verdicts.

    Args:
        y: Shape (n,), of both labels.
        p: Shape (n,), calibrated, of rows that the model did not learn from.
        config: Which shares of false answers there may be among what is sure.
    """
    blurred = metrics.threshold_at_fpr(p[y == 0], config.max_fpr)
    clear = metrics.threshold_at_fnr(p[y == 1], config.max_fnr)
    # a model that separates the two has its limits crossed: one cut between them then
    if clear > blurred:
        clear = blurred = (clear + blurred) / 2
    return Thresholds(sure_sharp=clear, sure_blurred=blurred)


def _fitted(odds: Array, target: Array, weights: Array) -> tuple[float, float]:
    """Scale and offset by which the sigmoid of the odds has the least cross-entropy."""

    def loss(at: Array) -> float:
        moved = columns @ at
        each = np.logaddexp(0, moved) - target * moved
        return float(np.sum(weights * each) + RIDGE / 2 * at[0] ** 2)

    # by standard units, so that a step means the same whatever the scale of the odds
    middle, unit = float(np.mean(odds)), float(np.std(odds)) or 1.0
    columns = np.stack([(odds - middle) / unit, np.ones_like(odds)], axis=1)
    ridge = np.diag([RIDGE, 0.0])
    at = np.array([0.0, float(logit(np.average(target, weights=weights)))])
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-(columns @ at)))
        slope = columns.T @ (weights * (p - target)) + ridge @ at
        curve = (
            (columns * (weights * p * (1 - p))[:, None]).T @ columns + ridge + np.diag([0.0, 1e-12])
        )
        step = np.linalg.solve(curve, slope)
        now, share = loss(at), 1.0
        while loss(at - share * step) > now and share > 1e-6:
            share /= 2
        at = at - share * step
        if np.max(np.abs(share * step)) < 1e-10:
            break
    scale = float(at[0] / unit)
    return scale, float(at[1] - scale * middle)


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
            ``false_positive_rate`` (both at P .5), ``brier``, ``calibration_error``,
            ``sharp_blurred`` (share of sharp photographs that are surely blurred to it) and
            ``blurred_sharp``; all 0..1.
        after: The same of the new one, by calibrations and thresholds of other scenes.
    """

    bundle: Bundle
    before: dict[str, float]
    after: dict[str, float]

    @property
    def worse(self) -> list[str]:
        """Names of those numbers by which the new one is worse; see ``JUDGED``."""
        gains = {name: (self.after[name] - self.before[name]) * JUDGED[name] for name in JUDGED}
        return [name for name, gain in gains.items() if gain < -1e-9]


def calibrate(
    bundle: Bundle,
    inputs: Mapping[str, Array],
    y: Array,
    groups: Array,
    config: TrainConfig = TrainConfig(),
    keep_scores: bool = False,
) -> Calibrated:
    """Fit calibration and thresholds anew, or the latter alone; the graph stays as it is.

    Args:
        bundle: The model.
        inputs: By name, n rows each.
        y: Shape (n,), 1 blurred, 0 sharp.
        groups: Shape (n,), scene.
        config: Folds and shuffles to judge by, and which shares of false answers are allowed.
        keep_scores: Leave the calibration as it is, and fit the thresholds to it.

    Raises:
        ConfigError: One label only, or too few scenes.
    """

    def fit(y: Array, raw: Array) -> tuple[Calibration, Thresholds]:
        calibration, thresholds = decide(y, raw, config)
        if keep_scores:
            return bundle.calibration, limits(y, bundle.calibration(raw), config)
        return calibration, thresholds

    raw = Detector(replace(bundle, calibration=Calibration())).probabilities(inputs)
    was = bundle.calibration(raw)
    before = _worth(y, was, verdict_index(was, bundle.thresholds))
    after = []
    for shuffle in range(config.shuffles):
        p, label = np.zeros(len(y)), np.zeros(len(y), int)
        for others, here in _folds(groups, y, config.folds, config.seed + shuffle):
            calibration, thresholds = fit(y[others], raw[others])
            p[here] = calibration(raw[here])
            label[here] = verdict_index(p[here], thresholds)
        after.append(_worth(y, p, label))
    calibration, thresholds = fit(y, raw)
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
        "brier": metrics.brier(y, p),
        "calibration_error": metrics.calibration_error(y, p),
        "sharp_blurred": float(np.mean(label[y == 0] == VERDICTS.index("blurred"))),
        "blurred_sharp": float(np.mean(label[y == 1] == VERDICTS.index("sharp"))),
    }


def _folds(groups: Array, y: Array, count: int, seed: int) -> list[tuple[Array, Array]]:
    """(others, held out) row numbers of each fold; a scene is never divided, labels are even.

    Like ``datasets.folds``, but without scikit-learn, which the core does not have.

    Raises:
        ConfigError: Fewer than two scenes.
    """
    _, scene = np.unique(groups.astype(str), return_inverse=True)
    scenes = int(scene.max()) + 1
    count = min(count, scenes)
    if count < 2:
        raise ConfigError("expected photographs of at least two groups (scenes) to split by")
    has = np.stack([np.bincount(scene, y == label, scenes) for label in (0, 1)], axis=1)
    order = np.random.default_rng(seed).permutation(scenes)
    order = order[np.argsort(-has[order].max(axis=1), kind="stable")]  # large ones first
    taken, place = np.zeros((count, 2)), np.zeros(scenes, int)
    for one in order:
        # where the photographs of its labels are fewest, and all else being equal the fold is small
        crowd = taken @ has[one] / max(1, has[one].sum()) + 1e-6 * taken.sum(axis=1)
        place[one] = int(np.argmin(crowd))
        taken[place[one]] += has[one]
    fold = place[scene]
    rows = [
        (np.nonzero(fold != number)[0], np.nonzero(fold == number)[0]) for number in range(count)
    ]
    return [(others, here) for others, here in rows if len(here)]
