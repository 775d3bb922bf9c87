import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from blurdct.bands import FEATURES
from blurdct.bundle import load
from blurdct.copies import locate
from blurdct.dataset import read_csv
from blurdct.detector import Detector
from blurdct.images import read_rgb
from blurdct.tables import feature_table
from blurdct.training import COLUMNS

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = sorted((ROOT / "data" / "sample" / "sharp").iterdir())
STAGES = sorted((ROOT / "tools").glob("[0-9]_*.py"))
COUNT = 10  # scenes


def start(script: Path, *arguments: object) -> subprocess.Popen:
    """A tool in a process of its own, as a user would start it."""
    return subprocess.Popen(
        [sys.executable, str(script), *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_WAIT_POLICY": "passive"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def call(script: Path, *arguments: object) -> str:
    """What a tool prints when all goes well."""
    process = start(script, *arguments)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert err == ""
    return out


def refusal(script: Path, *arguments: object) -> str:
    """The one line that a tool ends with when something the user brought is wrong."""
    process = start(script, *arguments)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 1, (out, err)
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1, err
    return err.removeprefix("error: ").rstrip()


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> Path:
    """Crops of the sample photographs, sharp and blurred, and a file that is no photo."""
    folder = tmp_path_factory.mktemp("photos")
    for name in ("sharp", "blurred"):
        (folder / name).mkdir()
    for number, path in enumerate(SAMPLE[:COUNT]):
        rgb = read_rgb(path)
        top, left = ((side - 160) // 2 for side in rgb.shape[:2])
        crop = rgb[top : top + 160, left : left + 160, ::-1]
        blurred = cv2.GaussianBlur(crop, (0, 0), 0.7 + number / 5)
        cv2.imwrite(str(folder / "sharp" / f"{path.stem}.png"), crop)
        cv2.imwrite(str(folder / "blurred" / f"{path.stem}.jpg"), blurred)
    (folder / "sharp" / "notes.jpg").write_text("words")
    return folder


@pytest.fixture(scope="module")
def done(photos, tmp_path_factory) -> tuple[Path, list[str]]:
    """The folder after all seven stages, and what each of them printed."""
    out = tmp_path_factory.mktemp("run")
    return out, [call(script, "--photos", photos, "--out", out) for script in STAGES]


@pytest.fixture
def copy(done, tmp_path) -> Path:
    """Those results to play with."""
    return shutil.copytree(done[0], tmp_path / "run")


def test_there_are_seven_stages():
    assert [script.name[:2] for script in STAGES] == [f"{number}_" for number in range(1, 8)]


def test_every_tool_explains_itself():
    tools = sorted((ROOT / "tools").glob("*.py"))
    for script, process in [(script, start(script, "--help")) for script in tools]:
        out, err = process.communicate(timeout=300)
        assert (process.returncode, err) == (0, "")
        assert out.startswith(f"usage: {script.name}")
        if script in STAGES:
            assert f"Stage {script.name[0]}: " in out
            for option in ("--photos", "--out", "--workers", "--force"):
                assert option in out
            assert f"python tools/{script.name}" in out  # an example


def test_every_stage_prints_one_line(done):
    _, printed = done
    for out in printed:
        assert out.count("\n") == 1, out


def test_every_tool_of_a_stage_is_short():
    for script in STAGES:
        assert len(script.read_text().splitlines()) <= 60


# What the stages leave


def test_readable_photos_are_listed_and_the_others_with_the_reason(done):
    good, bad = (pd.read_csv(done[0] / name) for name in ("photos.csv", "unreadable.csv"))
    assert list(good.columns) == "path label group source width height bytes".split()
    assert len(good) == 2 * COUNT
    assert sorted(good["label"].value_counts().items()) == [(0, COUNT), (1, COUNT)]
    assert good["group"].nunique() == COUNT
    assert set(good["width"]) == set(good["height"]) == {160}
    assert bad.to_dict("records") == [
        {"path": "sharp/notes.jpg", "reason": "not an image, or of an unknown format"}
    ]


def test_every_kind_of_blur_has_its_sheet(done):
    sheets = sorted((done[0] / "blur_types").iterdir())
    names = ["defocus", "gaussian", "mixture", "motion", "seed"]
    assert [path.name for path in sheets] == [f"blur_{name}.png" for name in names]
    for path in sheets:
        assert cv2.imread(str(path)).std() > 10


def test_copies_are_listed_with_what_was_done_to_them(done):
    images = read_csv(done[0] / "images.csv", COLUMNS[:7])
    assert len(images) == 2 * COUNT + 3 * COUNT
    assert {"level", "parameters"} <= set(images)
    copies = images[images["kind"] != ""]
    np.testing.assert_array_equal(copies["label"], copies["kind"] != "none")
    assert images.groupby("group")["split"].nunique().max() == 1
    for path in copies["path"]:
        assert cv2.imread(str(done[0] / path)) is not None


def test_every_block_has_its_coefficients_and_statistics(done):
    coefficients = np.load(done[0] / "coefficients" / "coefficients_00000.npy", mmap_mode="r")
    blocks = pq.read_table(done[0] / "coefficients" / "blocks_00000.parquet")
    statistics = pq.read_table(done[0] / "statistics" / "statistics_00000.parquet")
    assert coefficients.shape == (64, blocks.num_rows)
    assert statistics.num_rows == blocks.num_rows
    assert statistics.column_names == ["photo", "row", "column", *FEATURES]


def test_features_by_way_of_the_disk_are_those_made_in_memory(done, photos):
    rows = read_csv(done[0] / "features.csv", COLUMNS)
    assert tuple(rows.columns) == COLUMNS
    assert len(rows) == 5 * COUNT
    fused, bad = feature_table(rows[list(COLUMNS[:7])], locate(rows, photos, done[0]), workers=1)
    assert not bad
    np.testing.assert_allclose(rows[list(FEATURES)], fused[list(FEATURES)], rtol=2e-4, atol=2e-4)


def test_the_last_stage_leaves_a_model_that_works_and_its_report(done, photos):
    folder = done[0] / "models" / "dct-xgb"
    names = ["7_train.json", "bundle.json", "model.onnx", "report.json", "report.md", "report.png"]
    assert sorted(path.name for path in folder.iterdir()) == names
    bundle = load(folder)
    assert bundle.training["real"] == 2 * COUNT
    detector = Detector(bundle)
    mean = {
        name: np.mean([detector.predict(path).probability for path in (photos / name).glob("*g")
                       if path.name != "notes.jpg"])
        for name in ("sharp", "blurred")
    }  # fmt: skip
    assert mean["blurred"] > mean["sharp"] + 0.2
    assert re.search(r"ROC AUC [01]\.\d{4}, accuracy [01]\.\d{4}", done[1][-1])


def test_nothing_is_left_half_written(done):
    assert not [path for path in done[0].rglob("*") if ".part" in path.name]


# Again


def test_a_second_run_finds_that_nothing_has_changed(done, photos):
    before = {path: path.stat().st_mtime_ns for path in done[0].rglob("*") if path.is_file()}
    for process in [start(script, "--photos", photos, "--out", done[0]) for script in STAGES]:
        out, err = process.communicate(timeout=300)
        assert (process.returncode, err) == (0, "")
        assert out.count("\n") == 1
        assert "nothing has changed; --force runs it anyway" in out
    after = {path: path.stat().st_mtime_ns for path in done[0].rglob("*") if path.is_file()}
    assert after == before


def test_force_does_it_all_again_with_the_same_result(copy, photos):
    for script in STAGES[:1] + STAGES[2:6]:
        out = call(script, "--photos", photos, "--out", copy, "--force")
        assert "nothing has changed" not in out


def test_forced_stages_write_the_same_bytes(copy, done, photos):
    for number, name in ((3, "images.csv"), (4, "coefficients/coefficients_00000.npy")):
        call(STAGES[number - 1], "--photos", photos, "--out", copy, "--force")
        assert (copy / name).read_bytes() == (done[0] / name).read_bytes()
    for path in (copy / "copies").iterdir():
        assert path.read_bytes() == (done[0] / "copies" / path.name).read_bytes()


def test_training_again_gives_the_same_model(done, tmp_path):
    call(STAGES[6], "--features", done[0] / "features.csv", "--out", tmp_path)
    for name in ("model.onnx", "bundle.json", "report.json", "report.md"):
        again = (tmp_path / "models" / "dct-xgb" / name).read_bytes()
        assert again == (done[0] / "models" / "dct-xgb" / name).read_bytes()


def test_a_stage_runs_again_when_its_result_is_gone(copy, done, photos):
    (copy / "features.csv").unlink()
    call(STAGES[5], "--photos", photos, "--out", copy)
    assert (copy / "features.csv").read_bytes() == (done[0] / "features.csv").read_bytes()


def test_other_settings_run_a_stage_again_and_leave_nothing_of_the_former(copy, photos):
    out = call(STAGES[2], "--photos", photos, "--out", copy, "--blurred-copies", 1, "--seed", 5)
    assert f"{4 * COUNT} images, {2 * COUNT} of them copies" in out
    images = read_csv(copy / "images.csv", COLUMNS[:7])
    kept = {path.name for path in (copy / "copies").glob("*.jpg")}
    assert kept == {Path(path).name for path in images["path"][images["kind"] != ""]}


def test_a_new_photo_is_noticed(copy, photos, tmp_path):
    more = shutil.copytree(photos, tmp_path / "photos")
    shutil.copy(SAMPLE[-1], more / "sharp")
    out = call(STAGES[0], "--photos", more, "--out", copy)
    assert f"{2 * COUNT + 1} photographs" in out


def test_settings_may_come_from_a_file(copy, photos, tmp_path):
    (tmp_path / "set.toml").write_text("[synth]\nsharp_copies = 2\nblurred_copies = 2\n")
    options = ("--config", tmp_path / "set.toml", "--blurred-copies", 0)
    out = call(STAGES[2], "--photos", photos, "--out", copy, *options)
    assert f"{2 * COUNT} of them copies" in out


def test_few_photographs_are_each_drawn_once(photos, tmp_path):
    few = tmp_path / "few"
    (few / "sharp").mkdir(parents=True)
    for path in sorted((photos / "sharp").glob("*.png"))[:3]:
        shutil.copy(path, few / "sharp")
    call(STAGES[0], "--photos", few, "--out", tmp_path)
    out = call(STAGES[1], "--photos", few, "--out", tmp_path, "--count", 4)
    assert "5 sheets of 3 photographs" in out
    sheet = cv2.imread(str(tmp_path / "blur_types" / "blur_gaussian.png"))
    rows = np.split(sheet, 3)
    assert not any(np.array_equal(a, b) for a, b in ((rows[0], rows[1]), (rows[1], rows[2])))


# What a user may get wrong


def test_a_folder_that_is_not_there_is_one_line(tmp_path):
    line = refusal(STAGES[0], "--photos", tmp_path / "missing", "--out", tmp_path / "out")
    assert line == f"{tmp_path / 'missing'}: no such folder"
    assert not (tmp_path / "out").exists()


def test_a_folder_without_photographs_is_one_line(tmp_path):
    line = refusal(STAGES[0], "--photos", tmp_path, "--out", tmp_path / "out")
    assert line == f"{tmp_path}: no photographs found"


@pytest.mark.parametrize("script", STAGES[1:], ids=lambda script: script.stem[:1])
def test_a_stage_before_its_time_is_one_line(script, tmp_path):
    line = refusal(script, "--photos", tmp_path, "--out", tmp_path / "out")
    assert str(tmp_path / "out") in line
    assert line.endswith("run the stage before first")


@pytest.mark.parametrize(
    ("number", "options", "words"),
    [
        (2, ("--count", "0"), "--count: expected at least 1, got 0"),
        (3, ("--config", "missing.toml"), "missing.toml: "),
        (3, ("--sharp-copies", "-1"), "expected 0 or more"),
        (4, ("--size", "8"), "size: expected at least 16 pixels, got 8"),
        (4, ("--workers", "0", "--device", "cpu", "--force"), "workers: expected at least 1, got 0"),
        (7, ("--features", "missing.csv"), "missing.csv: No such file"),
        (7, ("--features", "pyproject.toml"), "pyproject.toml: "),
    ],
)
def test_a_setting_that_does_not_fit_is_one_line(copy, photos, number, options, words):
    if "pyproject.toml" in options:
        options = ("--features", copy / "photos.csv")
        words = "photos.csv: lacks split, kind, strength, low_freq_mean"
    assert words in refusal(STAGES[number - 1], "--photos", photos, "--out", copy, *options)


def test_a_table_of_sharp_photographs_alone_cannot_be_learnt_from(done, tmp_path):
    rows = pd.read_csv(done[0] / "features.csv")
    rows[rows["label"] == 0].to_csv(tmp_path / "features.csv", index=False)
    line = refusal(STAGES[6], "--out", tmp_path)
    assert line == "expected labels both 0 (sharp) and 1 (blurred), got 0"
