import json
from dataclasses import replace

import numpy as np
import onnxruntime
import pytest

from blurdct.models import boosting, dct_xgb
from blurdct.models.contrasts import column_values, columns
from blurdct.training.training_set import build_training_set
from tests.helpers import toys

pytestmark = pytest.mark.filterwarnings("error")


def exported(graph: bytes, inputs) -> np.ndarray:
    """What a graph answers."""
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    return session.run(["probability"], dict(inputs))[0]


# Whatever the defaults are tuned to.
PLAIN = {
    "rounds": 150,
    "max_depth": 5,
    "learning_rate": 0.05,
    "min_child_weight": 1.0,
    "subsample": 0.7,
    "colsample_bytree": 0.5,
    "reg_lambda": 1.0,
    "gamma": 0.0,
}


@pytest.fixture(scope="module")
def many():
    """200 rows, of 100 scenes."""
    return build_training_set(toys.table(100, copies=False, album=False, seed=3))


@pytest.fixture(scope="module")
def trees(many):
    return dct_xgb.BoostedTrees(**PLAIN).fit(many.rows)


def test_features_of_nothing_at_all_are_finite(trees):
    zero = {"features": np.zeros((1, 18), np.float32)}
    assert 0 <= trees.predict_proba(zero)[0] <= 1
    np.testing.assert_allclose(
        exported(trees.to_onnx(), zero), trees.predict_proba(zero), atol=1e-6
    )


def test_moving_cuts_into_gaps_hardly_changes_what_is_learnt(many, monkeypatch):
    moved = dct_xgb.BoostedTrees(**PLAIN).fit(many.rows).predict_proba(many.inputs)
    assert np.corrcoef(moved, many.y)[0, 1] > 0.8
    monkeypatch.setattr(boosting, "_cut_between", lambda booster, values: booster)
    plain = dct_xgb.BoostedTrees(**PLAIN).fit(many.rows).predict_proba(many.inputs)
    # a cut may leave the photo it was at on the other side: one of 200 here
    assert np.abs(moved - plain).mean() < 0.02
    assert np.mean((moved >= 0.5) != (plain >= 0.5)) <= 0.03


def test_no_cut_is_left_near_a_training_row(many, trees):
    values = column_values(many.inputs).astype(np.float64)
    model = json.loads(trees.booster.save_raw("json"))
    near = cuts = 0
    for tree in model["learner"]["gradient_booster"]["model"]["trees"]:
        for node, column in enumerate(tree["split_indices"]):
            if tree["left_children"][node] >= 0:
                away = np.abs(values[:, column] - tree["split_conditions"][node])
                near += away.min() < 2e-6
                cuts += 1
    assert cuts > 500
    assert near == 0


@pytest.mark.parametrize("factor", [1 - 1e-7, 1, 1 + 1e-7])
def test_the_last_bit_of_a_feature_changes_nothing_here_or_in_the_graph(many, trees, factor):
    expected = trees.predict_proba(many.inputs)
    features = (many.inputs["features"].astype(np.float64) * factor).astype(np.float32)
    assert (factor == 1) == np.array_equal(features, many.inputs["features"])
    moved = {"features": features}
    np.testing.assert_allclose(trees.predict_proba(moved), expected, atol=1e-6)
    np.testing.assert_allclose(exported(trees.to_onnx(), moved), expected, atol=1e-6)


def test_trees_that_are_leaves_alone_are_exported_too(many):
    stumps = dct_xgb.BoostedTrees(rounds=3, gamma=1e9).fit(many.rows)
    p = stumps.predict_proba(many.inputs)
    assert p.max() == p.min()
    np.testing.assert_allclose(exported(stumps.to_onnx(), many.inputs), p, atol=1e-6)


def test_importance_names_columns_the_most_important_first(trees):
    gains = trees.importance()
    assert set(gains) <= set(columns())
    assert list(gains.values()) == sorted(gains.values(), reverse=True)
    assert len(gains) > 10


def test_a_heavier_row_counts_more(many):
    heavy = np.where(many.y == 1, 10.0, 1.0)
    light, other = (
        dct_xgb.BoostedTrees(rounds=20).fit(replace(many.rows, weights=weights))
        for weights in (np.ones(len(heavy)), heavy)
    )
    gain = other.predict_proba(many.inputs) - light.predict_proba(many.inputs)
    assert gain.mean() > 0.05
