from dataclasses import replace
from typing import ClassVar

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
from onnx import numpy_helper

from blurdct.config import ReadConfig, TrainConfig
from blurdct.datasets import splits
from blurdct.datasets.manifest import read_csv, write_csv
from blurdct.errors import ConfigError, ModelError
from blurdct.features.bands import FEATURES
from blurdct.inference.bundle import Calibration
from blurdct.inference.calibration import LEAST_SCALE, decide
from blurdct.inference.detector import Detector
from blurdct.inference.thresholds import Thresholds, verdict_index
from blurdct.metrics import roc_auc
from blurdct.models.registry import BACKENDS
from blurdct.training import cross_validation, train
from blurdct.training.blur_rows import kinds
from blurdct.training.cross_validation import cross_validate, judge_unseen
from blurdct.training.train import check_export, train_model
from blurdct.training.training_set import (
    COLUMNS,
    UNCHECKED_DECIDING,
    VARIED_WEIGHT,
    build_training_set,
    data_digest,
    judged_alone,
)
from tests.helpers import toys

pytestmark = pytest.mark.filterwarnings("error")

QUICK = TrainConfig(folds=4, shuffles=2)
FEW = {"rounds": 25}


@pytest.fixture(scope="module")
def judged(data):
    return cross_validate(data, "dct-xgb", FEW, QUICK)


@pytest.fixture(scope="module")
def trained(data, judged):
    return train_model(data, "dct-xgb", FEW, QUICK, ReadConfig(size=256), judged)


class Spy:
    """A backend that remembers what it was shown: which rows it learnt from, which it judged.

    Its P is a fixed function of the row, so that what calibration learns is known.
    """

    views = ("features",)
    learns_more = False
    number = -1  # of what it learnt, in ``seen``
    seen: ClassVar[list[tuple[np.ndarray, np.ndarray, np.ndarray]]] = []
    judged: ClassVar[list[tuple[int, np.ndarray]]] = []
    levels: ClassVar[list[np.ndarray]] = []

    def __init__(self, **parameters):
        self.parameters = parameters

    def fit(self, rows):
        self.number = len(Spy.seen)
        Spy.seen.append((rows.inputs["features"][:, 0], rows.groups, rows.weights))
        Spy.levels.append(rows.levels)
        count = len(rows.inputs["features"])
        assert count == len(rows.y) == len(rows.groups) == len(rows.weights) == len(rows.levels)
        return self

    def predict_proba(self, inputs):
        Spy.judged.append((self.number, inputs["features"][:, 0]))
        return 1 / (1 + np.exp(inputs["features"][:, FEATURES.index("high_freq_mean")] / 2 - 2))

    def to_onnx(self):
        return toys.graph()

    def map_onnx(self):
        return b""

    def blur_onnx(self, rows):
        return b""


class Keen(Spy):
    """A backend that learns from extra rows as well, and from what is known about them."""

    learns_more = True
    more: ClassVar[list[dict[str, np.ndarray]]] = []

    def fit(self, rows):
        Keen.more.append({"y": rows.y, "masks": rows.masks, "groups": rows.groups})
        return super().fit(rows)


@pytest.fixture
def spy(monkeypatch):
    """The spy as the backend ``spy``, with nothing remembered."""
    monkeypatch.setitem(BACKENDS, "spy", f"{__name__}:Spy")
    monkeypatch.setattr(Spy, "seen", [])
    monkeypatch.setattr(Spy, "judged", [])
    monkeypatch.setattr(Spy, "levels", [])
    return Spy


# Cross-validation


def test_no_row_is_judged_by_a_model_that_saw_its_scene(spy, data):
    cross_validate(data, "spy", {}, QUICK)
    group_of = dict(zip(data.inputs["features"][:, 0], data.groups, strict=True))
    assert len(spy.seen) == QUICK.folds * QUICK.shuffles
    for number, judged in spy.judged:
        learnt = set(spy.seen[number][1])
        assert learnt.isdisjoint(group_of[value] for value in judged)
    per_shuffle = sum(len(judged) for _, judged in spy.judged) / QUICK.shuffles
    assert per_shuffle == len(data.y)


@pytest.fixture
def more(table, monkeypatch):
    """Examples with a varied copy of every photo and two photographs that only have masks."""
    monkeypatch.setitem(BACKENDS, "keen", f"{__name__}:Keen")
    monkeypatch.setattr(Keen, "more", [])
    monkeypatch.setattr(Spy, "seen", [])
    monkeypatch.setattr(Spy, "judged", [])
    monkeypatch.setattr(Spy, "levels", [])
    photos = table[table["kind"] == ""]
    varied = photos.assign(
        kind="varied", original=photos["path"], path="v/" + photos["path"], mask=""
    )
    parts = photos.iloc[:2].assign(path=["p0", "p1"], group=["p0", "p1"], label=pd.NA, mask="m")
    whole = pd.concat([table, varied, parts], ignore_index=True).fillna(
        {"mask": "", "original": ""}
    )
    whole = whole.astype(table.dtypes.to_dict())
    masks = np.full((len(whole), 2, 2), np.nan, np.float16)
    masks[-2:] = 0.5
    return build_training_set(whole, QUICK, masks=masks)


def test_rows_apart_change_nothing_for_those_who_do_not_learn_from_them(more, data):
    pd.testing.assert_frame_equal(more.table[list(data.table)], data.table)
    np.testing.assert_array_equal(more.weights, data.weights)
    assert more.suited("dct-xgb").extra is None
    assert data_digest(more.suited("dct-xgb")) == data_digest(data)
    assert data_digest(more.suited("keen")) != data_digest(data)


def test_copies_of_photographs_that_are_not_learnt_from_weigh_nothing(more, data):
    weight = dict(zip(more.extra.table["original"], more.extra.weights, strict=True))
    for path, real in zip(data.table["path"], data.real, strict=True):
        if path in weight:
            assert weight[path] == VARIED_WEIGHT * real


def test_rows_apart_are_learnt_from_but_not_those_of_scenes_that_are_judged(more):
    cross_validate(more.suited("keen"), "keen", {}, QUICK)
    judge_unseen(more.suited("keen"), "keen", {}, Calibration())
    train_model(more.suited("keen"), "keen", {}, QUICK)
    group_of = dict(zip(more.inputs["features"][:, 0], more.groups, strict=True))
    for number, judged in Spy.judged:
        learnt = set(Spy.seen[number][1])
        if number < QUICK.folds * QUICK.shuffles:
            assert learnt.isdisjoint(group_of[value] for value in judged)
    for told in Keen.more:
        assert (told["y"] == -1).sum() == 2 and np.isfinite(told["masks"]).sum() == 8
        assert len(told["y"]) == len(told["masks"])


def test_what_weighs_nothing_is_never_learnt_from(spy, table):
    light = np.arange(len(table)) % 7 == 0
    data = build_training_set(table.assign(weight=np.where(light, 0.0, 1.0)), QUICK)
    values = pd.Series(data.inputs["features"][:, 0])
    alike = values.duplicated(keep=False)  # as little blur as that changes nothing
    light_values = set(values[light & ~alike])
    assert (data.weights[light] == 0).all() and light_values
    cross_validate(data, "spy", {}, QUICK)
    train_model(data, "spy", {}, QUICK)
    judge_unseen(data, "spy", {}, Calibration())
    for learnt, _, weights in spy.seen:
        assert (weights > 0).all()
        assert not set(learnt) & light_values


def test_shuffles_have_other_folds(spy, data):
    cross_validate(data, "spy", {}, QUICK)
    first, second = (
        {frozenset(groups) for _, groups, _ in spy.seen[i : i + QUICK.folds]}
        for i in (0, QUICK.folds)
    )
    assert first.isdisjoint(second)


def test_calibration_and_thresholds_of_a_fold_come_from_the_other_folds(spy, data, monkeypatch):
    """Turning every label of one scene over leaves how that scene is judged as it was."""
    before = cross_validate(data, "spy", {}, QUICK)
    original = splits.folds
    monkeypatch.setattr(
        cross_validation, "folds", lambda groups, strata, *rest: original(groups, known, *rest)
    )
    kinds = np.where(data.table["kind"] == "", "", "copy")
    known = data.table["source"].to_numpy(str) + "/" + data.y.astype(str) + "/" + kinds
    changed = False
    for group in sorted(set(data.groups[data.real]))[:6]:
        here = data.groups == group
        after = cross_validate(
            replace(data, y=np.where(here, 1 - data.y, data.y)), "spy", {}, QUICK
        )
        np.testing.assert_array_equal(after.p[:, here], before.p[:, here])
        np.testing.assert_array_equal(after.label[:, here], before.label[:, here])
        changed |= not np.array_equal(after.p, before.p)
    assert changed


def test_photographs_decide_on_calibration_and_thresholds_those_taken_as_sharp_by_less(
    spy, data, monkeypatch
):
    decided = []

    def remember(y, raw, config, weights):
        decided.append((len(y), weights.sum()))
        return decide(y, raw, config, weights)

    for module in (cross_validation, train):
        monkeypatch.setattr(module, "decide", remember)
    train_model(data, "spy", {}, QUICK)
    *folds, last = decided
    alone = judged_alone(data)
    assert alone.any() and not (alone & data.real).any()
    count, weight = (data.real | alone).sum(), data.real.sum() + UNCHECKED_DECIDING * alone.sum()
    # every such row decides on all folds but its own, and once per shuffle on the bundle
    times = QUICK.shuffles * (QUICK.folds - 1)
    assert np.sum(folds, axis=0) == pytest.approx((times * count, times * weight))
    assert last == pytest.approx((QUICK.shuffles * count, QUICK.shuffles * weight))


def test_the_graph_of_a_map_goes_into_the_bundle(spy, data, monkeypatch, tmp_path):
    assert train_model(data, "spy", {}, QUICK)[0].map_graph == b""
    monkeypatch.setattr(Spy, "map_onnx", lambda self: toys.map_graph())
    bundle, _ = train_model(data, "spy", {}, QUICK)
    bundle.save(tmp_path / "mapped")
    assert bundle.map_graph == toys.map_graph() and Detector.load(tmp_path / "mapped").has_map


def test_width_and_kind_of_blur_are_learnt_where_the_table_says_them(spy, data, monkeypatch):
    asked = []
    monkeypatch.setattr(Spy, "blur_onnx", lambda self, known: asked.append(known) or b"graph")
    assert train_model(data, "spy", {}, QUICK)[0].blur_graph == b"" and not asked
    widths = np.arange(len(data.y), dtype=float)
    told = replace(data, table=data.table.assign(seen=widths.astype(np.float32)))
    assert train_model(told, "spy", {}, QUICK)[0].blur_graph == b"graph"
    (known,) = asked
    np.testing.assert_array_equal(known.inputs["features"], data.inputs["features"])
    np.testing.assert_array_equal(known.groups, data.groups)
    np.testing.assert_array_equal(known.widths, widths)
    motion, weights = kinds(told.table)
    np.testing.assert_array_equal(known.motion, motion)
    np.testing.assert_array_equal(known.weights, weights)


def test_labels_out_of_fold_are_those_that_the_detector_would_give(spy, data, monkeypatch):
    calibration = Calibration(1.5, -0.25)
    p = np.sort(calibration(Spy().predict_proba(data.inputs)))
    thresholds = Thresholds(p[len(p) // 4], p[-len(p) // 4], p[len(p) // 2])
    monkeypatch.setattr(cross_validation, "decide", lambda *given: (calibration, thresholds))
    judged = cross_validate(data, "spy", {}, replace(QUICK, shuffles=1))
    detector = Detector(toys.bundle(calibration=calibration, thresholds=thresholds))
    np.testing.assert_array_equal(judged.label[0], verdict_index(judged.p[0], thresholds))
    assert set(judged.label[0]) == {0, 1, 2, 3}
    np.testing.assert_allclose(judged.p[0], detector.probabilities(data.inputs), atol=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_labels_drawn_by_lot_are_judged_as_guesses(seed):
    """A leak anywhere would show as skill."""
    table = toys.table(100, copies=False, album=False, seed=seed)
    by_lot = np.random.default_rng(seed).integers(0, 2, len(table))
    data = build_training_set(table.assign(label=pd.array(by_lot, dtype="Int64")))
    judged = cross_validate(data, "dct-xgb", FEW, replace(QUICK, seed=seed))
    auc = np.mean([roc_auc(data.y, p) for p in judged.raw])
    assert 0.35 < auc < 0.62
    auc = np.mean([roc_auc(data.y, p) for p in judged.p])
    assert 0.3 < auc < 0.62
    assert np.mean((judged.p - data.y) ** 2) > 0.23


def test_real_differences_are_found(data, judged):
    auc = np.mean([roc_auc(data.y[data.real], p[data.real]) for p in judged.p])
    assert auc > 0.75
    assert ((judged.p >= 0) & (judged.p <= 1)).all()
    assert judged.raw.shape == judged.p.shape == judged.label.shape == (2, len(data.y))


def test_the_same_seed_gives_the_same_answers_and_another_one_others(data, judged):
    again = cross_validate(data, "dct-xgb", FEW, QUICK)
    for name in ("raw", "p", "label"):
        np.testing.assert_array_equal(getattr(again, name), getattr(judged, name))
    other = cross_validate(data, "dct-xgb", FEW, replace(QUICK, seed=9))
    assert not np.array_equal(other.raw, judged.raw)


def test_fewer_scenes_than_folds_still_judge_every_row(spy):
    data = build_training_set(toys.table(4, copies=False, album=False))
    judged = cross_validate(data, "spy", {}, TrainConfig(folds=10, shuffles=1))
    assert (judged.raw > 0).all()
    assert (judged.p > 0).all()


def test_folds_without_one_label_are_refused_in_words(spy):
    table = toys.table(4, copies=False, album=False)
    lone = table[(table["label"] == 0) | (table["group"] == "scene 0")]
    with pytest.raises(ConfigError, match="sharp and blurred photographs of more scenes"):
        cross_validate(build_training_set(lone), "spy", {}, QUICK)


def test_a_single_scene_is_refused(table):
    with pytest.raises(ConfigError, match="at least two groups"):
        cross_validate(build_training_set(table.assign(group="one")), "dct-xgb", FEW, QUICK)


def test_progress_sees_every_fold(spy, data):
    seen = []

    def count(items, total, title):
        for item in items:
            seen.append((total, title))
            yield item

    cross_validate(data, "spy", {}, QUICK, count)
    assert seen == [(8, "spy: folds")] * 8


# Sources that have sharp photographs alone


def test_a_source_is_judged_by_a_model_that_saw_none_of_it(spy, table):
    """Nor copies of its photographs."""
    album, even = table["source"] == "album", np.arange(len(table)) % 2 == 0
    defocused = table["kind"] == "defocus"
    sources = table["source"].mask(album & even, "attic").mask(defocused, "album")
    data = build_training_set(table.assign(source=sources), QUICK)
    calibration = Calibration(2.0, 1.0)
    answers = judge_unseen(data, "spy", {}, calibration)
    assert sorted(answers) == ["album", "attic"]
    for name, p in answers.items():
        rows = ((data.table["source"] == name) & (data.table["kind"] == "")).to_numpy()
        np.testing.assert_allclose(p, calibration(Spy().predict_proba(data.take(rows))))
    for (learnt, _, _), name in zip(spy.seen, sorted(answers), strict=True):
        rows = (data.weights > 0) & (data.table["source"] != name).to_numpy()
        np.testing.assert_array_equal(learnt, data.inputs["features"][rows, 0])
    assert len(spy.seen[0][0]) < len(spy.seen[1][0])


def test_blurred_photographs_of_a_source_without_sharp_ones_are_no_false_positives(spy, table):
    album = (table["source"] == "album").to_numpy()
    data = build_training_set(table.assign(label=table["label"].mask(album, 1)), QUICK)
    assert judge_unseen(data, "spy", {}, Calibration()) == {}


# Calibration and thresholds


@pytest.fixture(scope="module")
def scores():
    """Labels and an overconfident P of 4,000 rows whose true P is known."""
    rng = np.random.default_rng(0)
    logit = rng.normal(0, 2, 4000)
    y = (rng.random(4000) < 1 / (1 + np.exp(-logit))).astype(int)
    return y, 1 / (1 + np.exp(-(2 * logit + 1)))


@pytest.mark.parametrize(
    ("max_fpr", "max_fnr"), [(0.01, 0.01), (0.05, 0.002), (0.0, 0.0), (0.4, 0.4)]
)
def test_thresholds_keep_both_rates(scores, max_fpr, max_fnr):
    y, raw = scores
    calibration, thresholds = decide(y, raw, TrainConfig(max_fpr=max_fpr, max_fnr=max_fnr))
    p = calibration(raw)
    assert np.mean(p[y == 0] >= thresholds.sure_blurred) <= max_fpr
    assert np.mean(p[y == 1] < thresholds.sure_sharp) <= max_fnr
    assert 0 <= thresholds.sure_sharp <= thresholds.sure_blurred <= 1


def test_thresholds_waste_nothing(scores):
    y, raw = scores
    calibration, thresholds = decide(y, raw, TrainConfig())
    p = calibration(raw)
    assert np.mean(p[y == 0] >= thresholds.sure_blurred) > 0.008
    assert np.mean(p[y == 1] < thresholds.sure_sharp) > 0.008


def test_calibration_undoes_overconfidence(scores):
    y, raw = scores
    calibration, _ = decide(y, raw, TrainConfig())
    assert calibration.scale == pytest.approx(0.5, abs=0.05)
    assert calibration.offset == pytest.approx(-0.5, abs=0.15)


def test_a_model_that_is_always_right_gets_one_cut():
    y = np.repeat([0, 1], 50)
    raw = np.concatenate([np.linspace(0.01, 0.2, 50), np.linspace(0.8, 0.99, 50)])
    calibration, thresholds = decide(y, raw, TrainConfig())
    assert thresholds.sure_sharp == thresholds.sure_blurred
    np.testing.assert_array_equal(calibration(raw) >= thresholds.sure_blurred, y == 1)


@pytest.mark.parametrize(
    "raw", [np.full(40, 0.5), np.repeat([0.0, 1.0], 20), np.repeat([1.0, 0.0], 20)]
)
def test_scores_that_say_nothing_or_the_contrary_still_give_thresholds(raw):
    y = np.repeat([0, 1], 20)
    calibration, thresholds = decide(y, raw, TrainConfig())
    p = calibration(raw)
    assert calibration.scale > 0
    assert np.mean(p[y == 0] >= thresholds.sure_blurred) <= 0.01
    assert np.mean(p[y == 1] < thresholds.sure_sharp) <= 0.01


@pytest.mark.parametrize("turn", [0, -1])
def test_scores_that_say_nothing_or_the_contrary_give_the_share_of_blurred_ones(turn):
    # far from .5, where an offset that belongs to another slope would do the most harm
    y = np.repeat([0, 1], [60, 20])
    odds = 3.5 + turn * (y - 0.5) + 0.3 * np.random.default_rng(0).standard_normal(80)
    calibration, _ = decide(y, 1 / (1 + np.exp(-odds)), TrainConfig())
    p = calibration(1 / (1 + np.exp(-odds)))
    assert calibration.scale > 0
    if turn:
        assert calibration.scale == LEAST_SCALE
    assert np.mean(p) == pytest.approx(0.25, abs=0.02)


def test_one_label_alone_decides_nothing():
    for y in (np.zeros(9, int), np.ones(9, int), np.zeros(0, int)):
        with pytest.raises(ConfigError, match="sharp and blurred"):
            decide(y, np.full(len(y), 0.3), TrainConfig())


# A trained bundle


def test_a_trained_bundle_predicts_as_its_model(data, trained):
    bundle, model = trained
    expected = bundle.calibration(model.predict_proba(data.inputs))
    np.testing.assert_allclose(Detector(bundle).probabilities(data.inputs), expected, atol=1e-6)


def test_a_bundle_knows_what_it_was_trained_on(data, trained):
    bundle, model = trained
    assert (bundle.backend, bundle.size, bundle.views) == ("dct-xgb", 256, ("features",))
    assert bundle.parameters == model.parameters
    assert bundle.parameters["rounds"] == 25
    assert bundle.training["rows"] == (data.weights > 0).sum()
    assert bundle.training["real"] == data.real.sum()
    assert bundle.training["groups"] == len(set(data.groups))
    assert bundle.training["config"]["folds"] == 4
    assert len(bundle.training["table_sha256"]) == 64


def test_thresholds_of_a_bundle_keep_the_rates_on_rows_judged_out_of_fold(data, judged, trained):
    bundle, _ = trained
    p = bundle.calibration(judged.raw[:, data.real])
    y = data.y[data.real]
    assert np.mean(p[:, y == 0] >= bundle.thresholds.sure_blurred) <= QUICK.max_fpr
    assert np.mean(p[:, y == 1] < bundle.thresholds.sure_sharp) <= QUICK.max_fnr


def test_training_twice_gives_the_same_bundle(data, trained):
    again, _ = train_model(data, "dct-xgb", FEW, QUICK, ReadConfig(size=256))
    assert again == trained[0]


def test_rounding_in_the_table_on_disk_does_not_matter(table, tmp_path):
    write_csv(table[list(COLUMNS)], tmp_path / "features.csv")
    read = build_training_set(read_csv(tmp_path / "features.csv", COLUMNS), QUICK)
    data = build_training_set(table, QUICK)
    np.testing.assert_allclose(read.inputs["features"], data.inputs["features"], rtol=1e-6)
    answers = []
    for rows in (data, read):
        bundle, _ = train_model(rows, "dct-xgb", FEW, QUICK)
        answers.append(Detector(bundle).probabilities(data.inputs))
    np.testing.assert_allclose(*answers, atol=1e-4)


# The check of an export


def test_an_export_that_agrees_passes(data, trained):
    bundle, model = trained
    assert check_export(bundle.graph, data.inputs, model.predict_proba(data.inputs)) < 1e-6


def test_an_export_that_answers_otherwise_is_refused(data, trained):
    bundle, model = trained
    p = model.predict_proba(data.inputs)
    for other in (
        p + np.float32(2e-4),
        np.where(np.arange(len(p)) == 3, 0.5, p),
        np.full(len(p), np.nan),
    ):
        with pytest.raises(ModelError, match="the exported graph differs from the model by"):
            check_export(bundle.graph, data.inputs, other)


def test_training_refuses_a_backend_whose_graph_is_another_model(spy, data, monkeypatch):
    graph = onnx.load_from_string(toys.graph())
    two = next(one for one in graph.graph.initializer if one.name == "two")
    two.CopyFrom(numpy_helper.from_array(np.asarray(np.float32(2.01)), "two"))
    train_model(data, "spy", {}, QUICK)
    monkeypatch.setattr(spy, "to_onnx", lambda self: graph.SerializeToString())
    onnxruntime.InferenceSession(graph.SerializeToString())
    with pytest.raises(ModelError, match="differs from the model"):
        train_model(data, "spy", {}, QUICK)
