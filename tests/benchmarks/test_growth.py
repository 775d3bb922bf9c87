"""``benchmarks/growth.py``: a row for each number and size, and as what power time grows."""

import re
import runpy
import sys

from tests.benchmarks.conftest import ROOT


def test_each_number_and_each_size_has_its_row_and_is_drawn(bench, models, tmp_path, monkeypatch):
    words = ("--counts", 9, 3, "--megapixels", 0.1, 0.02, "--workers", 1)
    answer = bench("growth", *words, "--model", models[0])
    counts, sizes = (table["rows"] for table in answer.figures["tables"])
    assert [row[0] for row in counts] == [3, 9] and [row[0] for row in sizes] == [0.02, 0.1]
    for count, seconds, rate, used, parent, worker in counts:
        assert abs(rate - count / seconds) < 0.01 * rate and used > 0 and min(parent, worker) > 20
    for size, took, rate, pixels, memory in sizes:
        assert abs(rate - 1000 / took) < 0.01 * rate and memory > 20
        assert abs(pixels - size * rate) < 0.01 * pixels
    assert re.search(r"by photographs: -?[\d.]+ up to 9\.", answer.page)
    assert re.search(r"by megapixels: -?[\d.]+ up to 0\.1\.", answer.page)
    script, plot = str(ROOT / "docs" / "figures" / "draw_growth.py"), tmp_path / "growth.png"
    results = str(tmp_path / "results" / "growth.json")
    monkeypatch.setattr(sys, "argv", [script, "--results", results, "--out", str(plot)])
    runpy.run_path(script, run_name="__main__")
    assert plot.stat().st_size > 5000


def test_no_photographs_are_no_measure(refusal):
    assert "expected numbers over 0" in refusal("growth", "--counts", 0, "--megapixels", 1)
