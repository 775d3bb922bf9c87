"""Backends side by side: what is beside the figures of ``test_report`` and ``test_models``."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn")

from blurdct.config import TrainConfig
from blurdct.datasets.loading import load_folder
from blurdct.evaluation import timing
from blurdct.evaluation.compare import compare_models
from blurdct.evaluation.learn import folder_name, tuned, views_of
from blurdct.inference.bundle import load
from blurdct.inference.detector import Detector
from blurdct.inference.thresholds import VERDICTS, verdict_index
from blurdct.models.registry import backend
from blurdct.training.training_set import build_training_set
from blurdct.training.tuning import best_parameters, tune

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
CONFIG = TrainConfig(folds=2, shuffles=1)
NAMES = ["laplacian", "tree:max_depth=2"]


@pytest.fixture(scope="module")
def found():
    return load_folder(SAMPLE, views_of(NAMES), synth=None, workers=1)


@pytest.fixture(scope="module")
def rows(found):
    return build_training_set(found.table, CONFIG, found.inputs)


@pytest.fixture
def quick(monkeypatch):
    """Timing in the blink of an eye; the photos that each model was timed on."""
    timed = []

    def milliseconds(bundle, photos):
        timed.append((bundle.backend, list(photos)))
        return float(len(timed))

    monkeypatch.setattr(timing, "milliseconds_per_photo", milliseconds)
    return timed


def test_models_are_timed_in_turns_and_only_once(found, rows, quick, tmp_path):
    report = compare_models(rows, NAMES, tmp_path, CONFIG, files=found.places)
    assert [name for name, _ in quick] == ["laplacian", "tree"] * 3
    assert all(photos == found.files for _, photos in quick)
    costs = {name: report["models"][name]["cost"]["ms_per_photo"] for name in NAMES}
    assert costs == {"laplacian": 3.0, "tree:max_depth=2": 4.0}  # medians of 1 3 5 and 2 4 6
    assert compare_models(rows, NAMES, tmp_path, CONFIG, files=found.places) == report
    assert len(quick) == 6
    compare_models(rows, NAMES[:1], tmp_path, CONFIG, files=found.places)  # other company
    assert len(quick) == 9


def test_photographs_that_are_gone_give_no_time_and_are_tried_again(found, rows, tmp_path):
    gone = {path: tmp_path / file.name for path, file in found.places.items()}
    report = compare_models(rows, NAMES[:1], tmp_path / "out", CONFIG, files=gone)
    assert report["models"]["laplacian"]["cost"]["ms_per_photo"] is None
    for file, copy in zip(found.files, gone.values(), strict=True):
        shutil.copy(file, copy)
    report = compare_models(rows, NAMES[:1], tmp_path / "out", CONFIG, files=gone)
    assert report["models"]["laplacian"]["cost"]["ms_per_photo"] > 0


def test_the_seed_reaches_the_models(rows, tmp_path):
    seeded = replace(CONFIG, seed=7)
    compare_models(rows, ["tree", "tree:seed=3"], tmp_path, seeded)
    made = [load(tmp_path / "models" / name).parameters["seed"] for name in ("tree", "tree_seed=3")]
    assert made == [7, 3]


def test_trials_leave_alone_what_is_given_and_what_has_nothing_to_tune(rows, tmp_path, capsys):
    compare_models(rows, ["laplacian", "tree:max_depth=2"], tmp_path, CONFIG, trials=1)
    said = [line for line in capsys.readouterr().out.splitlines() if "trials" in line]
    assert len(said) == 1 and said[0].startswith("tree: best of 1 trials: ROC AUC ")
    assert said[0].endswith("}") and "'min_weight_fraction_leaf': " in said[0]
    made = load(tmp_path / "models" / "tree_max_depth=2").parameters
    assert made["max_depth"] == 2 and made != load_defaults("tree", max_depth=2)


def test_what_is_tuned_sees_no_row_of_the_test_and_keeps_what_is_given(rows):
    split = np.where(np.arange(len(rows.y)) < 6, "test", "train")
    marked = replace(rows, table=rows.table.assign(split=split))
    parameters, study = tuned(marked, "tree", 2, CONFIG, given={"max_depth": 2})
    assert parameters == {**best_parameters(study), "max_depth": 2}
    assert set(study.best_params) == {"min_weight_fraction_leaf"}
    trained = marked.select(split == "train")
    alone = tune(trained, "tree", 2, CONFIG, fixed={"max_depth": 2})
    assert alone.study_name == study.study_name  # it says which rows were seen
    assert alone.best_value == study.best_value


def load_defaults(name, **changes):
    return {**backend(name)().parameters, **changes}


def test_without_photographs_there_are_no_times(rows, quick, tmp_path):
    report = compare_models(rows, NAMES[:1], tmp_path, CONFIG)
    assert report["models"]["laplacian"]["cost"]["ms_per_photo"] is None
    assert not quick


def test_time_per_photo_is_of_the_photos_named(found, rows, tmp_path):
    compare_models(rows, NAMES[:1], tmp_path, CONFIG)
    bundle = load(tmp_path / "models" / "laplacian")
    assert timing.milliseconds_per_photo(bundle, found.files[:2]) > 0


def test_the_report_is_written_in_four_forms(rows, tmp_path):
    report = compare_models(rows, NAMES, tmp_path, CONFIG)
    written = json.loads((tmp_path / "report.json").read_text())["models"]
    assert {name: one["real"]["roc_auc"] for name, one in written.items()} == {
        name: pytest.approx(one["real"]["roc_auc"], abs=1e-5)
        for name, one in report["models"].items()
    }
    for ending in ("md", "html"):
        text = (tmp_path / f"report.{ending}").read_text()
        assert all(name in text for name in NAMES)
    assert (tmp_path / "report.png").read_bytes().startswith(b"\x89PNG")


def test_a_model_that_is_there_judges_rows_as_the_detector_does(found, rows, tmp_path):
    compare_models(rows, NAMES[:1], tmp_path, CONFIG)
    bundle = load(tmp_path / "models" / "laplacian")
    p = Detector(bundle).probabilities(rows.inputs)
    verdicts = [Detector(bundle).predict(file) for file in found.files]
    np.testing.assert_allclose(p, [one.probability for one in verdicts], atol=1e-6)
    numbers = verdict_index(p, bundle.thresholds)
    assert [VERDICTS[number] for number in numbers] == [one.shown for one in verdicts]


@pytest.mark.parametrize(
    ("names", "views"),
    [
        (["dct-xgb", "dct-forest"], ["features"]),
        (["tree", "stacking", "dct-xgb"], ["gradients", "rgb256", "features"]),
        (["resnet18:task=level"], ["rgb224"]),
    ],
)
def test_views_of_several_models_are_each_named_once(names, views):
    assert views_of(names) == views


def test_a_name_with_parameters_makes_a_folder_name():
    assert folder_name("resnet18:task=level,epochs=2") == "resnet18_task=level_epochs=2"
    assert folder_name("a/../b") == "a_.._b"
