"""``benchmarks/blur_kinds.py``: what it prints is so."""

import shutil

import numpy as np
import pandas as pd
import pytest

from blurdct.datasets.extraction import write_numbers
from blurdct.features.summary import SUMMARY
from blurdct.models import blur_graph
from tests.helpers.layers import ROOT

OF_PART = 160  # rows of each kind


@pytest.fixture
def table(tmp_path, monkeypatch):
    """Numbers in which the kind shows, in all parts; but the wrong way in ``partial``."""
    monkeypatch.setitem(blur_graph.RECIPE, "epochs", 3)
    rng = np.random.default_rng(0)
    rows, values = [], []
    for source, kind, mask in (
        *(("phone", "", ""), ("burst", "", ""), ("partial", "", "m.png")),
        *(("bsds500", "copy", ""), ("kinds-one", "copy", "")),
    ):
        for moved in (False, True):
            for number in range(OF_PART):
                told = ("motion" if moved else "defocus") if not kind else ""
                of = ("motion" if moved else "defocus") if kind else ""
                path = f"{source}/{moved}/{number}.jpg"
                group, seen = f"{source}/{number // 4}", 5.0 if kind else np.nan
                rows.append((path, 1, group, "train", source, of, 0.5, "", mask, told, seen))
                shown = moved != (source == "partial")
                values.append(rng.normal(1.0 if shown else -1.0, 2, len(SUMMARY)))
    columns = ["path", "label", "group", "split", "source", "kind", "strength", "original", "mask"]
    made = pd.DataFrame(rows, columns=[*columns, "blur_kind", "seen"])
    sharp = made.iloc[:4].assign(label=0, kind="", blur_kind="", path=list("abcd"))
    made = pd.concat([made, sharp], ignore_index=True)
    write_numbers(made, SUMMARY, np.array([*values, *values[:4]]), tmp_path / "wide.parquet")
    return tmp_path / "wide.parquet"


@pytest.fixture
def photos(tmp_path):
    """Two sharp photographs as one kind."""
    folder = tmp_path / "kinds"
    folder.mkdir()
    names = sorted(path.name for path in (ROOT / "data/sample/sharp").glob("*.jpg"))[:2]
    for name in names:
        shutil.copy(ROOT / "data/sample/sharp" / name, folder)
    lines = [f"{name},,{name},kinds-one" for name in names]
    (folder / "manifest.csv").write_text("\n".join(["path,label,group,source", *lines]))
    return folder


def test_kinds_are_judged_by_models_that_saw_no_photo_of_the_scene_or_source(bench, table, photos):
    words = ("--table", table, "--shuffles", 1, "--photos", photos, "--workers", 1)
    scenes, sources, copies = bench("blur_kinds", *words).figures["tables"]
    assert [row[:4] for row in scenes["rows"]] == [
        ["photographs", "0", 2 * OF_PART, 2 * OF_PART],
        ["blurred in part", "0", OF_PART, OF_PART],
        ["copies", "0", 2 * OF_PART, 2 * OF_PART],
    ]
    assert [row[:4] for row in sources["rows"]] == [
        ["photographs", "phone and burst", 2 * OF_PART, 2 * OF_PART],
        ["blurred in part", "partial", OF_PART, OF_PART],
        ["copies", "kinds-...", OF_PART, OF_PART],
    ]
    for row in (*scenes["rows"], *sources["rows"]):
        balanced, defocus, motion = row[5:8]
        assert balanced == pytest.approx((defocus + motion) / 2)
        assert 0 <= row[8] <= 1 and (row[9] is None or 0 <= row[9] <= 1)
    # what the other sources teach is wrong for this one, which nobody learnt from
    assert sources["rows"][0][5] > 0.9 and sources["rows"][1][5] < 0.1
    (one, every) = copies["rows"]
    assert one[:2] == ["one", 2] and every[0] == "all" and one[1:] == every[1:]
    assert all(share in (0, 0.5, 1) for share in one[2:])
