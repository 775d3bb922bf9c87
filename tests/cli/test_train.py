"""``blurdct train`` on photographs of one's own: what it learns, says and leaves."""

import csv
import json
import shutil

import optuna
import pytest
from optuna.storages import JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend

from blurdct.evaluation import caveats
from blurdct.inference import bundle
from tests.helpers.own_models import BUNDLE, SCENES, call, contents, names, sourced

pytestmark = pytest.mark.usefixtures("one_core")


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
    run = call("calibrate --force --model {out} --photos {mine} --out {again}", **places)
    assert run.status == 0 and names(places["again"]) == BUNDLE


def test_figures_of_few_photographs_come_with_a_warning(mine, tmp_path, monkeypatch):
    words = "train laplacian --no-copies --photos {mine} --out {out}"
    run = call(words, mine=mine, out=tmp_path / "few")
    lines = run.err.splitlines()
    assert all(line.startswith("blurdct: ") for line in lines)
    assert not any("  " in line for line in lines)
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
    assert (
        run.err.splitlines()[-1]
        == "blurdct: no blurred photo can be read, and so none be learnt from"
    )
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


def test_a_model_takes_the_place_of_an_older_one_only_by_force(mine, model, tmp_path):
    shutil.copytree(model, tmp_path / "old")
    words = "train tree --no-copies --photos {mine} --out {out}"
    before = contents(tmp_path / "old")
    run = call(words, mine=mine, out=tmp_path / "old")
    assert (run.status, run.out) == (2, "")
    assert run.err == f"blurdct: {tmp_path / 'old'}: exists; --force replaces it\n"
    assert contents(tmp_path / "old") == before
    assert call(f"{words} --force", mine=mine, out=tmp_path / "old").status == 0
    assert bundle.load(tmp_path / "old").backend == "tree"


@pytest.mark.parametrize("storage", ["journal:{file}", "sqlite:///{file}"])
def test_a_stored_search_goes_on_where_it_ended(mine, tmp_path, storage):
    file = tmp_path / "study"

    def train(trials: int) -> tuple[list[optuna.trial.FrozenTrial], dict[str, bytes]]:
        out = tmp_path / "out"
        words = f"train tree --no-copies --trials {trials} --storage {storage} --workers 1 --force"
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
