"""Training set + backend name + parameters -> fitted bundle with its calibration and thresholds."""

from dataclasses import asdict
from typing import Any

import numpy as np

from .._version import __version__
from ..config import ReadConfig, TrainConfig
from ..errors import ModelError
from ..features.inputs import learnt_at
from ..inference.bundle import Bundle
from ..inference.calibration import decide, false_positives
from ..inference.session import Session
from ..models.base import Array, Backend, Inputs
from .blur_rows import rows_of_blur
from .cross_validation import cross_validate, fit_rows
from .out_of_fold import OutOfFold
from .training_set import TrainingSet, deciding, table_digest, with_extra

CHECKED = 512  # pictures, at least, that an export is compared with its model on
EXPORT_TOLERANCE = 1e-4  # largest difference in P between a model and its export


def train_model(
    data: TrainingSet,
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
    rows, counted = deciding(data)
    y, raw = np.tile(data.y[rows], times), judged.raw[:, rows].ravel()
    calibration, thresholds = decide(y, raw, config, np.tile(counted[rows], times))
    model = fit_rows(with_extra(data, data.weights > 0), name, parameters)
    graph = model.to_onnx()
    checked = data.take(_checked(data))
    check_export(graph, checked, model.predict_proba(checked))
    bundle = Bundle(
        backend=name,
        graph=graph,
        map_graph=model.map_onnx(),
        blur_graph=model.blur_onnx(known) if (known := rows_of_blur(data)) else b"",
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
        ModelError: It is over ``EXPORT_TOLERANCE``, or the graph cannot be run.
    """
    exported = Session(graph).probabilities(inputs)
    difference = float(np.abs(exported - expected).max())
    if not difference <= EXPORT_TOLERANCE:
        raise ModelError(f"the exported graph differs from the model by {difference:.2g} in P")
    return difference


def _checked(data: TrainingSet) -> Array:
    """All rows' numbers; of pictures every so many, as a network answers slowly."""
    pictures = any(values.ndim > 2 for values in data.inputs.values())
    return np.arange(0, len(data.y), max(1, len(data.y) // CHECKED) if pictures else 1)
