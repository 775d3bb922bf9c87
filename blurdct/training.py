"""Manifest + backend name + parameters -> fitted bundle with its thresholds."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import onnxruntime

from . import __version__
from .bundle import Bundle, Calibration
from .calibrating import BATCH, decide, false_positives, labels
from .config import ReadConfig, TrainConfig
from .dataset import TOO_FEW, folds
from .errors import BlurdctError, ConfigError, ModelError
from .examples import Examples, judged_alone, learns_more, table_digest, with_apart
from .models import backend
from .models.base import Array, Backend, Inputs
from .progress import Progress, silent
from .views import learnt_at

CHECKED = 512  # pictures, at least, that an export is compared with its model on
EXPORT_TOLERANCE = 1e-4  # largest difference in P between a model and its export


@dataclass(frozen=True)
class OutOfFold:
    """Every row judged by a model that saw no photo of its scene, once per shuffle.

    Attributes:
        raw: (shuffles, n) P before calibration.
        p: (shuffles, n) P(blurred), calibrated on the other folds' real rows.
        label: (shuffles, n) 0 clear, 1 medium, 2 blurred, by thresholds of the other folds.
        fold: (shuffles, n) number of the fold, by which rows one model judged; None if it was one.
    """

    raw: Array
    p: Array
    label: Array
    fold: Array | None = None


def cross_validate(
    data: Examples,
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
        model = _fit(with_apart(data, rows, data.groups[judge]), name, parameters)
        raw[shuffle, judge] = model.predict_proba(data.take(judge))
        fold_of[shuffle, judge] = fold
    for shuffle, fold in jobs:
        here = fold_of[shuffle] == fold
        others = ~here & data.real
        if not here.any():
            continue
        calibration, thresholds = decide(data.y[others], raw[shuffle, others], config)
        p[shuffle, here] = calibration(raw[shuffle, here])
        label[shuffle, here] = labels(p[shuffle, here], thresholds)
    return OutOfFold(raw, p, label, fold_of)


def judge_unseen(
    data: Examples, name: str, parameters: dict[str, Any] | None, calibration: Calibration
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
        seen = with_apart(data, (data.weights > 0) & (source != one), data.groups[source == one])
        model = _fit(seen, name, parameters)
        answers[one] = calibration(model.predict_proba(data.take(photos)))
    return answers


def train(
    data: Examples,
    name: str,
    parameters: dict[str, Any] | None = None,
    config: TrainConfig = TrainConfig(),
    read: ReadConfig = ReadConfig(),
    judged: OutOfFold | None = None,
) -> tuple[Bundle, Backend]:
    """Fit on every row and export; calibration and thresholds from out-of-fold P.

    Args:
        data: What to learn from.
        name: A backend out of the registry.
        parameters: Instead of the backend's defaults.
        config: How to train.
        read: How the photographs were read.
        judged: Of ``cross_validate`` with the same arguments, if it was called already.

    Returns:
        The bundle, and the fitted model that its graph was exported from.

    Raises:
        ModelError: The export answers otherwise than the trained model.
    """
    judged = judged or cross_validate(data, name, parameters, config)
    times = len(judged.raw)
    y, raw = np.tile(data.y[data.real], times), judged.raw[:, data.real].ravel()
    calibration, thresholds = decide(y, raw, config)
    model = _fit(with_apart(data, data.weights > 0), name, parameters)
    graph = model.to_onnx()
    checked = data.take(_checked(data))
    check_export(graph, checked, model.predict_proba(checked))
    bundle = Bundle(
        backend=name,
        graph=graph,
        size=learnt_at(model.views, read.size),
        calibration=calibration,
        thresholds=thresholds,
        views=model.views,
        parameters=model.parameters,
        training={
            "rows": int((data.weights > 0).sum()),
            "real": int((data.real & (data.weights > 0)).sum()),
            "groups": len(np.unique(data.groups)),
            "table_sha256": table_digest(data.table),
            "config": asdict(config),
            "false_positives": false_positives(y, calibration(raw)),
            "version": __version__,
        },
    )
    return bundle, model


def check_export(graph: bytes, inputs: Inputs, expected: Array) -> float:
    """Largest difference in P between a model and its graph.

    Raises:
        ModelError: It is over ``EXPORT_TOLERANCE``.
    """
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    eaten = {one.name: inputs[one.name] for one in session.get_inputs()}
    exported = np.concatenate(
        [
            session.run(
                ["probability"], {view: rows[at : at + BATCH] for view, rows in eaten.items()}
            )[0]
            for at in range(0, len(expected), BATCH)
        ]
    )
    difference = float(np.abs(exported - expected).max())
    if not difference <= EXPORT_TOLERANCE:
        raise ModelError(f"the exported graph differs from the model by {difference:.2g} in P")
    return difference


def _fit(data: Examples, name: str, parameters: dict[str, Any] | None) -> Backend:
    if len(np.unique(data.y)) < 2:
        raise ConfigError(TOO_FEW)
    model = backend(name)(**(parameters or {}))
    more: dict[str, Any] = {}
    if learns_more(type(model)):
        more = {"masks": data.masks}
    try:
        return model.fit(data.inputs, data.y, data.groups, data.weights, data.levels, **more)
    except BlurdctError:
        raise
    except ValueError as error:  # so libraries call a parameter out of its range
        if not parameters:
            raise
        raise ConfigError(f"{name}, {parameters}: {str(error).splitlines()[0]}") from error


def _checked(data: Examples) -> Array:
    """All rows' numbers; of pictures every so many, as a network answers slowly."""
    pictures = any(values.ndim > 2 for values in data.inputs.values())
    return np.arange(0, len(data.y), max(1, len(data.y) // CHECKED) if pictures else 1)


def _rows(numbers: Array, wanted: Array) -> Array:
    chosen = np.zeros(len(wanted), bool)
    chosen[numbers] = True
    return chosen & wanted
