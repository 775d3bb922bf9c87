"""``benchmarks/maps.py``: what it prints is so."""

import runpy
from pathlib import Path

import cv2
import numpy as np
import pytest
from sklearn import metrics as sk

from tests.benchmarks import pages
from tests.benchmarks.conftest import BENCHMARKS


@pytest.fixture
def pairs(tmp_path) -> Path:
    """Three photographs of noise whose right 60 % were blurred, with their masks, and a list."""
    rng = np.random.default_rng(0)
    for folder in ("image", "mask"):
        (tmp_path / folder).mkdir()
    for name in ("a", "b", "c"):
        sharp = rng.integers(0, 256, (160, 240), dtype=np.uint8)
        mask = np.zeros(sharp.shape, np.uint8)
        mask[:, 96:] = 255
        soft = np.where(mask, cv2.GaussianBlur(sharp, (0, 0), 3), sharp)
        cv2.imwrite(str(tmp_path / "image" / f"{name}.png"), soft)
        cv2.imwrite(str(tmp_path / "mask" / f"{name}.png"), mask)
    (tmp_path / "names.txt").write_text("# two of three\na\nc\n")
    return tmp_path


def test_the_measures_find_what_was_blurred_and_a_missing_model_has_no_row(run, pairs):
    words = ("--photos", pairs, "--names", pairs / "names.txt", "--model", "no-such")
    out = "\n".join(run("maps", *words)[0])
    assert "2 photographs, 60.0% of their pixels blurred" in out
    assert "no row for no-such: no model 'no-such'" in out
    numbers = {
        name: [float(value) for value in rest] for name, *rest in pages.rows(out.splitlines())
    }
    plain, laplacian, high = numbers.values()
    assert plain == [0.5, 0.5, 0.75]
    assert min(*laplacian, *high) > 0.95
    assert [name.partition(",")[0] for name in numbers][1:] == ["Laplacian", "high band"]


def test_pixels_are_ranked_as_by_scikit_learn():
    ranked = runpy.run_path(str(BENCHMARKS / "maps.py"))["ranked"]
    rng = np.random.default_rng(1)
    for levels in (3, 50, 10**6):  # few levels: many alike
        blurred = rng.random(2000) < 0.3
        score = np.round((rng.random(2000) + 0.3 * blurred) * levels).astype(np.float32)
        area, f1 = ranked(blurred, score)
        assert area == pytest.approx(sk.roc_auc_score(blurred, score))
        precision, recall, _ = sk.precision_recall_curve(blurred, score)
        best = np.max(2 * precision * recall / np.maximum(precision + recall, 1e-9))
        assert f1 == pytest.approx(best)


@pytest.mark.parametrize(
    ("names", "words"),
    [("a\nnone\n", "lacks none"), ("# nothing\n", "lacks photographs"), (None, "No such file")],
)
def test_a_list_that_does_not_fit_is_one_line(refusal, pairs, names, words):
    listed = pairs / "list.txt"
    if names is not None:
        listed.write_text(names)
    assert words in refusal("maps", "--photos", pairs, "--names", listed)


def test_page_and_figures_agree(bench, pairs):
    answer = bench("maps", "--photos", pairs, "--names", pairs / "names.txt", "--model", "dct-net")
    (table,) = answer.figures["tables"]
    assert [len(row) for row in table["rows"]] == [4, 4, 4]
    words = f"--photos FOLDER/{pairs.name} --names FOLDER/names.txt --model dct-net"
    assert words in answer.figures["command"]
