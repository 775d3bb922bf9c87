"""Photographs that are listed twice."""

import tempfile
from pathlib import Path

import pytest

from blurdct.scan.cluster.seen import once_each
from blurdct.scan.items import Item


def paths(names, sources):
    return [item.path for item in once_each(map(Item, names), sources)]


@pytest.mark.parametrize(
    "sources", [["a", "b"], ["list.txt"], ["-"], ["@list"], ["t.csv"], ["a.zip"], ["in/*"]]
)
def test_the_first_of_two_counts(sources, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    names = ["a.jpg", "b.jpg", "a.jpg", "\udcff.jpg", "b.jpg", "c.jpg", "\udcff.jpg"]
    assert paths(names, sources) == ["a.jpg", "b.jpg", "\udcff.jpg", "c.jpg"]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("sources", [["{folder}"], ["s3://bucket/photos"], ["one.jpg"]])
def test_of_what_names_nothing_twice_nothing_is_kept(sources, tmp_path, monkeypatch):
    sources = [source.format(folder=tmp_path) for source in sources]
    monkeypatch.setattr(tempfile, "mkstemp", lambda *_: pytest.fail("something is kept"))
    assert paths(["a.jpg", "b.jpg"], sources) == ["a.jpg", "b.jpg"]


def test_what_is_taken_no_more_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    listed = once_each(map(Item, ["a.jpg", "b.jpg"]), ["a", "b"])
    assert next(listed).path == "a.jpg" and len(list(Path(tmp_path).iterdir())) == 1
    listed.close()
    assert not list(tmp_path.iterdir())
