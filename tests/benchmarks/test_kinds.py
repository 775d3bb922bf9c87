"""``benchmarks/kinds.py``: what it prints is so."""

import shutil

import numpy as np
import pandas as pd
import pytest

from blurdct.datasets.extraction import feature_table
from blurdct.datasets.manifest import list_photos, read_csv, write_csv
from blurdct.features.bands import FEATURES
from blurdct.images.files import find_photos
from blurdct.inference.bundle import load
from blurdct.training.cross_validation import fit_rows
from blurdct.training.training_set import COLUMNS, build_training_set
from tests.helpers.layers import ROOT


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """The sharp sample as two kinds; a table of them, and of photographs of others with copies."""
    home = tmp_path_factory.mktemp("kinds")
    folder = home / "kinds"
    (folder / "sharp").mkdir(parents=True)
    for path in sorted((ROOT / "data/sample/sharp").iterdir())[:8]:
        shutil.copy(path, folder / "sharp")
    paths = sorted(find_photos(folder))
    lines = [
        f"{path.relative_to(folder)},,{number},kinds-{('one', 'two_three')[number % 2]}"
        for number, path in enumerate(paths)
    ]
    (folder / "manifest.csv").write_text("\n".join(["path,label,group,source", *lines]))
    rows = list_photos(folder).assign(label=0, split="train", kind="", strength=0.0)
    kinds, _ = feature_table(rows, [folder / path for path in rows["path"]], workers=1)
    known = read_csv(ROOT / "data" / "features.csv", COLUMNS)
    others = known[known["source"].isin(["phone", "imagenet"])]
    kept = [*COLUMNS[:7], *FEATURES]
    (home / "tables").mkdir()
    write_csv(pd.concat([others[kept], kinds[kept]]), home / "tables" / "features.csv")
    return folder, home / "tables"


@pytest.fixture(scope="module")
def told(tables):
    """P of each kind's photographs by a model that saw nothing of the kind."""
    data = build_training_set(read_csv(tables[1] / "features.csv", COLUMNS))
    bundle = load("fast")
    source = data.table["source"].to_numpy(str)
    answers = {}
    for kind in ("kinds-one", "kinds-two_three"):
        seen = data.select((data.weights > 0) & (source != kind))
        model = fit_rows(seen, "dct-xgb", bundle.parameters)
        p = model.predict_proba({"features": data.inputs["features"][source == kind]})
        answers[kind] = bundle.calibration(p)
    return answers


def asked(bench, tables):
    folder, of_models = tables
    options = ("--tables", of_models, "--model", "fast", "--workers", 1)
    return bench("kinds", "--photos", folder, *options).figures["tables"]


def test_photographs_are_judged_by_models_that_saw_nothing_of_their_kind(bench, tables, told):
    collections, kinds, _ = asked(bench, tables)
    for table in (collections, kinds):
        assert [row[0] for row in table["rows"]] == ["one", "two, three", "all"]
    limits = load("fast").thresholds
    answers = (*told.values(), np.concatenate(list(told.values())))
    for row, p in zip(kinds["rows"], answers, strict=True):
        assert row[1] == len(p)
        doubtful = (p > limits.sure_sharp) & (p < limits.sure_blurred)
        shares = [np.mean(one) for one in (p >= 0.5, p >= limits.sure_blurred, doubtful)]
        assert row[2:5] == pytest.approx(shares)


def test_strong_copies_are_found_more_often_than_weak_ones_and_small_photographs_stay_sharp(
    bench, tables
):
    *plain, more = asked(bench, tables)
    for table in plain:
        weak, _, strong = table["rows"][-1][5:8]
        assert strong > 0.8 and strong >= weak
    of_all = dict(zip(more["columns"], more["rows"][-1], strict=True))
    small = [share for name, share in of_all.items() if "pixels" in name]
    assert len(small) == 5 and max(small) < 0.5
    sharp, found, at_alarms, area = list(of_all.values())[-4:]
    assert found > sharp and at_alarms > 0.3 and area > 0.7


def test_a_collection_that_the_table_does_not_know_is_named(refusal, tables):
    folder, _ = tables
    assert "no group in" in refusal("kinds", "--photos", folder, "--model", "best")


def test_a_folder_without_a_photo_is_one_line(refusal, tmp_path):
    assert str(tmp_path) in refusal("kinds", "--photos", tmp_path, "--model", "fast")
