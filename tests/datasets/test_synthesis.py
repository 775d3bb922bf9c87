import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from blurdct.config import ReadConfig, SynthConfig
from blurdct.datasets import recipes, synthesis
from blurdct.datasets.manifest import collect, read_csv, write_csv
from blurdct.datasets.splits import split_of
from blurdct.datasets.synthesis import COLUMNS, FOLDER, PAGES, locate, make_copies
from blurdct.errors import ConfigError
from blurdct.images.reader import read_luma

pytestmark = pytest.mark.filterwarnings("error")

READ = ReadConfig(size=64)
CONFIG = SynthConfig(test_share=0.5)


@pytest.fixture
def photos(rgb, tmp_path):
    """Three sharp scenes, a blurred and an unlabelled photo: (rows, folder)."""
    folder = tmp_path / "photos"
    names = ["sharp/cat.png", "sharp/dog.png", "sharp/deep/cat.png", "blurred/cat.jpg", "bird.png"]
    for i, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.roll(rgb, 10 * i, axis=1)).save(folder / name)
    rows, unreadable = collect(folder, workers=1)
    assert len(unreadable) == 0
    return rows, folder


def make(photos, out, config=CONFIG, workers=1, **options):
    return make_copies(*photos, out, config, READ, workers, **options)


def files(out) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((out / FOLDER).iterdir())}


def test_originals_come_first_and_then_the_copies_of_the_sharp_ones(photos, tmp_path):
    table, unreadable = make(photos, tmp_path / "run")
    assert unreadable == []
    assert list(table) == COLUMNS
    found, made = table[table["kind"] == ""], table[table["kind"] != ""]
    assert found["path"].tolist() == photos[0]["path"].tolist()
    assert (found["original"] == "").all()
    assert found["label"].isna().sum() == 1
    assert len(table) == len(found) + len(made)
    assert set(made["original"]) == {"sharp/cat.png", "sharp/dog.png", "sharp/deep/cat.png"}
    for _, rows in made.groupby("original"):
        assert rows["label"].tolist() == [0, 1, 1]
        assert rows["kind"].tolist()[0] == "none"
    assert made["path"].is_unique
    assert set(made["level"]) <= set(range(10))
    for parameters in made["parameters"]:
        assert {"quality", "exposure"} <= json.loads(parameters).keys()


def test_a_copy_shares_group_split_and_source_with_its_original(photos, tmp_path):
    photos[0]["source"] = "phone"
    table, _ = make(photos, tmp_path / "run")
    found = table[table["kind"] == ""].set_index("path")
    for copy in table[table["kind"] != ""].itertuples():
        original = found.loc[copy.original]
        assert (copy.group, copy.split, copy.source) == (
            original["group"],
            original["split"],
            original["source"],
        )
    assert table["split"].tolist() == [split_of(group, 0.5, 0) for group in table["group"]]
    assert table.groupby("group")["split"].nunique().eq(1).all()


def test_every_row_is_where_locate_says(photos, tmp_path):
    table, _ = make(photos, tmp_path / "run")
    paths = locate(table, photos[1], tmp_path / "run")
    for path, kind in zip(paths, table["kind"], strict=True):
        assert read_luma(path).size
        assert path.is_relative_to(tmp_path / "run" if kind else photos[1])


def test_the_number_of_workers_changes_nothing(photos, tmp_path):
    alone, _ = make(photos, tmp_path / "1", workers=1)
    together, _ = make(photos, tmp_path / "2", workers=2)
    pd.testing.assert_frame_equal(alone, together)
    assert files(tmp_path / "1") == files(tmp_path / "2")


def test_a_photo_has_the_same_copies_whatever_else_is_in_the_table(photos, tmp_path):
    make(photos, tmp_path / "all")
    rows, folder = photos
    make((rows[rows["path"] == "sharp/dog.png"], folder), tmp_path / "one")
    one, everything = files(tmp_path / "one"), files(tmp_path / "all")
    assert len(one) == 4  # three copies and their record
    assert one.items() <= everything.items()


def test_a_resumed_run_equals_an_uninterrupted_one(photos, tmp_path, monkeypatch):
    whole, _ = make(photos, tmp_path / "whole")
    calls, known = [], recipes.recipe

    def tired(name):
        def make_one(*arguments):
            calls.append(name)
            if len(calls) == 6:  # in the middle of the second photo
                raise KeyboardInterrupt
            return known(name)(*arguments)

        return make_one

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(synthesis, "recipe", tired)
        make(photos, tmp_path / "parts")
    assert len(calls) == 6
    assert not any(name.startswith(".") for name in files(tmp_path / "parts"))
    resumed, _ = make(photos, tmp_path / "parts")
    pd.testing.assert_frame_equal(whole, resumed)
    assert files(tmp_path / "whole") == files(tmp_path / "parts")


def test_copies_that_are_there_are_not_made_again(photos, tmp_path, monkeypatch):
    first, _ = make(photos, tmp_path / "run")
    monkeypatch.setattr(synthesis, "read_rgb", None)
    again, _ = make(photos, tmp_path / "run")
    pd.testing.assert_frame_equal(first, again)


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"settings": []}'])
def test_a_damaged_record_makes_the_copies_again(photos, tmp_path, damage):
    make(photos, tmp_path / "run")
    before = files(tmp_path / "run")
    for record in (tmp_path / "run" / FOLDER).glob("*.json"):
        record.write_text(damage)
    make(photos, tmp_path / "run")
    assert files(tmp_path / "run") == before


def test_another_seed_makes_other_copies(photos, tmp_path):
    first, _ = make(photos, tmp_path / "run")
    other, _ = make(photos, tmp_path / "run", SynthConfig(seed=1))
    assert first["parameters"].tolist() != other["parameters"].tolist()


@pytest.mark.parametrize(("sharp", "blurred"), [(0, 0), (0, 1), (2, 0), (3, 2)])
def test_as_many_copies_are_made_as_asked_for(photos, tmp_path, sharp, blurred):
    config = SynthConfig(sharp_copies=sharp, blurred_copies=blurred)
    table, _ = make(photos, tmp_path / "run", config)
    made = table[table["kind"] != ""]
    assert (made["label"] == 0).sum() == 3 * sharp
    assert (made["label"] == 1).sum() == 3 * blurred


def test_the_seed_recipe_leaves_the_photographs_themselves_out(photos, tmp_path):
    table, _ = make(photos, tmp_path / "run", SynthConfig(recipe="seed"))
    assert len(table) == 9
    assert (table["kind"] != "").all()
    assert set(table["kind"]) <= {"none", "motion", "gaussian", "lens"}


def test_an_unreadable_photo_gives_a_line_and_no_copies(photos, tmp_path):
    _, folder = photos
    (folder / "sharp/dog.png").write_text("words")
    table, unreadable = make(photos, tmp_path / "run")
    assert unreadable == [f"{folder / 'sharp/dog.png'}: not an image, or of an unknown format"]
    assert set(table["original"]) == {"", "sharp/cat.png", "sharp/deep/cat.png"}


@pytest.mark.parametrize("name", ["seed", "realistic", "everyday"])
def test_nothing_sharp_gives_no_copies(photos, tmp_path, name):
    rows, folder = photos
    blurred = rows[rows["label"] == 1]
    table, unreadable = make((blurred, folder), tmp_path / "run", SynthConfig(recipe=name))
    assert list(table) == COLUMNS
    assert len(table) == (0 if name == "seed" else 1)
    assert unreadable == []


def test_an_unknown_recipe_is_refused_before_any_work(photos, tmp_path):
    with pytest.raises(ConfigError, match="no recipe 'blurry'"):
        make(photos, tmp_path / "run", SynthConfig(recipe="blurry"))
    assert not (tmp_path / "run").exists()


def test_a_photo_with_the_longest_of_names_has_copies(rgb, tmp_path):
    name = "ü" * 125 + ".png"
    (tmp_path / "sharp").mkdir()
    try:
        Image.fromarray(rgb).save(tmp_path / "sharp" / name)
    except OSError:
        pytest.skip("the file system does not take this name")
    rows, _ = collect(tmp_path, workers=1)
    table, unreadable = make((rows, tmp_path), tmp_path / "run")
    assert unreadable == []
    assert len(table) == 4


def test_the_table_comes_back_from_its_file(photos, tmp_path):
    table, _ = make(photos, tmp_path / "run")
    write_csv(table, tmp_path / "images.csv")
    again = read_csv(tmp_path / "images.csv", COLUMNS)
    pd.testing.assert_frame_equal(again, table, check_dtype=False)
    write_csv(again, tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "images.csv").read_bytes()


def test_varied_copies_keep_the_label_and_leave_the_others_as_they_are(photos, tmp_path):
    plain, _ = make(photos, tmp_path / "plain")
    table, unreadable = make(photos, tmp_path / "run", SynthConfig(test_share=0.5, varied_copies=2))
    assert unreadable == []
    pd.testing.assert_frame_equal(table.iloc[: len(plain)], plain)
    varied = table.iloc[len(plain) :]
    assert set(varied["kind"]) == {"varied"}
    labelled = photos[0].dropna(subset="label").set_index("path")["label"]
    assert varied["original"].value_counts().to_dict() == dict.fromkeys(labelled.index, 2)
    assert (varied["label"].to_numpy() == labelled[varied["original"]].to_numpy()).all()
    assert varied["path"].is_unique
    for path in varied["path"]:
        assert min(read_luma(tmp_path / "run" / path, READ).shape) >= 16
    before = files(tmp_path / "run")
    again, _ = make(photos, tmp_path / "run", SynthConfig(test_share=0.5, varied_copies=2))
    pd.testing.assert_frame_equal(again, table)
    assert files(tmp_path / "run") == before


def test_photographs_of_a_source_with_one_label_are_not_varied(photos, tmp_path):
    rows, folder = photos
    rows = rows.assign(source=np.where(rows["path"] == "sharp/dog.png", "web", "camera"))
    config = SynthConfig(sharp_copies=0, blurred_copies=0, varied_copies=1)
    table, _ = make((rows, folder), tmp_path / "run", config)
    assert set(table["original"]) == {
        *("", "sharp/cat.png", "sharp/deep/cat.png", "blurred/cat.jpg")
    }


def test_photographs_blurred_in_part_have_no_copies_and_keep_their_mask(photos, tmp_path):
    rows, folder = photos
    rows = rows.assign(mask=["masks/cat.png", *[""] * (len(rows) - 1)])
    rows = rows.assign(blur_kind=["motion", *[""] * (len(rows) - 1)])
    config = SynthConfig(test_share=0.5, varied_copies=1)
    table, _ = make((rows, folder), tmp_path / "run", config)
    assert list(table) == [*COLUMNS, "mask", "blur_kind"]
    originals = set(table["original"]) - {""}
    assert rows["path"][0] not in originals and rows["path"][1] in originals
    for name in ("mask", "blur_kind"):
        assert table[name].tolist() == [*rows[name], *[""] * (len(table) - len(rows))]


def test_copies_with_lights_are_of_sharp_photographs_and_the_first_is_sharp(photos, tmp_path):
    plain, _ = make(photos, tmp_path / "plain")
    config = SynthConfig(test_share=0.5, lights_copies=3)
    table, _ = make(photos, tmp_path / "run", config)
    pd.testing.assert_frame_equal(table.iloc[: len(plain)], plain)
    made = table.iloc[len(plain) :]
    assert set(made["kind"]) == {"lights"} and len(made) == 9
    for _, rows in made.groupby("original"):
        assert rows["label"].tolist() == [0, 1, 1]
        assert (rows["strength"] > 0).tolist() == [False, True, True]
    names = {path.name for path in (tmp_path / "run" / FOLDER).iterdir()}
    assert {Path(path).name for path in made["path"]} <= names


def test_pages_come_last_each_a_scene_of_its_own_and_leave_the_others_as_they_are(photos, tmp_path):
    plain, _ = make(photos, tmp_path / "plain")
    config = SynthConfig(test_share=0.5, pages=12)
    table, unreadable = make(photos, tmp_path / "run", config)
    assert unreadable == [] and list(table) == COLUMNS
    pd.testing.assert_frame_equal(table.iloc[: len(plain)], plain)
    made = table.iloc[len(plain) :]
    assert len(made) == 36 and set(made["source"]) == {PAGES}
    assert not set(made["group"]) & set(plain["group"])
    assert made["group"].nunique() == 12 and set(made["split"]) == {"train", "test"}
    for group, rows in made.groupby("group"):
        assert rows["label"].tolist() == [0, 1, 1] and rows["kind"].tolist()[0] == "none"
        assert rows["original"].nunique() == rows["split"].nunique() == 1
        assert rows["split"].iloc[0] == split_of(group, 0.5, 0)
    assert made["path"].is_unique and made["original"].nunique() == 12
    for path in locate(made, photos[1], tmp_path / "run"):
        assert read_luma(path, READ).size
    assert len(set(files(tmp_path / "run").values())) == len(files(tmp_path / "run"))


def test_pages_are_the_same_however_many_workers_there_are_and_when_resumed(
    photos, tmp_path, monkeypatch
):
    config = SynthConfig(pages=3)
    alone, _ = make(photos, tmp_path / "1", config)
    together, _ = make(photos, tmp_path / "2", config, workers=2)
    pd.testing.assert_frame_equal(alone, together)
    assert files(tmp_path / "1") == files(tmp_path / "2")
    (two,) = {len(make(photos, tmp_path / "3", SynthConfig(pages=2))[0])}
    assert two == len(alone) - 3
    assert files(tmp_path / "3").items() < files(tmp_path / "1").items()
    monkeypatch.setattr(synthesis, "recipe", lambda name: None)  # nothing can be made
    again, _ = make(photos, tmp_path / "1", config)
    pd.testing.assert_frame_equal(again, alone)


def test_another_seed_draws_other_pages(photos, tmp_path):
    for seed in (0, 1):
        make(photos, tmp_path / str(seed), SynthConfig(pages=2, sharp_copies=1, seed=seed))
    made = [files(tmp_path / str(seed)) for seed in (0, 1)]
    assert not set(made[0].values()) & set(made[1].values())


def test_pages_need_no_photographs_to_be_made_of(photos, tmp_path):
    rows, folder = photos
    blurred = rows[rows["label"] == 1]
    table, _ = make((blurred, folder), tmp_path / "run", SynthConfig(recipe="everyday", pages=2))
    assert table["source"].value_counts()[PAGES] == 6 and len(table) == 7


def test_copies_count_as_much_as_their_photo_and_pages_once(photos, tmp_path):
    rows, folder = photos
    rows = rows.assign(weight=[0.5, 2.0, *[1.0] * (len(rows) - 2)])
    config = SynthConfig(pages=1, varied_copies=1, lights_copies=2)
    table, _ = make((rows, folder), tmp_path / "run", config)
    assert list(table) == [*COLUMNS, "weight"]
    own = rows.set_index("path")["weight"].to_dict()
    for row in table.itertuples():
        expected = own[row.original or row.path] if row.source != PAGES else 1.0
        assert row.weight == expected
    write_csv(table, tmp_path / "images.csv")
    again = read_csv(tmp_path / "images.csv", COLUMNS)
    assert again["weight"].tolist() == table["weight"].tolist()
