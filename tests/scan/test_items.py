"""Streams of photographs that are not opened yet."""

import zipfile

import pytest

from blurdct.errors import ImageError
from blurdct.images.reader import read_luma
from blurdct.scan import items
from blurdct.scan.items import (
    Item,
    ahead,
    batches,
    check_is_file,
    counted,
    elsewhere,
    find,
    name_of,
    open_photo,
)


def stream(*sizes, read):
    """Items; a size is that of the bytes that come with one, None for none, "" for an error."""
    for number, size in enumerate(sizes):
        read.append(number)
        data = bytes(size) if isinstance(size, int) else None
        yield Item(str(number), error="gone" if size == "" else "", data=data)


def names(found) -> str:
    return "".join(item.path for item in found)


@pytest.mark.parametrize(
    ("sizes", "most", "held", "read"),
    [
        ([None] * 5, None, "01234", 5),
        ([None] * 5, 2, "01", 2),
        ([None, "", "", None, None], 2, "0123", 4),  # errors are no photographs
        ([None, "", 3, 3, None], None, "01", 3),
        ([3, None], 9, "", 1),
        ([], 2, "", 0),
    ],
)
def test_items_are_held_up_to_the_first_that_carries_its_bytes(sizes, most, held, read):
    seen: list[int] = []
    found, rest = ahead(stream(*sizes, read=seen), most)
    assert (names(found), len(seen)) == (held, read)
    assert names(found) + names(rest) == names(stream(*sizes, read=[]))


@pytest.mark.parametrize(
    ("sizes", "total"), [([None, "", None], 3), ([], 0), ([None, 3, 3, None], None), ([3], None)]
)
def test_items_are_counted_if_all_can_be_held(sizes, total):
    count, found = counted(stream(*sizes, read=[]))
    assert count == total
    assert names(found) == names(stream(*sizes, read=[]))


def test_a_batch_is_full_by_number_or_by_weight(monkeypatch):
    monkeypatch.setattr(items, "HEAVY", 10)
    sizes = [None, None, None, 6, 6, 30, 2, 2]
    found = batches(enumerate(stream(*sizes, read=[])), 3, lambda job: job[1])
    assert [[number for number, _ in batch] for batch in found] == [[0, 1, 2], [3, 4], [5], [6, 7]]
    assert list(batches([], 3, lambda item: item)) == []


@pytest.mark.parametrize(
    ("path", "container", "name"),
    [
        ("in/a.jpg", "", "a.jpg"),
        ("a.jpg", "", "a.jpg"),
        ("b.zip::c::d.jpg", "", "b.zip::c::d.jpg"),  # a file of that very name
        ("in/b.zip::c.jpg", "in/b.zip", "c.jpg"),
        ("in/b.zip::x/y.zip::c.jpg", "in/b.zip", "y.zip::c.jpg"),
        ("s3://bucket/in/a.jpg", "", "a.jpg"),
        ("https://host/b.tar::c/a.jpg", "https://host/b.tar", "a.jpg"),
    ],
)
def test_the_name_of_the_file_itself(path, container, name):
    assert name_of(Item(path, container)) == name


@pytest.mark.parametrize("name", ["holiday::beach.jpg", "b.jpg::c.jpg", "dir.zip::x.jpg"])
def test_what_stands_before_the_colons_must_be_an_archive(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dir.zip").mkdir()
    assert elsewhere(name) == ""
    check_is_file(name)
    with pytest.raises(ImageError, match="^gone.zip::beach.jpg: no such file$"):
        check_is_file("gone.zip::beach.jpg")
    with zipfile.ZipFile("there.zip", "w") as archive:
        archive.writestr("beach.jpg", b"x")
    with pytest.raises(ImageError, match="^there.zip::beach.jpg: is inside an archive$"):
        check_is_file("there.zip::beach.jpg")


@pytest.mark.parametrize("name", ["holiday::beach.jpg", "b.jpg::c.jpg", "dir.zip::x.jpg"])
def test_a_missing_photo_with_colons_in_its_name_is_no_such_file(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dir.zip").mkdir()
    with pytest.raises(ImageError, match=f"^{name}: no such file$"):
        read_luma(open_photo(find(name)))
