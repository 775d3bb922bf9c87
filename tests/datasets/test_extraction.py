import numpy as np
import pandas as pd
import pytest
from PIL import Image

from blurdct.config import ReadConfig
from blurdct.datasets.extraction import (
    feature_table,
    read_inputs,
    read_numbers,
    with_features,
    write_numbers,
)
from blurdct.errors import ConfigError
from blurdct.features.bands import FEATURES
from blurdct.features.extract import image_features
from blurdct.features.inputs import INPUTS, photo_inputs
from blurdct.images.reader import read_luma

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture
def photos(rgb, texture, tmp_path):
    """Photographs of several sizes, two of them unreadable: (rows, paths)."""
    pictures = {"a.png": rgb, "b.jpg": texture, "d.png": rgb[:20, :50], "e.png": texture[:, ::-1]}
    for name, picture in pictures.items():
        Image.fromarray(np.ascontiguousarray(picture)).save(tmp_path / name)
    (tmp_path / "c.jpg").write_text("words")
    names = ["a.png", "b.jpg", "c.jpg", "d.png", "e.png", "f.png"]
    rows = pd.DataFrame({"path": names, "label": [0, 1, 0, 1, 0, 1]}, index=range(10, 16))
    return rows, [tmp_path / name for name in names]


def test_each_readable_photo_has_the_features_of_its_luma(photos):
    rows, paths = photos
    table, unreadable = feature_table(rows, paths, workers=1)
    assert table["path"].tolist() == ["a.png", "b.jpg", "d.png", "e.png"]
    assert table["label"].tolist() == [0, 1, 1, 0]
    assert table.index.tolist() == [0, 1, 2, 3]
    assert list(table) == ["path", "label", *FEATURES]
    assert (table[list(FEATURES)].dtypes == np.float32).all()
    for row, path in zip(table.index, (paths[0], paths[1], paths[3], paths[4]), strict=True):
        expected = image_features(read_luma(path)).astype(np.float32)
        np.testing.assert_array_equal(table.loc[row, list(FEATURES)].to_numpy(float), expected)
    assert unreadable == [
        f"{paths[2]}: not an image, or of an unknown format",
        f"{paths[5]}: no such file",
    ]


def test_the_number_of_workers_changes_nothing(photos):
    alone, together = (feature_table(*photos, workers=count) for count in (1, 2))
    pd.testing.assert_frame_equal(alone[0], together[0])
    assert alone[1] == together[1]


def test_photographs_are_read_at_the_size_asked_for(photos):
    config = ReadConfig(size=48)
    table, _ = feature_table(*photos, config, workers=1)
    expected = image_features(read_luma(photos[1][0], config))
    np.testing.assert_allclose(table.loc[0, list(FEATURES)].to_numpy(float), expected, rtol=1e-6)


def test_the_manifest_comes_back_as_it_was(photos):
    before = photos[0].copy()
    feature_table(*photos, workers=1)
    pd.testing.assert_frame_equal(photos[0], before)


@pytest.mark.parametrize("count", [0, 2])
def test_no_readable_photo_gives_an_empty_table_with_all_columns(tmp_path, count):
    rows = pd.DataFrame({"path": ["x.jpg"] * count})
    table, unreadable = feature_table(rows, [tmp_path / path for path in rows["path"]], workers=1)
    assert len(table) == 0
    assert list(table) == ["path", *FEATURES]
    assert len(unreadable) == count


def test_progress_sees_every_photo(photos):
    seen = []

    def watch(items, total, title):
        for item in items:
            seen.append((total, title))
            yield item

    feature_table(*photos, workers=1, progress=watch)
    assert seen == [(6, "photographs")] * 6


@pytest.mark.parametrize("workers", [1, 2])
def test_every_view_has_a_row_for_each_readable_photo(photos, workers):
    names = ["rgb96", "features", "gradients"]
    _, paths = photos
    inputs, readable, bad = read_inputs(paths, iter(names), workers=workers)
    assert readable.tolist() == [True, True, False, True, True, False]
    assert [line.split(": ")[0] for line in bad] == [str(paths[2]), str(paths[5])]
    good = [path for path, read in zip(paths, readable, strict=True) if read]
    expected = [photo_inputs(path, names) for path in good]
    assert list(inputs) == names
    for view, rows in inputs.items():
        assert rows.dtype == INPUTS[view].dtype
        np.testing.assert_array_equal(rows, np.stack([one[view] for one in expected]))


def test_views_are_read_at_the_size_asked_for(photos):
    _, paths = photos
    inputs, _, _ = read_inputs(paths[:1], ["features"], ReadConfig(size=48), workers=1)
    expected = image_features(read_luma(paths[0], ReadConfig(size=48)))
    np.testing.assert_allclose(inputs["features"][0], expected, rtol=1e-6)


def test_of_no_photographs_each_view_has_no_rows():
    inputs, readable, bad = read_inputs([], ["rgb96", "laplacian"], workers=1)
    assert {view: rows.shape for view, rows in inputs.items()} == {
        "rgb96": (0, 96, 96, 3),
        "laplacian": (0, 1),
    }
    assert readable.shape == (0,) and bad == []


def test_features_that_do_not_fit_are_a_wrong_call():
    with pytest.raises(ValueError, match="argument"):
        with_features(pd.DataFrame({"path": ["a"]}), np.zeros((1, 17)))


# A table of numbers

NAMES = ("first", "second", "third")


def written(tmp_path, values, **columns):
    rows = pd.DataFrame({"path": [f"{row}.jpg" for row in range(len(values))], "label": 0})
    path = tmp_path / "numbers.parquet"
    write_numbers(rows.assign(label=rows["label"].astype("Int64"), **columns), NAMES, values, path)
    return path


def test_numbers_come_back_from_their_file_to_a_four_hundredth(tmp_path):
    values = np.random.default_rng(0).normal(0, [1, 30, 900], (500, 3)).astype(np.float32)
    values[0] = 0
    rows, found = read_numbers(written(tmp_path, values), NAMES)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, values, rtol=1 / 400, atol=1e-6)
    assert np.abs(found[1:] / values[1:] - 1).max() > 1 / 2000  # or bits are kept for nothing
    assert rows["path"].tolist()[:2] == ["0.jpg", "1.jpg"] and str(rows["label"].dtype) == "Int64"


def test_of_what_was_drawn_a_table_of_numbers_keeps_the_width_of_blur(tmp_path):
    drawn = ['{"scale": 0.5, "seen": 3.25}', "{}", '{"seen": 0.0}']
    path = written(tmp_path, np.ones((3, 3), np.float32), parameters=drawn, level=[3, 0, 0])
    rows, _ = read_numbers(path, NAMES)
    np.testing.assert_array_equal(rows["seen"], [3.25, np.nan, 0])
    assert not {"parameters", "level"} & set(rows)


@pytest.mark.parametrize("content", [None, b"", b"path,label\na.jpg,0\n"])
def test_a_file_that_is_no_table_of_numbers_is_refused_by_its_name(tmp_path, content):
    path = tmp_path / "numbers.parquet"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"numbers\.parquet: [^\n]+$"):
        read_numbers(path, NAMES)


def test_a_table_of_other_numbers_is_refused(tmp_path):
    path = written(tmp_path, np.ones((3, 3), np.float32))
    with pytest.raises(ConfigError, match=r"numbers\.parquet: lacks 'fourth'"):
        read_numbers(path, (*NAMES, "fourth"))
