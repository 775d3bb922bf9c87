import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from blurdct import metrics
from blurdct.metrics import (
    FALSE_POSITIVE_RATES,
    by_cutoff,
    calibration_error,
    mean_of,
    roc_auc,
    summary,
    threshold_at_fnr,
    threshold_at_fpr,
    tpr_at_fpr,
)

pytestmark = pytest.mark.filterwarnings("error")

PROBABILITIES = st.lists(
    st.floats(0, 1) | st.sampled_from([0.0, 0.25, 0.5, 0.5000001, 1.0]), min_size=1, max_size=30
)
SHARES = st.floats(0, 1) | st.sampled_from([0.0, 0.01, 0.1, 0.5, 1.0])

# Four sharp photographs, then four blurred ones; one of each is on the wrong side of a half.
Y = np.array([0, 0, 0, 0, 1, 1, 1, 1])
P = np.array([0.1, 0.2, 0.3, 0.7, 0.4, 0.6, 0.8, 0.9])


def toy(seed: int, n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and P that know something of them, with ties."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    return y, np.round(np.clip(0.5 * y + rng.normal(0.25, 0.25, n), 0, 1), 2)


# The numbers of a report


def test_a_small_case_agrees_with_a_count_by_hand():
    numbers = summary(Y, P)
    assert numbers["photos"] == 8
    assert numbers["blurred"] == 4
    assert numbers["roc_auc"] == 14 / 16  # pairs in the right order: .7 is above .4 and .6
    assert numbers["accuracy"] == 6 / 8
    assert numbers["precision"] == numbers["recall"] == numbers["f1"] == 3 / 4
    assert numbers["false_positive_rate"] == 1 / 4
    assert numbers["brier"] == pytest.approx((0.01 + 0.04 + 0.09 + 0.49 + 0.36 + 0.16 + 0.05) / 8)
    assert numbers["tpr_at_fpr_0.01"] == 2 / 4


@pytest.mark.parametrize("seed", range(3))
def test_the_numbers_agree_with_scikit_learn(seed):
    y, p = toy(seed)
    numbers, called = summary(y, p, 0.4), p >= 0.4
    assert numbers["roc_auc"] == sk.roc_auc_score(y, p)
    assert numbers["average_precision"] == sk.average_precision_score(y, p)
    assert numbers["accuracy"] == pytest.approx(sk.accuracy_score(y, called))
    assert numbers["precision"] == pytest.approx(sk.precision_score(y, called))
    assert numbers["recall"] == pytest.approx(sk.recall_score(y, called))
    assert numbers["f1"] == pytest.approx(sk.f1_score(y, called))
    assert numbers["brier"] == pytest.approx(sk.brier_score_loss(y, p))


def test_a_photo_at_the_cutoff_itself_is_called_blurred():
    assert summary(Y, P, 0.4)["recall"] == 1


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_alone_gives_nan_and_no_error(label):
    y, p = np.full(5, label), np.linspace(0, 1, 5)
    numbers = summary(y, p)
    needs_both = {"roc_auc", "average_precision", *(name for name in numbers if "tpr" in name)}
    needs_one = {"false_positive_rate"} if label else {"recall"}
    for name in needs_both | needs_one:
        assert math.isnan(numbers[name]), name
    for name in ("accuracy", "brier", "calibration_error", "precision", "f1"):
        assert math.isfinite(numbers[name]), name


def test_nothing_called_blurred_gives_no_precision():
    numbers = summary(Y, P, 1.0)
    assert math.isnan(numbers["precision"])
    assert numbers["recall"] == numbers["f1"] == 0


def test_the_auc_is_the_share_of_pairs_in_order_and_ties_count_half():
    y, p = toy(7, 60)
    sharp, blurred = p[y == 0], p[y == 1][:, None]
    assert roc_auc(y, p) == pytest.approx(np.mean((blurred > sharp) + 0.5 * (blurred == sharp)))


# Blurred found at a share of false alarms


@pytest.mark.parametrize("fpr", [0.0, *FALSE_POSITIVE_RATES, 0.5, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_the_share_found_is_the_best_that_a_cutoff_within_the_rate_gives(seed, fpr):
    y, p = toy(seed)
    cuts = [c for c in [*np.unique(p), 2] if np.mean(p[y == 0] >= c) <= fpr]
    assert tpr_at_fpr(y, p, fpr) == max(np.mean(p[y == 1] >= c) for c in cuts)


def test_photographs_that_tie_are_found_together_or_not_at_all():
    y, p = np.array([0, 0, 1, 1, 1]), np.array([0.1, 0.6, 0.6, 0.6, 0.9])
    assert tpr_at_fpr(y, p, 0.49) == 1 / 3
    assert tpr_at_fpr(y, p, 0.5) == 1


def test_rates_of_the_report_are_met_exactly_by_whole_photographs():
    p = np.linspace(0, 1, 1000)
    y = np.zeros(1000, int)
    y[[989, 981, 0]] = 1  # ranks of sharp photographs above them: 10 and 17 of 997
    assert tpr_at_fpr(y, p, 10 / 997) == 1 / 3
    assert tpr_at_fpr(y, p, 17 / 997) == 2 / 3


# Cut-offs


@given(PROBABILITIES, SHARES)
def test_at_most_the_share_of_sharp_photographs_reaches_the_cutoff(values, share):
    p = np.array(values)
    cut = threshold_at_fpr(p, share)
    assert 0 <= cut <= 1
    allowed = share * len(p) + 1e-6
    assert np.sum(p >= cut) <= max(allowed, np.sum(p == 1))
    lower = p[p < cut]
    if len(lower):  # the next cut-off below would let too many through
        assert np.sum(p >= lower.max()) > allowed - 1e-3


@given(PROBABILITIES, SHARES)
def test_at_most_the_share_of_blurred_photographs_falls_below_the_cutoff(values, share):
    p = np.array(values)
    cut = threshold_at_fnr(p, share)
    assert 0 <= cut <= 1
    allowed = share * len(p) + 1e-6
    assert np.sum(p < cut) <= allowed
    if np.sum(p < 1) > 0 and share < 1:
        higher = p[p >= cut]
        assert np.sum(p <= higher.min()) > allowed - 1e-3


@given(PROBABILITIES, SHARES)
def test_single_precision_does_not_break_the_share(values, share):
    p = np.array(values, np.float32)
    reached = np.sum(p >= threshold_at_fpr(p, share))
    assert reached <= max(share * len(p) + 1e-6, np.sum(p == 1))
    assert np.sum(p < threshold_at_fnr(p, share)) <= share * len(p) + 1e-6


def test_cutoffs_lie_halfway_between_two_photographs():
    p = np.array([0.1, 0.2, 0.4, 0.8])
    assert threshold_at_fpr(p, 0.25) == pytest.approx(0.6)
    assert threshold_at_fpr(p, 0.5) == pytest.approx(0.3)
    assert threshold_at_fnr(p, 0.25) == pytest.approx(0.15)
    assert threshold_at_fnr(p, 0.5) == pytest.approx(0.3)


def test_photographs_that_tie_stay_on_the_allowed_side():
    p = np.array([0.2, 0.5, 0.5, 0.5, 0.9])
    assert 0.5 < threshold_at_fpr(p, 0.4) < 0.9
    assert 0.2 < threshold_at_fnr(p, 0.4) < 0.5


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("count", [1, 5])
def test_photographs_all_alike_are_all_on_the_allowed_side(value, count):
    p = np.full(count, value)
    assert threshold_at_fpr(p, 0.5) == pytest.approx(value, abs=1e-6)
    assert np.all(p < threshold_at_fpr(p, 0.5)) or value == 1  # no cut-off is above 1
    assert threshold_at_fnr(p, 0.5) == pytest.approx(value, abs=1e-6)
    assert not np.any(p < threshold_at_fnr(p, 0.5))


def test_a_share_of_all_lets_every_photo_through():
    p = np.array([0.3, 0.1, 0.7])
    assert np.all(p >= threshold_at_fpr(p, 1.0))


def test_a_share_that_is_a_whole_number_of_photographs_is_used_up():
    p = np.linspace(0.001, 0.999, 100)
    for count in range(1, 100):
        assert np.sum(p >= threshold_at_fpr(p, count / 100)) == count
        assert np.sum(p < threshold_at_fnr(p, count / 100)) == count


def test_cutoffs_leave_the_photographs_in_their_order():
    p = np.array([0.9, 0.1, 0.5])
    threshold_at_fpr(p, 0.3)
    threshold_at_fnr(p, 0.3)
    assert p.tolist() == [0.9, 0.1, 0.5]


# Calibration


def test_perfect_calibration_has_no_error():
    assert calibration_error(np.array([0, 0, 1, 1]), np.array([0.0, 0.0, 1.0, 1.0])) == 0
    y = np.array([0, 0, 0, 1])
    assert calibration_error(y, np.full(4, 0.25)) == 0


def test_certain_and_wrong_is_the_largest_calibration_error():
    assert calibration_error(np.array([0, 1]), np.array([1.0, 0.0])) == 1


def test_calibration_error_agrees_with_a_sum_over_bins():
    y, p = toy(3)
    error, edges = 0.0, np.arange(16) / 15
    for i, low in enumerate(edges[:-1]):
        inside = (p >= low) & ((p < edges[i + 1]) | (i == 14))
        if inside.any():
            error += inside.mean() * abs(y[inside].mean() - p[inside].mean())
    assert calibration_error(y, p) == pytest.approx(error)


# Over cut-offs and over shuffles


@pytest.mark.parametrize("seed", range(3))
def test_recall_falls_as_the_cutoff_rises(seed):
    y, p = toy(seed)
    rows = by_cutoff(y, p)
    assert len(rows) == 20
    assert list(rows[0]) == ["cutoff", "precision", "recall", "f1", "accuracy"]
    assert (np.diff([row["cutoff"] for row in rows]) >= 0).all()
    assert (np.diff([row["recall"] for row in rows]) <= 0).all()


def test_cutoffs_are_percentiles_of_the_scores():
    cuts = [row["cutoff"] for row in by_cutoff(Y, P, [0, 50, 100])]
    assert cuts == pytest.approx([0.1, 0.5, 0.9])
    assert by_cutoff(Y, P, [0])[0]["recall"] == 1


def test_several_summaries_are_averaged_name_by_name():
    first, second = summary(Y, P), summary(Y, 1 - P)
    mean = mean_of([first, second])
    assert mean.keys() == first.keys()
    assert mean["roc_auc"] == pytest.approx(0.5)
    assert mean["photos"] == 8


def test_every_rate_of_the_module_is_reported():
    assert {f"tpr_at_fpr_{fpr:g}" for fpr in metrics.FALSE_POSITIVE_RATES} <= set(summary(Y, P))
