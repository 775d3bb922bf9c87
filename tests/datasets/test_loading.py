import tempfile
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from blurdct.config import ReadConfig, SynthConfig
from blurdct.datasets.loading import load_folder, load_table
from blurdct.datasets.synthesis import COLUMNS
from blurdct.errors import ConfigError
from blurdct.features.inputs import INPUTS, photo_inputs
from blurdct.features.orientation import from_canonical
from blurdct.images.reader import read_luma
from blurdct.training.training_set import VARIED_WEIGHT, build_training_set
from tests.helpers import toys

pytestmark = pytest.mark.filterwarnings("error")

COPIES = SynthConfig(sharp_copies=1, blurred_copies=2)
SCENES = 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Three scenes, each sharp and blurred; a file that is no photo; two photographs unlabelled."""
    root = toys.save_photos(tmp_path_factory.mktemp("photos") / "mine", SCENES)
    (root / "sharp" / "notes.jpg").write_text("words")
    (root / "other").mkdir()
    for name in ("a.png", "b.png"):
        (root / "other" / name).write_bytes((root / "sharp" / "00.png").read_bytes())
    return root


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch) -> Path:
    """Where temporary folders are made in these tests."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


def listing(folder: Path) -> dict[str, int]:
    """Every file with the time of its last change."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.stat().st_mtime_ns for path in found}


def test_every_labelled_photo_is_there_with_what_models_eat_of_it(folder):
    found = load_folder(folder, INPUTS, synth=None, workers=1)
    names = [f"{label}/0{n}.png" for label in ("blurred", "sharp") for n in range(SCENES)]
    assert found.table["path"].tolist() == names
    assert found.table["label"].tolist() == [1] * SCENES + [0] * SCENES
    assert found.table["group"].tolist() == ["00", "01", "02"] * 2
    assert set(found.table["source"]) == {"mine"}
    assert list(found.table.columns) == COLUMNS
    assert found.files == [folder / name for name in names]
    assert list(found.inputs) == list(INPUTS)
    for number, file in enumerate(found.files):
        for view, row in photo_inputs(file, INPUTS).items():
            there = found.inputs[view][number]
            padding = [(0, more - own) for more, own in zip(there.shape, row.shape, strict=True)]
            np.testing.assert_array_equal(there, np.pad(row, padding).astype(there.dtype))


def test_what_cannot_be_read_and_what_has_no_label_is_reported(folder):
    found = load_folder(folder, ["laplacian"], synth=None, workers=1)
    path = folder / "sharp" / "notes.jpg"
    assert found.bad == [f"{path}: not an image, or of an unknown format"]
    assert found.unlabelled == 2
    assert not found.table["path"].str.startswith("other/").any()


def test_sharp_photographs_get_copies_which_are_looked_at_as_well(folder, tmp_path):
    found = load_folder(folder, ["rgb96"], synth=COPIES, work=tmp_path, workers=1)
    assert len(found.table) == len(found.files) == len(found.inputs["rgb96"]) == 5 * SCENES
    copies = found.table[found.table["kind"] != ""]
    assert sorted(copies["label"]) == [0] * SCENES + [1] * 2 * SCENES
    assert set(copies["original"]) == {f"sharp/0{n}.png" for n in range(SCENES)}
    assert found.table.groupby("group")["split"].nunique().max() == 1
    assert len(found.bad) == 1
    for file, row in zip(found.files, found.inputs["rgb96"], strict=True):
        np.testing.assert_array_equal(photo_inputs(file, ["rgb96"])["rgb96"], row)


def test_copies_are_kept_and_not_made_again_where_there_is_a_folder_for_them(folder, tmp_path):
    before = listing(folder)
    first = load_folder(folder, ["laplacian"], synth=COPIES, work=tmp_path / "work", workers=1)
    made = listing(tmp_path / "work")
    assert len([name for name in made if name.endswith(".jpg")]) == 3 * SCENES
    again = load_folder(folder, ["laplacian"], synth=COPIES, work=tmp_path / "work", workers=1)
    assert listing(tmp_path / "work") == made
    assert listing(folder) == before
    pd.testing.assert_frame_equal(again.table, first.table)
    np.testing.assert_array_equal(again.inputs["laplacian"], first.inputs["laplacian"])


def test_copies_without_a_folder_leave_nothing_but_are_the_same(folder, tmp_path, temporary):
    kept = load_folder(folder, ["laplacian"], synth=COPIES, work=tmp_path / "work", workers=1)
    passing = load_folder(folder, ["laplacian"], synth=COPIES, workers=1)
    assert list(temporary.iterdir()) == []
    pd.testing.assert_frame_equal(passing.table, kept.table)
    np.testing.assert_array_equal(passing.inputs["laplacian"], kept.inputs["laplacian"])


def test_the_recipe_of_the_seed_teaches_by_copies_alone(folder):
    seed = SynthConfig(recipe="seed", sharp_copies=1, blurred_copies=1)
    found = load_folder(folder, ["laplacian"], synth=seed, workers=1)
    assert (found.table["kind"] != "").all()
    assert len(found.table) == 2 * SCENES


def test_photographs_are_read_as_the_settings_say(folder):
    small, usual = (
        load_folder(folder, ["features"], ReadConfig(size), None, workers=1) for size in (32, 512)
    )
    for number, file in enumerate(small.files):
        expected = photo_inputs(file, ["features"], ReadConfig(32))["features"]
        np.testing.assert_array_equal(small.inputs["features"][number], expected)
    assert (small.inputs["features"] != usual.inputs["features"]).any(axis=1).all()


def test_where_no_labelled_photo_can_be_read_the_error_says_why(folder):
    words = "mine: no labelled photographs; .*; 9 cannot be read, such as .*/blurred/00.png: 64x64"
    with pytest.raises(ConfigError, match=words) as caught:
        load_folder(folder, ["features"], ReadConfig(max_pixels=100), None, workers=1)
    assert "\n" not in str(caught.value)


def test_a_manifest_says_what_is_blurred(folder, tmp_path):
    (tmp_path / "a").mkdir()
    lines = ["path,label,group,source"]
    for number, path in enumerate(sorted((folder / "blurred").iterdir())):
        (tmp_path / "a" / path.name).write_bytes(path.read_bytes())
        lines.append(f"a/{path.name},{number % 2},scene {number},street")
    (tmp_path / "manifest.csv").write_text("\n".join(lines))
    found = load_folder(tmp_path, ["laplacian"], synth=None, workers=1)
    assert found.table["label"].tolist() == [0, 1, 0]
    assert found.table["group"].tolist() == ["scene 0", "scene 1", "scene 2"]
    assert (found.bad, found.unlabelled) == ([], 0)


def test_photographs_without_any_label_are_refused_with_what_to_do(folder):
    with pytest.raises(ConfigError) as caught:
        load_folder(folder / "other", ["features"], workers=1)
    assert str(caught.value).startswith(f"{folder / 'other'}: no labelled photographs; put them")
    assert "\n" not in str(caught.value)
    with pytest.raises(ConfigError, match="no such folder"):
        load_folder(folder / "gone", ["features"], workers=1)


def test_rows_whose_file_has_gone_bad_are_left_out_everywhere(folder, tmp_path):
    whole = load_folder(folder, ["rgb96"], synth=None, workers=1)
    files = list(whole.files)
    files[1], files[4] = tmp_path / "gone.png", folder / "sharp" / "notes.jpg"
    found = load_table(whole.table, files, ["laplacian", "rgb96"], workers=1)
    kept = [0, 2, 3, 5]
    assert found.table["path"].tolist() == whole.table["path"].iloc[kept].tolist()
    assert found.table.index.tolist() == [0, 1, 2, 3]
    assert found.files == [files[number] for number in kept]
    np.testing.assert_array_equal(found.inputs["rgb96"], whole.inputs["rgb96"][kept])
    assert [line.partition(": ")[0] for line in found.bad] == [str(files[1]), str(files[4])]


def test_what_was_gathered_can_be_learnt_from(folder):
    found = load_folder(folder, ["laplacian", "rgb96"], synth=COPIES, workers=1)
    data = build_training_set(found.table, inputs=found.inputs)
    assert data.real.sum() == 2 * SCENES
    assert (data.weights[~data.real] < 1).all()
    sharp, copied = data.y == 0, (found.table["kind"] != "").to_numpy()
    assert (data.levels[sharp] == 0).all()
    assert (data.levels[~sharp & ~copied] == -1).all()  # only that it is blurred is known
    assert (data.levels[~sharp & copied] >= 0).all()
    np.testing.assert_array_equal(data.inputs["rgb96"], found.inputs["rgb96"])


@pytest.fixture
def masked(tmp_path) -> Path:
    """Two scenes, sharp and blurred, and three partly blurred photographs, one of them labelled."""
    root = toys.save_photos(tmp_path / "mine", 2)
    (root / "partial").mkdir()
    lines = ["path,label,group,source,mask"]
    lines += [f"sharp/0{n}.png,0,{n},mine," for n in range(2)]
    lines += [f"blurred/0{n}.png,1,{n},mine," for n in range(2)]
    for number, label in ((0, ""), (1, "0"), (2, "")):
        rgb = toys.photo(number + 5)
        cv2.imwrite(str(root / "partial" / f"{number}.png"), rgb[:, :, ::-1])
        mask = np.zeros(rgb.shape[:2], np.uint8)
        mask[:, :32] = 255
        cv2.imwrite(str(root / "partial" / f"{number}_mask.png"), mask)
        lines.append(f"partial/{number}.png,{label},p{number},parts,partial/{number}_mask.png")
    (root / "partial" / "2_mask.png").unlink()
    (root / "manifest.csv").write_text("\n".join(lines))
    return root


def test_masks_come_as_maps_that_lie_like_the_cells(masked):
    found = load_folder(masked, ["cells"], synth=None, workers=1, learning=True)
    names = found.table["path"].tolist()
    assert found.masks is not None and found.masks.shape == found.inputs["cells"][:, 0].shape
    known = np.isfinite(found.masks).any(axis=(1, 2))
    assert [name for name, one in zip(names, known, strict=True) if one] == [
        "partial/0.png",
        "partial/1.png",
    ]
    (line,) = found.bad
    assert "2_mask.png" in line
    for number in (0, 1):
        luma = read_luma(masked / "partial" / f"{number}.png")
        place = found.masks[names.index(f"partial/{number}.png"), :4, :4]
        expected = np.zeros((4, 4))
        expected[:, :2] = 1
        np.testing.assert_array_equal(from_canonical(place, luma), expected)


def test_rows_with_masks_and_varied_copies_are_set_apart(masked):
    synth = SynthConfig(sharp_copies=0, blurred_copies=1, varied_copies=2)
    found = load_folder(masked, ["cells"], synth=synth, workers=1, learning=True)
    data = build_training_set(found.table, inputs=found.inputs, masks=found.masks)
    assert set(data.table["kind"]) & {"varied"} == set() and (data.table["mask"] == "").all()
    apart = data.extra
    assert apart is not None and np.isfinite(apart.masks).any(axis=(1, 2)).sum() == 2
    assert dict(zip(apart.table["path"], apart.y, strict=True))["partial/1.png"] == 0
    assert (apart.y == -1).sum() == 2
    varied = (apart.table["kind"] == "varied").to_numpy()
    assert varied.sum() == 8 and apart.weights[varied].tolist() == [VARIED_WEIGHT / 2] * 8
    assert data.suited("dct-net").extra is not None
    assert found.places["sharp/00.png"] == masked / "sharp" / "00.png"
