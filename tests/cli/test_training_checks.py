"""What is refused, and what is told, before a model is trained, judged or calibrated."""

import builtins
import errno
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from blurdct.cli.app import main
from blurdct.datasets import manifest
from blurdct.images import labelled
from blurdct.inference import bundle
from blurdct.utils.installing import install_hint
from tests.helpers.own_models import (
    HEADS,
    SCENES,
    Run,
    call,
    contents,
)

pytestmark = pytest.mark.usefixtures("one_core")
LEARNING = [name for name in HEADS if name != "calibrate"]  # which the core cannot do


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
    run = call("train laplacian:C=0 --no-copies --photos {mine} --out {old} --force", **places)
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


@pytest.mark.parametrize("name", ["dct-net", "certh-fusion"])
def test_weights_for_a_model_that_has_no_use_for_them_are_refused(places, name, monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch, "set_num_threads", lambda _: None)  # of this whole process
    run = call(f"train {name} --weights {{file}} --photos {{mine}} --out {{new}}", **places)
    words = f"--weights: the networks of {name} begin with weights of their own"
    if name == "certh-fusion":  # its member certh-cnn may begin with published ones
        words = "no weights can be read"
    assert (run.status, run.err.count("\n")) == (2, 1) and words in run.err


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
    """Makes an import that all that learn need fail for want of a name."""

    def lack(missing: str) -> None:
        def absent(name, globals_=None, locals_=None, fromlist=(), level=0):
            if (name, level) == ("datasets.manifest", 3):
                raise ModuleNotFoundError(f"No module named {missing!r}", name=missing)
            return usual(name, globals_, locals_, fromlist, level)

        usual = builtins.__import__
        monkeypatch.setattr(builtins, "__import__", absent)

    return lack


@pytest.mark.parametrize("command", LEARNING)
@pytest.mark.parametrize("missing", ["pandas", "sklearn.metrics"])
def test_without_the_training_extra_a_line_says_how_to_get_it(places, lacking, command, missing):
    lacking(missing)
    run = call(f"{HEADS[command]} --photos {{mine}} --out {{new}}", **places)
    words = f"{command} needs more than the core install: {install_hint('train')}"
    assert run == Run(2, "", f"blurdct: {words}\n")
    assert not places["new"].exists()


def test_a_missing_module_of_our_own_is_a_bug_and_no_extra(places, lacking):
    lacking("blurdct.datasets.manifest")
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


@pytest.mark.parametrize("command", HEADS)
def test_photographs_are_listed_once(places, monkeypatch, command):
    listed = []

    def remember(folder):
        listed.append(folder)
        return usual(folder)

    module, name = (labelled, "list_rows") if command == "calibrate" else (manifest, "list_photos")
    usual = getattr(module, name)
    monkeypatch.setattr(module, name, remember)
    run = call(f"{HEADS[command]} --photos {{mine}} --out {{new}}", **places)
    assert run.status == 0 and listed == [places["mine"]]
