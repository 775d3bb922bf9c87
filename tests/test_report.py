import json
import re
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import pandas as pd
import pytest
import toys
from matplotlib import pyplot
from sklearn import metrics as sk

from blurdct.config import TrainConfig
from blurdct.report import draw, evaluate, markdown, write_json, write_markdown
from blurdct.training import OutOfFold, cross_validate, examples, judge_unseen, train

pytestmark = pytest.mark.filterwarnings("error")

QUICK = TrainConfig(folds=3, shuffles=2)
FEW = {"rounds": 20}


class Case:
    """A model trained on a table, with all that a report is made from."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.data = examples(table, QUICK)
        self.judged = cross_validate(self.data, "dct-xgb", FEW, QUICK)
        self.bundle, self.model = train(self.data, "dct-xgb", FEW, QUICK, judged=self.judged)
        self.unseen = judge_unseen(self.data, "dct-xgb", FEW, self.bundle.calibration)
        self.report = evaluate(self.data, self.judged, self.unseen, self.bundle)


@pytest.fixture(scope="module")
def full() -> Case:
    return Case(toys.table(40))


def plain() -> pd.DataFrame:
    return toys.table(30, copies=False, album=False)


def no_sharp_test() -> pd.DataFrame:
    table = toys.table(30)
    sharp_test = (table["split"] == "test") & (table["label"] == 0)
    return table.assign(split=table["split"].mask(sharp_test, "train"))


def copies_alone() -> pd.DataFrame:
    table = toys.table(40)
    return table[table["kind"] != ""].reset_index(drop=True)


def one_kind_per_source() -> pd.DataFrame:
    """No source with both labels, as two folders called sharp and blurred might be."""
    table = plain()
    return table.assign(source=np.where(table["label"] == 1, "blurred", "sharp"))


def blurred_album() -> pd.DataFrame:
    table = toys.table(30)
    return table.assign(label=table["label"].mask(table["source"] == "album", 1))


TABLES = {
    "no copies, no source of sharp ones alone": plain,
    "a test split without sharp photographs": no_sharp_test,
    "copies alone": copies_alone,
    "sources of one label each": one_kind_per_source,
    "a source of blurred ones alone": blurred_album,
    "no test split": lambda: plain().assign(split="train"),
    "odd names": lambda: toys.table(30).replace({"street": "a | b\nc", "album": "写真 *x*"}),
}


@pytest.fixture(scope="module", params=TABLES)
def case(request) -> Case:
    """Tables that lack something."""
    return Case(TABLES[request.param]())


def strict(path: Path):
    """JSON without NaN or Infinity, which are no JSON."""

    def refuse(constant):
        raise AssertionError(f"{constant} in {path}")

    return json.loads(path.read_text(), parse_constant=refuse)


def tables_of(text: str) -> list[list[list[str]]]:
    """Every Markdown table of a text as rows of cells; fails where one is not well formed."""
    tables, rows = [], []
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            assert line.endswith("|")
            rows.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
        elif rows:
            assert len({len(row) for row in rows}) == 1
            assert all(re.fullmatch("-{3,}", cell) for cell in rows[1])
            assert len(rows) > 2
            tables.append(rows)
            rows = []
    return tables


# Whatever the table lacks


def test_a_report_is_strict_json(case, tmp_path):
    write_json(case.report, tmp_path / "deep" / "report.json")
    read = strict(tmp_path / "deep" / "report.json")
    assert read["real"]["photos"] == case.data.real.sum()
    assert set(read) == set(case.report)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["report.json"]


def test_a_report_is_markdown_with_whole_tables(case, tmp_path):
    write_markdown(case.report, tmp_path / "report.md")
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert text == markdown(case.report)
    assert text.startswith("# dct-xgb\n")
    first, labels, *_ = tables_of(text)
    assert len(first) == 2 + 1 + len(case.report["sources"]) + bool(case.report["test"])
    assert [row[0] for row in labels[2:]] == ["clear", "medium", "blurred"]
    rest = [case.report["sharp_sources"], case.report["copies"]]
    assert len(tables_of(text)) == 2 + sum(bool(one) for one in rest)


@pytest.mark.parametrize("name", ["copies alone", "odd names"])
def test_a_figure_is_a_picture_with_something_on_it(name, tmp_path):
    case = Case(TABLES[name]())
    draw(case.data, case.judged, case.model, tmp_path / "report.png")
    pixels = cv2.imread(str(tmp_path / "report.png"))
    assert min(pixels.shape[:2]) > 500
    assert pixels.std() > 10
    assert (tmp_path / "report.png").read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in tmp_path.iterdir()] == ["report.png"]


def test_a_model_without_importance_is_drawn_too(full, tmp_path):
    draw(full.data, full.judged, object(), tmp_path / "report.png")
    assert cv2.imread(str(tmp_path / "report.png")) is not None


def test_drawing_leaves_the_plotting_of_others_alone(full, tmp_path):
    before = matplotlib.get_backend(), pyplot.get_fignums()
    draw(full.data, full.judged, full.model, tmp_path / "report.png")
    assert (matplotlib.get_backend(), pyplot.get_fignums()) == before


# The numbers


def test_numbers_on_real_rows_agree_with_scikit_learn(full):
    report, data = full.report, full.data
    y, p = data.y[data.real], full.judged.p[:, data.real]
    expected = {
        "roc_auc": [sk.roc_auc_score(y, one) for one in p],
        "average_precision": [sk.average_precision_score(y, one) for one in p],
        "accuracy": [sk.accuracy_score(y, one >= 0.5) for one in p],
        "precision": [sk.precision_score(y, one >= 0.5) for one in p],
        "recall": [sk.recall_score(y, one >= 0.5) for one in p],
        "f1": [sk.f1_score(y, one >= 0.5) for one in p],
        "brier": [sk.brier_score_loss(y, one) for one in p],
    }
    for name, values in expected.items():
        assert report["real"][name] == pytest.approx(np.mean(values)), name
    assert report["real"]["photos"] == 80
    assert report["real"]["blurred"] == 40


def test_a_test_split_of_few_photographs_has_no_figures(full):
    test = full.data.real & (full.data.table["split"] == "test").to_numpy()
    assert 0 < full.data.y[test].sum() < 10
    assert full.report["test"] is None


def test_each_source_and_the_test_split_have_their_own_numbers(full, monkeypatch):
    monkeypatch.setattr("blurdct.report.FEWEST", 1)
    report, data = evaluate(full.data, full.judged, full.unseen, full.bundle), full.data
    assert sorted(report["sources"]) == ["street", "studio"]
    pick = {
        "street": data.real & (data.table["source"] == "street").to_numpy(),
        "test": data.real & (data.table["split"] == "test").to_numpy(),
    }
    for name, rows in pick.items():
        auc = np.mean([sk.roc_auc_score(data.y[rows], one[rows]) for one in full.judged.p])
        entry = report["test"] if name == "test" else report["sources"][name]
        assert entry["roc_auc"] == pytest.approx(auc)
        assert entry["photos"] == rows.sum()


def test_label_shares_count_labels(full):
    data, label = full.data, full.judged.label
    for name, one in (("sharp", 0), ("blurred", 1)):
        shares = full.report["labels"][name]
        rows = data.real & (data.y == one)
        assert sum(shares) == pytest.approx(1)
        assert shares[2] == pytest.approx((label[:, rows] == 2).mean())
        assert shares[0] == pytest.approx((label[:, rows] == 0).mean())


def test_false_positives_are_counted_on_sources_of_sharp_ones_alone(full):
    report, data = full.report, full.data
    assert list(report["sharp_sources"]) == ["album"]
    album = (data.table["source"] == "album").to_numpy()
    entry = report["sharp_sources"]["album"]
    assert entry["photos"] == album.sum() == 10
    assert entry["scene_unseen_at_0.5"] == (full.judged.p[:, album] >= 0.5).mean()
    assert entry["scene_unseen_blurred"] == (full.judged.label[:, album] == 2).mean()
    assert entry["source_unseen_at_0.5"] == (full.unseen["album"] >= 0.5).mean()


def test_blurred_photographs_are_never_counted_as_false_positives():
    assert Case(blurred_album()).report["sharp_sources"] == {}


def test_copies_are_judged_by_kind_and_strength_against_sharp_copies(full):
    data, p = full.data, full.judged.p[0]
    kind, strength = data.table["kind"].to_numpy(), data.table["strength"].to_numpy()
    assert (
        sum(one["copies"] for one in full.report["copies"])
        == np.isin(kind, ["defocus", "motion"]).sum()
    )
    bounds = {"weak": (0, 1 / 3), "medium": (1 / 3, 2 / 3), "strong": (2 / 3, 1.01)}
    for one in full.report["copies"]:
        low, high = bounds[one["strength"]]
        blurred = (kind == one["kind"]) & (strength >= low) & (strength < high)
        both = blurred | (kind == "none")
        assert one["copies"] == blurred.sum()
        assert one["found"] == (p[blurred] >= 0.5).mean()
        assert one["roc_auc"] == pytest.approx(sk.roc_auc_score(blurred[both], p[both]))


def test_a_report_carries_the_settings_of_the_model(full):
    report, bundle = full.report, full.bundle
    assert report["model"] == "dct-xgb"
    assert report["parameters"] == bundle.parameters
    assert report["thresholds"]["blurred"] == bundle.thresholds.blurred
    assert report["calibration"]["scale"] == bundle.calibration.scale
    assert report["training"]["rows"] == bundle.training["rows"]
    assert len(report["by_cutoff"]) == 20


def test_a_perfect_model_has_perfect_numbers(full):
    y = full.data.y
    p = np.where(y == 1, 0.99, 0.01)[None]
    judged = OutOfFold(p, p, 2 * y[None])
    report = evaluate(full.data, judged, {"album": np.full(10, 0.01)}, full.bundle)
    for name in ("roc_auc", "average_precision", "accuracy", "precision", "recall", "f1"):
        assert report["real"][name] == 1
    assert report["labels"] == {"sharp": [1, 0, 0], "blurred": [0, 0, 1]}
    assert report["sharp_sources"]["album"]["source_unseen_at_0.5"] == 0
    assert all(one["found"] == one["roc_auc"] == 1 for one in report["copies"])


def test_the_same_inputs_give_the_same_report(full, tmp_path):
    again = evaluate(full.data, full.judged, full.unseen, full.bundle)
    for number, report in enumerate((full.report, again)):
        write_json(report, tmp_path / f"{number}.json")
    assert (tmp_path / "0.json").read_bytes() == (tmp_path / "1.json").read_bytes()
