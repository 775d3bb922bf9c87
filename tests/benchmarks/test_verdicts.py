"""``benchmarks/verdicts.py``: nothing in its tables but what bundles and reports say."""

import json

import pytest

from blurdct.inference.bundle import NAMES, load
from tests.benchmarks.conftest import ROOT

RESULTS = ROOT / "benchmarks" / "results"


@pytest.fixture(scope="module")
def kept() -> list[list]:
    """The committed tables."""
    figures = json.loads((RESULTS / "verdicts.json").read_text(encoding="utf-8"))
    return [table["rows"] for table in figures["tables"]]


def test_the_committed_tables_are_of_the_shipped_models_and_the_committed_reports(bench, kept):
    assert [table["rows"] for table in bench("verdicts").figures["tables"]] == kept


def test_every_limit_is_the_bundles_own(kept):
    for name, limits, shares in zip(NAMES, kept[0], kept[1], strict=True):
        bundle = load(name)
        at = bundle.thresholds
        assert f"`{name}`" in limits[0] and f"`{name}`" in shares[0]
        assert limits[1:] == pytest.approx([at.sure_sharp, at.decision, at.sure_blurred], abs=1e-6)
        assert shares[1:] == pytest.approx(list(bundle.known_fprs.values()), abs=1e-6)
        assert shares[1:] == sorted(shares[1:], reverse=True)  # fewer false ones, higher P


def test_of_each_label_all_photographs_have_a_verdict(kept):
    for _, photos, _, *shares in kept[2]:
        assert photos > 100
        assert sum(shares) == pytest.approx(1, abs=1e-4)


def test_a_report_is_on_the_model_that_is_shipped():
    for name, folder in (("best", "best"), ("fast", "dct-xgb")):
        whole = json.loads((RESULTS / "models" / folder / "report.json").read_text())
        (one,) = whole["models"].values()
        assert one["training"]["table_sha256"] == load(name).training["table_sha256"]


@pytest.mark.parametrize(("name", "folder"), [("best", "best"), ("fast", "dct-xgb")])
def test_what_a_bundle_says_of_itself_is_what_its_report_says(name, folder):
    whole = json.loads((RESULTS / "models" / folder / "report.json").read_text())
    (one,) = whole["models"].values()
    told = load(name).training["judged"]
    for key in ("photos", "roc_auc", "accuracy", "false_positive_rate"):
        assert told[key] == one["real"][key], key
