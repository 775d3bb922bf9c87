"""What stands beside the parts, and which scans may go on there."""

import os

import pytest

from blurdct.errors import ConfigError
from blurdct.scan.cluster import record
from blurdct.scan.cluster.job import Job
from blurdct.scan.run import Summary
from blurdct.utils.parts.folder import BEGUN, RECORD, PartFolder

FACTS = {"model": "toy", "size": 64, "threshold": 0.5, "digest": "abc"}


def job(**changes):
    values = {
        "sources": ("in",),
        "out": "out",
        "setup": (),
        "facts": FACTS,
        "column": None,
        "null": False,
        "exclude": (),
        "columns": {},
    }
    return Job(**{**values, **changes})


@pytest.fixture
def folder(tmp_path):
    return PartFolder(tmp_path / "out")


def test_a_scan_is_begun_finished_and_known_again(folder):
    assert not record.begin(folder, job(), False, False)
    assert os.listdir(folder.place) == [BEGUN]
    with pytest.raises(ConfigError, match="out: unfinished; --resume goes on with it"):
        record.begin(folder, job(), False, False)
    assert not record.begin(folder, job(), True, False)
    summary = Summary(photos=3)
    summary.labels.update(sharp=2, unreadable=1)
    record.finish(folder, job(), 1, summary)
    kept = folder.read_json(RECORD)
    assert os.listdir(folder.place) == [RECORD]
    assert kept["photos"] == 3 and kept["parts"] == kept["unreadable"] == 1
    assert kept["labels"] == {"sharp": 2, "unreadable": 1} and kept["digest"] == "abc"
    with pytest.raises(ConfigError, match="exists; --resume does new and changed"):
        record.begin(folder, job(), False, False)
    assert record.begin(folder, job(), True, False)
    assert os.listdir(folder.place) == [BEGUN]  # no longer complete


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"facts": {**FACTS, "model": "fast", "digest": "x"}}, "model toy, not fast"),
        ({"facts": {**FACTS, "size": 32, "digest": "x"}}, "size 64, not 32"),
        ({"facts": {**FACTS, "digest": "x"}}, "another version or threshold of toy"),
        ({"sources": ("in", "more")}, "sources"),
        ({"column": "file"}, "column None, not file"),
        ({"exclude": ("x*",)}, "exclude"),
    ],
)
def test_another_scan_is_refused_unless_it_begins_anew(folder, changes, words):
    record.begin(folder, job(), False, False)
    with pytest.raises(ConfigError, match="made with") as caught:
        record.begin(folder, job(**changes), True, False)
    assert words in str(caught.value) and "--force begins anew" in str(caught.value)
    folder.put("part-00000000-x.parquet", lambda path: path.touch())
    assert not record.begin(folder, job(**changes), False, True)
    assert folder.names() == []


def test_a_folder_of_something_else_is_left_alone(folder):
    os.mkdir(folder.place)
    PartFolder(folder.place).put("letter.txt", lambda path: path.touch())
    with pytest.raises(ConfigError, match="there is something else in it"):
        record.begin(folder, job(), False, True)
    assert os.listdir(folder.place) == ["letter.txt"]


def test_nothing_is_left_of_a_scan_that_made_nothing(folder):
    record.begin(folder, job(), False, False)
    record.leave(folder)
    assert not os.path.exists(folder.place)
    record.begin(folder, job(), False, False)
    folder.put("part-00000000-x.parquet", lambda path: path.touch())
    record.leave(folder)
    assert len(os.listdir(folder.place)) == 2
