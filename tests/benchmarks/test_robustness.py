"""``benchmarks/robustness.py`` and ``benchmarks/motion.py``: what they print is so."""

import os
import runpy
import subprocess
import sys
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from blurdct.datasets.perturbations import PERTURBATIONS
from blurdct.images.reader import read_rgb
from blurdct.inference.detector import Detector
from tests.helpers import toys

TOOLS = Path(__file__).resolve().parents[2] / "benchmarks"
ROBUSTNESS, MOTION = TOOLS / "robustness.py", TOOLS / "motion.py"
SCENES = 6


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> Path:
    """Photographs of 64 pixels, sharp and blurred."""
    return toys.save_photos(tmp_path_factory.mktemp("photos") / "small", SCENES)


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> tuple[Path, Path]:
    """Two toys: the second sees photographs at 16 pixels, and has other thresholds."""
    folder = tmp_path_factory.mktemp("models")
    one = toys.bundle()
    one.save(folder / "one")
    replace(one, size=16, thresholds=replace(one.thresholds, clear=0.6)).save(folder / "two")
    return folder / "one", folder / "two"


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a tool in this process: its lines on standard output and on standard error."""

    def answer(tool: Path, *options: object) -> tuple[list[str], list[str]]:
        monkeypatch.setattr(sys, "argv", [str(tool), "--workers", "1", *map(str, options)])
        runpy.run_path(str(tool), run_name="__main__")
        out, err = capsys.readouterr()
        return out.splitlines(), err.splitlines()

    return answer


@pytest.fixture
def refusal(run, capsys):
    """The one line that a tool ends with when the user's input is wrong."""

    def answer(tool: Path, *options: object) -> str:
        with pytest.raises(SystemExit) as caught:
            run(tool, *options)
        assert capsys.readouterr().out == ""
        message = caught.value.code
        assert isinstance(message, str) and "\n" not in message
        return message.removeprefix("error: ")

    return answer


def rows(lines: list[str]) -> list[list[str]]:
    """Cells of every row of Markdown tables, headers and rules left out."""
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line[:1] == "|"]
    rules = [at for at, row in enumerate(cells) if row[0] == "---"]
    skipped = {*rules, *(at - 1 for at in rules)}
    return [row for at, row in enumerate(cells) if at not in skipped]


def number(cell: str) -> float:
    """A cell as a number; a percentage as a share."""
    return float(cell.rstrip("%")) / (100 if cell.endswith("%") else 1)


# Robustness


@pytest.fixture(scope="module")
def tables(photos, models):
    """Rows of a table per model, and of the one on halving."""
    options = ["--photos", photos, "--model", *models, "--workers", 1]
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(StringIO()) as out:
        patch.setattr(sys, "argv", [str(ROBUSTNESS), *map(str, options)])
        runpy.run_path(str(ROBUSTNESS), run_name="__main__")
    found, count = rows(out.getvalue().splitlines()), len(PERTURBATIONS)
    return found[:count], found[count : 2 * count], found[2 * count :]


def test_every_model_has_a_row_for_every_change(tables):
    for table in tables[:2]:
        assert [row[0] for row in table] == list(PERTURBATIONS)


def test_the_numbers_are_those_of_the_detector_itself(tables, photos, models):
    paths = sorted(photos.rglob("*.png"))
    for table, model in zip(tables, models, strict=False):
        detector = Detector.load(model)
        for change in ("halved", "JPEG 40", "two stops darker", "mirrored", "white border"):
            rgb = [read_rgb(path) for path in paths]
            before = [detector.predict(one) for one in rgb]
            after = [detector.predict(PERTURBATIONS[change](one, None)) for one in rgb]
            p, q = (np.array([one.probability for one in some]) for some in (before, after))
            labels = [one.label != two.label for one, two in zip(before, after, strict=True)]
            expected = [np.mean((p >= 0.5) != (q >= 0.5)), np.mean(labels)]
            expected += [np.abs(p - q).mean(), np.abs(p - q).max()]
            printed = [number(cell) for cell in {row[0]: row[1:] for row in table}[change]]
            np.testing.assert_allclose(printed, expected, atol=6e-4)


def test_a_model_that_reads_luma_is_unmoved_by_grey(tables):
    assert {row[0]: row[1:] for row in tables[0]}["grey"][:2] == ["0.0%", "0.0%"]


def test_halving_is_told_apart_at_twice_the_working_size_of_each_model(tables, models):
    one, two = map(str, models)
    assert [row[:3] for row in tables[2]] == [
        [one, "up to 256", str(2 * SCENES)],
        [one, "mosaics over 256", str(2 * SCENES)],
        [two, "over 32", str(2 * SCENES)],
        [two, "mosaics over 256", str(2 * SCENES)],
    ]
    halved = [next(row for row in table if row[0] == "halved") for table in tables[:2]]
    assert [row[3:] for row in tables[2][::2]] == [row[1:] for row in halved]


def test_what_is_averaged_down_twice_looks_as_if_averaged_once(tables):
    small, _, large, _ = tables[2]  # of 64 pixels, seen at 128 and at 16
    assert number(large[5]) < number(small[5]) / 4


def test_a_mosaic_has_the_photo_and_its_mirror_images_without_seams():
    photo = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    whole = runpy.run_path(str(ROBUSTNESS))["mosaic"](photo, 64)
    assert whole.shape == (60, 90, 3)  # the fewest times that are over 64
    np.testing.assert_array_equal(whole[:20, :30], photo)
    np.testing.assert_array_equal(whole[20:40, 30:60], photo[::-1, ::-1])
    for edge in (30, 60):
        np.testing.assert_array_equal(whole[:, edge - 1], whole[:, edge])


def test_a_limit_draws_photographs_by_the_seed_alone(run, photos, models):
    def some(limit, seed):
        options = ("--limit", limit, "--seed", seed, "--model", models[0])
        return run(ROBUSTNESS, "--photos", photos, *options)[0]

    assert some(3, 1)[0] == f"### {models[0]}, 3 photographs"
    assert some(3, 1) == some(3, 1) != some(3, 2)
    assert some(1000, 1)[0] == f"### {models[0]}, {2 * SCENES} photographs"


def test_an_unreadable_photo_is_one_line_and_the_rest_goes_on(run, tmp_path, models):
    folder = toys.save_photos(tmp_path / "photos", 1)
    (folder / "sharp" / "notes.jpg").write_text("words")
    for tool, count in ((ROBUSTNESS, 2), (MOTION, 1)):
        out, err = run(tool, "--photos", folder, "--model", models[0])
        line = f"{folder}/sharp/notes.jpg: not an image, or of an unknown format"
        assert err == [line]
        assert f"{count} photographs" in out[0]


def test_photographs_without_labels_and_those_of_a_manifest_are_judged(run, tmp_path, models):
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed in range(3):
        cv2.imwrite(str(folder / f"{seed}.png"), toys.photo(seed))
    for count in (3, 2):
        out, _ = run(ROBUSTNESS, "--photos", folder, "--model", models[0])
        assert out[0].endswith(f", {count} photographs")
        (folder / "manifest.csv").write_text("path\n0.png\n2.png\n")


@pytest.mark.parametrize("tool", [ROBUSTNESS, MOTION], ids=lambda tool: tool.stem)
def test_what_a_user_gets_wrong_is_one_line(tool, refusal, photos, models, tmp_path):
    assert refusal(tool, "--photos", tmp_path / "none") == f"{tmp_path / 'none'}: no such folder"
    line = refusal(tool, "--photos", photos, "--model", "dct-xbg")
    assert line.startswith("no model 'dct-xbg'")
    (tmp_path / "a.jpg").write_text("words")
    line = refusal(tool, "--photos", tmp_path, "--model", models[0])
    assert line.startswith(f"{tmp_path}: no") and line.endswith("could be judged")


def test_a_limit_of_none_is_refused(refusal, photos):
    assert refusal(ROBUSTNESS, "--photos", photos, "--limit", 0) == (
        "--limit: expected at least 1, got 0"
    )


@pytest.mark.slow
@pytest.mark.parametrize("tool", [ROBUSTNESS, MOTION], ids=lambda tool: tool.stem)
def test_more_processes_print_the_same(tool, run, photos, models):
    process = subprocess.run(
        [sys.executable, tool, "--photos", photos, "--model", models[0], "--workers", "2"],
        env={**os.environ, "PYTHONPATH": str(TOOLS.parent)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (process.returncode, process.stderr) == (0, "")
    out, _ = run(tool, "--photos", photos, "--model", models[0])
    assert process.stdout.splitlines() == out


@pytest.mark.parametrize("tool", [ROBUSTNESS, MOTION], ids=lambda tool: tool.stem)
def test_a_tool_explains_itself_with_an_example(tool, run, capsys):
    with pytest.raises(SystemExit) as caught:
        run(tool, "--help")
    assert caught.value.code == 0
    assert f"Example: python benchmarks/{tool.name}" in capsys.readouterr().out


# Motion


@pytest.fixture(scope="module")
def motion() -> dict:
    """The functions of the tool."""
    return runpy.run_path(str(MOTION))


@pytest.mark.parametrize("angle", range(0, 180, 15))
@pytest.mark.parametrize(("side", "scale"), [(201, 1), (1024, 2)])
def test_a_point_becomes_a_line_of_that_length_and_angle_at_the_working_size(
    motion, side, scale, angle
):
    length = 16
    point = np.zeros((99, side, 3), np.uint8)
    point[49, side // 2] = 255
    light = (motion["moved"](point, length, angle)[..., 0] / 255.0) ** 2.2
    down, across = np.indices(light.shape)
    down, across = down - 49, across - side // 2
    weights = light / light.sum()
    covariance = np.cov(np.stack([across.ravel(), -down.ravel()]), aweights=weights.ravel(), ddof=0)
    values, vectors = np.linalg.eigh(covariance)
    # a uniform line has the variance length^2 / 12; pixels add to it
    assert np.sqrt(12 * values[1]) == pytest.approx(length * scale, rel=0.06)
    assert values[0] < 0.6
    seen = np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1]))
    assert abs((seen - angle + 90) % 180 - 90) < 1.5


def test_the_motion_table_is_that_of_the_detector_itself(run, motion, photos, models):
    out, err = run(MOTION, "--photos", photos, "--model", *models)
    assert not err
    assert out[0] == f"{SCENES} photographs, each moved in 12 directions"  # blurred ones left out
    table = rows(out)
    lengths = ["0", "8", "16", "24", "all"]
    assert [row[:2] for row in table] == [[str(model), n] for model in models for n in lengths]
    detector = Detector.load(models[0])
    sharp = [read_rgb(path) for path in sorted(photos.glob("sharp/*.png"))]
    still = [detector.predict(rgb) for rgb in sharp]
    gone = {
        angle: [detector.predict(motion["moved"](rgb, 16, angle)) for rgb in sharp]
        for angle in range(0, 180, 15)
    }
    areas = {angle: area(still, some) for angle, some in gone.items()}
    every = [verdict for some in gone.values() for verdict in some]
    for verdicts, row in ((still, table[0]), (every, table[2])):
        found = np.mean([verdict.probability >= 0.5 for verdict in verdicts])
        called = np.mean([verdict.label == "blurred" for verdict in verdicts])
        np.testing.assert_allclose([number(cell) for cell in row[3:5]], [found, called], atol=6e-4)
    assert number(table[2][2]) == pytest.approx(area(still, every), abs=6e-4)
    worst, _, value = table[2][5].partition(" degrees, ")
    assert float(value) == pytest.approx(min(areas.values()), abs=6e-4)
    assert areas[int(worst)] == min(areas.values())


def area(still: list, gone: list) -> float:
    """ROC AUC of P of moved photographs against that of unmoved ones."""
    p = [verdict.probability for verdict in still + gone]
    return roc_auc_score([0] * len(still) + [1] * len(gone), p)
