"""``benchmarks/scan.py``: what it measures, and on what."""

import runpy

import numpy as np
import pytest

from tests.benchmarks.conftest import BENCHMARKS


def test_photographs_are_reduced_or_continued_but_never_enlarged():
    fitted = runpy.run_path(str(BENCHMARKS / "scan.py"))["fitted"]
    small = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    grown = fitted(small, 120, 90)
    assert grown.shape == (90, 120, 3)
    assert (grown[:40, :50] == small).all() and (grown[:40, 50:100] == small[:, ::-1]).all()
    assert fitted(grown, 60, 45).shape == (45, 60, 3)


@pytest.mark.slow
def test_there_is_a_row_for_each_contender_and_page_and_figures_agree(bench):
    answer = bench("scan", "--count", 24, "--large", 0, "--rounds", 1, "--workers", 1)
    assert "pip install cleanvision" in answer.page
    (table,) = answer.figures["tables"]
    whats = ("blurdct scan", "predict_many", "grey decoding", "Laplacian variance")
    assert [row[:3] for row in table["rows"]] == [["1024 pixels", 1, what] for what in whats]
    assert table["rows"][0][5] == 1  # a scan beside itself
    # of one worker, predict_many has none beside itself
    assert all(row[4] > 0 and row[7] > 20 for row in table["rows"])
