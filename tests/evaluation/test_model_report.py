import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

from blurdct import metrics
from blurdct.errors import ConfigError
from blurdct.evaluation.model_comparison import side_by_side
from blurdct.evaluation.model_report import THRESHOLDS, report_on
from blurdct.inference.thresholds import VERDICTS
from blurdct.training.cross_validation import cross_validate, judge_unseen
from blurdct.training.out_of_fold import OutOfFold
from blurdct.training.train import train_model
from blurdct.training.training_set import build_training_set
from blurdct.utils.json_files import write_json
from tests.helpers import toys
from tests.helpers.toy_reports import COST, QUICK, TABLES, Knowing, comparison, judge

pytestmark = pytest.mark.filterwarnings("error")

FEW = {"rounds": 20}


class Case:
    """A model trained on a table, with all that a report is made from."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.data = build_training_set(table, QUICK)
        self.judged = cross_validate(self.data, "dct-xgb", FEW, QUICK)
        self.bundle, self.model = train_model(self.data, "dct-xgb", FEW, QUICK, judged=self.judged)
        self.unseen = judge_unseen(self.data, "dct-xgb", FEW, self.bundle.calibration)
        self.report = self.again()

    def again(self):
        return report_on(self.data, self.judged, self.bundle, self.unseen, COST, self.model)


@pytest.fixture(scope="module")
def full() -> Case:
    return Case(toys.table(40))


def strict(path: Path):
    """JSON without NaN or Infinity, which are no JSON."""

    def refuse(constant):
        raise AssertionError(f"{constant} in {path}")

    return json.loads(path.read_text(), parse_constant=refuse)


# Whatever the table lacks


@pytest.mark.parametrize("name", TABLES)
def test_a_comparison_is_strict_json(name, tmp_path):
    made = comparison(TABLES[name]())
    write_json(made, tmp_path / "deep" / "report.json")
    read = strict(tmp_path / "deep" / "report.json")
    assert list(read["models"]) == list(made["models"])
    for one in read["models"].values():
        assert one["real"]["photos"] == read["about"]["photos"]
        assert set(one["sources"]) == set(read["about"]["sources"])
        assert set(one["sharp_sources"]) == set(read["about"]["sharp_sources"])
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["report.json"]


def test_rows_of_numbers_stand_on_one_line_and_names_like_them_are_left_alone(tmp_path):
    names = {"street": "[\n1, 2]", "studio": "[ 1.0,  2 ]"}
    write_json(comparison(toys.table(40).replace(names)), tmp_path / "report.json")
    text = (tmp_path / "report.json").read_text()
    assert max(map(len, text.split("\n"))) > 500
    assert set(json.loads(text)["about"]["sources"]) == set(names.values())


def test_figures_that_need_both_labels_are_null_in_a_source_of_one(tmp_path):
    write_json(comparison(TABLES["sources of one label each"]()), tmp_path / "report.json")
    one = strict(tmp_path / "report.json")["models"]["dct-xgb"]
    assert one["sources"]["sharp"]["roc_auc"] is None
    assert one["sources"]["sharp"]["accuracy"] > 0.5
    assert one["real"]["roc_auc"] > 0.5


def test_nothing_is_said_of_held_out_sharp_photographs_where_there_are_none():
    one = comparison(TABLES["no copies, no source of sharp ones alone"]())["models"]["dct-xgb"]
    assert one["sharp_sources"] == {}
    assert one["at_false_positive_rate"] is None
    assert [at["sharp_sources"] for at in one["by_threshold"]] == [{}] * len(THRESHOLDS)


# One model


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
    monkeypatch.setattr("blurdct.evaluation.model_report.FEWEST", 1)
    report, data = full.again(), full.data
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
        assert len(shares) == len(VERDICTS)
        for number, share in enumerate(shares):
            assert share == pytest.approx((label[:, rows] == number).mean())


def test_false_positives_are_counted_on_sources_of_sharp_ones_alone(full):
    report, data = full.report, full.data
    assert list(report["sharp_sources"]) == ["album"]
    album = (data.table["source"] == "album").to_numpy()
    entry = report["sharp_sources"]["album"]
    assert entry["photos"] == album.sum() == 10
    assert entry["scene_unseen_at_0.5"] == (full.judged.p[:, album] >= 0.5).mean()
    assert entry["scene_unseen_blurred"] == (full.judged.label[:, album] == 3).mean()
    assert entry["source_unseen_at_0.5"] == (full.unseen["album"] >= 0.5).mean()


def test_blurred_photographs_are_never_counted_as_false_positives():
    made = comparison(TABLES["a source of blurred ones alone"]())
    assert made["about"]["sharp_sources"] == {}
    assert all(one["sharp_sources"] == {} for one in made["models"].values())


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
    assert report["cost"] == COST
    assert report["importance"] == full.model.importance()
    assert report["parameters"] == bundle.parameters
    assert report["thresholds"]["sure_blurred"] == bundle.thresholds.sure_blurred
    assert report["calibration"]["scale"] == bundle.calibration.scale
    assert report["training"]["rows"] == bundle.training["rows"]
    assert len(report["by_cutoff"]) == 20


def test_a_perfect_model_has_perfect_numbers(full):
    y = full.data.y
    p = np.where(y == 1, 0.99, 0.01)[None]
    judged = OutOfFold(p, p, 3 * y[None])
    report = report_on(full.data, judged, full.bundle, {"album": np.full(10, 0.01)})
    for name in ("roc_auc", "average_precision", "accuracy", "precision", "recall", "f1"):
        assert report["real"][name] == 1
    assert report["labels"] == {"sharp": [1, 0, 0, 0], "blurred": [0, 0, 0, 1]}
    assert report["sharp_sources"]["album"]["source_unseen_at_0.5"] == 0
    assert all(one["found"] == one["roc_auc"] == 1 for one in report["copies"])
    assert report["interval"] == [1, 1]
    assert report["worst"] == []
    assert [at["found"] for at in report["at_false_positive_rate"]] == [1] * 4


def test_folds_on_scales_of_their_own_are_judged_each_alone(full):
    y = full.data.y
    fold = (np.arange(len(y)) // 2 % 2)[None]  # both labels in each
    p = np.where(y == 1, 0.3, 0.2)[None] + 0.5 * fold  # right in each, mixed up together
    report = report_on(full.data, OutOfFold(p, p, 0 * fold, fold), full.bundle)
    assert report["roc_auc_in_folds"] == 1 > report["real"]["roc_auc"]
    assert report_on(full.data, OutOfFold(p, p, 0 * fold), full.bundle)["roc_auc_in_folds"] is None


def test_the_same_inputs_give_the_same_report(full, tmp_path):
    for number, report in enumerate((full.report, full.again())):
        write_json(report, tmp_path / f"{number}.json")
    assert (tmp_path / "0.json").read_bytes() == (tmp_path / "1.json").read_bytes()


def test_a_source_that_nobody_trained_without_has_no_figures_of_that(full):
    entry = report_on(full.data, full.judged, full.bundle)["sharp_sources"]["album"]
    assert entry["source_unseen_at_0.5"] is entry["source_unseen_blurred"] is None
    assert (
        entry["scene_unseen_at_0.5"]
        == (full.report["sharp_sources"]["album"]["scene_unseen_at_0.5"])
    )


def test_the_interval_of_the_roc_auc_holds_it(full):
    low, high = full.report["interval"]
    assert 0.5 < low < full.report["real"]["roc_auc"] < high <= 1


def test_the_confusion_matrix_counts_every_real_photo_and_gives_the_accuracy(full):
    count, real = full.report["confusion"], full.report["real"]
    assert sum(count.values()) == pytest.approx(real["photos"])
    assert count["true_positive"] + count["false_negative"] == pytest.approx(real["blurred"])
    right = count["true_positive"] + count["true_negative"]
    assert right / real["photos"] == pytest.approx(real["accuracy"])


def test_shares_called_blurred_are_counted_at_each_threshold(full):
    data, p = full.data, full.judged.p
    album = (data.table["source"] == "album").to_numpy()
    assert [at["threshold"] for at in full.report["by_threshold"]] == [0.5, 0.7, 0.8, 0.9, 0.95]
    for at in full.report["by_threshold"]:
        called = p >= at["threshold"]
        assert at["sharp_sources"] == {"album": called[:, album].mean()}
        assert at["real_sharp"] == called[:, data.real & (data.y == 0)].mean()
        assert at["real_blurred"] == called[:, data.real & (data.y == 1)].mean()


def test_blurred_ones_are_found_at_equal_shares_of_held_out_sharp_photographs():
    data = build_training_set(toys.table(400), QUICK)
    judged = judge(data, 1.0)
    report = report_on(data, judged, toys.bundle())
    album = (data.table["source"] == "album").to_numpy()
    assert album.sum() == 100
    rates = [at["rate"] for at in report["at_false_positive_rate"]]
    assert rates == list(metrics.FALSE_POSITIVE_RATES)
    for at, allowed in zip(report["at_false_positive_rate"], (1, 1, 4, 10), strict=True):
        cuts = []
        for p in judged.p:
            highest = np.sort(p[album])[::-1]  # of a hundred
            cuts.append((highest[allowed - 1] + highest[allowed]) / 2)
        blurred = judged.p[:, data.real & (data.y == 1)]
        assert at["threshold"] == pytest.approx(np.mean(cuts))
        assert at["found"] == pytest.approx((blurred >= np.array(cuts)[:, None]).mean())


def test_the_worst_are_wrong_farthest_first_and_few_of_a_scene(full):
    data = full.data
    groups = np.where(data.y == 1, "one scene", data.groups)
    crowded = build_training_set(data.table.assign(group=groups), QUICK)
    judged = judge(crowded, 3.0)
    worst, p = report_on(crowded, judged, full.bundle)["worst"], judged.p.mean(axis=0)
    assert len(worst) == 12
    gaps = [abs(one["p"] - one["label"]) for one in worst]
    assert gaps == sorted(gaps, reverse=True) and min(gaps) >= 0.5
    assert sum(one["label"] for one in worst) == 2  # all blurred ones are of one scene
    rows = crowded.table.set_index("path")
    for one in worst:
        row = crowded.table.index[crowded.table["path"] == one["path"]][0]
        assert crowded.real[row] and one["p"] == p[row]
        assert one["label"] == crowded.y[row] and one["source"] == rows["source"][one["path"]]
    sharp = crowded.real & (crowded.y == 0)
    assert (
        max(gaps[index] for index, one in enumerate(worst) if one["label"] == 0) == p[sharp].max()
    )


def test_curves_are_those_of_the_first_shuffle(full):
    y, p = full.data.y[full.data.real], full.judged.p[0, full.data.real]
    np.testing.assert_equal(full.report["curves"], metrics.curves(y, p))


# Several models


def test_models_stand_best_first_whatever_their_order():
    table = toys.table(40)
    made = comparison(table, {"poor": 4.0, "good": 0.3, "fair": 1.0})
    assert list(made["models"]) == ["good", "fair", "poor"]
    areas = [one["real"]["roc_auc"] for one in made["models"].values()]
    assert areas == sorted(areas, reverse=True)


def test_one_model_is_a_comparison_with_nothing_to_hold_it_against(full):
    made = side_by_side({"dct-xgb": full.report}, full.data, QUICK)
    assert made["against"] == {"model": "dct-xgb", "differences": {}}
    assert made["models"]["dct-xgb"]["real"] == full.report["real"]


def test_what_was_judged_is_told(full):
    about = side_by_side({"dct-xgb": full.report}, full.data, QUICK)["about"]
    assert about["photos"] == 80 and about["blurred"] == 40 and about["groups"] == 40
    assert about["sources"]["street"] == {"photos": 40, "blurred": 20, "groups": 20}
    assert about["sharp_sources"] == {"album": 10}
    assert about["copies"] == 40
    assert about["folds"] == 3 and about["shuffles"] == 2


def test_a_difference_is_less_uncertain_than_the_areas_themselves():
    data = build_training_set(toys.table(60), QUICK)
    first = judge(data, 1.5)
    nudged = first.p + np.random.default_rng(1).normal(0, 0.01, first.p.shape)
    second = OutOfFold(nudged, nudged.clip(0, 1), first.label)
    reports = {"dct-fusion": first, "twin": second, "good": judge(data, 0.3), "same": first}
    reports = {name: report_on(data, judged, toys.bundle()) for name, judged in reports.items()}
    made = side_by_side(reports, data, QUICK)
    assert made["against"]["model"] == "dct-fusion"
    gap = made["against"]["differences"]
    assert list(gap) == [name for name in made["models"] if name != "dct-fusion"]
    low, high = reports["dct-fusion"]["interval"]
    assert gap["twin"]["high"] - gap["twin"]["low"] < (high - low) / 3
    assert gap["same"] == {"roc_auc": 0, "low": 0, "high": 0}
    assert 0 < gap["good"]["low"] < gap["good"]["roc_auc"] < gap["good"]["high"]


def test_another_model_may_be_held_against_and_the_best_is_where_the_default_lacks():
    data = build_training_set(toys.table(40), QUICK)
    reports = {
        name: report_on(data, judge(data, noise), toys.bundle())
        for name, noise in {"poor": 3.0, "good": 0.5}.items()
    }
    assert side_by_side(reports, data, QUICK)["against"]["model"] == "good"
    against = side_by_side(reports, data, QUICK, default="poor")["against"]
    assert against["model"] == "poor" and against["differences"]["good"]["low"] > 0


def test_reports_read_back_from_disk_compare_like_those_in_memory(tmp_path):
    data = build_training_set(TABLES["sources of one label each"](), QUICK)
    reports = {
        name: report_on(data, judge(data, noise), toys.bundle())
        for name, noise in {"a": 1.0, "b": 2.0}.items()
    }
    for name, report in reports.items():
        write_json(report, tmp_path / f"{name}.json")
    read = {name: strict(tmp_path / f"{name}.json") for name in reports}
    write_json(side_by_side(reports, data, QUICK), tmp_path / "one.json")
    write_json(side_by_side(read, data, QUICK), tmp_path / "two.json")
    one, two = strict(tmp_path / "one.json"), strict(tmp_path / "two.json")
    assert one["models"] == two["models"] and one["about"] == two["about"]
    for name, gap in one["against"]["differences"].items():
        assert gap == pytest.approx(two["against"]["differences"][name], abs=2e-6)


def test_reports_on_other_photographs_are_refused(full):
    other = build_training_set(toys.table(38), QUICK)
    stranger = report_on(other, judge(other, 1.0), toys.bundle())
    with pytest.raises(ConfigError, match="stranger: judged on other photographs"):
        side_by_side({"dct-xgb": full.report, "stranger": stranger}, full.data, QUICK)
    with pytest.raises(ConfigError, match="at least one"):
        side_by_side({}, full.data, QUICK)


def test_a_comparison_leaves_the_reports_as_they_were(full):
    before = json.dumps(full.report)
    side_by_side({"dct-xgb": full.report}, full.data, QUICK)
    assert json.dumps(full.report) == before


def test_a_model_may_know_no_importance(full):
    assert report_on(full.data, full.judged, full.bundle, model=object())["importance"] == {}
    known = report_on(full.data, full.judged, full.bundle, model=Knowing())["importance"]
    assert next(iter(known)) == "high_freq_mean"
