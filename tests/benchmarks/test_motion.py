"""``benchmarks/motion.py``: what it prints is so."""

import runpy

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from blurdct.images.reader import read_rgb
from blurdct.inference.detector import Detector
from tests.benchmarks.conftest import BENCHMARKS, SCENES, asked
from tests.benchmarks.pages import number, rows


@pytest.fixture
def motion() -> dict:
    """The functions of the benchmark."""
    return runpy.run_path(str(BENCHMARKS / "motion.py"))


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
    out, err = run("motion", "--workers", 1, "--photos", photos, "--model", *models)
    assert not err
    assert out[0] == f"{SCENES} photographs, each moved in 12 directions"  # blurred ones left out
    table = rows(out)
    lengths = ["0", "8", "16", "24", "all"]
    assert [row[:2] for row in table] == [[str(model), n] for model in models for n in lengths]
    detector = Detector.load(models[0])
    sharp = [read_rgb(path) for path in sorted(photos.glob("sharp/*.png"))]
    still = [asked(detector, rgb) for rgb in sharp]
    gone = {
        angle: [asked(detector, motion["moved"](rgb, 16, angle)) for rgb in sharp]
        for angle in range(0, 180, 15)
    }
    areas = {angle: area(still, some) for angle, some in gone.items()}
    every = [verdict for some in gone.values() for verdict in some]
    for verdicts, row in ((still, table[0]), (every, table[2])):
        found = np.mean([verdict.probability >= 0.5 for verdict in verdicts])
        called = np.mean([verdict.shown == "blurred" for verdict in verdicts])
        np.testing.assert_allclose([number(cell) for cell in row[3:5]], [found, called], atol=6e-4)
    assert number(table[2][2]) == pytest.approx(area(still, every), abs=6e-4)
    worst, value = table[2][5:]
    assert float(value) == pytest.approx(min(areas.values()), abs=6e-4)
    assert areas[int(worst)] == min(areas.values())


def area(still: list, gone: list) -> float:
    """ROC AUC of P of moved photographs against that of unmoved ones."""
    p = [verdict.probability for verdict in still + gone]
    return roc_auc_score([0] * len(still) + [1] * len(gone), p)


def test_page_and_figures_agree(bench, photos, models):
    answer = bench("motion", "--photos", photos, "--model", models[0], "--workers", 1)
    assert f"{SCENES} photographs, each moved in 12 directions" in answer.page
    (table,) = answer.figures["tables"]
    assert [row[:2] for row in table["rows"]] == [
        ["FOLDER/one", pixels] for pixels in ("0", "8", "16", "24", "all")
    ]
    assert table["rows"][0][2] is None
