"""What each criterion picks, against definitions written out."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from blurdct import results
from blurdct.curate.selection import (
    BY_LABEL,
    from_p,
    max_fpr,
    outcome,
    pick,
    survey,
    tally,
    worst,
)
from blurdct.errors import ConfigError
from blurdct.inference import bundle
from blurdct.results import verdicts
from blurdct.scan.items import elsewhere

# of few values, so that there are ties
PROBABILITIES = st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 0.99, 1.0]), max_size=30)


def row(p: float | None, label: str = "sharp", error: str = "", number: int = 0) -> dict:
    path = f"in/{number}.jpg"
    return {
        "path": path,
        "probability": p,
        "label": label,
        "error": error,
        "model": "m",
        "digest": "",
        "threshold": None,
    }


def rows(probabilities) -> list[dict]:
    return [row(p, number=number) for number, p in enumerate(probabilities)]


def chosen(cut, listed) -> list[float]:
    return [one["probability"] for one in pick(listed, cut)]


@given(PROBABILITIES, st.sampled_from([0, 0.1, 0.25, 0.495, 0.5, 0.9, 1]))
def test_a_p_picks_all_from_there_on_in_their_order(probabilities, p_from):
    expected = [p for p in probabilities if p >= p_from]
    assert chosen(from_p(p_from), rows(probabilities)) == expected


@given(PROBABILITIES, st.integers(0, 40), st.integers(0, 100))
def test_the_worst_are_as_many_as_said_and_none_left_is_worse(probabilities, count, percent):
    listed = rows(probabilities)
    n = len(probabilities)
    for amount, number in ((str(count), min(count, n)), (f"{percent}%", percent * n // 100)):
        found = chosen(worst(amount, survey(listed)), listed)
        assert sorted(found, reverse=True) == sorted(probabilities, reverse=True)[:number]


@pytest.mark.parametrize("amount", ["", "x", "-1", "10.5", "101%", "-1%", "nan%", "%"])
def test_what_is_no_amount_is_refused(amount):
    with pytest.raises(
        ConfigError, match="expected a number such as 20, or a share from 0% to 100%"
    ):
        worst(amount, survey(rows([0.5])))


@given(PROBABILITIES, st.sampled_from([0.0, 0.01, 0.1, 0.5, 0.9]))
def test_an_estimated_cut_is_the_lowest_that_keeps_the_share(probabilities, share):
    listed = rows(probabilities)
    cut = max_fpr(share, survey(listed))
    assert "estimated" in cut.source

    def expected_share(p: float) -> float:
        total = sum(1 - q for q in probabilities)
        return sum(1 - q for q in probabilities if q >= p) / total if total else 0.0

    lowest = [p for p in set(probabilities) if expected_share(p) <= share + 1e-9]
    assert cut.p == (min(lowest) if lowest else math.inf)


def test_the_estimate_holds_where_p_is_right():
    rng = np.random.default_rng(0)
    p = rng.beta(0.4, 0.6, 40_000)
    sharp = rng.random(len(p)) >= p
    cut = max_fpr(0.02, survey(rows(p.tolist())))
    assert abs(np.mean(p[sharp] >= cut.p) - 0.02) < 0.003


def test_the_share_that_a_model_was_made_for_gives_its_own_threshold():
    listed = [{**one, "model": "dct-xgb"} for one in rows([0.1, 0.99])]
    cut = max_fpr(0.01, survey(listed))
    assert cut.p == bundle.load("dct-xgb").thresholds.sure_blurred and "held-out" in cut.source
    known = bundle.load("dct-xgb").training["false_positives"]
    assert max_fpr(0.02, survey(listed)).p == known["0.02"]
    assert "estimated" in max_fpr(0.03, survey(listed)).source
    other = [{**one, "digest": "of another"} for one in listed]
    assert "estimated" in max_fpr(0.01, survey(other)).source
    mixed = [listed[0], {**listed[1], "model": "tree"}]
    assert "estimated" in max_fpr(0.01, survey(mixed)).source


def test_a_share_is_one():
    for share in (-0.1, 1.0, math.nan):
        with pytest.raises(ConfigError, match="share"):
            max_fpr(share, survey(rows([0.5])))


def test_rows_without_a_verdict_are_picked_only_when_asked_for():
    listed = [
        row(0.99, "blurred"),
        row(0.99, "unknown"),
        row(None, "", "not an image"),
        row(0.1, "sharp"),
    ]
    assert [one["label"] for one in pick(listed)] == ["blurred"]
    assert len(list(pick(listed, from_p(0)))) == 2
    assert [one["label"] for one in pick(listed, BY_LABEL, ["unknown"])] == ["blurred", "unknown"]
    assert [one["error"] for one in pick(listed, worst("0", survey(listed)), ["error"])] == [
        "not an image"
    ]
    assert survey(listed).labels == {"blurred": 1, "unknown": 1, "error": 1, "sharp": 1}


@given(PROBABILITIES, st.sampled_from(["label", "score", "worst"]), st.booleans())
def test_the_outcome_is_known_before_anything_is_picked(probabilities, criterion, extra):
    labels = ["sharp", "blurred", "unknown"]
    listed = [{**one, "label": labels[i % 3]} for i, one in enumerate(rows(probabilities))]
    listed.append(row(None, "", "not an image"))
    found = survey(listed)
    cuts = {"label": BY_LABEL, "score": from_p(0.5), "worst": worst("2", found)}
    include = ["unknown", "error"] if extra else []
    picked = list(pick(listed, cuts[criterion], include))
    count, sharp = outcome(found, cuts[criterion], include)
    judged = [one for one in picked if one["label"] not in ("unknown", "")]
    assert count == len(picked)
    assert sharp == pytest.approx(sum(1 - one["probability"] for one in judged), abs=1e-9)


@given(PROBABILITIES)
def test_the_table_counts_what_each_threshold_picks(probabilities):
    listed = rows(probabilities)
    for line in tally(survey(listed), [0.1, 0.25, 0.9, 0.3]):
        found = chosen(from_p(line["threshold"]), listed)
        assert line["photos"] == len(found)
        assert line["sharp"] == pytest.approx(sum(1 - p for p in found), abs=0.006)
        total = sum(1 - p for p in probabilities)
        share = sum(1 - p for p in found) / total if total else 0
        assert line["sharp_share"] == pytest.approx(share, abs=1e-6)


def test_the_root_is_the_deepest_common_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def root(*paths):
        return survey([{**row(0.5), "path": path} for path in paths]).root

    assert root("a/b/1.jpg", "a/c/2.jpg") == str(tmp_path / "a")
    assert root("a/b/1.jpg", "a/b/2.jpg") == str(tmp_path / "a" / "b")
    assert root("a/b/1.jpg", "a/bc/2.jpg", "a/1.jpg") == str(tmp_path / "a")
    assert root("1.jpg", "x.zip::y/1.jpg", "s3://bucket/1.jpg") == str(tmp_path)
    assert root("x.zip::y/1.jpg") is None


def test_members_of_archives_and_urls_are_no_files_unless_they_are(tmp_path):
    assert elsewhere("a.zip::b.jpg") and elsewhere("https://x/b.jpg")
    odd = tmp_path / "a.zip::b.jpg"
    assert elsewhere(str(odd))
    odd.touch()
    assert not elsewhere(str(odd)) and not elsewhere("gone.jpg")


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_a_broken_file_is_one_line(tmp_path, ending):
    if ending == ".parquet":
        pytest.importorskip("pyarrow")
    good = {**row(0.5), "sure": True}
    columns = ("path", "probability", "label", "sure", "error")
    file = tmp_path / f"r{ending}"

    def refused(match, *listed, only=columns):
        results.write(file, listed, only)
        with pytest.raises(ConfigError, match=match) as caught:
            list(verdicts(file))
        assert str(file) in str(caught.value) and "\n" not in str(caught.value)

    refused("row 2", good, {**good, "probability": 1.5})
    refused("row 1", {**good, "probability": math.nan})
    refused("row 1", {**good, "probability": None})
    refused("no path", {**good, "path": ""})
    refused("probability", good, only=("path", "label"))
    file.write_bytes(b"\0\1broken\nx\n")
    with pytest.raises(ConfigError, match="r\\."):
        list(verdicts(file))
