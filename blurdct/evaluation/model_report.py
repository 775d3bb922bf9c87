"""Out-of-fold answers of one model -> every number about it."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from .. import metrics
from ..inference.bundle import Bundle
from ..inference.thresholds import VERDICTS
from ..models.base import Array
from ..training.out_of_fold import OutOfFold
from ..training.training_set import TrainingSet, judged_alone
from .schema import STRENGTH_THIRDS, Report

FEWEST = 10  # photographs of each label, for figures of their own
THRESHOLDS = (0.5, 0.7, 0.8, 0.9, 0.95)  # those that the seed's blur filter was measured at
WORST, WORST_OF_SCENE = 12, 2


def report_on(
    data: TrainingSet,
    judged: OutOfFold,
    bundle: Bundle,
    unseen: Mapping[str, Array] | None = None,
    cost: Mapping[str, Any] | None = None,
    model: object = None,
) -> Report:
    """Every number about a model, as plain JSON values.

    Args:
        data: The labelled rows.
        judged: Their out-of-fold P.
        bundle: The model that is shipped, for its settings.
        unseen: By source that has sharp photographs alone, the P of its photographs from a model
            that saw none of that source; None if nobody trained one.
        cost: ``weights_mb``, ``ms_per_photo``, ``train_seconds``, ``device``; passed through.
        model: The fitted model; if it knows the importance of its columns, that is reported.

    Returns:
        At cut-off .5, means over the shuffles: ``real``, ``metrics.summary`` on the real rows;
        ``sources``, the same by source; ``test``, on the real rows of split ``test``, which no
        tuning saw (None if they are few); ``confusion`` of the real rows. ``interval``: ends of
        the 95 % interval of the ROC AUC on real rows. ``roc_auc_in_folds``: mean of the ROC AUC of
        each fold's real rows alone (Forman, Scholz, SIGKDD Explorations 12, 2010), None where they
        are not known. ``labels``: what share of sharp and blurred ones gets which of ``VERDICTS``,
        thresholds taken from other folds. ``sharp_sources``: shares of false positives.
        ``by_threshold`` and ``at_false_positive_rate``: see ``_by_threshold`` and ``_at_rates``.
        Of the first shuffle: ``copies``, by kind and strength of synthetic
        blur, ROC AUC against the sharp copies and share found at .5; ``by_cutoff``; ``curves``.
        ``worst``: the real photographs called wrongly by the largest margin. ``rows`` and
        ``resampled`` are what ``model_comparison`` works with.
    """
    table, y, real = data.table, data.y, data.real
    source = table["source"].to_numpy()
    sources = {name: real & (source == name) for name in sorted(set(source[real]))}
    test = real & (table["split"] == "test").to_numpy()
    resampled = np.mean(
        [metrics.resampled_roc_auc(y[real], p[real], data.groups[real]) for p in judged.p], axis=0
    )
    return {
        "model": bundle.backend,
        "parameters": bundle.parameters,
        "calibration": asdict(bundle.calibration),
        "thresholds": asdict(bundle.thresholds),
        "training": bundle.training,
        "cost": dict(cost or {}),
        "real": _mean_summary(y, judged, real),
        "interval": list(metrics.interval(resampled)),
        "roc_auc_in_folds": _in_folds(y, judged, real),
        "confusion": metrics.mean_of([metrics.confusion(y[real], p[real]) for p in judged.p]),
        "sources": {name: _mean_summary(y, judged, rows) for name, rows in sources.items()},
        "test": _mean_summary(y, judged, test) if _enough(y[test]) else None,
        "labels": _label_shares(y, judged, real),
        "sharp_sources": _sharp_sources(data, judged, bundle, unseen),
        "by_threshold": _by_threshold(data, judged),
        "at_false_positive_rate": _at_rates(data, judged),
        "copies": _copies(data, judged),
        "by_cutoff": metrics.by_cutoff(y[real], judged.p[0, real]),
        "curves": metrics.curves(y[real], judged.p[0, real]),
        "worst": _worst(data, judged),
        "importance": getattr(model, "importance", dict)(),
        "rows": rows_digest(data),
        "resampled": resampled.tolist(),
    }


def _in_folds(y: Array, judged: OutOfFold, rows: Array) -> float | None:
    """Where models of several folds answer on scales of their own, pooling mixes what each said."""
    if judged.fold is None:
        return None
    found = [
        metrics.roc_auc(y[here], raw[here])
        for raw, fold in zip(judged.raw, judged.fold, strict=True)
        for number in np.unique(fold[rows])
        if _enough(y[here := rows & (fold == number)])
    ]
    return float(np.mean(found)) if found else None


def _enough(y: Array) -> bool:
    """Whether figures on these photographs mean anything."""
    return bool(FEWEST <= np.sum(y) <= len(y) - FEWEST)


def _mean_summary(y: Array, judged: OutOfFold, rows: Array) -> dict[str, Any]:
    return metrics.mean_of([metrics.summary(y[rows], p[rows]) for p in judged.p])


def _label_shares(y: Array, judged: OutOfFold, rows: Array) -> dict[str, list[float]]:
    shares = {}
    for name, label in (("sharp", 0), ("blurred", 1)):
        called = judged.label[:, rows & (y == label)]
        shares[name] = [float(np.mean(called == index)) for index in range(len(VERDICTS))]
    return shares


def _sharp_sources(
    data: TrainingSet, judged: OutOfFold, bundle: Bundle, unseen: Mapping[str, Array] | None
) -> dict[str, Any]:
    """Shares called blurred, at .5 and surely; of ``source_unseen`` None without a model for it."""
    source, alone = data.table["source"].to_numpy(), judged_alone(data)
    shares = {}
    for name in sorted(set(source[alone])):
        rows, other = alone & (source == name), unseen[name] if unseen is not None else None
        cut = bundle.thresholds.sure_blurred
        shares[name] = {
            "photos": int(rows.sum()),
            "scene_unseen_at_0.5": float(np.mean(judged.p[:, rows] >= 0.5)),
            "scene_unseen_blurred": float(
                np.mean(judged.label[:, rows] == VERDICTS.index("blurred"))
            ),
            "source_unseen_at_0.5": None if other is None else float(np.mean(other >= 0.5)),
            "source_unseen_blurred": None if other is None else float(np.mean(other >= cut)),
        }
    return shares


def _by_threshold(data: TrainingSet, judged: OutOfFold) -> list[dict[str, Any]]:
    """Shares called blurred from each threshold on: of sharp photographs, then of blurred ones."""
    source, alone, y = data.table["source"].to_numpy(), judged_alone(data), data.y
    sharp = {name: alone & (source == name) for name in sorted(set(source[alone]))}
    rows = []
    for threshold in THRESHOLDS:
        called = judged.p >= threshold
        rows.append(
            {
                "threshold": threshold,
                "sharp_sources": {name: float(called[:, of].mean()) for name, of in sharp.items()},
                "real_sharp": float(called[:, data.real & (y == 0)].mean()),
                "real_blurred": float(called[:, data.real & (y == 1)].mean()),
            }
        )
    return rows


def _at_rates(data: TrainingSet, judged: OutOfFold) -> list[dict[str, float]] | None:
    """Share of real blurred rows found where a rate of the held-out sharp ones is called blurred.

    Thresholds are chosen on all photographs of ``judged_alone`` together; None if there are none.
    """
    alone, blurred = judged_alone(data), data.real & (data.y == 1)
    if not alone.any():
        return None
    rows = []
    for rate in metrics.FALSE_POSITIVE_RATES:
        cuts = [metrics.threshold_at_fpr(p[alone], rate) for p in judged.p]
        found = [np.mean(p[blurred] >= cut) for p, cut in zip(judged.p, cuts, strict=True)]
        entry = {"rate": rate, "threshold": float(np.mean(cuts)), "found": float(np.mean(found))}
        rows.append(entry)
    return rows


def _copies(data: TrainingSet, judged: OutOfFold) -> list[dict[str, Any]]:
    kinds, strength = data.table["kind"].to_numpy(), data.table["strength"].to_numpy(float)
    sharp, p = kinds == "none", judged.p[0]
    third = np.minimum((strength * 3).astype(int), 2)
    rows = []
    for kind in sorted(set(kinds) - {"", "none"}):
        for index, name in enumerate(STRENGTH_THIRDS):
            blurred = (kinds == kind) & (third == index)
            if not blurred.any() or not sharp.any():
                continue
            both = blurred | sharp
            found = float(np.mean(p[blurred] >= 0.5))
            auc = metrics.roc_auc(data.y[both], p[both])
            entry = {"kind": kind, "strength": name, "copies": int(blurred.sum())}
            rows.append({**entry, "roc_auc": auc, "found": found})
    return rows


def _worst(data: TrainingSet, judged: OutOfFold) -> list[dict[str, Any]]:
    """Real photographs on the wrong side of .5, farthest first; few of a scene."""
    p = judged.p.mean(axis=0)
    wrong = np.nonzero(data.real & ((p >= 0.5) != (data.y == 1)))[0]
    taken: dict[Any, int] = {}
    rows: list[dict[str, Any]] = []
    for row in wrong[np.argsort(-np.abs(p - data.y)[wrong], kind="stable")]:
        group = data.groups[row]
        taken[group] = taken.get(group, 0) + 1
        if taken[group] <= WORST_OF_SCENE and len(rows) < WORST:
            entry = {"path": str(data.table["path"][row]), "source": data.table["source"][row]}
            rows.append({**entry, "label": int(data.y[row]), "p": float(p[row])})
    return rows


def rows_digest(data: TrainingSet) -> str:
    """SHA-256 of which real rows there are, what they are labelled and what scenes they are of."""
    rows = data.table.loc[data.real, ["path", "label", "group"]].to_csv(index=False)
    return hashlib.sha256(rows.encode(errors="surrogateescape")).hexdigest()
