"""Reports on models that were judged on the same rows -> one report on all."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import metrics
from .._version import __version__
from ..config import TrainConfig
from ..errors import ConfigError
from ..inference.bundle import named
from ..training.training_set import TrainingSet, judged_alone
from .model_report import rows_digest
from .schema import Report


def side_by_side(
    models: Mapping[str, Report],
    data: TrainingSet,
    config: TrainConfig = TrainConfig(),
    default: str = named("best"),
) -> Report:
    """Several models' reports in one; of a single model too.

    Args:
        models: By name, what ``report_on`` returned, or read back from JSON; at least one.
        data: What they were all judged on.
        config: How they were judged.
        default: Which model the others are held against; the best if that is not among them.

    Returns:
        ``about``: what was judged, and how. ``models``: by name, best ROC AUC on real rows first.
        ``against``: ``model``, and by every other's name the difference of its ROC AUC,
        ``roc_auc``, with the 95 % interval ``low`` to ``high`` over the same resamples.

    Raises:
        ConfigError: No reports, or one on other rows than ``data``.
    """
    digest = rows_digest(data)
    if not models:
        raise ConfigError("expected the report of at least one model")
    for name, report in models.items():
        if report["rows"] != digest:
            raise ConfigError(f"{name}: judged on other photographs than those of the comparison")
    order = sorted(models, key=lambda name: -np.nan_to_num(_float(models[name]["real"]["roc_auc"])))
    base = default if default in models else order[0]
    differences = {}
    for name in order:
        if name != base:
            gap = _float(models[name]["resampled"]) - _float(models[base]["resampled"])
            low, high = metrics.interval(gap)
            mean = _float(models[name]["real"]["roc_auc"]) - models[base]["real"]["roc_auc"]
            differences[name] = {"roc_auc": float(mean), "low": low, "high": high}
    kept = {
        name: {key: value for key, value in models[name].items() if key != "resampled"}
        for name in order
    }
    return {
        "about": _about(data, config),
        "models": kept,
        "against": {"model": base, "differences": differences},
    }


def _about(data: TrainingSet, config: TrainConfig) -> Report:
    table, real, alone = data.table, data.real, judged_alone(data)
    source, kinds = table["source"].to_numpy(), table["kind"].to_numpy()
    per_source = {
        name: {
            "photos": int(rows.sum()),
            "blurred": int(data.y[rows].sum()),
            "groups": len(np.unique(data.groups[rows])),
        }
        for name in sorted(set(source[real]))
        for rows in [real & (source == name)]
    }
    return {
        "photos": int(real.sum()),
        "blurred": int(data.y[real].sum()),
        "groups": len(np.unique(data.groups[real])),
        "sources": per_source,
        "sharp_sources": {
            name: int((alone & (source == name)).sum()) for name in sorted(set(source[alone]))
        },
        "copies": int((kinds != "").sum()),
        "folds": config.folds,
        "shuffles": config.shuffles,
        "resamples": metrics.RESAMPLES,
        "version": __version__,
    }


def _float(values: Any) -> Any:
    """Numbers as they come from ``report_on``, or from JSON, where null stands for NaN."""
    return np.asarray(values, float)
