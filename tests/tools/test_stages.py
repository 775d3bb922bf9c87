import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from blurdct.datasets.extraction import feature_table
from blurdct.datasets.manifest import read_csv, write_csv
from blurdct.datasets.synthesis import locate
from blurdct.features.bands import FEATURES
from blurdct.features.photo import Photo
from blurdct.images.reader import read_rgb
from blurdct.inference.bundle import load
from blurdct.inference.detector import Detector
from blurdct.training.training_set import COLUMNS

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = sorted((ROOT / "data" / "sample" / "sharp").iterdir())
STAGES = sorted((ROOT / "tools").glob("[0-9]_*.py"))
COUNT = 10  # scenes


# Stages that could use the GPU are kept from it, so that every machine makes the same bytes.
ON_CPU = {"4_", "5_"}


def arguments(script: Path, *options: object) -> list[str]:
    """The command line of a tool, after the interpreter."""
    device = ("--device", "cpu") if script.name[:2] in ON_CPU else ()
    return [str(script), *map(str, (*options, *device))]


def start(script: Path, *options: object) -> subprocess.CompletedProcess:
    """Run a tool in a process of its own, as a user would."""
    return subprocess.run(
        [sys.executable, *arguments(script, *options)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a tool in this process, which has all imported: what it prints when all is well."""

    def answer(script: Path, *options: object) -> str:
        monkeypatch.setattr(sys, "argv", arguments(script, "--workers", 1, *options))
        monkeypatch.syspath_prepend(script.parent)  # as whoever runs it has it
        runpy.run_path(str(script), run_name="__main__")
        out, err = capsys.readouterr()
        assert err == ""
        return out

    return answer


@pytest.fixture
def refusal(run, capsys):
    """Run a tool so: the line that it ends with, and status 1, when the user's input is wrong."""

    def answer(script: Path, *options: object) -> str:
        with pytest.raises(SystemExit) as caught:
            run(script, *options)
        assert capsys.readouterr() == ("", "")
        message = caught.value.code  # a text is printed, and the status is 1
        assert isinstance(message, str)
        assert message.startswith("error: ")
        assert "\n" not in message
        return message.removeprefix("error: ")

    return answer


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
    out, printed = tmp_path_factory.mktemp("run"), []
    for script in STAGES:
        process = start(script, "--photos", photos, "--out", out, "--workers", 2)
        assert (process.returncode, process.stderr) == (0, "")
        printed.append(process.stdout)
    return out, printed


@pytest.fixture
def copy(done, tmp_path) -> Path:
    """Those results to play with."""
    return shutil.copytree(done[0], tmp_path / "run")


def test_there_are_seven_stages():
    assert [script.name[:2] for script in STAGES] == [f"{number}_" for number in range(1, 8)]


@pytest.mark.parametrize("script", STAGES, ids=lambda script: script.stem[:1])
def test_a_stage_explains_itself_with_an_example(script, run, capsys):
    with pytest.raises(SystemExit) as caught:
        run(script, "--help")
    out = capsys.readouterr().out
    assert caught.value.code == 0
    assert out.startswith(f"usage: {script.name}")
    assert f"Stage {script.name[0]}: " in out
    assert f"python tools/{script.name}" in out
    for option in ("--photos", "--out", "--workers", "--force"):
        assert option in out


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
    assert statistics.column_names == ["photo", "row", "column", "evidence", *FEATURES]


def test_features_by_way_of_the_disk_are_those_made_in_memory(done, photos):
    rows = read_csv(done[0] / "features.csv", COLUMNS)
    assert tuple(rows.columns) == COLUMNS
    assert len(rows) == 5 * COUNT
    fused, bad = feature_table(rows[list(COLUMNS[:7])], locate(rows, photos, done[0]), workers=1)
    assert not bad
    np.testing.assert_allclose(rows[list(FEATURES)], fused[list(FEATURES)], rtol=2e-4, atol=2e-4)


def test_features_keep_the_masks_and_weights_of_a_manifest(done, photos, run, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(done[0], copy)
    images = read_csv(copy / "images.csv", COLUMNS[:7])
    weights = np.arange(len(images)) / 8
    write_csv(images.assign(mask="", weight=weights), copy / "images.csv")
    run(STAGES[5], "--photos", photos, "--out", copy)
    rows = read_csv(copy / "features.csv", COLUMNS)
    assert tuple(rows.columns) == (*COLUMNS[:7], "mask", "weight", *FEATURES)
    np.testing.assert_array_equal(rows["weight"], weights)
    assert (rows["mask"] == "").all()


def test_the_last_stage_leaves_a_model_that_works_and_its_report(done, photos):
    folder = done[0] / "models" / "dct-xgb"
    names = ["bundle.json", "learnt.json", "model.onnx", "report.json"]
    assert sorted(path.name for path in folder.iterdir()) == names
    reports = {"report.json", "report.md", "report.html", "report.png"}
    assert reports <= {path.name for path in done[0].iterdir()}
    bundle = load(folder)
    assert bundle.training["real"] == 2 * COUNT
    detector = Detector(bundle)
    mean = {
        name: np.mean(
            [
                detector.probability(Photo(path, detector.config))
                for path in (photos / name).glob("*g")
                if path.name != "notes.jpg"
            ]
        )
        for name in ("sharp", "blurred")
    }
    assert mean["blurred"] > mean["sharp"] + 0.2
    assert re.search(r"ROC AUC [01]\.\d{4}, accuracy [01]\.\d{4}", done[1][-1])


def test_nothing_is_left_half_written(done):
    assert not [path for path in done[0].rglob("*") if ".part" in path.name]


# Again


def test_a_second_run_finds_that_nothing_has_changed(done, photos, run):
    kept = [path for path in done[0].rglob("*") if path.is_file() and path.stem != "report"]
    before = {path: path.stat().st_mtime_ns for path in kept}
    for script in STAGES:
        out = run(script, "--photos", photos, "--out", done[0])
        assert out.count("\n") == (3 if script == STAGES[6] else 1)
        assert "nothing has changed; --force runs it anyway" in out
    assert {path: path.stat().st_mtime_ns for path in kept} == before


def test_force_does_it_all_again_to_the_byte_whatever_the_workers(copy, done, photos, run):
    for script in STAGES[:6]:
        out = run(script, "--photos", photos, "--out", copy, "--force")
        assert "nothing has changed" not in out
    for path in copy.rglob("*"):
        if path.is_file():
            again = done[0] / path.relative_to(copy)
            assert path.read_bytes() == again.read_bytes(), path.name


def test_training_again_gives_the_same_model(done, tmp_path, run):
    run(STAGES[6], "--features", done[0] / "features.csv", "--out", tmp_path)
    own, former = (out / "models" / "dct-xgb" for out in (tmp_path, done[0]))
    for name in ("model.onnx", "bundle.json"):
        assert (own / name).read_bytes() == (former / name).read_bytes()
    reports = [json.loads((folder / "report.json").read_text()) for folder in (own, former)]
    assert [one.pop("cost")["weights_mb"] for one in reports]  # the times are those of a run
    assert reports[0] == reports[1]


def test_a_stage_runs_again_when_its_result_is_gone(copy, done, photos, run):
    (copy / "features.csv").unlink()
    run(STAGES[5], "--photos", photos, "--out", copy)
    assert (copy / "features.csv").read_bytes() == (done[0] / "features.csv").read_bytes()


def test_other_settings_run_a_stage_again_and_leave_nothing_of_the_former(copy, photos, run):
    out = run(STAGES[2], "--photos", photos, "--out", copy, "--blurred-copies", 1, "--seed", 5)
    assert f"{4 * COUNT} images, {2 * COUNT} of them copies" in out
    images = read_csv(copy / "images.csv", COLUMNS[:7])
    kept = {path.name for path in (copy / "copies").glob("*.jpg")}
    assert kept == {Path(path).name for path in images["path"][images["kind"] != ""]}


def test_a_new_photo_is_noticed(copy, photos, tmp_path, run):
    more = shutil.copytree(photos, tmp_path / "photos")
    shutil.copy(SAMPLE[-1], more / "sharp")
    out = run(STAGES[0], "--photos", more, "--out", copy)
    assert f"{2 * COUNT + 1} photographs" in out


def test_settings_may_come_from_a_file(copy, photos, tmp_path, run):
    (tmp_path / "set.toml").write_text("[synth]\nsharp_copies = 2\nblurred_copies = 2\n")
    options = ("--config", tmp_path / "set.toml", "--blurred-copies", 0)
    out = run(STAGES[2], "--photos", photos, "--out", copy, *options)
    assert f"{2 * COUNT} of them copies" in out


def test_few_photographs_are_each_drawn_once(photos, tmp_path, run):
    few = tmp_path / "few"
    (few / "sharp").mkdir(parents=True)
    for path in sorted((photos / "sharp").glob("*.png"))[:3]:
        shutil.copy(path, few / "sharp")
    run(STAGES[0], "--photos", few, "--out", tmp_path)
    out = run(STAGES[1], "--photos", few, "--out", tmp_path, "--count", 4)
    assert "5 sheets of 3 photographs" in out
    sheet = cv2.imread(str(tmp_path / "blur_types" / "blur_gaussian.png"))
    rows = np.split(sheet, 3)
    assert not any(np.array_equal(a, b) for a, b in ((rows[0], rows[1]), (rows[1], rows[2])))


# What a user may get wrong


def test_a_folder_that_is_not_there_is_one_line(tmp_path, refusal):
    line = refusal(STAGES[0], "--photos", tmp_path / "missing", "--out", tmp_path / "out")
    assert line == f"{tmp_path / 'missing'}: no such folder"
    assert not (tmp_path / "out").exists()


def test_what_is_wrong_goes_to_standard_error_with_status_1(tmp_path):
    process = start(STAGES[0], "--photos", tmp_path / "missing", "--out", tmp_path)
    assert (process.returncode, process.stdout) == (1, "")
    assert process.stderr == f"error: {tmp_path / 'missing'}: no such folder\n"


def test_a_folder_without_photographs_is_one_line(tmp_path, refusal):
    empty = tmp_path / "empty"
    empty.mkdir()
    line = refusal(STAGES[0], "--photos", empty, "--out", tmp_path / "out")
    assert line == f"{empty}: no photographs found"


def test_results_inside_the_folder_of_photographs_are_refused(tmp_path, refusal):
    line = refusal(STAGES[0], "--photos", tmp_path, "--out", tmp_path / "out")
    assert "lies inside" in line


def test_the_size_of_stage_4_is_that_of_the_bundle(done, tmp_path, run):
    copy = tmp_path / "run"
    shutil.copytree(done[0], copy)
    run(STAGES[3], "--out", copy, "--size", 128)
    run(STAGES[4], "--out", copy)
    run(STAGES[5], "--out", copy)
    run(STAGES[6], "--out", copy)
    assert json.loads((copy / "models/dct-xgb/bundle.json").read_text())["size"] == 128


@pytest.mark.parametrize("script", STAGES[1:], ids=lambda script: script.stem[:1])
def test_a_stage_before_its_time_is_one_line(script, tmp_path, refusal):
    line = refusal(script, "--photos", tmp_path, "--out", tmp_path / "out")
    assert str(tmp_path / "out") in line
    assert line.endswith("run the stage before this one first")


@pytest.mark.parametrize(
    ("number", "options", "words"),
    [
        (2, ("--count", "0"), "--count: expected at least 1, got 0"),
        (3, ("--config", "missing.toml"), "missing.toml: "),
        (3, ("--sharp-copies", "-1"), "expected 0 or more"),
        (4, ("--size", "8"), "size: expected at least 16 pixels, got 8"),
        (4, ("--workers", "0", "--force"), "workers: expected at least 1, got 0"),
        (7, ("--features", "missing.csv"), "missing.csv: No such file"),
        (7, ("--features", "pyproject.toml"), "pyproject.toml: "),
    ],
)
def test_a_setting_that_does_not_fit_is_one_line(copy, photos, number, options, words, refusal):
    if "pyproject.toml" in options:
        options = ("--features", copy / "photos.csv")
        words = "photos.csv: lacks split, kind, strength, low_freq_mean"
    assert words in refusal(STAGES[number - 1], "--photos", photos, "--out", copy, *options)


def test_a_table_of_sharp_photographs_alone_cannot_be_learnt_from(done, tmp_path, refusal):
    rows = pd.read_csv(done[0] / "features.csv")
    rows[rows["label"] == 0].to_csv(tmp_path / "features.csv", index=False)
    line = refusal(STAGES[6], "--out", tmp_path)
    assert line == "expected labels both 0 (sharp) and 1 (blurred), got 0"
