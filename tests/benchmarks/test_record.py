"""``benchmarks/_record.py`` and ``_origin.py``: what is kept, and what is not."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.conftest import BENCHMARKS, ROOT
from tests.benchmarks.pages import agree, check, tables

DOC = """How much of it.

Measured ``twice``.
Example: python benchmarks/toy.py
"""
COLUMNS = {"what": "", "share": ".1%", "rounds": ".2f"}


@pytest.fixture
def keep(monkeypatch, tmp_path):
    """Keep a table of toys, as ``benchmarks/toy.py`` with these words: page and figures."""
    import _record

    def answer(*words: str) -> tuple[str, dict]:
        monkeypatch.setattr(sys, "argv", ["toy.py", *words])
        args = argparse.Namespace(out=tmp_path, no_record=False)
        with _record.recording("toy.py", DOC, args) as record:
            record.heading("Toys")
            table = record.table(COLUMNS)
            table.row("a", 0.1256, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
            table.row("b", None, 2, form=".0f")
            for word in words:
                record.say(f"seen in {word}")
        page = (tmp_path / "toy.md").read_text()
        return page, json.loads((tmp_path / "toy.json").read_text())

    return answer


def test_page_and_figures_have_the_same_tables_and_the_page_can_be_included(keep):
    page, figures = keep("--rounds", "3")
    check(page, figures)
    assert page.startswith("## How much of it\n\nMeasured `twice`.\n\n### Toys\n\n| what |")
    assert tables(page) == [
        [
            list(COLUMNS),
            ["a", "12.6%", "1.00, 2.00, 3.00, 4.00, 5.00, ..."],
            ["b", "-", "2"],
        ]
    ]
    assert figures["tables"][0] == {
        "title": "Toys",
        "columns": list(COLUMNS),
        "rows": [["a", 0.1256, [1, 2, 3, 4, 5, 6]], ["b", None, 2]],
    }


@pytest.mark.parametrize(("cell", "value"), [("12.6%", 0.12), ("-", 1.0), ("1, 2", [1, 3])])
def test_the_check_sees_a_figure_that_differs(keep, cell, value):
    assert not agree(cell, value)
    page, figures = keep()
    figures["tables"][0]["rows"][0][1] = 0.13
    with pytest.raises(AssertionError):
        check(page, figures)


def test_paths_outside_the_repository_are_not_kept(keep, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    (tmp_path / "photos").mkdir()
    words = ("--photos", f"{tmp_path}/photos", "--names", "data/partial_test.txt", "--model=best")
    page, figures = keep(*words, f"--venv={tmp_path}/bin/python", str(ROOT / "data" / "sample"))
    assert figures["command"] == (
        "python benchmarks/toy.py --photos FOLDER/photos --names data/partial_test.txt "
        "--model=best --venv=FOLDER/python data/sample"
    )
    assert "seen in FOLDER/photos" in page
    assert str(tmp_path) not in page and str(ROOT) not in page


def test_a_run_that_fails_and_one_that_is_told_so_keep_nothing(tmp_path):
    import _record

    def fail(no_record, error=None):
        args = argparse.Namespace(out=tmp_path / "results", no_record=no_record)
        with _record.recording("toy.py", DOC, args) as record:
            record.table(COLUMNS)
            if error:
                raise error

    fail(True)
    with pytest.raises(OSError, match="wrong"):
        fail(False, OSError("wrong"))
    assert not (tmp_path / "results").exists()
    fail(False)
    assert (tmp_path / "results").exists()


def test_a_row_of_another_length_is_refused(capsys):
    import _record

    with pytest.raises(ValueError, match="expected 3 cells, got 2"):
        _record.Table(COLUMNS).row("a", 1.0)


def test_a_changed_tree_is_told_from_that_of_the_commit_but_for_results(monkeypatch, tmp_path):
    import _origin

    def git(*words):
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)

    monkeypatch.setattr(_origin, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert _origin.commit() == {"commit": None, "changed": None}
    (tmp_path / "code.py").write_text("1\n")
    git("init")
    git("add", ".")
    git("commit", "-m", "a")
    assert _origin.commit()["changed"] is False
    (tmp_path / _origin.RESULTS).mkdir(parents=True)
    (tmp_path / _origin.RESULTS / "speed.md").write_text("fast\n")
    assert _origin.commit()["changed"] is False
    (tmp_path / "code.py").write_text("2\n")
    found = _origin.commit()
    assert found["changed"] is True and len(str(found["commit"])) >= 7


def test_every_benchmark_is_in_the_readme_and_no_helper_is():
    text = (BENCHMARKS / "README.md").read_text()
    named = {line.split("`")[1] for line in text.splitlines() if line.startswith("| `")}
    scripts = {path.name for path in BENCHMARKS.glob("*.py")}
    assert named == {name for name in scripts if not name.startswith("_")}


PAGES = sorted((BENCHMARKS / "results").glob("*.md"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_committed_page_and_its_figures_agree(path: Path):
    figures = json.loads(path.with_suffix(".json").read_text())
    check(path.read_text(), figures)
    script = figures["command"].split()[1]
    assert (ROOT / script).exists() and path.stem.startswith(Path(script).stem)
    assert "/tmp" not in path.read_text() and "/home" not in path.read_text()


def test_each_committed_figure_has_its_page():
    stems = {path.stem for path in (BENCHMARKS / "results").glob("*.json")}
    assert stems == {path.stem for path in PAGES} and "accuracy" in stems
