import json

import numpy as np
import onnx
import onnxruntime
import pytest
import toys

from blurdct.bundle import Bundle, Calibration, Thresholds, load
from blurdct.detector import Detector
from blurdct.errors import ModelError
from blurdct.features import image_features
from blurdct.images import read_luma
from blurdct.models import BACKENDS, backend, dct_xgb
from blurdct.models.contrasts import column_values, columns
from blurdct.training import examples

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(scope="module")
def rows():
    """40 rows of 20 scenes."""
    return examples(toys.table(20, copies=False, album=False))


@pytest.fixture(scope="module", params=BACKENDS)
def fitted(request, rows):
    """Every backend, fitted on those rows with its own parameters."""
    return request.param, fit(backend(request.param)(), rows)


def fit(model, rows):
    """A model after learning from all rows."""
    return model.fit(rows.inputs, rows.y, rows.groups, rows.weights)


def exported(graph: bytes, inputs) -> np.ndarray:
    """What a graph answers."""
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    return session.run(["probability"], dict(inputs))[0]


# What every backend keeps to


def test_a_backend_says_what_it_eats_and_what_it_was_made_with(fitted):
    name, model = fitted
    assert model.views
    assert all(isinstance(view, str) for view in model.views)
    assert isinstance(model.parameters, dict)
    assert type(model) is backend(name)


def test_a_backend_learns_and_gives_probabilities(fitted, rows):
    _, model = fitted
    p = model.predict_proba(rows.inputs)
    assert p.shape == rows.y.shape
    assert ((p >= 0) & (p <= 1)).all()
    assert p[rows.y == 1].mean() > p[rows.y == 0].mean() + 0.2


def test_a_row_means_the_same_alone_and_in_a_batch(fitted, rows):
    _, model = fitted
    alone = [model.predict_proba(rows.take(np.array([row])))[0] for row in range(5)]
    np.testing.assert_allclose(model.predict_proba(rows.inputs)[:5], alone, atol=1e-6)


def test_an_export_is_a_valid_graph_that_agrees_with_its_model(fitted, rows):
    _, model = fitted
    graph = model.to_onnx()
    onnx.checker.check_model(onnx.load_from_string(graph))
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    assert {one.name for one in session.get_inputs()} == set(model.views)
    answer = exported(graph, rows.inputs)
    assert answer.shape == rows.y.shape
    np.testing.assert_allclose(answer, model.predict_proba(rows.inputs), atol=1e-4)
    np.testing.assert_allclose(exported(graph, rows.take(np.array([3]))), answer[3:4], atol=1e-6)


def test_a_bundle_of_it_answers_through_the_detector_as_the_model_does(fitted, rows, tmp_path):
    name, model = fitted
    calibration = Calibration(1.3, 0.2)
    settings = {"views": model.views, "parameters": model.parameters}
    bundle = Bundle(name, model.to_onnx(), 64, calibration, Thresholds(0.2, 0.8), **settings)
    bundle.save(tmp_path / name)
    assert load(tmp_path / name) == bundle
    detector = Detector.load(tmp_path / name)
    np.testing.assert_allclose(
        detector.probabilities(rows.inputs),
        calibration(model.predict_proba(rows.inputs)),
        atol=1e-4,
    )
    if model.views == ("features",):
        for seed in range(5):
            features = image_features(read_luma(toys.scene(seed)))[None]
            expected = calibration(model.predict_proba({"features": features}))[0]
            answer = detector.predict(toys.scene(seed))
            assert answer.probability == pytest.approx(expected, abs=1e-4)


def test_the_same_rows_give_the_same_model(fitted, rows):
    name, model = fitted
    again = fit(backend(name)(), rows)
    np.testing.assert_array_equal(
        again.predict_proba(rows.inputs), model.predict_proba(rows.inputs)
    )
    assert again.to_onnx() == model.to_onnx()


def test_fitting_leaves_its_arguments_as_they_were(rows):
    before = {view: values.copy() for view, values in rows.inputs.items()}
    weights = rows.weights.copy()
    for name in BACKENDS:
        fit(backend(name)(), rows)
    for view, values in before.items():
        np.testing.assert_array_equal(rows.inputs[view], values)
    np.testing.assert_array_equal(rows.weights, weights)


def test_a_model_that_was_not_fitted_says_so(rows):
    for name in BACKENDS:
        model = backend(name)()
        for call in (model.to_onnx, lambda model=model: model.predict_proba(rows.inputs)):
            with pytest.raises(ValueError, match="expected a fitted model"):
                call()


# The registry


@pytest.mark.parametrize("name", ["dct-xbg", "dct_xgb", "dct-xgboost"])
def test_an_unknown_backend_suggests_the_nearest(name):
    with pytest.raises(ModelError, match=f"no backend '{name}'; did you mean 'dct-xgb'\\? known: "):
        backend(name)


def test_a_backend_far_from_any_gets_the_list_alone():
    with pytest.raises(ModelError, match="^no backend 'unheard of'; known: dct-xgb"):
        backend("unheard of")


# dct-xgb

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
    return examples(toys.table(100, copies=False, album=False, seed=3))


@pytest.fixture(scope="module")
def trees(many):
    return fit(dct_xgb.BoostedTrees(**PLAIN), many)


def test_features_of_nothing_at_all_are_finite(trees):
    zero = {"features": np.zeros((1, 18), np.float32)}
    assert 0 <= trees.predict_proba(zero)[0] <= 1
    np.testing.assert_allclose(
        exported(trees.to_onnx(), zero), trees.predict_proba(zero), atol=1e-6
    )


def test_moving_cuts_into_gaps_hardly_changes_what_is_learnt(many, monkeypatch):
    moved = fit(dct_xgb.BoostedTrees(**PLAIN), many).predict_proba(many.inputs)
    assert np.corrcoef(moved, many.y)[0, 1] > 0.8
    monkeypatch.setattr(dct_xgb, "_cut_between", lambda booster, values: booster)
    plain = fit(dct_xgb.BoostedTrees(**PLAIN), many).predict_proba(many.inputs)
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
    stumps = fit(dct_xgb.BoostedTrees(rounds=3, gamma=1e9), many)
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
    light = dct_xgb.BoostedTrees(rounds=20).fit(
        many.inputs, many.y, many.groups, np.ones(len(heavy))
    )
    other = dct_xgb.BoostedTrees(rounds=20).fit(many.inputs, many.y, many.groups, heavy)
    gain = other.predict_proba(many.inputs) - light.predict_proba(many.inputs)
    assert gain.mean() > 0.05
