"""What is known of the blur of rows: of copies by their recipe, of photographs by who says it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from blurdct.config import TrainConfig
from blurdct.datasets.extraction import write_numbers
from blurdct.errors import ConfigError
from blurdct.features.bands import FEATURES
from blurdct.features.summary import SUMMARY
from blurdct.training.blur_rows import (
    COPIED,
    FOUND,
    IN_PART,
    KINDS_FILE,
    kinds,
    rows_of_blur,
    with_kinds,
)
from blurdct.training.sources import from_table
from blurdct.training.training_set import build_training_set
from tests.helpers import toys

NAN = np.nan
# label, kind, seen, mask, blur_kind -> motion, part
ROWS = [
    (1, "motion", 9.0, "", "", 1, "copied"),
    (1, "shake", 3.0, "", "", 1, "copied"),
    (1, "defocus", 9.0, "", "", 0, "copied"),
    (1, "gaussian", 9.0, "", "", 0, "copied"),
    (1, "gaussian", 2.5, "", "motion", 0, "copied"),  # of a copy its recipe decides
    (1, "motion", 2.0, "", "", NAN, ""),  # too narrow to be seen
    (1, "motion", NAN, "", "", NAN, ""),
    (1, "mixture", 9.0, "", "", NAN, ""),
    (0, "none", 0.0, "", "", NAN, ""),
    (1, "", NAN, "", "motion", 1, "found"),
    (1, "", NAN, "", "defocus", 0, "found"),
    (1, "", NAN, "", "defocus", 0, "found"),
    (1, "", NAN, "", "", NAN, ""),
    (0, "", NAN, "", "motion", NAN, ""),  # sharp: there is no blur to be of a kind
    (0, "", NAN, "m.png", "motion", 1, "in part"),
    (None, "", NAN, "m.png", "defocus", 0, "in part"),
    (None, "", NAN, "m.png", "", NAN, ""),
]
WORTH = {"copied": COPIED, "found": FOUND, "in part": IN_PART}


def table(rows=ROWS) -> pd.DataFrame:
    columns = ["label", "kind", "seen", "mask", "blur_kind", "motion", "part"]
    made = pd.DataFrame(rows, columns=columns)
    return made.assign(label=pd.array(made["label"].tolist(), dtype="Int64"))


def test_the_kind_is_that_of_the_recipe_or_what_somebody_says():
    rows = table()
    motion, weights = kinds(rows)
    np.testing.assert_array_equal(motion, rows["motion"])
    np.testing.assert_array_equal(weights > 0, rows["part"] != "")


def test_both_kinds_count_alike_in_each_part_and_parts_as_they_are_worth():
    rows = table()
    motion, weights = kinds(rows)
    total = {
        (part, kind): weights[(rows["part"] == part) & (motion == kind)].sum()
        for part in WORTH
        for kind in (0, 1)
    }
    unit = total["found", 0] / FOUND
    for (part, _), sum_of in total.items():
        assert sum_of == pytest.approx(WORTH[part] * unit)
    assert weights[weights > 0].mean() == pytest.approx(1)


def test_a_part_that_lacks_a_kind_counts_nothing():
    rows = table()
    rows = rows[(rows["part"] != "found") | (rows["motion"] != 0)].reset_index(drop=True)
    _, weights = kinds(rows)
    np.testing.assert_array_equal(weights > 0, rows["part"].isin(["copied", "in part"]))


def test_without_what_is_optional_copies_alone_are_known():
    rows = table()
    motion, weights = kinds(rows.drop(columns=["mask", "blur_kind"]))
    copied = (rows["part"] == "copied").to_numpy()
    np.testing.assert_array_equal(np.isfinite(motion), copied)
    np.testing.assert_array_equal(weights > 0, copied)
    assert not kinds(rows.assign(kind="mixture", blur_kind=""))[1].any()


def test_extra_rows_stand_behind_the_others_and_nothing_is_known_without_widths():
    plain = toys.table().assign(mask="", blur_kind="")
    assert rows_of_blur(build_training_set(plain)) is None
    told = plain.assign(seen=np.where(plain["kind"] == "defocus", 5.0, np.nan))
    partial = told.iloc[:2].assign(path=["p/1.jpg", "p/2.jpg"], kind="", mask="m.png")
    partial["blur_kind"] = ["motion", "defocus"]
    data = build_training_set(pd.concat([told, partial], ignore_index=True))
    known = rows_of_blur(data)
    assert len(known.groups) == len(data.y) + 2 == len(known.inputs["features"])
    np.testing.assert_array_equal(known.motion[-2:], [1, 0])
    assert (known.weights[-2:] > 0).all() and np.isnan(known.widths[-2:]).all()
    np.testing.assert_array_equal(known.widths[:-2], data.table["seen"])
    alone = rows_of_blur(replace(data, extra=None))
    np.testing.assert_array_equal(alone.motion, known.motion[:-2])


def test_kinds_beside_a_table_are_joined_by_path_unless_it_has_them(tmp_path):
    rows = pd.DataFrame({"path": ["a.jpg", "b.jpg", "c.jpg"]})
    assert with_kinds(rows, tmp_path / "wide.parquet") is rows
    (tmp_path / KINDS_FILE).write_text(
        "path,blur_kind\nc.jpg,motion\na.jpg,defocus\nz.jpg,motion\n"
    )
    told = with_kinds(rows, tmp_path / "wide.parquet")
    assert told["blur_kind"].tolist() == ["defocus", "", "motion"] and "blur_kind" not in rows
    own = rows.assign(blur_kind="")
    assert with_kinds(own, tmp_path / "wide.parquet") is own


def test_a_table_of_numbers_is_read_with_the_kinds_beside_it(tmp_path):
    plain = toys.table(copies=False).iloc[:8].drop(columns=list(FEATURES)).assign(parameters="{}")
    write_numbers(plain, SUMMARY, np.zeros((8, len(SUMMARY))), tmp_path / "wide.parquet")
    path = plain["path"].iloc[3]
    (tmp_path / KINDS_FILE).write_text(f"path,blur_kind\n{path},motion\n")
    rows = from_table(tmp_path / "wide.parquet", ["wide"], TrainConfig()).table
    assert dict(zip(rows["path"], rows["blur_kind"], strict=True))[path] == "motion"
    assert (rows["blur_kind"] == "").sum() == len(rows) - 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "path,blur_kind\na.jpg,shaken\n",
            "blur_kind: expected defocus, motion or empty, got 'shaken'",
        ),
        ("path,kind\na.jpg,motion\n", "lacks blur_kind"),
    ],
)
def test_kinds_that_are_none_are_refused_with_the_file(tmp_path, text, words):
    (tmp_path / KINDS_FILE).write_text(text)
    with pytest.raises(ConfigError, match=f"{KINDS_FILE}: {words}"):
        with_kinds(pd.DataFrame({"path": ["a.jpg"]}), tmp_path / "wide.parquet")
