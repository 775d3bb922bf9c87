"""Texts that a spreadsheet would take for formulas, made harmless and given back; Parquet."""

import csv
import subprocess
import sys

import pytest
from hypothesis import given, strategies as st

from blurdct import results
from blurdct.results import COLUMNS
from blurdct.utils import row_files
from blurdct.utils.row_files import ESCAPED, escaped, is_formula, unescaped
from tests.helpers.rows import row

FORMULAS = ["=1+1.jpg", "+a.jpg", "-a.jpg", "@SUM(1).jpg", "\t=1.jpg", "\r=1.jpg", "\uff1d1.jpg"]
HARMLESS = ["a=1.jpg", "'a.jpg", "-5", "+1e3", "", "a/-b.jpg", "caf\udce9.jpg"]


@pytest.mark.parametrize("text", FORMULAS)
def test_what_begins_like_a_formula_is_one(text):
    assert is_formula(text)


@pytest.mark.parametrize("value", [*HARMLESS, -5, -0.5, None, True])
def test_numbers_and_other_texts_are_none(value):
    assert not is_formula(value)


def test_no_cell_of_an_escaped_file_begins_like_a_formula_and_it_reads_as_before(tmp_path):
    names = [*FORMULAS, "'=1.jpg", *filter(None, HARMLESS)]
    rows = [row(name, 0.5, reason="=2", bytes=-1) for name in names]
    path = tmp_path / "r.csv"
    results.write(path, escaped(rows), {**COLUMNS, ESCAPED: str})
    with open(path, newline="", errors="surrogateescape") as file:
        for cells in csv.reader(file):
            assert not any(map(is_formula, cells))
    assert list(results.read(path)) == rows


def test_a_file_that_was_not_escaped_keeps_its_apostrophes(tmp_path):
    rows = [row("'=1.jpg"), row("''.jpg")]
    results.write(tmp_path / "r.csv", rows)
    assert list(results.read(tmp_path / "r.csv")) == rows


def test_a_column_of_others_of_that_name_is_left_as_it_is(tmp_path):
    (tmp_path / "r.csv").write_text("path,escaped\n'a.jpg,yes\n")
    (found,) = results.read(tmp_path / "r.csv")
    assert (found["path"], found["escaped"]) == ("'a.jpg", "yes")


@given(st.lists(st.fixed_dictionaries({"a": st.text(), "b": st.text() | st.integers()})))
def test_any_texts_come_back(rows):
    assert list(unescaped(escaped(rows))) == rows


def test_a_parquet_file_is_written_without_pandas_which_takes_long_to_import(tmp_path):
    code = (
        "import sys; from blurdct.results import write; "
        f"write({str(tmp_path / 'r.parquet')!r}, [{{'path': 'a', 'bytes': 1}}, {{'path': 'b'}}]); "
        "sys.exit('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_column_of_arrow_is_what_arrow_itself_makes_of_it():
    pyarrow = pytest.importorskip("pyarrow")
    of_kinds = {
        pyarrow.string(): ["a", None, "", "\u00e9"] * 3,
        pyarrow.binary(): [b"\xff", None, b"", b"x"] * 3,
        pyarrow.int64(): [1, None, -(2**62), 0] * 3,
        pyarrow.float64(): [0.5, None, -0.0, 3] * 3,
        pyarrow.bool_(): [True, None, False, False] * 3,
    }
    for kind, values in of_kinds.items():
        for some in (values, values[:3], [None, None], []):
            made = row_files._arrow(some, kind)
            made.validate(full=True)
            assert made.equals(pyarrow.array(some, kind)), kind
