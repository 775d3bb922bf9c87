import os
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st
from PIL import Image

from blurdct.config import ReadConfig
from blurdct.datasets.manifest import (
    collect,
    deciding,
    fingerprint,
    list_photos,
    read_csv,
    write_csv,
)
from blurdct.datasets.splits import folds, split_of
from blurdct.errors import ConfigError
from blurdct.features.bands import FEATURES

pytestmark = pytest.mark.filterwarnings("error")


def touch(folder, *paths):
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).touch()
    return folder


def manifest(folder, text: str):
    (folder / "manifest.csv").write_text(text, encoding="utf-8")
    return folder


def labels(rows) -> dict[str, int | None]:
    return {
        path: None if pd.isna(label) else int(label)
        for path, label in zip(rows["path"], rows["label"], strict=True)
    }


@pytest.fixture
def photos(rgb, tmp_path):
    """Two photographs, two files that are none, and one that is missing, in a manifest."""
    Image.fromarray(rgb).save(tmp_path / "a.png")
    (tmp_path / "b.jpg").write_text("words")
    Image.fromarray(rgb[:40, :30]).save(tmp_path / "c.jpg")
    (tmp_path / "d.jpg").touch()
    return manifest(
        tmp_path,
        "path,label,group,source\na.png,0,A,phone\nb.jpg,1,B,phone\nc.jpg,1,A,phone\n"
        "d.jpg,,D,phone\ne.jpg,0,E,phone\n",
    )


# Folders


def test_the_nearest_folder_of_that_name_gives_the_label(tmp_path):
    touch(
        tmp_path, "sharp/a.jpg", "blurred/deep/b.jpg", "sharp/blurred/c.jpg", "blurred/sharp/d.jpg"
    )
    touch(tmp_path, "SHARP/e.jpg", "Blurred/f.jpg", "other/g.jpg", "sharp.jpg", "sharpest/h.jpg")
    assert labels(list_photos(tmp_path)) == {
        "sharp/a.jpg": 0,
        "blurred/deep/b.jpg": 1,
        "sharp/blurred/c.jpg": 1,
        "blurred/sharp/d.jpg": 0,
        "SHARP/e.jpg": 0,
        "Blurred/f.jpg": 1,
        "other/g.jpg": None,
        "sharp.jpg": None,
        "sharpest/h.jpg": None,
    }


def test_files_of_one_name_are_one_scene(tmp_path):
    touch(tmp_path, "sharp/cat.jpg", "blurred/cat.png", "sharp/dog.jpg", "sharp/cat.2.jpg")
    rows = list_photos(tmp_path)
    groups = dict(zip(rows["path"], rows["group"], strict=True))
    assert groups["sharp/cat.jpg"] == groups["blurred/cat.png"] == "cat"
    assert groups["sharp/dog.jpg"] == "dog"
    assert groups["sharp/cat.2.jpg"] == "cat.2"
    assert set(rows["source"]) == {tmp_path.name}
    assert list(rows) == ["path", "label", "group", "source"]
    assert rows["label"].dtype == "Int64"


def test_a_folder_without_photographs_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="no photographs found"):
        list_photos(touch(tmp_path, "notes.txt"))
    with pytest.raises(ConfigError, match="no such folder"):
        list_photos(tmp_path / "nothing")


def test_a_file_name_that_no_table_can_hold_is_refused(tmp_path):
    try:
        touch(tmp_path, os.fsdecode(b"caf\xe9.jpg"))
    except OSError:
        pytest.skip("the file system does not take this name")
    with pytest.raises(ConfigError, match=r"expected file names in UTF-8, got b'caf\\xe9.jpg'"):
        list_photos(tmp_path)


# Manifests


def test_a_manifest_needs_only_paths_and_keeps_their_order(tmp_path):
    rows = list_photos(manifest(tmp_path, "path\nz.jpg\nblurred/a.jpg\nz.jpg\n"))
    assert rows["path"].tolist() == ["z.jpg", "blurred/a.jpg", "z.jpg"]
    assert rows["group"].tolist() == ["z", "a", "z"]  # as without a manifest
    assert rows["label"].isna().tolist() == [True, False, True]
    assert set(rows["source"]) == {tmp_path.name}


def test_a_label_of_the_manifest_outdoes_the_folder_and_an_empty_one_does_not(tmp_path):
    rows = list_photos(manifest(tmp_path, "path,label\nsharp/a.jpg,1\nsharp/b.jpg,\nc.jpg,\n"))
    assert labels(rows) == {"sharp/a.jpg": 1, "sharp/b.jpg": 0, "c.jpg": None}


def test_whole_numbers_are_labels_however_they_are_written(tmp_path):
    rows = list_photos(manifest(tmp_path, "path,label\na.jpg,1.0\nb.jpg,0\nc.jpg,01\n"))
    assert labels(rows) == {"a.jpg": 1, "b.jpg": 0, "c.jpg": 1}


@pytest.mark.parametrize("name", ["nan", "null", "None", "NA", "N/A", "#N/A", "007", "1e5", "true"])
def test_names_that_look_like_nothing_or_numbers_survive(tmp_path, name):
    rows = list_photos(manifest(tmp_path, f"path,group,source\n{name},{name},{name}\n"))
    assert rows.loc[0, ["path", "group", "source"]].tolist() == [name] * 3
    write_csv(rows, tmp_path / "rows.csv")
    again = read_csv(tmp_path / "rows.csv", ["path", "label"])
    assert again.loc[0, ["path", "group", "source"]].tolist() == [name] * 3


def test_empty_groups_and_sources_are_filled(tmp_path):
    rows = list_photos(manifest(tmp_path, "path,group,source\na.jpg,,\nb.jpg,B,phone\n"))
    assert rows["group"].tolist() == ["a", "B"]
    assert rows["source"].tolist() == [tmp_path.name, "phone"]


def test_a_weight_is_a_column_only_where_the_manifest_has_one_and_1_where_it_is_empty(tmp_path):
    assert "weight" not in list_photos(manifest(tmp_path, "path\na.jpg\n"))
    text = "path,label,weight\na.jpg,1,\nb.jpg,0,0\nc.jpg,0,2.5\nd.jpg,0,100\n"
    rows = list_photos(manifest(tmp_path, text))
    assert rows["weight"].tolist() == [1, 0, 2.5, 100] and rows["weight"].dtype == float
    write_csv(rows, tmp_path / "rows.csv")
    assert read_csv(tmp_path / "rows.csv", ["weight"])["weight"].tolist() == [1, 0, 2.5, 100]


@pytest.mark.parametrize("weight", ["much", "-1", "-0.001", "nan", "inf", "100.5", "1,5", "0x1"])
def test_a_weight_that_is_no_number_from_0_to_100_is_refused(tmp_path, weight):
    text = f'path,label,weight\na.jpg,1,1\nb.jpg,0,"{weight}"\n'
    with pytest.raises(
        ConfigError, match=r"manifest\.csv: weight: expected 0 to 100, got '"
    ) as caught:
        list_photos(manifest(tmp_path, text))
    assert f"got {weight!r}" in str(caught.value) and "\n" not in str(caught.value)


def test_a_kind_of_blur_is_a_column_only_where_the_manifest_has_one_and_one_of_two(tmp_path):
    assert "blur_kind" not in list_photos(manifest(tmp_path, "path\na.jpg\n"))
    text = "path,label,blur_kind\na.jpg,1,motion\nb.jpg,0,\nc.jpg,1,defocus\n"
    rows = list_photos(manifest(tmp_path, text))
    assert rows["blur_kind"].tolist() == ["motion", "", "defocus"]
    write_csv(rows, tmp_path / "rows.csv")
    assert read_csv(tmp_path / "rows.csv", [])["blur_kind"].tolist() == ["motion", "", "defocus"]
    manifest(tmp_path, text.replace("motion", "Motion"))
    words = "manifest.csv: blur_kind: expected defocus, motion or empty, got 'Motion'$"
    with pytest.raises(ConfigError, match=words):
        list_photos(tmp_path)


def test_a_weight_is_kept_for_the_photographs_that_can_be_read(photos):
    manifest(photos, "path,label,weight\na.png,0,0.5\nb.jpg,1,3\nc.jpg,1,2\n")
    good, _ = collect(photos, workers=1)
    assert good.set_index("path")["weight"].to_dict() == {"a.png": 0.5, "c.jpg": 2}


@pytest.mark.parametrize(
    ("sources", "labels", "decide"),
    [
        ("aabb", [0, 1, 0, 0], [1, 1, 0, 0]),  # of b only sharp ones are known
        ("aabb", [0, 0, 1, 1], [1, 1, 1, 1]),  # together they have both
        ("aabb", [0, 0, 0, 0], [0, 0, 0, 0]),
        ("", [], []),
    ],
)
def test_photographs_of_sources_that_have_both_labels_decide(sources, labels, decide):
    photos = pd.DataFrame({"source": list(sources), "label": pd.array(labels, "Int64")})
    np.testing.assert_array_equal(deciding(photos), np.array(decide, bool))


@pytest.mark.parametrize("label", ["2", "-1", "0.5", "sharp", "True", "1" * 30, "nan", "inf"])
def test_a_label_that_is_neither_is_refused(tmp_path, label):
    with pytest.raises(ConfigError, match=r"manifest\.csv: "):
        list_photos(manifest(tmp_path, f"path,label\na.jpg,{label}\nb.jpg,0\n"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("file,label\na.jpg,1\n", "lacks path; has file, label"),
        ("", "manifest.csv: empty"),
        ("path,label\na.jpg,1\nb.jpg,1,2,3\n", "line 3 has 4 cells, the header 2"),
        ("path,label\n", "manifest.csv: no rows in it"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused_in_one_line(tmp_path, text, reason):
    with pytest.raises(ConfigError, match=reason) as caught:
        list_photos(manifest(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_a_manifest_of_a_spreadsheet_may_begin_with_a_byte_order_mark(tmp_path):
    assert labels(list_photos(manifest(tmp_path, "\ufeffpath,label\na.jpg,1\n"))) == {"a.jpg": 1}


def test_a_manifest_in_another_encoding_is_refused(tmp_path):
    (tmp_path / "manifest.csv").write_bytes("path\ncafé.jpg\n".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"manifest.csv: cannot be read as UTF-8 \("):
        list_photos(tmp_path)


# Opening them


def test_what_cannot_be_read_is_listed_with_the_reason_and_the_rest_kept_in_order(photos):
    good, bad = collect(photos, workers=1)
    assert good["path"].tolist() == ["a.png", "c.jpg"]
    assert good["label"].tolist() == [0, 1]
    assert good[["width", "height"]].to_numpy().tolist() == [[128, 96], [30, 40]]
    assert good["bytes"].tolist() == [(photos / name).stat().st_size for name in good["path"]]
    assert dict(zip(bad["path"], bad["reason"], strict=True)) == {
        "b.jpg": "not an image, or of an unknown format",
        "d.jpg": "empty file",
        "e.jpg": "no such file",
    }


def test_two_workers_collect_the_same(photos):
    for alone, together in zip(collect(photos, workers=1), collect(photos, workers=2), strict=True):
        pd.testing.assert_frame_equal(alone, together)


def test_a_photo_over_the_pixel_limit_is_listed(photos):
    good, bad = collect(photos, ReadConfig(max_pixels=5000), workers=1)
    assert good["path"].tolist() == ["c.jpg"]
    assert "over the limit" in bad["reason"][0]


def test_no_readable_photo_gives_an_empty_table(tmp_path):
    good, bad = collect(touch(tmp_path, "a.jpg", "b.jpg"), workers=1)
    assert len(good) == 0
    assert {"path", "label", "group", "source", "width", "height", "bytes"} <= set(good)
    assert len(bad) == 2


def test_the_fingerprint_changes_with_a_photo_and_with_a_row(photos):
    rows = list_photos(photos)
    prints = [fingerprint(rows, photos), fingerprint(rows, photos)]
    assert prints[0] == prints[1]
    prints.append(fingerprint(rows.assign(label=1), photos))
    prints.append(fingerprint(rows[:-1], photos))
    os.utime(photos / "a.png", ns=(1, 1))  # the same size, another time
    prints.append(fingerprint(rows, photos))
    (photos / "b.jpg").write_text("more words")
    prints.append(fingerprint(rows, photos))
    (photos / "b.jpg").unlink()
    prints.append(fingerprint(rows, photos))
    assert len(set(prints)) == len(prints) - 1


# Splits


def test_a_split_takes_about_its_share_of_groups():
    names = [f"scene {i}" for i in range(4000)]
    for share in (0.05, 0.1, 0.5):
        found = np.mean([split_of(name, share, 0) == "test" for name in names])
        assert found == pytest.approx(share, abs=0.02)
    assert all(split_of(name, 0, 0) == "train" for name in names)


def test_a_split_depends_on_the_group_and_the_seed_alone():
    # written down: a photo must not change sides from one version to the next
    in_test = [i for i in range(20) if split_of(f"scene {i}", 0.25, 0) == "test"]
    assert in_test == [2, 6, 12, 16]
    assert in_test != [i for i in range(20) if split_of(f"scene {i}", 0.25, 1) == "test"]


def test_a_larger_share_only_adds_to_the_test_photographs():
    names = [f"scene {i}" for i in range(300)]
    few, many = ({name for name in names if split_of(name, s, 0) == "test"} for s in (0.1, 0.3))
    assert few < many


ROWS = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 2)), min_size=2, max_size=40)


@given(ROWS, st.integers(2, 6), st.integers(0, 3))
def test_every_row_is_judged_once_and_no_group_is_on_two_sides(rows, count, seed):
    groups, strata = np.array(rows).T
    if len(set(groups)) < 2:
        with pytest.raises(ConfigError, match="at least two groups"):
            folds(groups, strata, count, seed)
        return
    parts = folds(groups, strata, count, seed)
    assert len(parts) == min(count, len(set(groups)))
    judged = np.concatenate([validation for _, validation in parts])
    assert sorted(judged) == list(range(len(rows)))
    for train, validation in parts:
        assert len(validation)
        assert not set(groups[train]) & set(groups[validation])
        assert len(train) + len(validation) == len(rows)


def test_each_fold_has_about_the_same_mix():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(100), 3)
    strata = np.repeat(rng.choice(["phone/0", "phone/1", "burst/1"], 100, p=[0.5, 0.3, 0.2]), 3)
    whole = Counter(strata)
    for _, validation in folds(groups, strata, 5):
        for name, number in Counter(strata[validation]).items():
            assert number == pytest.approx(whole[name] / 5, abs=6)


def test_folds_follow_their_seed():
    groups, strata = np.arange(40) // 2, np.arange(40) % 2
    first, again, other = (folds(groups, strata, 4, seed) for seed in (1, 1, 2))
    for (_, one), (_, same) in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, same)
    assert any(
        one.tolist() != two.tolist() for (_, one), (_, two) in zip(first, other, strict=True)
    )


# Tables


def test_a_table_comes_back_as_it_was_written_to_seven_digits(tmp_path):
    rng = np.random.default_rng(0)
    values = np.exp(rng.uniform(-20, 20, (18, 50))).astype(np.float32) * rng.choice([-1, 1], 50)
    rows = pd.DataFrame(
        {
            "path": [f"a, b/“{i}”.jpg" for i in range(50)],
            "label": pd.array([0, 1, None, 1, 0] * 10, dtype="Int64"),
            "group": [""] * 25 + ["nan"] * 25,
            **dict(zip(FEATURES, values.astype(np.float32), strict=True)),
        }
    )
    write_csv(rows, tmp_path / "1.csv")
    write_csv(rows, tmp_path / "2.csv")
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes()
    assert b"\r" not in (tmp_path / "1.csv").read_bytes()
    again = read_csv(tmp_path / "1.csv", rows)
    for name in ("path", "group"):
        assert again[name].tolist() == rows[name].tolist()
    pd.testing.assert_series_equal(again["label"], rows["label"])
    np.testing.assert_allclose(again[list(FEATURES)], rows[list(FEATURES)], rtol=5e-7)
    write_csv(again, tmp_path / "3.csv")
    assert (tmp_path / "3.csv").read_bytes() == (tmp_path / "1.csv").read_bytes()


def test_a_table_that_lacks_columns_is_refused_and_they_are_named(tmp_path):
    (tmp_path / "rows.csv").write_text("path,size\na.jpg,3\n")
    with pytest.raises(ConfigError, match=r"rows\.csv: lacks label, kind; has path, size"):
        read_csv(tmp_path / "rows.csv", ["path", "label", "kind"])
    with pytest.raises(ConfigError, match="No such file"):
        read_csv(tmp_path / "missing.csv", [])
