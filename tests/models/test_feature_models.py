"""The backends that read a few numbers per photo, and the columns and graphs they share."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper
from sklearn.ensemble import RandomForestClassifier

from blurdct.datasets.manifest import read_csv
from blurdct.features.bands import FEATURES
from blurdct.models import contrasts, onnx_graph
from blurdct.models.base import TrainingRows
from blurdct.models.dct_forest import RandomForest
from blurdct.models.dct_logistic import Logistic
from blurdct.models.laplacian import LaplacianThreshold
from blurdct.models.tree import GradientTree
from blurdct.training.training_set import COLUMNS, build_training_set
from tests.helpers import toys

pytestmark = pytest.mark.filterwarnings("error")

TABLE = Path(__file__).resolve().parents[2] / "data" / "features.csv"
KINDS = (RandomForest, Logistic, LaplacianThreshold, GradientTree)
SMALL = {RandomForest: {"n_estimators": 30}}


@pytest.fixture(scope="module")
def many():
    """200 rows, of 100 scenes."""
    return build_training_set(toys.table(100, copies=False, album=False, seed=3))


@pytest.fixture(scope="module")
def inputs(many):
    """Views of those rows; variances of the gradients that tell the labels apart, not always."""
    rng = np.random.default_rng(0)
    scores = np.exp(rng.normal(5 - 1.5 * many.y, 1, (2, len(many.y))))
    area = rng.integers(10**5, 10**8, len(many.y))
    return {
        **many.inputs,
        "laplacian": scores[1][:, None].astype(np.float32),
        "gradients": np.stack([*scores, area], axis=1).astype(np.float32),
    }


@pytest.fixture(scope="module", params=KINDS)
def fitted(request, many, inputs):
    """Each kind of model, fitted on those rows."""
    return fit(request.param, many, inputs)


def fit(kind, many, inputs, weights=None, **parameters):
    """A model after learning from all rows of the views that it needs."""
    weights = many.weights if weights is None else weights
    model = kind(**{**SMALL.get(kind, {}), **parameters})
    return model.fit(TrainingRows(of(model, inputs), many.y, many.groups, weights))


def of(model, inputs):
    """Its views alone."""
    return {view: inputs[view] for view in model.views}


def exported(graph: bytes, inputs) -> np.ndarray:
    """What a graph answers."""
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    return session.run(["probability"], dict(inputs))[0]


def agree(model, inputs):
    """Model and graph give the same probabilities, which are returned."""
    p = model.predict_proba(of(model, inputs))
    assert ((p >= 0) & (p <= 1)).all()
    np.testing.assert_allclose(exported(model.to_onnx(), of(model, inputs)), p, atol=1e-5)
    return p


# What they have in common


def test_each_learns_and_its_graph_agrees(fitted, many, inputs):
    p = agree(fitted, inputs)
    assert p.shape == many.y.shape
    assert p[many.y == 1].mean() > p[many.y == 0].mean() + 0.2


def test_each_graph_takes_any_number_of_rows_and_says_its_opsets(fitted, inputs):
    graph = fitted.to_onnx()
    model = onnx.load_from_string(graph)
    assert {one.domain: one.version for one in model.opset_import} == onnx_graph.OPSETS
    assert model.ir_version == onnx_graph.IR_VERSION
    whole = exported(graph, of(fitted, inputs))
    one = {view: values[3:4] for view, values in of(fitted, inputs).items()}
    none = {view: values[:0] for view, values in of(fitted, inputs).items()}
    np.testing.assert_allclose(exported(graph, one), whole[3:4], atol=1e-6)
    assert exported(graph, none).shape == (0,)


def test_the_same_rows_give_the_same_model(fitted, many, inputs):
    again = fit(type(fitted), many, inputs)
    assert again.to_onnx() == fitted.to_onnx()


def test_another_seed_gives_another_forest(many, inputs):
    first, second = (fit(RandomForest, many, inputs, seed=seed) for seed in (0, 1))
    assert first.to_onnx() != second.to_onnx()


@pytest.mark.parametrize("kind", KINDS)
def test_heavier_blurred_rows_raise_p(kind, many, inputs):
    before, after = (
        fit(kind, many, inputs, np.where(many.y == 1, heavy, 1.0)).predict_proba(inputs)
        for heavy in (1.0, 10.0)
    )
    assert (after - before).mean() > 0.05


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_without_weight_teaches_nothing(kind, many, inputs):
    """Half of the labels are wrong, but count nothing."""
    used = np.arange(len(many.y)) % 4 < 2
    wrong = np.where(used, many.y, 1 - many.y)
    model = kind(**SMALL.get(kind, {}))
    model.fit(TrainingRows(of(model, inputs), wrong, many.groups, used.astype(float)))
    p = model.predict_proba(inputs)[~used]
    assert p[many.y[~used] == 1].mean() > p[many.y[~used] == 0].mean() + 0.2


@pytest.mark.parametrize("kind", KINDS)
def test_constant_inputs_give_the_share_of_the_blurred(kind, many, inputs):
    flat = {view: np.repeat(values[:1], len(values), axis=0) for view, values in inputs.items()}
    weights = np.where(many.y == 1, 3.0, 1.0)
    p = agree(fit(kind, many, flat, weights), flat)
    np.testing.assert_allclose(p, 0.75, atol=0.02)  # the forest draws its rows


def test_views_of_nothing_at_all_are_answered(fitted, inputs):
    nothing = {view: np.zeros_like(values[:1]) for view, values in inputs.items()}
    assert np.isfinite(agree(fitted, nothing)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_that_was_not_fitted_says_so(kind, inputs):
    for call in (kind().to_onnx, lambda: kind().predict_proba(inputs)):
        with pytest.raises(ValueError, match="expected a fitted model"):
            call()


# The columns


def test_the_columns_are_shapes_and_contrasts_as_they_are_named(many):
    names, values = contrasts.columns(), contrasts.column_values(many.inputs)
    assert values.shape == (len(many.y), len(names)) == (200, 39)
    assert values.dtype == np.float32
    assert len(set(names)) == len(names)
    table = many.table
    sizes = [name for name in FEATURES if name.endswith(contrasts.SIZES)]
    logarithm = {name: np.log(table[name] + contrasts.FLOOR) for name in sizes}
    expected = {
        "med_freq_skew": table["med_freq_skew"],
        "high/med mean": logarithm["high_freq_mean"] - logarithm["med_freq_mean"],
        "curve energy": logarithm["high_freq_energy"]
        - 2 * logarithm["med_freq_energy"]
        + logarithm["low_freq_energy"],
        "low_freq energy/mean2": logarithm["low_freq_energy"] - 2 * logarithm["low_freq_mean"],
        "med/low entropy": table["med_freq_entropy"] - table["low_freq_entropy"],
    }
    for name, column in expected.items():
        np.testing.assert_allclose(values[:, names.index(name)], column, atol=2e-4, err_msg=name)


def test_scene_contrast_cancels_out_of_the_comparisons(many):
    """Twice the contrast: twice the mean and std, four times the energy, the same shapes."""
    features = many.inputs["features"].copy()
    for column, name in enumerate(FEATURES):
        features[:, column] *= {"mean": 2, "std": 2, "energy": 4}.get(name.split("_")[-1], 1)
    before = contrasts.column_values(many.inputs)
    after = contrasts.column_values({"features": features})
    assert np.abs(after - before).max() < 0.02  # not quite 0, because of FLOOR


@pytest.mark.parametrize(("dtype", "most"), [(np.float32, 1e-5), (np.float64, 0)])
def test_columns_out_of_float64_are_the_very_same_in_a_graph(dtype, most):
    table = read_csv(TABLE, COLUMNS)
    features = table[list(FEATURES)].to_numpy(np.float32)
    nodes, constants = contrasts.column_nodes("columns", dtype)
    nodes.append(helper.make_node("ReduceMax", ["columns"], ["probability"], axes=[1], keepdims=0))
    model = onnx.load_from_string(onnx_graph.graph("c", {"features": (18,)}, nodes, constants))
    info = helper.make_tensor_value_info("columns", onnx.TensorProto.FLOAT, ["n", 39])
    model.graph.output.append(info)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (there,) = session.run(["columns"], {"features": features})
    here = contrasts.column_values({"features": features}, dtype)
    assert here.dtype == np.float32
    np.testing.assert_allclose(here, there, rtol=0, atol=most)


def test_features_of_nothing_at_all_have_finite_columns():
    assert np.isfinite(contrasts.column_values({"features": np.zeros((1, 18))})).all()


# Trees in a graph


def test_a_row_just_at_a_cut_goes_the_same_way_in_a_graph():
    """Neighbouring float32 leave no float32 between them: the midpoint is rounded down."""
    rng = np.random.default_rng(0)
    rows = (2**20 + rng.integers(0, 60, (400, 3)) / 8).astype(np.float32)
    forest = RandomForestClassifier(20, random_state=0, max_features=None)
    forest.fit(rows, rng.integers(0, 2, 400))
    trees = [one.tree_ for one in forest.estimators_]
    assert sum(tree.node_count for tree in trees) > 400
    nodes = [
        onnx_graph.trees_node(trees, "rows", "share"),
        helper.make_node("Squeeze", ["share", "second"], ["probability"]),
    ]
    graph = onnx_graph.graph("g", {"rows": (3,)}, nodes, {"second": np.array([1])})
    expected = forest.predict_proba(rows)[:, 1]
    np.testing.assert_allclose(exported(graph, {"rows": rows}), expected, atol=1e-6)


def test_rounding_down_cuts_float32_as_the_float64_does():
    rng = np.random.default_rng(1)
    cuts = np.concatenate([rng.normal(0, 1e3, 1000), [0.0, 0.1, -0.1, 1.0, 16777217.0]])
    down = onnx_graph._round_down(cuts)
    assert down.dtype == np.float32
    assert (down <= cuts).all()
    assert (np.nextafter(down, np.float32(np.inf)).astype(np.float64) > cuts).all()


def test_the_graph_of_a_forest_is_small_on_the_whole_table():
    rows = build_training_set(read_csv(TABLE, COLUMNS))
    forest = RandomForest(n_estimators=20).fit(rows.rows.select(rows.weights > 0))
    graph = forest.to_onnx()
    assert len(graph) * RandomForest().parameters["n_estimators"] / 20 < 2.5e6
    expected = forest.predict_proba(rows.inputs)
    np.testing.assert_allclose(exported(graph, rows.inputs), expected, atol=1e-6)


# dct-forest and dct-logistic


@pytest.mark.parametrize("kind", [RandomForest, Logistic])
def test_importance_names_columns_the_most_important_first(kind, many, inputs):
    shares = fit(kind, many, inputs).importance()
    assert set(shares) == set(contrasts.columns())
    assert list(shares.values()) == sorted(shares.values(), reverse=True)
    assert next(iter(shares.values())) > 0


def test_a_column_without_spread_does_not_disturb_the_regression(many, inputs):
    features = inputs["features"].copy()
    features[:, FEATURES.index("low_freq_skew")] = 0.1
    p = agree(fit(Logistic, many, {"features": features}), {"features": features})
    assert np.corrcoef(p, many.y)[0, 1] > 0.6
    moved = features.copy()
    moved[:, FEATURES.index("low_freq_skew")] += 1e-6  # rounding, far less than any real spread
    model = fit(Logistic, many, {"features": features})
    np.testing.assert_allclose(model.predict_proba({"features": moved}), p, atol=1e-4)


# laplacian


def test_a_larger_variance_is_never_more_blurred(many, inputs):
    variances = np.concatenate([[0], np.geomspace(1e-6, 1e7, 500)]).astype(np.float32)[:, None]
    p = agree(fit(LaplacianThreshold, many, inputs), {"laplacian": variances})
    assert (np.diff(p) <= 0).all()
    assert p[0] > 0.9
    assert p[-1] < 0.01


def test_where_the_blurred_have_the_larger_variance_none_is_preferred(many, inputs):
    wrong = {"laplacian": 1 / inputs["laplacian"] * 1e4}
    np.testing.assert_allclose(agree(fit(LaplacianThreshold, many, wrong), wrong), 0.5, atol=1e-6)


def test_a_threshold_that_errs_nowhere_is_still_finite(many):
    apart = {"laplacian": np.where(many.y == 1, 10.0, 1000.0).astype(np.float32)[:, None]}
    p = agree(fit(LaplacianThreshold, many, apart), apart)
    assert ((p > 0.5) == (many.y == 1)).all()
    assert p.min() > 0 and p.max() < 1


# tree


def test_a_tree_asks_three_questions_at_most(many, inputs):
    model = fit(GradientTree, many, inputs)
    assert model.tree.get_depth() <= 3
    assert len(np.unique(model.predict_proba(inputs))) <= 8
    assert "sobel" in model.rules() or "laplacian" in model.rules()


def test_no_leaf_holds_less_weight_than_was_asked_for(many, inputs):
    weights = np.where(np.arange(len(many.y)) % 2, 1.0, 0.1)
    model = fit(GradientTree, many, inputs, weights, min_weight_fraction_leaf=0.2)
    leaf = model.tree.apply(inputs["gradients"])
    assert len(set(leaf)) > 1
    assert min(weights[leaf == one].sum() for one in set(leaf)) >= 0.2 * weights.sum() - 1e-9


def test_an_area_of_many_pixels_is_cut_the_same_way_in_the_graph(many):
    """Areas over 2**24 are not all float32: neighbours there differ by several pixels."""
    area = 2**26 + 8 * np.arange(len(many.y))
    y = (area > np.median(area)).astype(int)
    scores = np.stack([np.ones(len(y)), np.ones(len(y)), area], axis=1).astype(np.float32)
    rows = TrainingRows({"gradients": scores}, y, many.groups, np.ones(len(y)))
    model = GradientTree().fit(rows)
    np.testing.assert_array_equal(agree(model, {"gradients": scores}), y)
