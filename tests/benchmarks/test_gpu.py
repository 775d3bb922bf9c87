"""``benchmarks/gpu.py``: the lines of a GPU, which a processor can try."""

import pytest
import torch

from tests.benchmarks.pages import rows


def test_the_same_lines_run_on_a_processor_under_another_name(run):
    words = ("--device", "cpu", "--rounds", 1, "--batch", 2, "--photos", 2, "--workers", 1)
    lines, _ = run("gpu", *words, "--no-tests")
    assert lines[0].startswith("no GPU: the processor; torch ")
    found = rows(lines)
    assert [row[0] for row in found[:2]] == [
        "unfold + DCT + statistics, million blocks/s",
        "numbers of `best`, batch of 2, photos/s",
    ]
    assert [row[:2] for row in found[2:]] == [
        [stage, by]
        for by in ("NumPy", "torch, cpu")
        for stage in ("4, coefficients", "5, statistics")
    ]
    assert all(float(row[-1].split(",")[0]) > 0 for row in found)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_its_benchmark_is_one_line(refusal):
    assert refusal("gpu") == "no CUDA device"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_the_gpu_has_its_medians(bench):
    rates, _ = bench("gpu", "--rounds", 2, "--no-tests").figures["tables"]
    assert all(len(row[2]) == 2 for row in rates["rows"])
