"""``benchmarks/scan_load.py``: it finds what is wrong, and a scan without fault passes."""

import runpy
from pathlib import Path

import pytest

from tests.benchmarks.conftest import BENCHMARKS


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is looked up in /proc")
def test_a_scan_that_is_killed_and_resumed_ends_as_one_that_is_not(bench):
    words = ("--photos", 400, "--broken", 0.1, "--kills", 2, "--within", 0.7)
    answer = bench("scan_load", *words)
    assert "400 photographs, 40 of them broken" in answer.page
    runs, checks, memory = (table["rows"] for table in answer.figures["tables"])
    assert [row[0] for row in runs] == ["killed", "killed", "ran to its end", "undisturbed"]
    assert all("FOLDER/" in row[2] and "40 unreadable" in row[2] for row in runs[2:])
    assert [row[1] for row in checks] == [0, "yes"]
    assert [row[0] for row in memory] == ["parent", "largest worker"]
    assert all(row[2] > 20 for row in memory)


def test_every_kind_of_fault_is_seen(tmp_path):
    compare = runpy.run_path(str(BENCHMARKS / "scan_load.py"))["compare"]
    expected = {"a": False, "b": True, "c": False}
    rows = ["path,label,error", "a,sharp,", "b,,empty file", "c,sharp,"]

    def faults(*changed):
        (tmp_path / "out.csv").write_text("\n".join(changed) + "\n")
        return len(compare(tmp_path / "out.csv", expected))

    assert faults(*rows) == 0
    assert faults(*rows[:3]) == 1  # missing
    assert faults(*rows, rows[3]) == 1  # twice
    assert faults(rows[0], rows[2], rows[1], rows[3]) == 2  # misplaced
    assert faults(*rows[:2], "b,sharp,", rows[3]) == 1  # an answer for what is broken
    assert faults(*rows[:3], "c,,empty file") == 1  # an error for what is not


def test_nothing_is_kept_of_a_run_that_finds_a_fault(monkeypatch, tmp_path):
    # a scan that knows of no photo leaves rows missing
    import _processes

    def watched(words, moment=None):
        Path(words[words.index("--out") + 1]).write_text("path,label,error\n")
        return _processes.Run(seconds=0.1, said="nothing there")

    monkeypatch.setattr(_processes, "watched", watched)
    words = ["scan_load.py", "--photos", "8", "--out", str(tmp_path / "results")]
    monkeypatch.setattr("sys.argv", words)
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(BENCHMARKS / "scan_load.py"), run_name="__main__")
    assert caught.value.code == 1
    assert not (tmp_path / "results").exists()
