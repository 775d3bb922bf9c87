"""Rows -> P(blurred) of each by a model that never saw its scene."""

from typing import Any

import numpy as np

from ..config import TrainConfig
from ..datasets.splits import TOO_FEW, folds
from ..errors import BlurdctError, ConfigError
from ..inference.bundle import Calibration
from ..inference.calibration import decide
from ..inference.thresholds import verdict_index
from ..models.base import Array, Backend
from ..models.registry import backend
from ..utils.progress import Progress, silent
from .out_of_fold import OutOfFold
from .training_set import TrainingSet, deciding, judged_alone, with_extra


def cross_validate(
    data: TrainingSet,
    name: str,
    parameters: dict[str, Any] | None = None,
    config: TrainConfig = TrainConfig(),
    progress: Progress = silent,
) -> OutOfFold:
    """Judge a backend by grouped cross-validation.

    The model that judges a fold has seen no photo of its scenes. Its calibration and thresholds
    come from the out-of-fold answers about the other folds; the models that gave those did see it,
    which leaves them a trace of it (nesting would take as many models again for every fold).
    """
    jobs = [(shuffle, fold) for shuffle in range(config.shuffles) for fold in range(config.folds)]
    kinds = np.where(data.table["kind"] == "", "", "copy")
    strata = data.table["source"].to_numpy(str) + "/" + data.y.astype(str) + "/" + kinds
    splits = [
        folds(data.groups, strata, config.folds, config.seed + shuffle)
        for shuffle in range(config.shuffles)
    ]
    shape = (config.shuffles, len(data.y))
    raw, p, label, fold_of = np.zeros(shape), np.zeros(shape), np.zeros(shape, int), np.zeros(shape)
    for shuffle, fold in progress(jobs, len(jobs), f"{name}: folds"):
        if fold >= len(splits[shuffle]):
            continue  # fewer groups than folds
        learn, judge = splits[shuffle][fold]
        rows = _rows(learn, data.weights > 0)
        model = fit_rows(with_extra(data, rows, data.groups[judge]), name, parameters)
        raw[shuffle, judge] = model.predict_proba(data.take(judge))
        fold_of[shuffle, judge] = fold
    decisive, counted = deciding(data)
    for shuffle, fold in jobs:
        here = fold_of[shuffle] == fold
        others = ~here & decisive
        if not here.any():
            continue
        calibration, thresholds = decide(
            data.y[others], raw[shuffle, others], config, counted[others]
        )
        p[shuffle, here] = calibration(raw[shuffle, here])
        label[shuffle, here] = verdict_index(p[shuffle, here], thresholds)
    return OutOfFold(raw, p, label, fold_of)


def judge_unseen(
    data: TrainingSet, name: str, parameters: dict[str, Any] | None, calibration: Calibration
) -> dict[str, Array]:
    """P(blurred) of the photographs that only false positives are counted on.

    Returns:
        By source: calibrated P from a model that saw no photo of that source, nor copies of any.
    """
    source = data.table["source"].to_numpy()
    judged_only = judged_alone(data)
    answers = {}
    for one in sorted(set(source[judged_only])):
        photos = judged_only & (source == one)
        seen = with_extra(data, (data.weights > 0) & (source != one), data.groups[source == one])
        model = fit_rows(seen, name, parameters)
        answers[one] = calibration(model.predict_proba(data.take(photos)))
    return answers


def fit_rows(data: TrainingSet, name: str, parameters: dict[str, Any] | None) -> Backend:
    """A backend that has learnt from these rows.

    Raises:
        ConfigError: Rows of one label only, or a parameter out of its range.
    """
    if len(np.unique(data.y)) < 2:
        raise ConfigError(TOO_FEW)
    model = backend(name)(**(parameters or {}))
    try:
        return model.fit(data.rows)
    except BlurdctError:
        raise
    except ValueError as error:  # so libraries call a parameter out of its range
        if not parameters:
            raise
        given = ",".join(f"{key}={value}" for key, value in parameters.items())
        raise ConfigError(f"{name}:{given}: {str(error).splitlines()[0]}") from error


def _rows(numbers: Array, wanted: Array) -> Array:
    chosen = np.zeros(len(wanted), bool)
    chosen[numbers] = True
    return chosen & wanted
