"""Labels and probabilities -> numbers; pure functions.

Throughout, ``y`` is shape (n,), 1 blurred and 0 sharp, and ``p`` is shape (n,), P(blurred) 0..1,
n at least 1. What scikit-learn computes needs the extra ``train``; the rest does not.

Sources:
    Expected calibration error: Naeini, Cooper, Hauskrecht, AAAI 2015.
    Resampling whole groups: Field, Welsh, J. R. Statist. Soc. B 69 (2007), 369 (cluster bootstrap).
"""

from typing import Any

import numpy as np

Array = np.ndarray

FALSE_POSITIVE_RATES = (0.01, 0.018, 0.045, 0.1)
RESAMPLES = 1000
POINTS = 200  # of a curve; more than a picture of it can show
_CHUNK = 2_000_000  # counts of rows held at a time while resampling


def logit(probability: Array) -> Array:
    """Log odds, float64, shape as given; P of 0 and 1 count as 1e-7 from them, so it is finite."""
    clipped = np.clip(np.asarray(probability, np.float64), 1e-7, 1 - 1e-7)
    return np.log(clipped / (1 - clipped))


def roc_auc(y: Array, p: Array) -> float:
    """Chance that a blurred photo scores above a sharp one, 0.5 guessing .. 1; NaN if one class."""
    from sklearn import metrics as sk

    return float(sk.roc_auc_score(y, p)) if 0 < np.mean(y) < 1 else float("nan")


def average_precision(y: Array, p: Array) -> float:
    """Mean precision over the recalls, the share of blurred guessing .. 1; NaN if one class."""
    from sklearn import metrics as sk

    return float(sk.average_precision_score(y, p)) if 0 < np.mean(y) < 1 else float("nan")


def tpr_at_fpr(y: Array, p: Array, fpr: float) -> float:
    """Largest share of blurred photos found while at most ``fpr`` of sharp ones are called blurred.

    Only cut-offs that the photographs themselves allow count: nothing is interpolated.
    """
    from sklearn import metrics as sk

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


def brier(y: Array, p: Array) -> float:
    """Mean squared error of P: 0 always right .. 0.25 always P .5 .. 1 always wrong."""
    return float(np.mean((p - y) ** 2))


def calibration_error(y: Array, p: Array, bins: int = 15) -> float:
    """Expected calibration error, 0 best: mean gap of P and blurred share in equal-width bins."""
    index = np.minimum((p * bins).astype(int), bins - 1)
    count = np.bincount(index, minlength=bins)
    gap = np.abs(np.bincount(index, p, bins) - np.bincount(index, y, bins))
    return float(gap.sum() / count.sum())


def confusion(y: Array, p: Array, threshold: float = 0.5) -> dict[str, int]:
    """How many photos are what they are called; positive is blurred, called so from the cut-off."""
    called = p >= threshold
    return {
        "true_positive": int(np.sum(called & (y == 1))),
        "false_positive": int(np.sum(called & (y == 0))),
        "false_negative": int(np.sum(~called & (y == 1))),
        "true_negative": int(np.sum(~called & (y == 0))),
    }


def at_cutoff(y: Array, p: Array, threshold: float = 0.5) -> dict[str, float]:
    """Shares 0..1 that a cut-off gives; NaN where there is nothing to take a share of."""
    count = confusion(y, p, threshold)
    true, false = count["true_positive"], count["false_positive"]
    missed, kept = count["false_negative"], count["true_negative"]
    return {
        "accuracy": (true + kept) / len(y),
        "precision": _share(true, true + false),
        "recall": _share(true, true + missed),
        "f1": _share(2 * true, 2 * true + false + missed),
        "false_positive_rate": _share(false, false + kept),
    }


def summary(y: Array, p: Array, threshold: float = 0.5) -> dict[str, Any]:
    """Every number of the reports, by name; those that need both classes are NaN without them."""
    return {
        "photos": len(y),
        "blurred": int(np.sum(y)),
        "roc_auc": roc_auc(y, p),
        "average_precision": average_precision(y, p),
        **at_cutoff(y, p, threshold),
        "brier": brier(y, p),
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
        numbers = at_cutoff(y, p, cut)
        rows.append({"cutoff": float(cut), **{name: numbers[name] for name in names}})
    return rows


def reliability(y: Array, p: Array, bins: int = 10) -> dict[str, list[float]]:
    """What P(blurred) means in truth: a value for each of equal-width bins of P.

    Returns:
        ``mean_p`` and ``blurred``, the share that is; NaN in an empty bin; and ``photos``.
    """
    index = np.minimum((p * bins).astype(int), bins - 1)
    count = np.bincount(index, minlength=bins)
    some = np.where(count, count, np.nan)
    means = {"mean_p": np.bincount(index, p, bins) / some}
    means["blurred"] = np.bincount(index, y, bins) / some
    return {**{name: values.tolist() for name, values in means.items()}, "photos": count.tolist()}


def curves(y: Array, p: Array) -> dict[str, dict[str, list[float]]]:
    """What pictures of a model are drawn from, for ``y`` of both classes.

    Returns:
        By curve, columns of at most ``POINTS`` points, both ends among them: ``roc`` (fpr, tpr;
        steps whose width grows with the rate, as ``tpr_at_fpr`` has them), ``precision_recall``
        (recall, precision), ``cutoffs`` (cutoff .01 to .99, precision, recall, f1, accuracy) and
        ``reliability`` (a point for each bin of P).
    """
    from sklearn import metrics as sk

    false_rates, true_rates, _ = sk.roc_curve(y, p, drop_intermediate=False)
    rates = np.concatenate([[0], np.geomspace(1e-4, 1, POINTS - 2)])
    found = true_rates[np.searchsorted(false_rates, rates * (1 + 1e-9), side="right") - 1]
    precision, recall, _ = sk.precision_recall_curve(y, p, drop_intermediate=True)
    grid = np.arange(1, 100) / 100
    cuts = [at_cutoff(y, p, cut) for cut in grid]
    names = ("precision", "recall", "f1", "accuracy")
    return {
        "roc": {"fpr": [0.0, *rates.tolist()], "tpr": [0.0, *found.tolist()]},
        "precision_recall": {"recall": _thin(recall), "precision": _thin(precision)},
        "cutoffs": {"cutoff": grid.tolist(), **{one: [at[one] for at in cuts] for one in names}},
        "reliability": reliability(y, p),
    }


def resampled_roc_auc(
    y: Array, p: Array, groups: Array, times: int = RESAMPLES, seed: int = 0
) -> Array:
    """ROC AUC on other photographs as there might have been: whole groups drawn with replacement.

    Photographs of one scene are right or wrong together, so it is scenes that are drawn, as many
    as there are. A draw that lacks a class is drawn again. The draws depend on ``y``, ``groups``,
    ``times`` and ``seed`` alone: two models' results may be subtracted one by one.

    Args:
        y: Shape (n,).
        p: Shape (n,).
        groups: Shape (n,), scene.
        times: Resamples.
        seed: Of the draws.

    Returns:
        Shape (times,); NaN where one class or fewer than two groups leave nothing to draw.
    """
    _, codes = np.unique(groups, return_inverse=True)
    count = int(codes.max()) + 1
    if not 0 < np.mean(y) < 1 or count < 2:
        return np.full(times, np.nan)
    draws = _draw_groups(y, codes, count, times, np.random.default_rng(seed))
    order = np.argsort(p, kind="stable")
    blurred, codes = y[order] == 1, codes[order]
    _, ties = np.unique(p[order], return_index=True)  # where each value of P begins
    rows = max(1, _CHUNK // len(y))
    areas = []
    for start in range(0, times, rows):
        drawn = draws[start : start + rows][:, codes].astype(np.float64)  # (rows, n)
        positive = np.add.reduceat(drawn * blurred, ties, axis=1)
        negative = np.add.reduceat(drawn * ~blurred, ties, axis=1)
        below = np.cumsum(negative, axis=1) - negative / 2  # ties count half
        areas.append((positive * below).sum(1) / (positive.sum(1) * negative.sum(1)))
    return np.concatenate(areas)


def interval(resampled: Array, share: float = 0.95) -> tuple[float, float]:
    """Ends of the middle ``share`` of resampled values; NaN if those are."""
    low, high = np.quantile(resampled, [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)


def mean_of(summaries: list[dict[str, Any]]) -> dict[str, Any]:
    """Each number's mean over several summaries, such as those of several shuffles."""
    return {name: float(np.mean([one[name] for one in summaries])) for name in summaries[0]}


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


def _thin(values: Array) -> list[float]:
    """At most ``POINTS`` of them, evenly picked, with both ends."""
    count = min(POINTS, len(values))
    return values[np.linspace(0, len(values) - 1, count).round().astype(int)].tolist()


def _draw_groups(
    y: Array, codes: Array, count: int, times: int, rng: "np.random.Generator"
) -> Array:
    """How often each group is in each draw, shape (times, count)."""
    even = np.full(count, 1 / count)
    draws = rng.multinomial(count, even, size=times)
    holds = np.stack([np.bincount(codes, y == label, count) > 0 for label in (0, 1)], axis=1)
    while True:
        lacking = ((draws @ holds) == 0).any(axis=1)
        if not lacking.any():
            return draws
        draws[lacking] = rng.multinomial(count, even, size=int(lacking.sum()))
