from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image

from blurdct.config import ReadConfig
from blurdct.datasets import shards
from blurdct.datasets.extraction import feature_table
from blurdct.datasets.shards import average_statistics, write_coefficients, write_statistics
from blurdct.errors import ConfigError
from blurdct.features.bands import FEATURES, band_statistics
from blurdct.features.blocks import unfold
from blurdct.features.dct import block_dct
from blurdct.images.reader import read_luma

pytestmark = pytest.mark.filterwarnings("error")

# Sizes of photographs, height before width; None for one that cannot be read. In shards of three,
# the first and the last hold nothing readable, and the others are mixed.
PHOTOS = (
    *(None, None, None),
    *((96, 128), None, (40, 72)),
    *((17, 33), (128, 64), (16, 200)),
    *(None, (64, 64), None),
    *(None, None),
)


@pytest.fixture
def photos(texture, tmp_path, monkeypatch):
    """Rows and paths of ``PHOTOS``, in shards of three."""
    monkeypatch.setattr(shards, "SHARD_PHOTOS", 3)
    paths = []
    for i, size in enumerate(PHOTOS):
        paths.append(tmp_path / f"{i:02d}.png")
        if size:
            wide = np.roll(np.tile(texture, (1, 2)), 7 * i, axis=1)
            Image.fromarray(np.ascontiguousarray(wide[: size[0], : size[1]])).save(paths[-1])
    rows = pd.DataFrame({"path": [path.name for path in paths], "label": range(len(paths))})
    return rows, paths


@pytest.fixture
def expected(photos) -> pd.DataFrame:
    return feature_table(*photos, workers=1)[0]


def by_disk(photos, out, config=ReadConfig(), **options) -> pd.DataFrame:
    """The three steps, one after the other."""
    write_coefficients(photos[1], out / "dct", config, device="cpu", workers=1, **options)
    write_statistics(out / "dct", out / "statistics", device="cpu", workers=1)
    return average_statistics(out / "statistics", photos[0])


def assert_same(table, expected):
    pd.testing.assert_frame_equal(table[["path", "label"]], expected[["path", "label"]])
    assert list(table) == list(expected)
    values, wanted = (one[list(FEATURES)].to_numpy() for one in (table, expected))
    assert values.dtype == np.float32
    np.testing.assert_allclose(values, wanted, rtol=1e-5, atol=1e-6)


def contents(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}


def stop_after(count: int):
    """A progress bar that is interrupted after so many items."""

    def progress(items, total, title):
        for number, item in enumerate(items):
            if number == count:
                raise KeyboardInterrupt
            yield item

    return progress


def test_the_disk_road_leads_to_the_same_features(photos, expected, tmp_path):
    assert_same(by_disk(photos, tmp_path), expected)


def test_the_disk_road_reads_at_the_size_asked_for(photos, tmp_path):
    config = ReadConfig(size=64)
    assert_same(by_disk(photos, tmp_path, config), feature_table(*photos, config, workers=1)[0])


def test_photographs_larger_than_a_strip_lead_to_the_same_features(texture, tmp_path):
    path = tmp_path / "large.png"
    Image.fromarray(np.tile(texture, (4, 2))).save(path)
    rows = pd.DataFrame({"path": ["large.png"] * 3, "label": 0})
    photos = rows, [path] * 3
    assert_same(by_disk(photos, tmp_path), feature_table(*photos, workers=1)[0])


def test_every_unreadable_photo_has_a_line(photos, tmp_path):
    lines = write_coefficients(photos[1], tmp_path / "dct", device="cpu", workers=1)
    bad = [path for path, size in zip(photos[1], PHOTOS, strict=True) if size is None]
    assert lines == [f"{path}: no such file" for path in bad]


def test_shards_hold_coefficients_and_tell_whose_they_are(photos, tmp_path):
    write_coefficients(photos[1], tmp_path, device="cpu", workers=1)
    names = sorted(path.name for path in tmp_path.glob("[cb]*_*"))
    kinds = (("blocks", "parquet"), ("coefficients", "npy"))
    assert names == [f"{name}_{i:05d}.{end}" for name, end in kinds for i in (1, 2, 3)]
    for i in (1, 2, 3):
        coefficients = np.load(tmp_path / f"coefficients_{i:05d}.npy")
        blocks = pq.read_table(tmp_path / f"blocks_{i:05d}.parquet").to_pandas()
        assert coefficients.dtype == np.float32
        assert coefficients.shape == (64, len(blocks))
        for photo, keys in blocks.groupby("photo"):
            luma = read_luma(photos[1][photo])
            dct = block_dct(unfold(luma).astype(np.float32))
            np.testing.assert_array_equal(coefficients[:, keys.index], dct)
            columns = luma.shape[1] // 8
            np.testing.assert_array_equal(keys["row"] * columns + keys["column"], range(len(keys)))


def test_statistics_stand_beside_the_place_of_each_block(photos, tmp_path):
    by_disk(photos, tmp_path)
    table = pq.read_table(tmp_path / "statistics/statistics_00001.parquet").to_pandas()
    assert list(table) == ["photo", "row", "column", *FEATURES]
    block = read_luma(photos[1][5])[8:16, 24:32].astype(np.float32)
    row = table[(table["photo"] == 5) & (table["row"] == 1) & (table["column"] == 3)]
    statistics = band_statistics(block_dct(unfold(block)))[:, 0]
    np.testing.assert_allclose(row[list(FEATURES)].to_numpy()[0], statistics, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_an_interrupted_run_goes_on_to_the_same_files(photos, tmp_path, count):
    whole = by_disk(photos, tmp_path / "whole")
    out = tmp_path / "parts"
    with pytest.raises(KeyboardInterrupt):
        by_disk(photos, out, progress=stop_after(count))
    # as if killed between the two files of a shard
    for path in sorted((out / "dct").glob("blocks_*"))[-1:]:
        path.unlink()
    kept = {path: path.stat().st_mtime_ns for path in (out / "dct").glob("blocks_*")}
    write_coefficients(photos[1], out / "dct", device="cpu", workers=1)
    assert kept == {path: path.stat().st_mtime_ns for path in kept}
    with pytest.raises(KeyboardInterrupt):
        write_statistics(out / "dct", out / "statistics", "cpu", 1, stop_after(count % 3))
    write_statistics(out / "dct", out / "statistics", "cpu", 1)
    pd.testing.assert_frame_equal(average_statistics(out / "statistics", photos[0]), whole)
    for folder in ("dct", "statistics"):
        assert contents(out / folder) == contents(tmp_path / "whole" / folder)


def test_two_workers_write_the_same_files(texture, tmp_path):
    paths = []
    for i in range(shards.SHARD_PHOTOS + 2):  # two shards; workers know only the module's own size
        paths.append(tmp_path / f"{i}.png")
        Image.fromarray(np.ascontiguousarray(texture[i : i + 24, :32])).save(paths[-1])
    for count in (1, 2):
        out = tmp_path / str(count)
        write_coefficients(paths, out / "dct", device="cpu", workers=count)
        write_statistics(out / "dct", out / "statistics", device="cpu", workers=count)
    for folder in ("dct", "statistics"):
        assert len(contents(tmp_path / "1" / folder)) == (4 if folder == "dct" else 2)
        assert contents(tmp_path / "1" / folder) == contents(tmp_path / "2" / folder)


def test_torch_leads_to_the_same_features(photos, expected, tmp_path, monkeypatch):
    """The road of the GPU, on a device that every machine has."""
    pytest.importorskip("torch")
    # "cpu:0" is torch's name for the processor, and none of NumPy's
    lines = write_coefficients(photos[1], tmp_path / "dct", device="cpu:0", workers=1)
    assert lines == write_coefficients(photos[1], tmp_path / "numpy", device="cpu", workers=1)
    assert contents(tmp_path / "dct").keys() == contents(tmp_path / "numpy").keys()
    for path in (tmp_path / "dct").glob("coefficients_*"):
        coefficients = np.load(tmp_path / "numpy" / path.name)
        np.testing.assert_allclose(np.load(path), coefficients, rtol=1e-5, atol=1e-3)
    write_statistics(tmp_path / "dct", tmp_path / "statistics", device="cpu:0")
    assert_same(average_statistics(tmp_path / "statistics", photos[0]), expected)


@pytest.mark.gpu
def test_the_gpu_leads_to_the_same_features(photos, expected, tmp_path):
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no GPU")
    write_coefficients(photos[1], tmp_path / "dct", device="cuda", workers=1)
    write_statistics(tmp_path / "dct", tmp_path / "statistics", device="cuda")
    table = average_statistics(tmp_path / "statistics", photos[0])
    np.testing.assert_allclose(
        table[list(FEATURES)], expected[list(FEATURES)], rtol=1e-3, atol=1e-3
    )


def test_stages_that_find_nothing_before_them_say_so(photos, tmp_path):
    with pytest.raises(ConfigError, match="no coefficients; run the stage before"):
        write_statistics(tmp_path, tmp_path / "out", "cpu", 1)
    with pytest.raises(ConfigError, match="no statistics; run the stage before"):
        average_statistics(tmp_path, photos[0])


def test_nothing_readable_gives_lines_and_no_shards(tmp_path):
    paths = [tmp_path / "a.jpg", tmp_path / "b.jpg"]
    assert len(write_coefficients(paths, tmp_path / "dct", device="cpu", workers=1)) == 2
    assert contents(tmp_path / "dct") == {}
    assert write_coefficients([], tmp_path / "dct", device="cpu", workers=1) == []


def test_a_gpu_that_is_not_there_is_one_clear_error(tmp_path):
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(ConfigError, match="no cuda here"):
        write_coefficients([], tmp_path, device="cuda")
