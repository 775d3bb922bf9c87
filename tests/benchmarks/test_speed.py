"""``benchmarks/speed.py``: each measure has its row."""

import statistics

import pytest

from blurdct.kernel import choice


@pytest.mark.slow
def test_each_measure_has_its_median_and_page_and_figures_agree(bench):
    small = ("--photos", 55, "--large", 52, "--huge", 0, "--images", 4, "--seconds", 0.1)
    answer = bench("speed", "--workers", 1, "--rounds", 1, *small)
    (table,) = answer.figures["tables"]
    names = [row[0] for row in table["rows"]]
    kernels = dict.fromkeys((choice.name(), "numpy"))
    assert len(names) == 11 + len(kernels)
    assert names[len(kernels) - 1] == "features alone by NumPy, 1 processes, million blocks/s"
    assert all(median == statistics.median(rounds) > 0 for _, median, rounds in table["rows"])
    rows = table["rows"][len(kernels) : len(kernels) + 2]
    assert [len(row[2]) for row in rows] == [3, 3]
    command, ratio = (row[1] for row in rows)
    assert command > 0.05 and ratio > 1  # it imports no less


def test_too_few_photographs_to_time_are_refused(refusal):
    assert "expected more than 50" in refusal("speed", "--photos", 50)
