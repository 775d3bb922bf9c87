"""``blurdct evaluate``: figures of models that are there."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics as sk

from blurdct.inference.thresholds import VERDICTS
from tests.helpers.own_models import REPORT, SCENES, Run, answers, call, names

pytestmark = pytest.mark.usefixtures("one_core")


@pytest.fixture(scope="module")
def evaluated(
    mine: Path, model: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Run, Path]:
    out = tmp_path_factory.mktemp("reports") / "evaluated"
    words = "evaluate {model} dct-xgb --photos {mine} --json --out {out}"
    return call(words, model=model, mine=mine, out=out), out


def test_evaluate_prints_a_json_object_for_each_model(evaluated, model):
    run, _ = evaluated
    assert run.status == 0
    objects = [json.loads(line) for line in run.out.splitlines()]
    assert [one["model"] for one in objects] == [str(model), "dct-xgb"]


@pytest.mark.parametrize("number", [0, 1])
def test_figures_are_those_of_the_predictions(evaluated, mine, number):
    found = json.loads(evaluated[0].out.splitlines()[number])
    y, p, labels = answers(found["model"], mine)
    called = p >= 0.5
    expected = {
        "photos": 2 * SCENES,
        "blurred": SCENES,
        "roc_auc": sk.roc_auc_score(y, p),
        "average_precision": sk.average_precision_score(y, p),
        "accuracy": sk.accuracy_score(y, called),
        "precision": sk.precision_score(y, called),
        "recall": sk.recall_score(y, called),
        "f1": sk.f1_score(y, called),
        "false_positive_rate": 1 - sk.recall_score(y, called, pos_label=0),
        "brier": sk.brier_score_loss(y, p),
    }
    assert 0.5 < expected["roc_auc"] < 1 and 0 < expected["false_positive_rate"] < 1
    assert {key: found[key] for key in expected} == pytest.approx(expected, abs=1e-6)
    low, high = found["interval"]
    assert low < found["roc_auc"] < high
    for value, name in enumerate(("sharp", "blurred")):
        of = found["labels"][name]
        assert of == {label: int(np.sum(labels[y == value] == label)) for label in of}
        assert list(of) == list(VERDICTS) and sum(of.values()) == SCENES


def test_the_table_holds_what_the_json_does(evaluated, mine, model):
    objects = [json.loads(line) for line in evaluated[0].out.splitlines()]
    run = call("evaluate {model} dct-xgb --photos {mine}", model=model, mine=mine)
    head, *rows = run.out.splitlines()
    assert head.endswith("  ".join(VERDICTS))
    keys = ("accuracy", "precision", "recall", "f1", "false_positive_rate")
    for row, one in zip(rows, objects, strict=True):
        low, high = one["interval"]
        counts = [str(sum(of[label] for of in one["labels"].values())) for label in VERDICTS]
        numbers = [f"{one['roc_auc']:.3f}", f"{low:.3f}", "to", f"{high:.3f}"]
        numbers += [f"{one[key]:.3f}" for key in keys]
        assert row.split() == [one["model"], str(one["photos"]), *numbers, *counts]


def test_evaluate_writes_a_report_of_the_same_figures(evaluated, model):
    run, out = evaluated
    assert names(out) == REPORT
    models = json.loads((out / "report.json").read_text())["models"]
    assert models.keys() == {str(model), "dct-xgb"}
    for line in run.out.splitlines():
        one = json.loads(line)
        real = models[one["model"]]["real"]
        assert {key: one[key] for key in real} == pytest.approx(real, abs=1e-6)
    for page in ("report.md", "report.html"):
        assert "dct-xgb" in (out / page).read_text() and model.name in (out / page).read_text()
    assert str(out / "report.html") in run.err


def test_photographs_of_one_label_are_judged_by_what_they_can_show(mine, model, tmp_path):
    shutil.copytree(mine / "sharp", tmp_path / "sharp")
    words = "evaluate {model} --photos {photos}"
    run = call(f"{words} --json", model=model, photos=tmp_path)
    found = json.loads(run.out)
    y, p, _ = answers(model, tmp_path)
    assert run.status == 0 and not y.any()
    assert (found["roc_auc"], found["recall"], found["interval"]) == (None, None, [None, None])
    assert found["false_positive_rate"] == pytest.approx(np.mean(p >= 0.5))
    table = call(words, model=model, photos=tmp_path).out.splitlines()
    assert table[1].split()[2:4] == ["-", "-"]
