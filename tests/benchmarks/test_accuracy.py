"""``benchmarks/accuracy.py``: nothing in its table but what reports say."""

import json

import pytest

from blurdct.inference.bundle import load
from tests.benchmarks.conftest import ROOT

REPORTS = ROOT / "benchmarks" / "results" / "models"


def test_every_figure_is_that_of_a_report_and_page_and_figures_agree(bench):
    answer = bench("accuracy")
    (table,) = answer.figures["tables"]
    places = (("best", "dct-fusion"), ("dct-xgb", "dct-xgb"), ("comparison", "laplacian"))
    for row, (folder, name) in zip(table["rows"], places, strict=True):
        one = json.loads((REPORTS / folder / "report.json").read_text())["models"][name]
        assert name in row[0]
        assert row[1:3] == [one["real"]["roc_auc"], one["real"]["accuracy"]]
        assert row[3] == load(name).training["judged"]["ms_per_photo"]
    assert "1,517 photographs of 233 scenes" in answer.page


def test_the_committed_table_is_of_the_committed_reports(bench):
    kept = json.loads((ROOT / "benchmarks" / "results" / "accuracy.json").read_text())
    assert bench("accuracy").figures["tables"] == kept["tables"]


def test_a_report_that_is_none_is_one_line(refusal, tmp_path):
    assert "No such file" in refusal("accuracy", "--models", tmp_path)
    (tmp_path / "best").mkdir()
    (tmp_path / "best" / "report.json").write_text("words")
    line = refusal("accuracy", "--models", tmp_path)
    assert line == f"{tmp_path}/best/report.json: not a report"


@pytest.mark.parametrize("folder", ["dct-xgb", "best", "comparison"])
def test_each_report_is_there_for_people_and_for_programs(folder):
    assert (REPORTS / folder / "report.md").read_text().startswith("# ")
    assert json.loads((REPORTS / folder / "report.json").read_text())["models"]
