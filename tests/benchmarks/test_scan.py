import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

TOOLS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def load_scan(monkeypatch):
    """The module of the load test."""
    monkeypatch.syspath_prepend(TOOLS)
    import scan_load

    return scan_load


def run(tool: str, *words: object) -> str:
    """What a tool prints."""
    command = [sys.executable, TOOLS / tool, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is looked up in /proc")
def test_a_scan_that_is_killed_and_resumed_ends_as_one_that_is_not():
    said = run("scan_load.py", "--photos", 400, "--broken", 0.1, "--kills", 2, "--within", 0.7)
    assert "400 photographs, 40 of them broken" in said
    assert said.count("killed after") == 2 and "40 unreadable" in said
    assert "misplaced or wrong: 0" in said and "the same file: True" in said
    assert "| parent |" in said


def test_the_load_test_sees_every_kind_of_fault(load_scan, tmp_path):
    expected = {"a": False, "b": True, "c": False}
    rows = ["path,label,error", "a,clear,", "b,,empty file", "c,clear,"]

    def faults(*changed):
        (tmp_path / "out.csv").write_text("\n".join(changed) + "\n")
        return len(load_scan.compare(tmp_path / "out.csv", expected))

    assert faults(*rows) == 0
    assert faults(*rows[:3]) == 1  # missing
    assert faults(*rows, rows[3]) == 1  # twice
    assert faults(rows[0], rows[2], rows[1], rows[3]) == 2  # misplaced
    assert faults(*rows[:2], "b,clear,", rows[3]) == 1  # an answer for what is broken
    assert faults(*rows[:3], "c,,empty file") == 1  # an error for what is not


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is looked up in /proc")
def test_a_process_that_takes_memory_is_seen_and_one_that_fails_ends_it(load_scan):
    code = "import time; taken = b'x' * 150_000_000; del taken; time.sleep(0.3)"
    watched = load_scan.watched([sys.executable, "-c", code])
    assert 150 < watched.peak(parent=True) < 250 and watched.peak(parent=False) == 0
    with pytest.raises(SystemExit, match="wrong"):
        load_scan.watched([sys.executable, "-c", "import sys; print('wrong'); sys.exit(3)"])


def test_photographs_are_reduced_or_continued_but_never_enlarged(monkeypatch):
    monkeypatch.syspath_prepend(TOOLS)
    import scan as bench_scan

    small = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    grown = bench_scan.fitted(small, 120, 90)
    assert grown.shape == (90, 120, 3)
    assert (grown[:40, :50] == small).all() and (grown[:40, 50:100] == small[:, ::-1]).all()
    assert bench_scan.fitted(grown, 60, 45).shape == (45, 60, 3)


def test_the_bench_has_a_row_for_each_contender():
    said = run("scan.py", "--count", 24, "--large", 0, "--rounds", 1, "--workers", 1)
    assert "pip install cleanvision" in said
    rows = [line.split("|")[1:-1] for line in said.splitlines() if line.startswith("|")]
    assert len({len(row) for row in rows}) == 1
    names = [[cell.strip() for cell in row[:3]] for row in rows[2:]]
    whats = ("blurdct scan", "grey decoding", "Laplacian variance")
    assert names == [["1024 pixels", "1", what] for what in whats]
