"""Labels and probabilities -> numbers; pure functions.

Throughout, ``y`` is shape (n,), 1 blurred and 0 sharp, and ``p`` is shape (n,), P(blurred) 0..1,
n at least 1.

Sources:
    Expected calibration error: Naeini, Cooper, Hauskrecht, AAAI 2015.
"""

from typing import Any

import numpy as np
from sklearn import metrics as sk

Array = np.ndarray

FALSE_POSITIVE_RATES = (0.01, 0.018, 0.045, 0.1)


def roc_auc(y: Array, p: Array) -> float:
    """Chance that a blurred photo scores above a sharp one, 0.5 guessing .. 1; NaN if one class."""
    return float(sk.roc_auc_score(y, p)) if 0 < np.mean(y) < 1 else float("nan")


def average_precision(y: Array, p: Array) -> float:
    """Mean precision over the recalls, the share of blurred guessing .. 1; NaN if one class."""
    return float(sk.average_precision_score(y, p)) if 0 < np.mean(y) < 1 else float("nan")


def tpr_at_fpr(y: Array, p: Array, fpr: float) -> float:
    """Largest share of blurred photos found while at most ``fpr`` of sharp ones are called blurred.

    Only cut-offs that the photographs themselves allow count: nothing is interpolated.
    """
    if not 0 < np.mean(y) < 1:
        return float("nan")
    false_rates, true_rates, _ = sk.roc_curve(y, p, drop_intermediate=False)
    return float(true_rates[false_rates <= fpr].max())


def threshold_at_fpr(sharp: Array, fpr: float) -> float:
    """Smallest cut-off at which at most ``fpr`` of these sharp photos reach it.

    Args:
        sharp: P(blurred) of sharp photos, shape (n,).
        fpr: 0..1.

    Returns:
        A cut-off for ``p >= cut-off``, halfway between two photos' P; at most 1, which photos of
        P 1 reach however many they are.
    """
    return float(min(1.0, _cut_above(np.sort(sharp)[::-1], fpr)))


def threshold_at_fnr(blurred: Array, fnr: float) -> float:
    """Largest cut-off below which at most ``fnr`` of these blurred photos fall; 0..1."""
    return float(max(0.0, -_cut_above(np.sort(-blurred)[::-1], fnr)))


def _cut_above(falling: Array, share: float) -> float:
    allowed = int(share * len(falling) + 1e-9)
    if allowed >= len(falling):
        return float(falling[-1])
    # ties: the cut-off must leave the first photo that is not allowed below it
    passed = falling[falling > falling[allowed]]
    above = passed[-1] if len(passed) else falling[allowed] + 1e-6
    middle = (above + falling[allowed]) / 2
    # there is nothing between neighbouring floats
    return float(middle if middle > falling[allowed] else above)


def calibration_error(y: Array, p: Array, bins: int = 15) -> float:
    """Expected calibration error, 0 best: mean gap of P and blurred share in equal-width bins."""
    index = np.minimum((p * bins).astype(int), bins - 1)
    count = np.bincount(index, minlength=bins)
    gap = np.abs(np.bincount(index, p, bins) - np.bincount(index, y, bins))
    return float(gap.sum() / count.sum())


def summary(y: Array, p: Array, threshold: float = 0.5) -> dict[str, Any]:
    """Every number of the reports, by name; those that need both classes are NaN without them."""
    called = p >= threshold
    true_negative, false_positive, false_negative, true_positive = (
        int(n) for n in sk.confusion_matrix(y, called, labels=[0, 1]).ravel()
    )
    return {
        "photos": len(y),
        "blurred": int(np.sum(y)),
        "roc_auc": roc_auc(y, p),
        "average_precision": average_precision(y, p),
        "accuracy": float(np.mean(called == y)),
        "precision": _share(true_positive, true_positive + false_positive),
        "recall": _share(true_positive, true_positive + false_negative),
        "f1": _share(2 * true_positive, 2 * true_positive + false_positive + false_negative),
        "false_positive_rate": _share(false_positive, false_positive + true_negative),
        "brier": float(np.mean((p - y) ** 2)),
        "calibration_error": calibration_error(y, p),
        **{f"tpr_at_fpr_{fpr:g}": tpr_at_fpr(y, p, fpr) for fpr in FALSE_POSITIVE_RATES},
    }


def by_cutoff(y: Array, p: Array, percentiles: Any = None) -> list[dict[str, float]]:
    """Precision, recall, F1 and accuracy at cut-offs that are percentiles of the scores.

    Args:
        percentiles: 0..100; 1, 6, ... 96 if left out.
    """
    cuts = np.percentile(p, np.arange(1, 100, 5) if percentiles is None else percentiles)
    names = ("precision", "recall", "f1", "accuracy")
    rows = []
    for cut in cuts:
        numbers = summary(y, p, cut)
        rows.append({"cutoff": float(cut), **{name: numbers[name] for name in names}})
    return rows


def mean_of(summaries: list[dict[str, Any]]) -> dict[str, Any]:
    """Each number's mean over several summaries, such as those of several shuffles."""
    return {name: float(np.mean([one[name] for one in summaries])) for name in summaries[0]}


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
