"""The commands for photographs of one's own, from their words to what they leave on disk."""

import builtins
import contextlib
import csv
import errno
import io
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import optuna
import pytest
from optuna.storages import JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from sklearn import metrics as sk

from blurdct.cli.app import main
from blurdct.evaluation import caveats, compare, figures, learn, timing
from blurdct.inference import bundle
from blurdct.inference.detector import LABELS
from blurdct.parallel import pool
from blurdct.utils import odds
from tests.helpers import toys

SCENES = 12
BUNDLE = {"bundle.json", "model.onnx"}
REPORT = {"report.json", "report.md", "report.html", "report.png"}

# How each command begins; "{...}" stands for a place.
HEADS = {
    "train": "train laplacian --no-copies",
    "evaluate": "evaluate {model}",
    "compare": "compare laplacian --no-copies",
    "calibrate": "calibrate --model {model}",
}


class Run(NamedTuple):
    """What came of one command."""

    status: int
    out: str
    err: str


def call(words: str, **places: str | Path) -> Run:
    """Run a command in this process; ``{name}`` in a word stands for that place."""
    arguments = [word.format(**places) for word in words.split()]
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.raises(SystemExit) as stop,
    ):
        main(arguments)
    assert isinstance(stop.value.code, int)
    return Run(stop.value.code, out.getvalue(), err.getvalue())


def answers(model: str | Path, folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What ``predict`` says to labelled photographs: y, P and labels, in the order of the paths."""
    lines = call("predict --json --model {model} {folder}", model=model, folder=folder).out
    rows = [json.loads(line) for line in lines.splitlines()]
    y = np.array([int(Path(row["path"]).parent.name == "blurred") for row in rows])
    return y, np.array([row["probability"] for row in rows]), np.array([r["label"] for r in rows])


def contents(folder: Path) -> dict[str, bytes | None]:
    """All that is in a folder, by path."""
    found = sorted(folder.rglob("*"))
    return {str(path): path.read_bytes() if path.is_file() else None for path in found}


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.fixture(scope="module", autouse=True)
def one_core() -> Iterator[None]:
    """No worker processes, which take longer to start than to work here; short timings."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (pool, learn, timing):
            patch.setattr(module, "cores", lambda: 1)
        for count in ("TIMED", "UNTIMED"):
            patch.setattr(timing, count, 2)
        yield


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """sharp/ and blurred/ of ``SCENES`` photographs each, so alike that every model errs."""
    folder, rng = tmp_path_factory.mktemp("photos") / "mine", np.random.default_rng(0)
    for name, ends in {"sharp": (0.05, 0.9), "blurred": (0.4, 1.5)}.items():
        (folder / name).mkdir(parents=True)
        for scene in range(SCENES):
            bgr = np.ascontiguousarray(toys.photo(scene, rng.uniform(*ends))[:, :, ::-1])
            cv2.imwrite(str(folder / name / f"{scene:02}.png"), bgr)
    return folder


@pytest.fixture(scope="module")
def model(mine: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that learnt from ``mine``."""
    folder = tmp_path_factory.mktemp("models") / "laplacian"
    run = call("train laplacian --no-copies --photos {mine} --out {out}", mine=mine, out=folder)
    assert run.status == 0
    return folder


def sourced(mine: Path, folder: Path, source_of: Callable[[str, int], str]) -> Path:
    """A manifest with sources over copies of ``mine``."""
    shutil.copytree(mine, folder)
    rows = ["path,label,group,source"]
    for path in sorted(folder.rglob("*.png")):
        label, scene = int(path.parent.name == "blurred"), int(path.stem)
        source = source_of(path.parent.name, scene)
        rows.append(f"{path.relative_to(folder).as_posix()},{label},{scene},{source}")
    (folder / "manifest.csv").write_text("\n".join(rows) + "\n")
    return folder


# Training


@pytest.mark.parametrize("name", ["laplacian", "tree", "dct-logistic"])
def test_a_few_photographs_make_a_model_that_the_other_commands_take(mine, tmp_path, name):
    places = {"mine": mine, "out": tmp_path / "mine", "again": tmp_path / "again"}
    run = call(f"train {name} --photos {{mine}} --out {{out}} --no-copies", **places)
    assert run.status == 0 and names(places["out"]) == BUNDLE
    assert run.out.startswith(f"{name} learnt from {SCENES} sharp and {SCENES} blurred photographs")
    assert run.out.endswith(f"use it: blurdct predict photo.jpg --model {places['out']}\n")
    assert bundle.load(places["out"]).backend == name

    assert call("predict {mine} --model {out}", **places).out.count("\n") == 2 * SCENES
    judged = json.loads(call("evaluate {out} --photos {mine} --json", **places).out)
    assert judged["photos"] == 2 * SCENES
    run = call("calibrate --model {out} --photos {mine} --out {again}", **places)
    assert run.status == 0 and names(places["again"]) == BUNDLE


def test_figures_of_few_photographs_come_with_a_warning(mine, tmp_path, monkeypatch):
    words = "train laplacian --no-copies --photos {mine} --out {out}"
    run = call(words, mine=mine, out=tmp_path / "few")
    lines = run.err.splitlines()
    assert all(line.startswith("blurdct: ") for line in lines)
    (warning,) = (line for line in lines if "too few to trust" in line)
    assert f"{SCENES} sharp and {SCENES} blurred photographs of {SCENES} scenes" in warning
    figures_of_run = next(line for line in run.out.splitlines() if "ROC AUC" in line)
    assert figures_of_run.split("(")[0].strip() in warning

    monkeypatch.setattr(caveats, "MANY_PHOTOS", SCENES)
    monkeypatch.setattr(caveats, "MANY_SCENES", SCENES)
    assert "too few to trust" not in call(words, mine=mine, out=tmp_path / "enough").err


@pytest.mark.parametrize("command", ["train laplacian", "compare laplacian --folds 2"])
def test_figures_rest_on_photographs_where_each_source_has_one_label(mine, tmp_path, command):
    photos = sourced(mine, tmp_path / "photos", lambda label, _: f"of {label}")
    words = f"{command} --photos {{photos}} --out {{out}}"
    run = call(words, photos=photos, out=tmp_path / "out")
    assert run.status == 0
    assert f"{SCENES} sharp and {SCENES} blurred photographs of {SCENES} scenes" in run.err
    (sheet,) = (tmp_path / "out").rglob("bundle.json")
    assert json.loads(sheet.read_text())["training"]["real"] == 2 * SCENES


def test_photographs_of_a_source_with_one_label_are_remarked_upon(mine, tmp_path):
    apart = {("blurred", 0): "b", ("blurred", 1): "b", ("sharp", 2): "s"}
    photos = sourced(mine, tmp_path / "photos", lambda *key: apart.get(key, "both"))
    run = call("train tree --photos {photos} --out {out}", photos=photos, out=tmp_path / "out")
    assert run.status == 0
    assert "source 'b' has blurred photographs alone (2): unused" in run.err
    assert "source 's' has sharp photographs alone (1): its copies are learnt from" in run.err
    assert run.out.startswith(f"tree learnt from {SCENES - 1} sharp and {SCENES - 2} blurred")


@pytest.mark.parametrize("command", ["train laplacian", "compare laplacian"])
def test_copies_do_not_stand_in_for_photographs_that_cannot_be_read(mine, tmp_path, command):
    photos = tmp_path / "photos"
    shutil.copytree(mine, photos)
    for path in (photos / "blurred").iterdir():
        path.write_bytes(b"no picture")
    run = call(f"{command} --photos {{photos}} --out {{out}}", photos=photos, out=tmp_path / "out")
    assert run.status == 2 and run.out == ""
    assert run.err.splitlines()[-1] == "blurdct: no blurred photo can be read"
    assert not (tmp_path / "out").exists()


def test_blurred_copies_are_learnt_from_unless_told_not_to(mine, model, tmp_path):
    run = call("train laplacian --photos {mine} --out {out}", mine=mine, out=tmp_path / "copies")
    assert f"and from {3 * SCENES} copies of the sharp ones\n" in run.out
    made = bundle.load(tmp_path / "copies")
    assert (made.training["rows"], made.training["real"]) == (5 * SCENES, 2 * SCENES)
    assert bundle.load(model).training["rows"] == 2 * SCENES
    assert made.graph != bundle.load(model).graph


def test_the_same_seed_gives_the_same_model(mine, tmp_path):
    made = []
    for number, seed in enumerate((5, 5, 6)):
        out = tmp_path / str(number)
        words = f"train laplacian --photos {{mine}} --out {{out}} --seed {seed}"
        assert call(words, mine=mine, out=out).status == 0
        made.append({path.name: path.read_bytes() for path in out.iterdir()})
    assert made[0] == made[1]
    assert made[0]["model.onnx"] != made[2]["model.onnx"]  # other copies


@pytest.mark.parametrize(("name", "seed"), [("tree", 5), ("tree:seed=3,max_depth=2", 3)])
def test_parameters_in_the_name_win_over_the_seed(mine, tmp_path, name, seed):
    words = f"train {name} --no-copies --seed 5 --photos {{mine}} --out {{out}}"
    assert call(words, mine=mine, out=tmp_path / "out").status == 0
    made = bundle.load(tmp_path / "out")
    assert made.parameters["seed"] == seed and made.training["config"]["seed"] == 5
    assert made.parameters["max_depth"] == (2 if "max_depth" in name else 3)


def test_a_manifest_says_labels_and_scenes(mine, tmp_path):
    with open(tmp_path / "manifest.csv", "w", newline="") as file:
        sheet = csv.writer(file)
        sheet.writerow(["path", "label", "group"])
        for label, name in enumerate(("sharp", "blurred")):
            for scene in range(SCENES):
                photo = f"{name[0]}{scene}.png"
                shutil.copy(mine / name / f"{scene:02}.png", tmp_path / photo)
                sheet.writerow([photo, label, scene // 2])
        sheet.writerow(["s0.png", "", 0])
    places = {"photos": tmp_path, "out": tmp_path / "out"}
    run = call("train laplacian --no-copies --photos {photos} --out {out}", **places)
    assert run.status == 0
    assert "blurdct: without a label, and left out: 1 of the photographs\n" in run.err
    assert f"{SCENES} sharp and {SCENES} blurred photographs of {SCENES // 2} scenes" in run.out
    made = bundle.load(tmp_path / "out").training
    assert (made["rows"], made["groups"]) == (2 * SCENES, SCENES // 2)


def test_a_model_takes_the_place_of_an_older_one(mine, model, tmp_path):
    shutil.copytree(model, tmp_path / "old")
    words = "train tree --no-copies --photos {mine} --out {out}"
    assert call(words, mine=mine, out=tmp_path / "old").status == 0
    assert bundle.load(tmp_path / "old").backend == "tree"


@pytest.mark.parametrize("storage", ["journal:{file}", "sqlite:///{file}"])
def test_a_stored_search_goes_on_where_it_ended(mine, tmp_path, storage):
    file = tmp_path / "study"

    def train(trials: int) -> tuple[list[optuna.trial.FrozenTrial], dict[str, bytes]]:
        out = tmp_path / "out"
        words = f"train tree --no-copies --trials {trials} --storage {storage} --workers 1"
        run = call(f"{words} --photos {{mine}} --out {{out}}", mine=mine, out=out, file=file)
        assert run.status == 0 and f"best of {trials} trials: " in run.out
        journal = storage.startswith("journal:")
        kept = (
            JournalStorage(JournalFileBackend(str(file)))
            if journal
            else RDBStorage(f"sqlite:///{file}")
        )
        # None: the only one there is
        trials_made = optuna.load_study(study_name=None, storage=kept).trials
        return trials_made, {path.name: path.read_bytes() for path in out.iterdir()}

    two, first = train(2)
    assert [trial.state.name for trial in two] == ["COMPLETE"] * 2
    again, second = train(2)
    assert again == two and second == first
    three, third = train(3)
    assert len(three) == 3 and three[:2] == two
    best = max(three, key=lambda trial: trial.value)
    parameters = json.loads(third["bundle.json"])["parameters"]
    (name,) = best.params
    assert parameters[name] == pytest.approx(best.params[name], rel=1e-3)
    # what is given is not searched for
    given = f"train tree:{name}=0.03,max_depth=2 --no-copies --trials 1"
    run = call(f"{given} --photos {{mine}} --out {{out}}", mine=mine, out=tmp_path / "given")
    assert run.status == 0
    made = bundle.load(tmp_path / "given").parameters
    assert (made[name], made["max_depth"]) == (0.03, 2)


# Judging


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
        assert list(of) == list(LABELS) and sum(of.values()) == SCENES


def test_the_table_holds_what_the_json_does(evaluated, mine, model):
    objects = [json.loads(line) for line in evaluated[0].out.splitlines()]
    run = call("evaluate {model} dct-xgb --photos {mine}", model=model, mine=mine)
    head, *rows = run.out.splitlines()
    assert head.endswith("  ".join(LABELS))
    keys = ("accuracy", "precision", "recall", "f1", "false_positive_rate")
    for row, one in zip(rows, objects, strict=True):
        low, high = one["interval"]
        counts = [str(sum(of[label] for of in one["labels"].values())) for label in LABELS]
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


# Comparing


@pytest.fixture(scope="module")
def compared(mine: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    out = tmp_path_factory.mktemp("reports") / "compared"
    words = "compare tree laplacian --no-copies --folds 3 --photos {mine} --out {out}"
    return call(words, mine=mine, out=out), out


def test_compare_reports_the_best_first_and_keeps_the_models(compared, mine):
    run, out = compared
    assert run.status == 0
    assert names(out) >= REPORT
    report = json.loads((out / "report.json").read_text())
    assert report["about"]["folds"] == 3 and report["models"].keys() == {"tree", "laplacian"}
    rows = [line.split() for line in run.out.splitlines()[1:-1]]
    assert [row[0] for row in rows] == list(report["models"])
    for row in rows:
        assert row[2] == f"{report['models'][row[0]]['real']['roc_auc']:.3f}"
        assert bundle.load(out / "models" / row[0]).backend == row[0]
    assert rows[0][2] > rows[1][2]
    assert run.out.endswith(f"the report is {out / 'report.html'}\n")
    model = out / "models" / "laplacian"
    assert call("predict {mine} --model {model}", mine=mine, model=model).status == 0


def test_what_a_comparison_has_finished_is_not_done_again(compared, mine, monkeypatch):
    run, out = compared
    learnt: list[str] = []

    def remember(data, name, *rest, **more):
        learnt.append(name)
        return genuine(data, name, *rest, **more)

    genuine = learn.learn
    monkeypatch.setattr(compare, "learn_model", remember)
    monkeypatch.setattr(figures, "draw", lambda *_: None)  # it takes longest
    words = "compare tree laplacian --no-copies --folds 3 --photos {mine} --out {out}"
    sheets = {path: path.stat().st_mtime_ns for path in out.glob("models/*/bundle.json")}
    assert len(sheets) == 2
    again = call(words, mine=mine, out=out)
    assert again.status == 0 and learnt == []
    assert {path: path.stat().st_mtime_ns for path in sheets} == sheets
    assert again.out.endswith(run.out)
    call(words.replace("laplacian", "laplacian:C=2"), mine=mine, out=out)
    assert learnt == ["laplacian"] and names(out / "models") >= {"laplacian", "laplacian_C=2"}
    call(f"{words} --seed 1", mine=mine, out=out)
    assert learnt == ["laplacian", "tree", "laplacian"]


def test_a_finished_comparison_is_done_again_by_force(mine, tmp_path, monkeypatch):
    words = "compare laplacian --no-copies --folds 2 --photos {mine} --out {out}"
    call(words, mine=mine, out=tmp_path)
    made = (tmp_path / "models" / "laplacian" / "bundle.json").stat().st_mtime_ns
    again = call(words, mine=mine, out=tmp_path)
    assert "laplacian: nothing has changed; --force runs it anyway" in again.out
    forced = call(f"{words} --force", mine=mine, out=tmp_path)
    assert "nothing has changed" not in forced.out
    assert (tmp_path / "models" / "laplacian" / "bundle.json").stat().st_mtime_ns > made


def test_models_that_are_never_sure_are_reported_on_all_the_same(mine, tmp_path):
    photos = tmp_path / "photos"
    shutil.copytree(mine / "sharp", photos / "sharp")
    (photos / "blurred").mkdir()
    for path in sorted((mine / "sharp").iterdir())[:3]:  # nothing to tell them by
        shutil.copy(path, photos / "blurred" / path.name)
    words = "compare laplacian --no-copies --folds 3 --photos {photos} --out {out}"
    for _ in range(2):  # the second time from what the first has written
        run = call(words, photos=photos, out=tmp_path / "out")
        (line,) = (line for line in run.out.splitlines() if line.startswith("laplacian  "))
        assert run.status == 0 and " - " in line


def test_a_report_counts_every_photo_of_whatever_source(mine, model, tmp_path):
    photos = sourced(mine, tmp_path / "photos", lambda label, scene: "web" if scene < 4 else "mine")
    for path in sorted((photos / "blurred").iterdir())[:4]:
        path.unlink()
    lines = (photos / "manifest.csv").read_text().splitlines()
    kept = [line for line in lines if not line.startswith(tuple(f"blurred/0{n}" for n in range(4)))]
    (photos / "manifest.csv").write_text("\n".join(kept) + "\n")
    words = "evaluate {model} --photos {photos} --json --out {out}"
    run = call(words, model=model, photos=photos, out=tmp_path / "out")
    said = json.loads(run.out)
    (written,) = json.loads((tmp_path / "out" / "report.json").read_text())["models"].values()
    assert said["photos"] == written["real"]["photos"] == 2 * SCENES - 4
    assert said["roc_auc"] == pytest.approx(written["real"]["roc_auc"], abs=1e-4)
    assert "no tuning saw" not in (tmp_path / "out" / "report.md").read_text()


# Calibrating


def test_calibration_moves_the_scores_and_leaves_the_model(mine, model, tmp_path):
    run = call(
        "calibrate --model {model} --photos {mine} --out {out} --max-fpr 0.25",
        model=model,
        mine=mine,
        out=tmp_path / "out",
    )
    assert run.status == 0 and names(tmp_path / "out") == BUNDLE
    old, new = bundle.load(model), bundle.load(tmp_path / "out")
    assert (tmp_path / "out" / "model.onnx").read_bytes() == (model / "model.onnx").read_bytes()
    assert new.calibration != old.calibration and new.thresholds != old.thresholds
    about = new.training.pop("calibrated")
    same = replace(new, calibration=old.calibration, thresholds=old.thresholds)
    assert same == old
    assert (about["photos"], about["blurred"], about["groups"]) == (2 * SCENES, SCENES, SCENES)

    (_, before, _), (_, after, labels) = answers(model, mine), answers(tmp_path / "out", mine)
    raw = (odds.logit(before) - old.calibration.offset) / old.calibration.scale
    moved = new.calibration.scale * raw + new.calibration.offset
    np.testing.assert_allclose(odds.logit(after), moved, atol=1e-4)
    np.testing.assert_array_equal(labels == "blurred", after >= new.thresholds.blurred)
    np.testing.assert_array_equal(labels == "clear", after < new.thresholds.clear)
    limits = (100 * new.thresholds.clear, 100 * new.thresholds.blurred)
    assert "labels: clear below score {:.1f}, blurred from {:.1f}".format(*limits) in run.out


def test_scores_that_are_far_off_become_true(mine, model, tmp_path):
    good = bundle.load(model)
    off = bundle.Calibration(good.calibration.scale, good.calibration.offset + 4)
    replace(good, calibration=off).save(tmp_path / "off")
    places = {"off": tmp_path / "off", "mine": mine}
    run = call("calibrate --model {off} --photos {mine} --out {off}", **places)
    assert run.status == 0
    # a logistic fit has the mean of what it was fitted to: half of the photographs are blurred
    _, p, _ = answers(tmp_path / "off", mine)
    assert np.mean(p) == pytest.approx(0.5, abs=1e-3)
    before, after = (
        line.split() for line in run.out.splitlines() if line.startswith(("before", "after"))
    )
    assert before[1] == "0.500" and float(before[3]) > float(after[3])


@pytest.mark.parametrize(
    ("option", "value", "label"), [("--max-fpr", 0, "blurred"), ("--max-fnr", 1, "clear")]
)
def test_limits_keep_to_the_share_of_false_answers(mine, model, tmp_path, option, value, label):
    shares = {}
    for limit in (0, 0.1, 0.25, 0.5):
        words = f"calibrate --model {{model}} --photos {{mine}} --out {{out}} {option} {limit}"
        assert call(words, model=model, mine=mine, out=tmp_path / "out").status == 0
        y, _, labels = answers(tmp_path / "out", mine)
        shares[limit] = np.mean(labels[y == value] == label)
    assert all(share <= limit for limit, share in shares.items())
    assert shares[0] < shares[0.25] < shares[0.5]  # and uses it


def test_calibrate_takes_the_usual_model_if_none_is_named(mine, tmp_path):
    assert call("calibrate --photos {mine} --out {out}", mine=mine, out=tmp_path / "o").status == 0
    made, usual = bundle.load(tmp_path / "o"), bundle.load()
    assert made.graph == usual.graph and made.calibration != usual.calibration


# What goes wrong


@pytest.mark.parametrize("command", HEADS)
def test_a_broken_photo_is_named_and_the_rest_done(mine, model, tmp_path, command):
    shutil.copytree(mine, tmp_path / "mine")
    broken = tmp_path / "mine" / "sharp" / "broken.jpg"
    broken.write_text("no photo")
    places = {"photos": tmp_path / "mine", "model": model, "out": tmp_path / "out"}
    run = call(f"{HEADS[command]} --photos {{photos}} --out {{out}}", **places)
    assert run.status == 1
    assert run.err.count("broken.jpg") == 1
    assert f"{broken}: not an image" in run.err.splitlines()[0]
    count = 2 * SCENES
    if command in ("train", "calibrate"):
        made = bundle.load(tmp_path / "out").training
        assert (made["rows"] if command == "train" else made["calibrated"]["photos"]) == count
    else:
        report = json.loads((tmp_path / "out" / "report.json").read_text())
        assert report["about"]["photos"] == count


def _wrong() -> Iterator[tuple[str, str]]:
    """Words of wrong use, and what the answer must say."""
    folders = {
        "empty": "no photographs found",
        "unlabelled": "no labelled photographs; put them into folders sharp and blurred",
        "missing": "no such folder",
        "file": "no such folder",
        "single": "no blurred photographs",
    }
    for head in HEADS.values():
        for folder, answer in folders.items():
            yield f"{head} --photos {{{folder}}} --out {{new}}", answer
        yield f"{head} --photos {{mine}} --out {{file}}", "exists and is not a folder"
        yield f"{head} --photos {{mine}} --out {{file}}/new", "cannot be written"
        yield f"{head} --out {{new}}", "--photos"
    for name in ("train", "calibrate"):
        yield f"{HEADS[name]} --photos {{mine}} --out {{other}}", "exists and is not a model"
        yield f"{HEADS[name]} --photos {{mine}}", "--out"
        yield f"{HEADS[name]} --photos {{mine}} --out {{new}} --seed -1", "--seed"
        yield f"{HEADS[name]} --photos {{mine}} --out {{new}} --seed 2147483648", "--seed"
    words = {
        "train laplacain": "no backend 'laplacain'; did you mean 'laplacian'?",
        "compare laplacian nosuch": "no backend 'nosuch'",
        "evaluate {model} nosuch": "no model 'nosuch'",
        "calibrate --model {other}": "no model",
        "train laplacian:nosuch=1": "no parameter 'nosuch'; known: C",
        "compare laplacian:nosuch=1": "no parameter 'nosuch'; known: C",
        "train laplacian:C": "expected NAME:KEY=VALUE",
        "train laplacian:C=much": "expected a number, got much",
        "train laplacian:C=0 --no-copies": "must be a float in the range",
        "train tree --storage journal:{new}": "--storage is for trials",
        "train tree --trials 2 --workers 2": "through a storage only",
        "train tree --trials 2 --no-copies --storage journal:{missing}/x": "cannot be used",
        "train tree --trials -1": "--trials",
        "train laplacian --trials 2": "laplacian has nothing to tune",
        "train laplacian --device cpu": "--device is for networks: laplacian is none",
        "train laplacian --checkpoints {new}": "--checkpoints is for networks: laplacian is none",
        "train cnn --checkpoints {file}": "exists and is not a folder",
        "train laplacian --weights {file}": "--weights is for networks: laplacian is none",
        "compare laplacian tree --device cpu": "--device is for networks: laplacian, tree is none",
        "train laplacian --device abacus": "--device",
        "compare laplacian --folds 1": "--folds",
        "calibrate --max-fpr 0.6": "--max-fpr",
        "calibrate --max-fnr nan": "max_fnr",
    }
    for word, answer in words.items():
        yield f"{word} --photos {{mine}} --out {{new}}", answer


@pytest.fixture
def places(mine: Path, model: Path, tmp_path: Path) -> dict[str, Path]:
    """Where wrong use points."""
    for name in ("empty", "unlabelled", "other"):
        (tmp_path / name).mkdir()
    shutil.copy(mine / "sharp" / "00.png", tmp_path / "unlabelled")
    shutil.copytree(mine / "sharp", tmp_path / "single" / "sharp")
    (tmp_path / "other" / "model.onnx").write_text("somebody else's")
    (tmp_path / "file").write_text("a file")
    shutil.copytree(model, tmp_path / "old")
    own = "empty unlabelled other single file old damaged missing new".split()
    return {**{name: tmp_path / name for name in own}, "mine": mine, "model": model}


@pytest.mark.parametrize(("words", "answer"), list(_wrong()))
def test_wrong_use_is_one_line_and_leaves_everything_as_it_was(places, tmp_path, words, answer):
    before = contents(tmp_path)
    run = call(words, **places)
    assert (run.status, run.out) == (2, "")
    assert run.err.startswith("blurdct: ") and run.err.count("\n") == 1
    assert answer in run.err
    assert contents(tmp_path) == before


def test_training_that_fails_leaves_the_older_model(places):
    before = contents(places["old"])
    run = call("train laplacian:C=0 --no-copies --photos {mine} --out {old}", **places)
    assert run.status == 2 and contents(places["old"]) == before


def test_weights_and_devices_are_tried_before_photographs_are_read(places, tmp_path, monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch, "set_num_threads", lambda _: None)  # of this whole process
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    shutil.copytree(places["mine"], tmp_path / "damaged")
    (tmp_path / "damaged" / "sharp" / "broken.jpg").touch()  # would be remarked upon
    before = contents(tmp_path)
    cases = {"--weights {file}": "no weights can be read", "--device cuda": "CUDA"}
    for option, answer in cases.items():
        run = call(f"train lcnet {option} --photos {{damaged}} --out {{new}}", **places)
        assert (run.status, run.err.count("\n")) == (2, 1) and answer in run.err
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    "words",
    [
        "predict {photo} --model resnet18",
        "evaluate resnet18 --photos {mine}",
        "calibrate --model resnet18 --photos {mine} --out {new}",
    ],
)
def test_a_model_that_is_not_here_comes_with_the_command_that_makes_it(
    mine, tmp_path, monkeypatch, words
):
    monkeypatch.setattr(bundle, "SHIPPED", tmp_path)
    photo = mine / "sharp" / "00.png"
    run = call(words, photo=photo, mine=mine, new=tmp_path / "new")
    assert run.status == 2 and run.err.count("\n") == 1
    assert "blurdct train resnet18 --photos DIR --out resnet18" in run.err


@pytest.fixture
def lacking(monkeypatch: pytest.MonkeyPatch):
    """Makes an import that all four commands need fail for want of a name."""

    def lack(missing: str) -> None:
        def absent(name, globals_=None, locals_=None, fromlist=(), level=0):
            if (name, level) == ("evaluation.evaluate", 3):
                raise ModuleNotFoundError(f"No module named {missing!r}", name=missing)
            return usual(name, globals_, locals_, fromlist, level)

        usual = builtins.__import__
        monkeypatch.setattr(builtins, "__import__", absent)

    return lack


@pytest.mark.parametrize("command", HEADS)
@pytest.mark.parametrize("missing", ["pandas", "sklearn.metrics"])
def test_without_the_training_extra_a_line_says_how_to_get_it(places, lacking, command, missing):
    lacking(missing)
    run = call(f"{HEADS[command]} --photos {{mine}} --out {{new}}", **places)
    words = f'{command} needs more than the core install: pip install "blurdct[train]"'
    assert run == Run(2, "", f"blurdct: {words}\n")
    assert not places["new"].exists()


def test_a_missing_module_of_our_own_is_a_bug_and_no_extra(places, lacking):
    lacking("blurdct.evaluation.evaluate")
    with pytest.raises(ModuleNotFoundError):
        main(["train", "laplacian", "--photos", str(places["mine"]), "--out", str(places["new"])])


def test_a_full_disk_is_one_line(places, monkeypatch):
    def full(self, folder):
        raise OSError(errno.ENOSPC, "No space left on device", str(folder))

    monkeypatch.setattr(bundle.Bundle, "save", full)
    run = call("train laplacian --no-copies --photos {mine} --out {new}", **places)
    assert (run.status, run.out) == (1, "")
    assert run.err == f"blurdct: {places['new']}: No space left on device\n"


@pytest.mark.parametrize("command", HEADS)
def test_help_shows_an_example(command):
    run = call(f"{command} --help")
    assert run.status == 0 and "Example" in run.out and f"blurdct {command} " in run.out
