"""``blurdct map``: what it draws, what it calls it, and what it leaves alone."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from blurdct.cli.commands.map import LONGEST
from blurdct.images.reader import read_luma
from blurdct.inference.detector import Detector
from blurdct.inference.heatmap import draw
from tests.helpers import toys
from tests.helpers.commands import Run, call

ROOT = Path(__file__).parents[2]
NAMES = ("bright", "dark", "mixed")
HEAVY = {"torch", "xgboost", "sklearn", "pandas", "scipy", "optuna", "matplotlib", "onnx"}


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Path:
    """Folders of two models: ``map`` that has a map and ``plain`` that has none."""
    folder = tmp_path_factory.mktemp("models")
    toys.bundle(graph=toys.graph_with_map()).save(folder / "map")
    toys.bundle().save(folder / "plain")
    return folder


@pytest.fixture
def photos(tmp_path) -> Path:
    """bright.png, dark.png and mixed.png in a folder."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed, name in zip((0, 2, 3), NAMES, strict=True):
        cv2.imwrite(str(folder / f"{name}.png"), toys.photo(seed, seed / 2))
    return folder


@pytest.fixture
def drawn(models, tmp_path):
    """Runs ``blurdct map`` with the toy model into ``out``."""

    def run(*words: str | Path, out: Path = tmp_path / "out") -> Run:
        return call("map", "--model", models / "map", "--out", out, *words)

    return run


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


# What is drawn


def test_each_photo_becomes_a_picture_and_a_line(drawn, models, photos, tmp_path):
    run = drawn(photos)
    assert (run.status, run.problems) == (0, [])
    detector = Detector.load(models / "map")
    lines = []
    for name in NAMES:
        path, picture = photos / f"{name}.png", tmp_path / "out" / f"{name}_map.png"
        told = detector.predict(path)
        lines.append(f"{told.score:.1f}\t{told.shown}\t{path}\t{picture}\n")
        expected = draw(read_luma(path), detector.map(path), told)
        np.testing.assert_array_equal(np.asarray(Image.open(picture)), expected)
    assert run.out == "".join(lines)
    assert set(contents(tmp_path / "out")) == {f"{name}_map.png" for name in NAMES}


def test_the_array_is_the_map_itself(drawn, models, photos, tmp_path):
    run = drawn("--array", photos / "dark.png")
    assert run.files == ["dark_map.png"]
    assert set(contents(tmp_path / "out")) == {"dark_map.png", "dark_map.npy"}
    cells = np.load(tmp_path / "out" / "dark_map.npy")
    assert cells.dtype == np.float32
    np.testing.assert_array_equal(cells, Detector.load(models / "map").map(photos / "dark.png"))


def test_a_large_photo_is_drawn_finer_than_the_model_sees_it(drawn, tmp_path):
    rng = np.random.default_rng(0)
    cv2.imwrite(str(tmp_path / "large.png"), rng.integers(0, 255, (600, 900), dtype=np.uint8))
    drawn(tmp_path / "large.png")  # the model sees 128 pixels
    assert Image.open(tmp_path / "out" / "large_map.png").width == 900


def test_the_core_install_is_enough(photos, models, tmp_path):
    code = "import sys\nfrom blurdct.cli import main\ntry:\n    main(sys.argv[1:])\nfinally:\n"
    code += "    print(*{name.partition('.')[0] for name in sys.modules})"
    words = ("map", "--model", models / "map", "--out", tmp_path / "out", photos / "dark.png")
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code, *words], env=env, capture_output=True, text=True, timeout=60
    )
    line, modules = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert line.endswith("dark_map.png")
    assert not HEAVY & set(modules.split())


def test_another_size_is_remarked_upon(drawn, photos):
    run = drawn("--size", "32", photos / "dark.png")
    assert run.status == 0
    assert run.err.count("\n") == 1
    assert "128 pixels" in run.err
    assert drawn("--size", "128", photos / "dark.png").err == ""


# What it is called


def test_photos_of_one_name_in_two_folders_both_have_a_map(drawn, photos, tmp_path):
    shutil.copytree(photos, tmp_path / "more")
    run = drawn(photos, tmp_path / "more")
    assert run.status == 0
    assert len(set(run.files)) == 6
    assert set(contents(tmp_path / "out")) == set(run.files)
    assert all(name.startswith(NAMES) and name.endswith("_map.png") for name in run.files)


def test_photos_that_differ_in_the_ending_alone_both_have_a_map(drawn, photos):
    shutil.copy(photos / "dark.png", photos / "dark.webp")
    assert len(set(drawn("--array", photos / "dark.png", photos / "dark.webp").files)) == 2


def test_the_same_photos_again_give_the_same_files_in_whatever_order(drawn, photos, tmp_path):
    more = shutil.copytree(photos, tmp_path / "more")
    first = drawn("--array", photos, more)
    before = contents(tmp_path / "out")
    again = drawn("--array", more, photos)
    assert contents(tmp_path / "out") == before
    assert sorted(again.out.splitlines()) == sorted(first.out.splitlines())


def test_a_photo_that_has_changed_has_its_map_replaced(drawn, photos, tmp_path):
    drawn("--array", photos / "dark.png")
    before = contents(tmp_path / "out")
    shutil.copy(photos / "bright.png", photos / "dark.png")
    drawn("--array", photos / "dark.png")
    after = contents(tmp_path / "out")
    assert before.keys() == after.keys()
    assert all(before[name] != after[name] for name in before)


@pytest.mark.parametrize("name", ["dark_map.png", "dark_map.npy"])
def test_what_was_there_before_stays_byte_for_byte(drawn, photos, tmp_path, name):
    out = tmp_path / "out"
    out.mkdir()
    for foreign in (b"notes", (photos / "dark.png").read_bytes()):
        (out / name).write_bytes(foreign)
        run = drawn("--array", photos / "dark.png")
        assert run.status == 0
        assert (out / name).read_bytes() == foreign
        assert run.files[0] not in (name, "dark_map.png")
        assert (out / run.files[0]).exists()


def test_a_photo_without_a_name_left_is_one_line(drawn, photos, tmp_path):
    first = drawn(photos / "dark.png", photos / "mixed.png")
    for path in [*(tmp_path / "out").iterdir()]:
        path.write_bytes(b"notes")
    second = drawn(photos / "dark.png").files[0]
    (tmp_path / "out" / second).write_bytes(b"notes")
    run = drawn(photos / "dark.png", photos / "mixed.png")
    assert (first.status, run.status) == (0, 1)
    line = f"{photos / 'dark.png'}: {tmp_path / 'out' / second} exists and is no map of it"
    assert run.problems == [line]
    assert len(run.files) == 1


def test_the_longest_names_can_be_written(drawn, photos, tmp_path):
    for name in ("x" * 251, "ä" * 125):
        shutil.copy(photos / "dark.png", photos / f"{name}.png")
        (written,) = drawn("--array", photos / f"{name}.png").files
        assert written.startswith(name[: LONGEST // 2])
        assert (tmp_path / "out" / written).exists()


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are Unicode there")
def test_a_name_may_have_any_bytes(drawn, photos, tmp_path):
    name = os.fsdecode(b"caf\xe9\tnew\n")
    shutil.copy(photos / "dark.png", photos / f"{name}.png")
    run = drawn(photos / f"{name}.png")
    assert run.status == 0
    assert run.out.count("\n") == 1
    assert run.out.count("\t") == 3
    assert (tmp_path / "out" / f"{name}_map.png").exists()


def test_maps_beside_their_photos_are_not_mapped_again(drawn, photos):
    drawn(photos, out=photos)
    before = set(contents(photos))
    Image.open(photos / "dark.png").save(photos / "old_map.png")  # this one is a photo
    run = drawn(photos, out=photos)
    assert (run.status, len(run.problems)) == (0, 1)
    assert "left out: 3" in run.err
    assert set(contents(photos)) == {*before, "old_map.png", "old_map_map.png"}


# What goes wrong


def test_a_photo_that_cannot_be_read_is_one_line_and_the_others_are_drawn(drawn, photos, tmp_path):
    (photos / "empty.png").touch()
    (photos / "text.png").write_text("words")
    run = drawn("--array", photos, photos / "missing.png", tmp_path / "*.nothing")
    assert run.status == 1
    assert run.files == [f"{name}_map.png" for name in NAMES]
    starts = [line.partition(": ")[0] for line in run.problems]
    bad = [
        photos / "empty.png",
        photos / "text.png",
        photos / "missing.png",
        tmp_path / "*.nothing",
    ]
    assert starts == [str(path) for path in bad]
    assert len(contents(tmp_path / "out")) == 6


def test_a_model_without_a_map_is_one_line_that_names_one_with(photos, models, tmp_path):
    run = call("map", photos, "--out", tmp_path / "out", "--model", models / "plain")
    assert (run.status, run.out) == (2, "")
    assert run.err.count("\n") == 1
    assert str(models / "plain") in run.err
    assert "--model best" in run.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["PHOTOS"], "--out"),
        (["PHOTOS", "--out", "FILE"], "not a folder"),
        (["PHOTOS", "--out", "FILE/deep"], "cannot be written"),
        (["PHOTOS", "--out", "OUT", "-0"], "--null"),
        (["PHOTOS", "--out", "OUT", "--model", "no-such"], "no-such"),
        (["PHOTOS", "--out", "OUT", "--size", "8"], "--size"),
        (["EMPTY", "--out", "OUT"], "no photographs"),
    ],
)
def test_wrong_use_is_one_line_and_status_2(photos, models, tmp_path, words, message):
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    places = {"PHOTOS": photos, "FILE": tmp_path / "file", "EMPTY": tmp_path / "empty"}
    places |= {"OUT": tmp_path / "out", "FILE/deep": tmp_path / "file" / "deep"}
    model = [] if "--model" in words else ["--model", models / "map"]
    run = call("map", *model, *(places.get(word, word) for word in words))
    assert (run.status, run.out) == (2, "")
    assert run.err.startswith("blurdct: ")
    assert run.err.count("\n") == 1
    assert message in run.err
    assert not (tmp_path / "out").exists()


def test_a_disk_that_is_full_is_one_line(drawn, photos, tmp_path, monkeypatch):
    def save(self, path, **_):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(Image.Image, "save", save)
    run = drawn(photos)
    assert run.status == 1
    assert run.err.count("\n") == 1
    assert "No space left on device" in run.err
    assert contents(tmp_path / "out") == {}


def test_help_shows_an_example():
    run = call("map", "--help")
    assert run.status == 0
    assert "blurdct map photo.jpg --out maps" in run.out
