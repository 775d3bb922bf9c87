"""Metrics and predictions -> JSON, Markdown, figures."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import roc_curve

from . import metrics
from .bundle import Bundle
from .detector import LABELS
from .models.base import Backend
from .stage import replacing
from .training import Examples, OutOfFold, judged_alone

Report = dict[str, Any]
FEWEST = 10  # photographs of each label, for figures of their own
STRENGTH_THIRDS = ("weak", "medium", "strong")


def evaluate(
    data: Examples, judged: OutOfFold, unseen: Mapping[str, Any], bundle: Bundle
) -> Report:
    """Every figure about a model, as plain JSON values.

    Args:
        data: The labelled rows.
        judged: Their out-of-fold P.
        unseen: By source that has sharp photographs alone, the P of its photographs from a model
            that saw none of that source.
        bundle: The model that is shipped, for its settings.

    Returns:
        ``real``: ``metrics.summary`` on the real rows, the mean over shuffles, at cut-off .5;
        ``sources``: the same by source; ``test``: on the real rows of split ``test``, which no
        tuning saw; ``labels``: what share of sharp and blurred ones gets which label, thresholds
        taken from other folds; ``sharp_sources``: shares of false positives; ``copies``: by kind
        and strength of synthetic blur, ROC AUC against the sharp copies and share found at .5.
    """
    table, y = data.table, data.y
    source, alone = table["source"].to_numpy(), judged_alone(data)
    sources = {name: data.real & (source == name) for name in sorted(set(source[data.real]))}
    test = data.real & (table["split"] == "test").to_numpy()
    report: Report = {
        "model": bundle.backend,
        "parameters": bundle.parameters,
        "calibration": asdict(bundle.calibration),
        "thresholds": asdict(bundle.thresholds),
        "training": bundle.training,
        "real": _mean_summary(y, judged, data.real),
        "sources": {name: _mean_summary(y, judged, rows) for name, rows in sources.items()},
        "test": _mean_summary(y, judged, test) if _enough(y[test]) else None,
        "labels": _label_shares(y, judged, data.real),
        "sharp_sources": {},
        "copies": _copies(data, judged),
        "by_cutoff": metrics.by_cutoff(y[data.real], judged.p[0, data.real]),
    }
    for name in sorted(set(source[alone])):
        rows = alone & (source == name)
        report["sharp_sources"][name] = {
            "photos": int(rows.sum()),
            "scene_unseen_at_0.5": float(np.mean(judged.p[:, rows] >= 0.5)),
            "scene_unseen_blurred": float(np.mean(judged.label[:, rows] == 2)),
            "source_unseen_at_0.5": float(np.mean(unseen[name] >= 0.5)),
            "source_unseen_blurred": float(np.mean(unseen[name] >= bundle.thresholds.blurred)),
        }
    return report


def write_json(report: Report, path: Path) -> None:
    """The report for programs; numbers that are not defined become null."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(_clean(report), indent=1, allow_nan=False) + "\n")


def write_markdown(report: Report, path: Path) -> None:
    """The report for people."""
    with replacing(path) as temporary:
        temporary.write_text(markdown(report), encoding="utf-8")


def markdown(report: Report) -> str:
    """The report as Markdown tables."""
    names = {
        "photos": "photos",
        "roc_auc": "ROC AUC",
        "average_precision": "AP",
        "accuracy": "accuracy",
        "precision": "precision",
        "recall": "recall",
        "f1": "F1",
        "brier": "Brier",
        "calibration_error": "ECE",
        "tpr_at_fpr_0.01": "TPR at 1 % FPR",
        "tpr_at_fpr_0.018": "1.8 %",
        "tpr_at_fpr_0.045": "4.5 %",
        "tpr_at_fpr_0.1": "10 %",
    }
    rows = {"all": report["real"], **report["sources"]}
    if report["test"]:
        rows["scenes unseen by tuning"] = report["test"]
    lines = [f"# {report['model']}", "", "Grouped cross-validation: no model, calibration or "]
    lines[-1] += "threshold has seen the scene it is judged on. Mean of the shuffles, cut-off .5."
    lines += ["", *_table(["photographs", *names.values()], [
        [name, *(_number(one[key]) for key in names)] for name, one in rows.items()
    ])]  # fmt: skip
    labels = report["labels"]
    lines += ["", "| label | sharp | blurred |", "| --- | --- | --- |"]
    for index, label in enumerate(LABELS):
        lines.append(f"| {label} | {labels['sharp'][index]:.1%} | {labels['blurred'][index]:.1%} |")
    if report["sharp_sources"]:
        lines += ["", "Sharp photographs called blurred:", ""]
        head = ["source", "photos", "scene unseen, at .5", "source unseen, at .5",
                "source unseen, label `blurred`"]  # fmt: skip
        keys = ("scene_unseen_at_0.5", "source_unseen_at_0.5", "source_unseen_blurred")
        lines += _table(head, [
            [name, str(one["photos"]), *(f"{one[key]:.1%}" for key in keys)]
            for name, one in report["sharp_sources"].items()
        ])  # fmt: skip
    if report["copies"]:
        lines += ["", "Synthetic blur, against sharp copies of unseen scenes (first shuffle):", ""]
        head = ["kind", "strength", "copies", "ROC AUC", "found at .5"]
        lines += _table(head, [
            [one["kind"], one["strength"], str(one["copies"]), _number(one["roc_auc"]),
             f"{one['found']:.1%}"] for one in report["copies"]
        ])  # fmt: skip
    return "\n".join(lines) + "\n"


def draw(data: Examples, judged: OutOfFold, model: Backend, path: Path) -> None:
    """ROC, cut-off and reliability curves of the real rows, and the importance by gain, as PNG."""
    importance: dict[str, float] = getattr(model, "importance", dict)()
    y, p = data.y[data.real], judged.p[:, data.real]
    # not by pyplot, whose backend belongs to whoever imports this
    figure = Figure(figsize=(11, 9), layout="constrained")
    axes = figure.subplots(2, 2)
    roc, cuts, reliable, gains = axes.flat
    for shuffle, one in enumerate(p):
        false_rate, true_rate, _ = roc_curve(y, one)
        auc = metrics.roc_auc(y, one)
        roc.plot(false_rate, true_rate, label=f"shuffle {shuffle + 1}: ROC AUC {auc:.4f}")
    roc.set(xscale="symlog", xlim=(0, 1), ylim=(0, 1.01), title="ROC, scenes held out")
    roc.set_xscale("symlog", linthresh=0.01)
    roc.set(xlabel="false positive rate (linear below .01)", ylabel="true positive rate")
    grid = np.linspace(0.01, 0.99, 99)
    by_cut = [metrics.summary(y, p[0], cut) for cut in grid]
    for name in ("precision", "recall", "f1", "accuracy"):
        cuts.plot(grid, [one[name] for one in by_cut], label=name)
    cuts.set(xlabel="cut-off, P(blurred)", ylabel="share", title="What a cut-off gives")
    bins = np.minimum((p[0] * 10).astype(int), 9)
    filled = [b for b in range(10) if (bins == b).any()]
    mean_p = [p[0][bins == b].mean() for b in filled]
    reliable.plot([0, 1], [0, 1], color="grey", linestyle=":", label="perfect")
    shares = [y[bins == b].mean() for b in filled]
    reliable.plot(mean_p, shares, marker="o", label="ten bins of P")
    reliable.set(xlabel="mean P(blurred)", ylabel="share that is blurred", title="Reliability")
    top = list(importance.items())[:15][::-1]
    gains.barh([name for name, _ in top], [value for _, value in top], label="mean gain of a split")
    gains.set(xlabel="mean gain (log-loss)", title="What the trees cut")
    for axis in axes.flat:
        axis.legend(loc="lower right", fontsize=8)
        axis.grid(alpha=0.3)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=110)


def _enough(y: np.ndarray) -> bool:
    """Whether figures on these photographs mean anything."""
    return bool(FEWEST <= np.sum(y) <= len(y) - FEWEST)


def _mean_summary(y: np.ndarray, judged: OutOfFold, rows: np.ndarray) -> dict[str, Any]:
    return metrics.mean_of([metrics.summary(y[rows], p[rows]) for p in judged.p])


def _label_shares(y: np.ndarray, judged: OutOfFold, rows: np.ndarray) -> dict[str, list[float]]:
    shares = {}
    for name, label in (("sharp", 0), ("blurred", 1)):
        called = judged.label[:, rows & (y == label)]
        shares[name] = [float(np.mean(called == index)) for index in range(3)]
    return shares


def _copies(data: Examples, judged: OutOfFold) -> list[dict[str, Any]]:
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


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *([_cell(text) for text in row] for row in rows)]
    return [f"| {' | '.join(line)} |" for line in lines]


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _number(value: float) -> str:
    return f"{value:.0f}" if value > 1 else f"{value:.3f}"


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _clean(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(one) for one in value]
    if isinstance(value, float):
        return round(value, 6) if np.isfinite(value) else None
    return value
