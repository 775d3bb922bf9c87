"""The fusions, over members that a test looks into."""

from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
import torch
from onnx import helper
from scipy.special import expit

from blurdct.errors import ConfigError
from blurdct.models import stacking
from blurdct.models.base import TrainingRows
from blurdct.models.onnx_graph import graph
from blurdct.models.registry import backend, parse_name

pytestmark = pytest.mark.filterwarnings("error")

ROWS = 48
# A fusion, and parameters that make its training short.
FUSIONS = {
    stacking.Stacking: {},
    stacking.CerthFusion: {"epochs": 2, "batch": 16, "learning_rate": 1e-2},
}


class Member:
    """P is the sigmoid of its view's first number; it notes whom it learnt from and was asked of.

    The second number of a row is the row's own.
    """

    name = view = ""
    made: list["Member"]

    def __init__(self, **parameters):
        self.parameters, self.fits, self.asked = parameters, [], []
        self.made.append(self)

    def fit(self, rows):
        self.fits.append(rows)
        return self

    def predict_proba(self, inputs):
        self.asked += self.rows(inputs).tolist()
        return expit(inputs[self.view][:, 0])

    def rows(self, inputs):
        return inputs[self.view][:, 1].astype(int)

    def to_onnx(self):
        nodes = [
            helper.make_node("Gather", [self.view, "first"], ["odds"], axis=1),
            helper.make_node("Sigmoid", ["odds"], ["probability"]),
        ]
        return graph(self.name, {self.view: (2,)}, nodes, {"first": np.array(0)})


@pytest.fixture
def members(monkeypatch) -> list[Member]:
    """Every member that is made from here on, in order."""
    made: list[Member] = []

    def stand_in(name):
        views = backend(name).views
        return type(name, (Member,), {"name": name, "views": views, "view": views[0], "made": made})

    monkeypatch.setattr(stacking, "backend", stand_in)
    monkeypatch.setattr(stacking, "WIDTHS", (16, 8))
    return made


@pytest.fixture(scope="module")
def data():
    """Rows of 16 scenes, half of them copies that count a tenth."""
    rng = np.random.default_rng(0)
    y = np.arange(ROWS) % 2
    inputs = {}
    for view in ("rgb256", "gradients", "rgb96"):
        odds = rng.normal(2 * y - 1, 1)
        inputs[view] = np.stack([odds, np.arange(ROWS)], axis=1).astype(np.float32)
    inputs["laplacian"] = np.exp(rng.normal(5 - y, 1))[:, None].astype(np.float32)
    weights = np.where(np.arange(ROWS) % 4 < 2, 1.0, 0.1)
    levels = np.where(y == 1, np.arange(ROWS) % 10, 0)
    groups = np.array([f"scene {row // 3}" for row in range(ROWS)], dtype=object)
    return TrainingRows(inputs, y, groups, weights, levels)


def fit(kind, data, **parameters):
    """A fusion after learning from all rows of its views."""
    model = kind(**{**FUSIONS[kind], **parameters})
    return model.fit(data.only(model.views))


def exported(model, inputs) -> np.ndarray:
    """What its graph answers."""
    session = onnxruntime.InferenceSession(model.to_onnx(), providers=["CPUExecutionProvider"])
    return session.run(["probability"], {view: inputs[view] for view in model.views})[0]


@pytest.mark.parametrize("kind", FUSIONS)
def test_its_views_are_those_of_its_members_and_its_own(kind):
    needed = {view for name in kind.members for view in backend(name).views}
    assert needed <= set(kind.views)
    assert set(kind.views) - needed == ({"laplacian"} if kind is stacking.CerthFusion else set())


@pytest.mark.parametrize("folds", [2, 3, 4])
@pytest.mark.parametrize("kind", FUSIONS)
def test_members_are_asked_about_scenes_that_they_did_not_learn_from(kind, data, members, folds):
    fit(kind, data, folds=folds)
    for name in kind.members:
        judging = [member for member in members if member.name == name]
        assert len(judging) == folds
        for member in judging:
            (learnt,) = member.fits
            asked = {data.groups[row] for row in member.asked}
            assert asked
            assert not asked & set(learnt.groups)
        # each row that counts full is asked about once, copies never
        every = sorted(row for member in judging for row in member.asked)
        assert every == np.nonzero(data.weights == 1)[0].tolist()
        # and every row is learnt from by all but one
        learnt = np.concatenate([member.rows(member.fits[0].inputs) for member in judging])
        np.testing.assert_array_equal(np.bincount(learnt), np.full(ROWS, folds - 1))


@pytest.mark.parametrize("kind", FUSIONS)
def test_members_learn_from_copies_too_and_know_all_about_their_rows(kind, data, members):
    fit(kind, data)
    for member in members:
        (learnt,) = member.fits
        assert set(learnt.weights) == {1.0, 0.1}
        for name in ("y", "groups", "weights", "levels"):
            known = getattr(data, name)[member.rows(learnt.inputs)]
            np.testing.assert_array_equal(getattr(learnt, name), known)


@pytest.mark.parametrize("kind", FUSIONS)
def test_the_upper_model_sees_what_members_said_out_of_fold(kind, data, members, monkeypatch):
    """A member that knows its own scenes by heart, and of others nothing, has nothing to show."""
    seen = []

    def by_heart(self, inputs):
        rows = self.rows(inputs)
        known = np.isin(data.groups[rows], self.fits[0].groups)
        return np.where(known, data.y[rows], 0.5)

    monkeypatch.setattr(Member, "predict_proba", by_heart)
    upper = kind._fit_upper

    def fit_upper(self, columns, rows):
        seen.append((columns, rows))
        upper(self, columns, rows)

    monkeypatch.setattr(kind, "_fit_upper", fit_upper)
    model = fit(kind, data)
    ((columns, rows),) = seen
    full = data.weights == 1
    np.testing.assert_array_equal(rows.y, data.y[full])
    np.testing.assert_array_equal(rows.groups, data.groups[full])
    told = columns[:, : len(kind.members)]
    assert len(np.unique(told)) == 1
    if kind is stacking.Stacking:
        assert told[0, 0] == 0.5
        p = model.predict_proba(data.inputs)
        assert len(np.unique(p)) == 1  # it does not trust the members
    else:
        assert told[0, 0] == 0  # log odds


@pytest.mark.parametrize("kind", FUSIONS)
def test_parameters_of_members_arrive_and_stay_apart(kind, data, members):
    own = {name: {"epochs": number} for number, name in enumerate(kind.members, start=7)}
    model = fit(kind, data, **own)
    for member in members:
        assert member.parameters == own[member.name]
    assert model.parameters == {**kind.defaults, **FUSIONS[kind], **own}
    assert all(kind().parameters[name] == {} for name in kind.members)


def test_members_share_its_seed_unless_they_have_their_own(data, members):
    fit(stacking.Stacking, data, seed=3, tree={"seed": 4})
    assert {one.name: one.parameters["seed"] for one in members} == {"cnn": 3, "tree": 4}


@pytest.mark.parametrize("kind", FUSIONS)
def test_scenes_too_few_for_a_fold_of_both_labels_are_refused(kind, data, members):
    lopsided = replace(data, groups=np.where(data.y == 1, "one", data.groups).astype(object))
    with pytest.raises(ConfigError, match="of more scenes"):
        fit(kind, lopsided)


def test_a_parameter_that_a_member_does_not_have_is_refused():
    _, parameters = parse_name("stacking:cnn.epochs=1")
    assert parameters == {"cnn": {"epochs": 1}}
    model = backend("stacking")(cnn={"depht": 1})
    black = {"rgb256": np.zeros((4, 8, 8, 3), np.uint8), "gradients": np.zeros((4, 3), np.float32)}
    rows = TrainingRows(black, np.arange(4) % 2, np.arange(4) // 2, np.ones(4))
    with pytest.raises(ConfigError, match="^unknown parameter depht; known: epochs"):
        model.fit(rows)


@pytest.mark.parametrize("kind", FUSIONS)
def test_the_same_rows_give_the_same_model_and_another_seed_has_other_folds(kind, data, members):
    first, again, _ = (fit(kind, data, seed=seed) for seed in (0, 0, 1))
    asked = [member.asked for member in members if member.name == kind.members[0]]
    assert asked[0] == asked[2] != asked[4]  # of the first fold of each
    p = first.predict_proba(data.inputs)
    np.testing.assert_array_equal(again.predict_proba(data.inputs), p)
    assert first.to_onnx() == again.to_onnx()


@pytest.mark.parametrize("kind", FUSIONS)
def test_its_graph_answers_as_the_model_does_from_one_end_to_the_other(kind, data, members):
    model = fit(kind, data)
    rng = np.random.default_rng(1)
    odds = np.concatenate([rng.normal(0, 3, 400), [-200, -20, 0, 20, 200]])
    inputs = {
        view: np.stack([rng.permutation(odds), np.zeros(len(odds))], axis=1).astype(np.float32)
        for view in ("rgb256", "gradients", "rgb96")
    }
    variances = np.concatenate([[0, 1e-6, 1e8], rng.uniform(0, 1e4, len(odds) - 3)])
    inputs["laplacian"] = variances[:, None].astype(np.float32)
    p = model.predict_proba(inputs)
    assert ((p >= 0) & (p <= 1)).all()
    assert p.max() > p.min() + 0.05
    np.testing.assert_allclose(exported(model, inputs), p, atol=1e-5)


# stacking


def test_the_tree_on_top_asks_three_questions_at_most(data, members):
    model = fit(stacking.Stacking, data)
    assert 1 <= model.upper.get_depth() <= 3
    p = model.predict_proba(data.inputs)
    assert p[data.y == 1].mean() > p[data.y == 0].mean() + 0.2
    shallow = fit(stacking.Stacking, data, max_depth=1, min_samples_leaf=0.4)
    assert shallow.upper.get_depth() == 1
    leaf = shallow.upper.apply(np.stack([m.predict_proba(data.inputs) for m in members[-2:]], 1))
    assert len(set(leaf)) == 2


# certh-fusion


def test_both_inputs_are_scaled_to_mean_0_and_deviation_1(data, members):
    model = fit(stacking.CerthFusion, data)
    full = data.weights == 1
    odds, variances = data.inputs["rgb96"][full, 0], data.inputs["laplacian"][full, 0]
    sure = np.clip(expit(odds), 1e-4, 1 - 1e-4)
    columns = np.stack([np.log(sure / (1 - sure)), np.log(variances + 1)], axis=1)
    np.testing.assert_allclose(model.upper.mean, columns.mean(axis=0), rtol=1e-4)
    np.testing.assert_allclose(model.upper.deviation, columns.std(axis=0), rtol=1e-4)


def test_numbers_that_do_not_vary_are_no_hindrance(data, members):
    constant = {**data.inputs, "laplacian": np.full((ROWS, 1), 7, np.float32)}
    model = fit(stacking.CerthFusion, replace(data, inputs=constant))
    p = model.predict_proba(constant)
    assert np.isfinite(p).all()
    np.testing.assert_allclose(exported(model, constant), p, atol=1e-5)


def test_certainty_is_bounded_and_no_variance_is_no_number():
    p, variance = torch.tensor([0.0, 0.5, 1.0]), torch.tensor([[0.0], [1.0], [1e9]])
    found = stacking._two_numbers(p, variance)
    assert bool(found.isfinite().all())
    torch.testing.assert_close(found[1], torch.tensor([0.0, np.log(2)], dtype=torch.float32))
    assert found[0, 0] == pytest.approx(-9.21, abs=0.01)
    assert found[2, 0] == pytest.approx(9.21, abs=0.01)
