"""``benchmarks/robustness.py``: what it prints is so."""

import os
import runpy
import subprocess
import sys
from contextlib import redirect_stdout
from io import StringIO

import cv2
import numpy as np
import pytest

from blurdct.datasets.perturbations import PERTURBATIONS
from blurdct.images.reader import read_rgb
from blurdct.inference.detector import Detector
from tests.benchmarks import pages
from tests.benchmarks.conftest import BENCHMARKS, ROOT, SCENES, asked
from tests.benchmarks.pages import number
from tests.helpers import toys

# of these two the same is expected where they have the same in common
BOTH = pytest.mark.parametrize("name", ["robustness", "motion"])


@pytest.fixture(scope="module")
def tables(photos, models):
    """Rows of a table per model, and of the one on halving."""
    script = str(BENCHMARKS / "robustness.py")
    options = ["--no-record", "--photos", photos, "--model", *models, "--workers", 1]
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(StringIO()) as out:
        patch.syspath_prepend(BENCHMARKS)
        patch.setattr(sys, "argv", [script, *map(str, options)])
        runpy.run_path(script, run_name="__main__")
    return [table[1:] for table in pages.tables(out.getvalue())]


def test_every_model_has_a_row_for_every_change(tables):
    for table in tables[:2]:
        assert [row[0] for row in table] == list(PERTURBATIONS)


def test_the_numbers_are_those_of_the_detector_itself(tables, photos, models):
    paths = sorted(photos.rglob("*.png"))
    for table, model in zip(tables, models, strict=False):
        detector = Detector.load(model)
        for change in ("halved", "JPEG 40", "two stops darker", "mirrored", "white border"):
            rgb = [read_rgb(path) for path in paths]
            before = [asked(detector, one) for one in rgb]
            after = [asked(detector, PERTURBATIONS[change](one, None)) for one in rgb]
            p, q = (np.array([one.probability for one in some]) for some in (before, after))
            labels = [one.shown != two.shown for one, two in zip(before, after, strict=True)]
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
    whole = runpy.run_path(str(BENCHMARKS / "robustness.py"))["mosaic"](photo, 64)
    assert whole.shape == (60, 90, 3)  # the fewest times that are over 64
    np.testing.assert_array_equal(whole[:20, :30], photo)
    np.testing.assert_array_equal(whole[20:40, 30:60], photo[::-1, ::-1])
    for edge in (30, 60):
        np.testing.assert_array_equal(whole[:, edge - 1], whole[:, edge])


def test_a_limit_draws_photographs_by_the_seed_alone(run, photos, models):
    def some(limit, seed):
        options = ("--limit", limit, "--seed", seed, "--model", models[0])
        return run("robustness", "--workers", 1, "--photos", photos, *options)[0]

    assert some(3, 1)[0] == f"### {models[0]}, 3 photographs"
    assert some(3, 1) == some(3, 1) != some(3, 2)
    assert some(1000, 1)[0] == f"### {models[0]}, {2 * SCENES} photographs"


def test_an_unreadable_photo_is_one_line_and_the_rest_goes_on(run, tmp_path, models):
    folder = toys.save_photos(tmp_path / "photos", 1)
    (folder / "sharp" / "notes.jpg").write_text("words")
    for name, count in (("robustness", 2), ("motion", 1)):
        out, err = run(name, "--workers", 1, "--photos", folder, "--model", models[0])
        line = f"{folder}/sharp/notes.jpg: not an image, or of an unknown format"
        assert err == [line]
        assert f"{count} photographs" in out[0]


def test_photographs_without_labels_and_those_of_a_manifest_are_judged(run, tmp_path, models):
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed in range(3):
        cv2.imwrite(str(folder / f"{seed}.png"), toys.photo(seed))
    for count in (3, 2):
        out, _ = run("robustness", "--workers", 1, "--photos", folder, "--model", models[0])
        assert out[0].endswith(f", {count} photographs")
        (folder / "manifest.csv").write_text("path\n0.png\n2.png\n")


@BOTH
def test_what_a_user_gets_wrong_is_one_line(name, refusal, photos, models, tmp_path):
    assert (
        refusal(name, "--workers", 1, "--photos", tmp_path / "none")
        == f"{tmp_path / 'none'}: no such folder"
    )
    line = refusal(name, "--workers", 1, "--photos", photos, "--model", "dct-xbg")
    assert line.startswith("no model 'dct-xbg'")
    (tmp_path / "a.jpg").write_text("words")
    line = refusal(name, "--workers", 1, "--photos", tmp_path, "--model", models[0])
    assert line.startswith(f"{tmp_path}: no") and line.endswith("could be judged")


def test_a_limit_of_none_is_refused(refusal, photos):
    assert refusal("robustness", "--photos", photos, "--limit", 0) == (
        "--limit: expected at least 1, got 0"
    )


@pytest.mark.slow
@BOTH
def test_more_processes_print_the_same(name, run, photos, models):
    options = ("--photos", photos, "--model", models[0])
    process = subprocess.run(
        [sys.executable, BENCHMARKS / f"{name}.py", "--no-record", *options, "--workers", "2"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (process.returncode, process.stderr) == (0, "")
    out, _ = run(name, *options, "--workers", 1)
    assert process.stdout.splitlines() == out


@BOTH
def test_a_benchmark_explains_itself_with_an_example(name, run, capsys):
    with pytest.raises(SystemExit) as caught:
        run(name, "--help")
    assert caught.value.code == 0
    assert f"Example: python benchmarks/{name}.py" in capsys.readouterr().out


def test_page_and_figures_agree(bench, photos, models):
    answer = bench("robustness", "--photos", photos, "--model", *models, "--workers", 1)
    titles = [table["title"] for table in answer.figures["tables"]]
    assert titles == [
        *(f"FOLDER/{model.name}, {2 * SCENES} photographs" for model in models),
        "halved, by the photo's longer side",
    ]
    words = f"--photos FOLDER/{photos.name} --model FOLDER/one FOLDER/two --workers 1"
    assert words in answer.figures["command"]
