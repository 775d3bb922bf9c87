import math

import numpy as np
import pytest
from hypothesis import given, strategies as st
from sklearn import metrics as sk

from blurdct import metrics
from blurdct.metrics import (
    FALSE_POSITIVE_RATES,
    by_cutoff,
    calibration_error,
    confusion,
    curves,
    interval,
    mean_of,
    reliability,
    resampled_roc_auc,
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


def test_the_confusion_matrix_agrees_with_scikit_learn():
    y, p = toy(4)
    counted = sk.confusion_matrix(y, p >= 0.3).ravel().tolist()
    names = ("true_negative", "false_positive", "false_negative", "true_positive")
    assert [confusion(y, p, 0.3)[name] for name in names] == counted


# Curves


def test_curves_are_short_whatever_the_number_of_photographs():
    for n in (20, 5000):
        for columns in curves(*toy(1, n)).values():
            lengths = {len(column) for column in columns.values()}
            assert len(lengths) == 1 and lengths.pop() <= metrics.POINTS


def test_the_roc_curve_is_what_is_found_at_each_rate():
    y, p = toy(2, 400)
    roc = curves(y, p)["roc"]
    assert (roc["fpr"][0], roc["tpr"][0]) == (0, 0)
    assert (roc["fpr"][-1], roc["tpr"][-1]) == (1, 1)
    assert roc["fpr"] == sorted(roc["fpr"]) and roc["tpr"] == sorted(roc["tpr"])
    found = [tpr_at_fpr(y, p, rate + 1e-9) for rate in roc["fpr"][1:]]
    assert roc["tpr"][1:] == pytest.approx(found)


def test_the_precision_recall_curve_keeps_its_ends_and_its_points():
    y, p = toy(2, 2000)
    curve = curves(y, p)["precision_recall"]
    precision, recall, _ = sk.precision_recall_curve(y, p)
    assert (curve["recall"][0], curve["recall"][-1]) == (1, 0)
    points = set(zip(recall, precision, strict=True))
    assert set(zip(curve["recall"], curve["precision"], strict=True)) <= points


def test_the_curve_over_cutoffs_has_the_numbers_of_a_summary():
    y, p = toy(5)
    cuts = curves(y, p)["cutoffs"]
    assert cuts["cutoff"][0] == 0.01 and cuts["cutoff"][-1] == 0.99 and len(cuts["cutoff"]) == 99
    at = summary(y, p, cuts["cutoff"][29])
    for name in ("precision", "recall", "f1", "accuracy"):
        assert cuts[name][29] == at[name]


def test_reliability_describes_each_bin_and_an_empty_one_has_no_mean():
    y, p = np.array([0, 1, 1, 1, 0]), np.array([0.05, 0.25, 0.21, 1.0, 0.95])
    bins = reliability(y, p)
    assert bins["photos"] == [1, 0, 2, 0, 0, 0, 0, 0, 0, 2]
    assert bins["mean_p"][2] == pytest.approx(0.23)
    assert bins["blurred"][2] == 1 and bins["blurred"][9] == 0.5
    assert math.isnan(bins["mean_p"][1]) and math.isnan(bins["blurred"][1])


# What else might have been photographed


def test_an_interval_holds_the_value_and_narrows_with_more_photographs():
    widths = []
    for n in (100, 1600):
        y, p = toy(0, n)
        low, high = interval(resampled_roc_auc(y, p, np.arange(n)))
        assert low < roc_auc(y, p) < high
        widths.append(high - low)
    assert widths[1] == pytest.approx(widths[0] / 4, rel=0.4)


def test_the_interval_of_single_photographs_agrees_with_the_textbook():
    """Hanley, McNeil, Radiology 143 (1982), 29: the standard error of an area."""
    y, p = toy(3, 600)
    area, blurred, sharp = roc_auc(y, p), y.sum(), (1 - y).sum()
    both, either = area / (2 - area), 2 * area**2 / (1 + area)
    variance = area * (1 - area)
    variance += (blurred - 1) * (both - area**2) + (sharp - 1) * (either - area**2)
    expected = math.sqrt(variance / (blurred * sharp))
    assert resampled_roc_auc(y, p, np.arange(600)).std() == pytest.approx(expected, rel=0.15)


def test_groups_are_drawn_whole():
    y, p = toy(0, 30)
    many, tens = np.arange(300), np.repeat(np.arange(30), 10)
    y, p = np.repeat(y, 10), np.repeat(p, 10)
    wide = np.subtract(*interval(resampled_roc_auc(y, p, tens))[::-1])
    narrow = np.subtract(*interval(resampled_roc_auc(y, p, many))[::-1])
    assert wide > 2 * narrow > 0


def test_each_resample_is_the_area_of_the_rows_that_it_draws(monkeypatch):
    y, p = toy(1, 60)
    groups = np.arange(60) // 3
    drawn = []
    draw = metrics._draw_groups
    monkeypatch.setattr(
        metrics, "_draw_groups", lambda *given: drawn.append(draw(*given)) or drawn[-1]
    )
    monkeypatch.setattr(metrics, "_CHUNK", 250)  # a few resamples at a time
    areas = resampled_roc_auc(y, p, groups, times=30)
    assert areas.shape == (30,)
    for counts, area in zip(drawn[0], areas, strict=True):
        assert counts.sum() == 20
        rows = np.repeat(np.arange(60), counts[groups])
        assert area == pytest.approx(sk.roc_auc_score(y[rows], p[rows]))


def test_resamples_depend_on_the_seed_and_not_on_the_scores():
    y, p = toy(1, 80)
    groups = np.arange(80) // 4
    first = resampled_roc_auc(y, p, groups, 50, seed=1)
    assert (first == resampled_roc_auc(y, p, groups, 50, seed=1)).all()
    assert (first != resampled_roc_auc(y, p, groups, 50, seed=2)).any()
    # turned round, every area is its complement: the draws are the same
    assert first == pytest.approx(1 - resampled_roc_auc(y, 1 - p, groups, 50, seed=1))


def test_names_of_groups_do_not_matter():
    y, p = toy(1, 40)
    names = np.array([f"scene {n // 4:02}" for n in range(40)], dtype=object)
    by_name = resampled_roc_auc(y, p, names, 20)
    assert (by_name == resampled_roc_auc(y, p, np.arange(40) // 4, 20)).all()


def test_a_draw_without_one_of_the_classes_is_drawn_again():
    y = np.array([1, 0, 0, 0])
    areas = resampled_roc_auc(y, np.array([0.9, 0.1, 0.2, 0.95]), np.arange(4), 500)
    assert np.isfinite(areas).all() and len(set(areas)) > 2


@pytest.mark.parametrize(
    ("y", "groups"), [([1, 1, 1], [0, 1, 2]), ([0, 0, 0], [0, 1, 2]), ([0, 1, 1], [5, 5, 5])]
)
def test_with_nothing_to_draw_from_there_is_no_interval(y, groups):
    areas = resampled_roc_auc(np.array(y), np.array([0.1, 0.5, 0.9]), np.array(groups), 7)
    assert areas.shape == (7,) and np.isnan(areas).all()
    assert np.isnan(interval(areas)).all()


def test_an_interval_leaves_as_much_on_either_side():
    assert interval(np.arange(1001) / 1000) == pytest.approx((0.025, 0.975))
    assert interval(np.arange(1001) / 1000, 0.5) == pytest.approx((0.25, 0.75))
