"""A table in parts, on a disk and behind a URL."""

import os

import pytest

from blurdct import results
from blurdct.errors import BlurdctError, ConfigError
from blurdct.utils.parts.folder import BEGUN, RECORD, PartFolder, is_part_folder
from tests.helpers import rows

NAMES = ("part-00000000-aa.parquet", "part-00000001-bb.parquet")


@pytest.fixture(params=["disk", "memory"])
def folder(request, tmp_path):
    pytest.importorskip("fsspec")
    place = str(tmp_path / "out") if request.param == "disk" else f"memory://{tmp_path.name}/out"
    made = PartFolder(place)
    made.make()
    return made


def fill(folder):
    for number, name in enumerate(NAMES):
        some = [rows.row(f"{number}{letter}\udcff.jpg") for letter in "ab"]
        folder.put(name, lambda path, some=some: results.write(path, some))


def test_the_rows_of_all_parts_are_read_like_a_file(folder):
    fill(folder)
    folder.write_json(BEGUN, {})
    with pytest.raises(ConfigError, match="unfinished"):
        list(results.read(folder.place))
    folder.write_json(RECORD, {"parts": 2})
    assert folder.names() == list(NAMES)
    found = [row["path"] for row in results.read(folder.place)]
    assert found == ["0a\udcff.jpg", "0b\udcff.jpg", "1a\udcff.jpg", "1b\udcff.jpg"]
    folder.remove(NAMES[1])
    assert folder.has(NAMES[0]) and not folder.has(NAMES[1])
    with pytest.raises(ConfigError, match="1 parts, not the 2 of _scan.json; --resume makes"):
        list(results.read(folder.place))


def test_what_is_not_there_is_empty(folder):
    assert folder.names() == [] and folder.read_json(RECORD) is None
    folder.remove("gone.parquet")


def test_a_damaged_record_is_none(folder):
    folder.put(RECORD, lambda path: path.write_text("[1"))
    assert folder.read_json(RECORD) is None


def test_a_damaged_part_is_told(folder):
    fill(folder)
    folder.write_json(RECORD, {"parts": 2})
    folder.put(NAMES[0], lambda path: path.write_bytes(b"PAR1 nothing"))
    with pytest.raises(ConfigError, match="damaged, cut, or no Parquet"):
        list(results.read(folder.place))


def test_what_is_a_folder_of_parts_is_told_apart(tmp_path):
    assert not is_part_folder(tmp_path) and not is_part_folder(tmp_path / "none")
    (tmp_path / RECORD).touch()
    assert is_part_folder(tmp_path)
    assert is_part_folder("s3://bucket/out") and not is_part_folder("s3://bucket/out.csv")


def test_a_url_that_nobody_knows_and_a_folder_that_cannot_be_made_are_told(tmp_path):
    with pytest.raises(ConfigError, match="nope://x: .*not known"):
        PartFolder("nope://x").names()
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="file/out: "):
        PartFolder(tmp_path / "file" / "out").make()
    with pytest.raises(BlurdctError, match="gone: "):
        PartFolder(tmp_path / "gone").put("x", lambda path: path.touch())
    assert os.listdir(tmp_path) == ["file"]
