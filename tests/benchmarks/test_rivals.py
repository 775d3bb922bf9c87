"""``benchmarks/rivals.py``, with toys for rivals: who is asked what, what is lost, what is told."""

import importlib
import runpy
import shutil
import sys
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from blurdct.datasets.extraction import feature_table
from blurdct.datasets.manifest import list_photos, read_csv, write_csv
from blurdct.features.bands import FEATURES
from blurdct.images.reader import read_rgb
from blurdct.metrics import roc_auc
from blurdct.training.training_set import COLUMNS
from tests.benchmarks.conftest import BENCHMARKS
from tests.helpers import toys
from tests.helpers.layers import ROOT

ODD = """
import os, sys, time
from _answer import answer

def judge(path):
    print("a line that is no answer")
    if "dies" in path or "all" in sys.argv:
        os._exit(3)
    if "hangs" in path:
        time.sleep(60)
    if "raises" in path:
        raise OSError("not mine")
    return (float("nan") if "nothing" in path else len(path)), len(path) > 5

answer(judge)
"""
LAPLACIAN = """
import cv2
from _answer import answer

def judge(path):
    variance = cv2.Laplacian(cv2.imread(path, 0), cv2.CV_64F).var()
    return -variance, (variance < 100 if "own" in __import__("sys").argv else None)

answer(judge)
"""


@pytest.fixture
def rivals():
    return importlib.import_module("_rivals")


@pytest.fixture
def of():
    """The functions of the benchmark, and those of its figures."""
    figures = vars(importlib.import_module("_rivals_figures"))
    return {**figures, **runpy.run_path(str(BENCHMARKS / "rivals.py"))}


@pytest.fixture
def odd(rivals, tmp_path):
    """What starts a rival that does what a photo's name says."""
    script = tmp_path / "odd.py"
    script.write_text(ODD)
    started = []

    def start(*words, patience=60.0):
        rival = rivals.Rival(str(script), words=words)
        started.append(rivals.Adapter("odd one", rival, tmp_path / "cache", patience))
        return started[-1]

    yield start
    for adapter in started:
        adapter.close()


def test_a_photo_that_a_rival_dies_of_is_lost_alone(rivals, odd):
    names = ["a", "dies", "raises", "b", "nothing", "longer"]
    said = {line.pop("path"): line for line in rivals.answers(odd(), [Path(n) for n in names])}
    assert said == {
        "a": {"blur": 1.0, "blurred": False},
        "b": {"blur": 1.0, "blurred": False},
        "longer": {"blur": 6.0, "blurred": True},
        "dies": {"error": "ended with status 3"},
        "raises": {"error": "OSError: not mine"},
        "nothing": {"error": "its score is nan"},
    }


def test_a_rival_that_hangs_is_ended_and_goes_on_with_the_next_photo(rivals, odd):
    said = list(rivals.answers(odd(patience=1.0), [Path("hangs"), Path("a")]))
    assert sorted(map(str, said)) == sorted(
        [
            str({"path": "hangs", "error": "said nothing for 1 seconds"}),
            str({"path": "a", "blur": 1.0, "blurred": False}),
        ]
    )


def test_a_rival_that_dies_of_every_photo_is_left_out(rivals, odd):
    with pytest.raises(rivals.RivalError, match="ended with status 3, whatever it is asked"):
        list(rivals.answers(odd("all"), [Path(str(n)) for n in range(9)]))


def test_of_what_is_timed_only_the_sum_is_told(odd):
    (last,) = odd().ask([Path("a"), Path("raises")], timed=True)
    assert last["lost"] == 1 and last["seconds"] > 0 and last["memory"] > 1


def test_answers_are_kept_unless_something_they_depend_on_has_changed(rivals, tmp_path):
    kept = rivals.Kept(tmp_path, "A rival, `this`", "1")
    kept.add("one", {"path": "p", "blur": 2.0, "blurred": None})
    (path,) = tmp_path.iterdir()
    with path.open("a") as file:
        file.write('{"key": "two", "bl')  # a run that was cut off
    assert rivals.Kept(tmp_path, "A rival, `this`", "1").said == {
        "one": {"blur": 2.0, "blurred": None}
    }
    assert rivals.Kept(tmp_path, "A rival, `this`", "2").said == {}


def test_the_best_threshold_is_right_most_often(of):
    rng = np.random.default_rng(0)
    for _ in range(20):
        y, blur = rng.integers(0, 2, 9), rng.integers(0, 4, 9).astype(float)
        found = of["best_threshold"](y, blur)
        cuts = [-np.inf, 0.5, 1.5, 2.5, np.inf]
        assert np.mean((blur >= found) == y) == max(np.mean((blur >= cut) == y) for cut in cuts)


def picture(number, label, group, change=""):
    photos = importlib.import_module("_rivals_photos")
    return photos.Picture(Path(), f"{number}", label, group, "s", number, 4, change)


def test_a_threshold_is_fitted_to_other_scenes_than_it_is_judged_on(of):
    pictures = [picture(n, n % 2, "ab"[n // 2]) for n in range(4)]
    judged = of["Judged"](pictures, np.array([0, 1, 0, 1]), np.array([0, 1, 10, 11.0]), None, 0)
    cells, fitted = of["right"](judged)
    # scene a's own cut calls all of b blurred, that of b none of a: in hindsight .75 would be right
    area = cells.pop(3)
    assert cells == [4, 0, 0.75, None, None, 0.5, 0.5] and 0.5 <= area[0] <= area[1] <= 1
    assert np.mean((judged.blur >= fitted) == judged.y) == 0.75


def test_a_verdict_that_a_change_turns_over_counts(of):
    changes = ["", "halved", "doubled", "noise 2"]
    pictures = [picture(n, 0, "photo", change) for n, change in enumerate(changes)]
    judged = of["Judged"](pictures, np.zeros(4), np.array([0, 5, 0, 5.0]), None, 2)
    cells = dict(zip(list(of["COLUMNS"][of["CHANGES"]])[2:], of["moved"](judged, 1.0), strict=True))
    assert cells["threshold"] == "fitted" and cells["lost"] == 2
    assert (cells["halved, doubled"], cells["noise"], cells["grey"]) == (0.5, 1.0, None)
    assert cells["verdicts that change"] == pytest.approx(2 / 3)


def test_a_part_of_the_photographs_has_the_same_mix_and_holds_the_smaller_parts():
    photos = importlib.import_module("_rivals_photos")
    strata = ["a"] * 60 + ["b"] * 20
    order = photos.mixed(strata)
    assert sorted(order) == list(range(80))
    assert sum(strata[at] == "b" for at in order[:20]) in (4, 5, 6)
    pictures = [picture(n, 0, "g") for n in range(4)]
    assert [one.number for one in photos.part_of(pictures, 0.3)] == [0, 1]


@pytest.fixture
def toy_rivals(rivals, tmp_path, monkeypatch):
    """Ours, a toy with a threshold and one without, and one that cannot be installed."""
    costs, photos, unseen = (
        importlib.import_module(f"_rivals_{name}") for name in ("costs", "photos", "unseen")
    )
    script = tmp_path / "laplacian.py"
    script.write_text(LAPLACIAN)
    known = {
        rivals.BEST: rivals.Rival(str(script), words=("own",), model="fast"),
        "with": rivals.Rival(str(script), words=("own",)),
        "without": rivals.Rival(str(script), share=0.5),
        "broken": rivals.Rival(str(script), ("nowhere==1.0",)),
    }
    failing = [sys.executable, "-c", "raise SystemExit('no such package')"]
    monkeypatch.setattr(rivals, "installing", lambda *given: [failing])
    monkeypatch.setattr(rivals, "RIVALS", known)
    monkeypatch.setattr(rivals, "YARDSTICK", rivals.Rival("ask_decoding.py"))
    monkeypatch.setattr(costs, "COUNTS", {"1024 pixels": (2, 0.0), "12 megapixels": (1, 1.0)})
    monkeypatch.setitem(costs.SIZES, "12 megapixels", (1200, 800))
    sample = toys.save_photos(tmp_path / "sample", 1)
    monkeypatch.setattr(photos, "SAMPLE", sample)
    monkeypatch.setattr(unseen, "PARTS", 2)
    return known


@pytest.fixture
def folders(tmp_path):
    """Labelled photographs, sharp ones of a kind, and a table that has learnt from both."""
    home = tmp_path / "folders"
    for folder in ("real", "kinds", "tables"):
        (home / folder).mkdir(parents=True)
    lines = ["path,label,group,source"]
    for number, path in enumerate(sorted((ROOT / "data/sample/sharp").iterdir())[:4]):
        for label, folder in enumerate(("sharp", "blurred")):
            (file,) = (ROOT / "data/sample" / folder).glob(f"{path.stem}*")
            shutil.copy(file, home / "real" / f"{label}{path.name}")
            lines.append(f"{label}{path.name},{label},scene-{number},phone")
    (home / "real" / "manifest.csv").write_text("\n".join(lines))
    pagoda = cv2.imread(str(ROOT / "data/sample/sharp/pagoda.jpg"))
    cv2.imwrite(str(home / "kinds" / "pagoda.png"), pagoda[:300, :300])
    words = "path,label,group,source\npagoda.png,0,studio,kinds-food"
    (home / "kinds" / "manifest.csv").write_text(words)
    parts = []
    for folder in ("real", "kinds"):
        rows = list_photos(home / folder).assign(split="train", kind="", strength=0.0)
        parts.append(
            feature_table(rows, [home / folder / one for one in rows["path"]], workers=1)[0]
        )
    known = read_csv(ROOT / "data" / "features.csv", COLUMNS)
    few = known[(known["source"] == "phone") & (known["kind"] == "")].head(60)
    columns = [*COLUMNS[:7], *FEATURES]
    write_csv(pd.concat([one[columns] for one in (few, *parts)]), home / "tables" / "features.csv")
    return home


def test_one_run_tells_all_and_another_measures_speed_alone(
    bench, toy_rivals, folders, tmp_path, monkeypatch
):
    given = ("--cache", tmp_path / "cache", "--rounds", 1, "--changed", 1, "--workers", 1)
    asked = ("--photos", folders / "real", "--kinds", folders / "kinds")
    figures = bench("rivals", *asked, "--tables", folders / "tables", *given).figures
    tables = {table["title"]: table for table in figures["tables"]}

    def cells(title, name):
        (row,) = (row for row in tables[title]["rows"] if row[0] == name)
        return dict(zip(tables[title]["columns"], row, strict=True))

    rows = list_photos(folders / "real")
    y = rows["label"].to_numpy(int)
    blur = -np.array([variance(folders / "real" / path) for path in rows["path"]])
    own = cells("Real photographs", "with")
    assert own["photographs"] == 8 and own["ROC AUC"] == pytest.approx(roc_auc(y, blur))
    assert own["accuracy, own"] == np.mean((blur > -100) == y)
    half = cells("Real photographs", "without")
    assert half["photographs"] == 4 and half["accuracy, own"] is None
    part = cells("Real photographs, the smallest part", "with")
    assert part["ROC AUC"] == half["ROC AUC"]
    kinds = tables["Other kinds, with blurred copies"]
    assert {tuple(row[:3]) for row in kinds["rows"][2:4]} == {
        ("with", "as it is", 6),
        ("with", "at 640", 6),
    }
    changes = cells_of(tables["Changes that do not blur"], "without")
    assert changes["threshold"] == "fitted" and changes["photographs"] == 20
    assert tables["Left out"]["rows"] == [["broken", "cannot be installed: no such package"]]
    short = tables["In short"]
    assert [row[0] for row in short["rows"]] == [*list(toy_rivals)[:3]]
    better = cells_of(short, "with")["better than `best` in"] or ""
    ours = cells_of(short, next(iter(toy_rivals)))
    assert ("memory, MB" in better) == (cells_of(short, "with")["memory, MB"] < ours["memory, MB"])

    again = bench("rivals", "--speed", *given).figures
    kept = {table["title"]: table["rows"] for table in again["tables"]}
    for title in ("Real photographs", "Other kinds, with blurred copies"):
        assert kept[title] == tables[title]["rows"]
    assert kept["When"][0] == tables["When"]["rows"][0] and "--speed" in kept["When"][1][3]
    assert [row[0] for row in kept["Costs"]] == ["grey decoding", *list(toy_rivals)[:3]]


def cells_of(table, name):
    row = next(row for row in table["rows"] if row[0] == name)
    return dict(zip(table["columns"], row, strict=True))


def variance(path):
    return cv2.Laplacian(cv2.imread(str(path), 0), cv2.CV_64F).var()


def test_what_is_larger_than_640_pixels_is_there_at_that_size_too(tmp_path):
    photos = importlib.import_module("_rivals_photos")
    path = tmp_path / "large.png"
    path.write_bytes(photos.png(np.zeros((400, 800, 3), np.uint8)))
    made = [("", path.read_bytes()), ("half", read_rgb(path)[::2, ::2])]
    found = photos.written(path, tmp_path / "made", ["", "half"], lambda path: iter(made))
    assert [(name, read_rgb(file).shape[:2], sizes) for name, file, sizes in found] == [
        ("", (400, 800), ("as it is",)),
        ("", (320, 640), ("at 640",)),
        ("half", (200, 400), ("as it is", "at 640")),
    ]
    (tmp_path / "words.jpg").write_text("words")

    def read(path):
        yield "", read_rgb(path)

    assert photos.written(tmp_path / "words.jpg", tmp_path / "made", [""], read) == []


def test_what_a_user_gets_wrong_is_one_line(refusal, tmp_path):
    assert "the first run is without --speed" in refusal("rivals", "--speed", "--out", tmp_path)
    (tmp_path / "rivals.json").write_text("words")
    assert "not what this" in refusal("rivals", "--speed", "--out", tmp_path)
    some = ("--photos", tmp_path, "--kinds", tmp_path)
    assert "none is called nobody" in refusal("rivals", *some, "--rivals", "nobody")
