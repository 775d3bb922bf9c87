"""What a model says to labelled photographs -> the two numbers of its calibration."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from blurdct.config import TrainConfig
from blurdct.errors import ConfigError
from blurdct.inference.calibration import JUDGED, LEAST_SCALE, Calibrated, _folds, decide
from blurdct.metrics import logit


def rows(count: int, scale: float, offset: float, seed: int = 0):
    """Labels, and P of a model that is off by a scale and an offset."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(0, 2, count)
    y = (rng.random(count) < 1 / (1 + np.exp(-(scale * odds + offset)))).astype(int)
    return y, 1 / (1 + np.exp(-odds))


@pytest.mark.parametrize(("scale", "offset"), [(1, 0), (0.3, 2), (3, -4), (0.9, 0.1)])
@pytest.mark.parametrize("count", [100, 400, 2000])
def test_the_fit_is_that_of_an_independent_solver(scale, offset, count):
    y, raw = rows(count, scale, offset)
    calibration, _ = decide(y, raw, TrainConfig())
    odds, (sharp, blurred) = logit(raw)[:, None], np.bincount(y, minlength=2)
    target = np.where(y == 1, (blurred + 1) / (blurred + 2), 1 / (sharp + 2))
    both, share = np.repeat([1, 0], count), np.concatenate([target, 1 - target])
    other = LogisticRegression(C=1e6, tol=1e-10, max_iter=10_000)
    other.fit(np.tile(odds, (2, 1)), both, sample_weight=share)
    found = (calibration.scale, calibration.offset)
    assert found == pytest.approx((other.coef_[0, 0], other.intercept_[0]), rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("seed", range(4))
def test_a_row_of_weight_three_counts_as_the_same_row_three_times(seed):
    y, raw = rows(200, 0.7, 1.0, seed)
    times = np.random.default_rng(seed).integers(0, 4, 200)
    weighted, _ = decide(y, raw, TrainConfig(), times.astype(float))
    repeated, _ = decide(np.repeat(y, times), np.repeat(raw, times), TrainConfig())
    found = (weighted.scale, weighted.offset)
    assert found == pytest.approx((repeated.scale, repeated.offset), rel=1e-4, abs=1e-4)
    plain, limits = decide(y, raw, TrainConfig())
    assert found != pytest.approx((plain.scale, plain.offset), rel=1e-3)
    assert (plain, limits) == decide(y, raw, TrainConfig(), np.ones(200))


def test_lighter_sharp_rows_raise_p():
    y, raw = rows(400, 1.0, 0.0)
    p = [decide(y, raw, TrainConfig(), np.where(y == 0, w, 1.0))[0](0.5) for w in (1, 0.25, 0.05)]
    assert (np.diff(p) > 0.1).all()


def test_a_model_that_says_nothing_answers_by_the_weighted_share_of_the_blurred():
    y = np.repeat([0, 1], 300)
    weights = np.where(y == 0, 1.0, 0.25)
    calibration, _ = decide(y, np.full(600, 0.5), TrainConfig(), weights)
    assert calibration.scale == LEAST_SCALE
    assert calibration(np.array([0.5]))[0] == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize("raw", [[0, 0, 1, 1], [0, 1e-9, 1, 1 - 1e-9], [0.4, 0.4, 0.6, 0.6]])
def test_a_model_that_is_always_right_has_a_finite_fit(raw):
    calibration, thresholds = decide(np.array([0, 0, 1, 1]), np.array(raw, float), TrainConfig())
    p = calibration(np.array(raw))
    assert np.isfinite([calibration.scale, calibration.offset]).all()
    assert p[:2].max() < thresholds.sure_blurred <= p[2:].min()


@pytest.mark.parametrize("raw", [[0.5] * 6, [0.9, 0.9, 0.9, 0.1, 0.1, 0.1], [1.0] * 6])
def test_a_model_that_says_nothing_or_the_contrary_has_a_flat_fit(raw):
    y = np.array([0, 0, 0, 1, 1, 1])
    calibration, _ = decide(y, np.array(raw), TrainConfig())
    assert calibration.scale == LEAST_SCALE
    np.testing.assert_allclose(calibration(np.array(raw)), 0.5, atol=0.01)


def test_photographs_of_one_label_are_refused():
    with pytest.raises(ConfigError, match="sharp and blurred"):
        decide(np.ones(4, int), np.full(4, 0.5), TrainConfig())


def test_folds_divide_no_scene_and_have_both_labels_alike():
    rng = np.random.default_rng(3)
    groups = np.array([f"s{number}" for number in rng.integers(0, 40, 300)], object)
    y = rng.integers(0, 2, 300)
    seen = []
    for others, here in _folds(groups, y, 5, 0):
        assert not set(groups[others]) & set(groups[here])
        assert sorted([*others, *here]) == list(range(300))
        assert abs(np.mean(y[here]) - np.mean(y)) < 0.1 and 45 <= len(here) <= 75
        seen += here.tolist()
    assert sorted(seen) == list(range(300))
    assert [fold[1].tolist() for fold in _folds(groups, y, 5, 1)] != [
        fold[1].tolist() for fold in _folds(groups, y, 5, 0)
    ]
    with pytest.raises(ConfigError, match="two groups"):
        _folds(np.array(["one"] * 4, object), np.array([0, 1, 0, 1]), 5, 0)


def test_worse_is_what_errs_more_often_or_farther():
    was = {"accuracy": 0.9, "brier": 0.1, "calibration_error": 0.1}
    for change, worse in (({"accuracy": 0.89}, ["accuracy"]), ({"brier": 0.11}, ["brier"])):
        assert Calibrated(None, was, {**was, **change}).worse == worse
    for change in ({}, {"accuracy": 0.95}, {"brier": 0.05}, {"calibration_error": 0.2}):
        assert Calibrated(None, was, {**was, **change}).worse == []
    assert set(JUDGED) <= set(was)
