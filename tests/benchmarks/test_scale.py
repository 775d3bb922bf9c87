"""``benchmarks/scale.py``: what it runs, and its arithmetic."""

import argparse
import runpy
from pathlib import Path

import pytest

from tests.benchmarks.conftest import BENCHMARKS

pytest.importorskip("ray", reason="Ray is not installed")

PHOTO, PART, START = 0.002, 0.05, 3.0  # seconds


@pytest.fixture
def script():
    return runpy.run_path(str(BENCHMARKS / "scale.py"))


def test_what_takes_longer_decides_and_cores_are_paid_while_they_wait(script):
    args = argparse.Namespace(bytes=200e3, storage=2e9, cores=100, price=0.04)
    count, size, fetching, judging, hours, core_hours, cost = script["projected"](
        10**8, 100.0, args
    )
    assert (count, size) == (10**8, pytest.approx(20))
    assert fetching == hours == pytest.approx(10_000 / 3600)  # 2e13 bytes at 2e9 a second
    assert judging == pytest.approx(hours)  # 1e8 photographs at 1e4 a second
    assert core_hours == pytest.approx(100 * hours) and cost == pytest.approx(4 * hours)
    args.cores = 10
    assert script["projected"](10**8, 100.0, args)[4] == pytest.approx(10 * hours)


def test_page_and_figures_agree_and_costs_are_those_of_the_runs(bench, monkeypatch):
    """Runs that take what a clock of ours says, as each real one takes some ten seconds."""
    import _processes

    def watched(line):
        source, engine = line[line.index("scan") + 1], line[line.index("--engine") + 1]
        workers = int(line[line.index("--workers") + 1])
        ray = engine == "ray"
        if source.endswith(".txt"):
            photos = Path(source).read_text().count("\n")
            parts = int(Path(source).stem)
        else:
            photos, parts = {"few": 32, "many": 132}[source.rpartition("/")[2]], 0
        seconds = START + photos * PHOTO * (1.25 if ray else 1) / workers + parts * PART * ray
        return _processes.Run(seconds=seconds)

    monkeypatch.setattr(_processes, "watched", watched)
    answer = bench("scale", "--count", 132, "--rounds", 1)
    rates, costs, projection = answer.figures["tables"]
    assert [row[:2] for row in rates["rows"]] == [
        ["local", 1],
        ["ray", 1],
        ["local", 2],
        ["ray", 2],
    ]
    assert [row[5] for row in rates["rows"]] == pytest.approx([1, 0.8, 1, 0.8], abs=0.01)
    assert [row[1] for row in costs["rows"]] == pytest.approx([2, 2.5, 50], rel=0.01)
    assert [row[0] for row in projection["rows"]] == [10**6, 10**8, 10**9]
    assert "0.04 for a core hour" in answer.page


def test_too_few_photographs_are_refused(run, capsys):
    with pytest.raises(SystemExit):
        run("scale", "--count", 8)
    assert "--count: expected over 32" in capsys.readouterr().err
