import os
import socket
import sys
from io import BytesIO, StringIO
from pathlib import Path

import cv2
import numpy as np
import pytest

from blurdct.errors import ImageError
from blurdct.images import files
from blurdct.images.files import LIMIT, SUFFIXES, find_photos, read_bytes
from blurdct.inference.detector import Detector
from blurdct.scan.archives import members
from blurdct.scan.items import Item, open_photo


class Record:
    """An object that knows its path."""

    def __init__(self, path):
        self.path = path

    def __fspath__(self):
        return str(self.path)


def refusal(source, *name) -> str:
    """What the error about it says."""
    with pytest.raises(ImageError) as caught:
        read_bytes(source, *name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("kind", [Path, str, Record])
def test_a_path_gives_the_bytes_of_its_file_and_itself(tmp_path, kind):
    path = tmp_path / "photo"
    path.write_bytes(b"\x00\xff")
    assert read_bytes(kind(path)) == (b"\x00\xff", str(path))
    assert read_bytes(kind(path), "the cat") == (b"\x00\xff", "the cat")


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_bytes_of_any_kind_come_back_as_bytes(kind):
    data, label = read_bytes(kind(b"abc"))
    assert (type(data), data, label) == (bytes, b"abc", "bytes")
    assert read_bytes(kind(b"abc"), "the cat") == (b"abc", "the cat")


def test_an_open_file_is_read_from_where_it_stands_and_called_by_its_name(tmp_path):
    (tmp_path / "photo").write_bytes(b"abcd")
    with open(tmp_path / "photo", "rb") as file:
        file.seek(1)
        assert read_bytes(file) == (b"bcd", str(tmp_path / "photo"))
        assert not file.closed
    assert read_bytes(BytesIO(b"abc")) == (b"abc", "file")
    assert read_bytes(BytesIO(b"abc"), "the cat") == (b"abc", "the cat")


def test_a_file_opened_as_text_is_a_wrong_call():
    with pytest.raises(ValueError, match="^file: expected a file opened in binary mode") as caught:
        read_bytes(StringIO("abc"))
    assert not isinstance(caught.value, ImageError)


def test_nothing_at_all_is_refused(tmp_path):
    (tmp_path / "photo").touch()
    assert refusal(tmp_path / "photo") == f"{tmp_path / 'photo'}: empty file"
    assert refusal(b"") == "bytes: empty file"
    assert refusal(BytesIO(), "the cat") == "the cat: empty file"


def test_what_is_not_there_or_a_folder_is_refused(tmp_path):
    assert refusal(tmp_path / "gone") == f"{tmp_path / 'gone'}: no such file"
    assert refusal(tmp_path / "gone", "the cat") == "the cat: no such file"
    assert refusal(tmp_path) == f"{tmp_path}: a folder, not a photo"


@pytest.fixture(params=["device", "pipe", "socket"])
def special(request, tmp_path, monkeypatch):
    """The path of what is no regular file; reading it would not end, or fail."""
    path = tmp_path / "special.jpg"
    if request.param == "device":
        path.symlink_to("/dev/zero")
    elif request.param == "pipe":
        os.mkfifo(path)
    else:
        monkeypatch.chdir(tmp_path)  # the path of a socket is short
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    return path


@pytest.mark.skipif(sys.platform == "win32", reason="no devices, pipes or sockets in folders here")
class TestSpecialFiles:
    def test_what_is_no_regular_file_is_refused_instead_of_read(self, special):
        assert refusal(special) == f"{special}: not a regular file"
        link = special.with_name("link.jpg")
        link.symlink_to(special)
        assert refusal(link, "the cat") == "the cat: not a regular file"

    def test_it_is_refused_as_an_archive_and_as_a_url_too(self, special):
        for ending in (".zip", ".tar", ".tgz"):
            archive = special.rename(special.with_suffix(ending))
            with pytest.raises(ImageError, match="not a regular file$"):
                list(members(str(archive), lambda name: True))
            special = archive
        with pytest.raises(ImageError, match="not a regular file$"):
            open_photo(Item(f"file://{special}"))

    def test_the_others_of_its_folder_are_answered(self, special):
        good = special.with_name("good.png")
        cv2.imwrite(str(good), np.full((32, 32), 90, np.uint8))
        answers = [*Detector.load("laplacian").predict_many([special, good, special], workers=1)]
        assert str(answers[0]) == str(answers[2]) == f"{special}: not a regular file"
        assert answers[1].path == str(good)


def test_a_link_to_a_photo_is_that_photo(tmp_path):
    (tmp_path / "photo").write_bytes(b"abc")
    (tmp_path / "link").symlink_to("photo")
    assert read_bytes(tmp_path / "link") == (b"abc", str(tmp_path / "link"))


def test_a_file_over_the_limit_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "sparse"
    with open(path, "wb") as file:
        file.truncate(LIMIT + 1)
    assert refusal(path) == f"{path}: too large, over 536,870,912 bytes"


def test_the_limit_holds_for_a_file_that_does_not_tell_its_size(tmp_path, monkeypatch):
    path = tmp_path / "photo"
    path.write_bytes(b"abc" * 100_000)
    monkeypatch.setattr(files, "check_regular", lambda *_: 0)
    assert read_bytes(path)[0] == b"abc" * 100_000
    monkeypatch.setattr(files, "LIMIT", 299_999)
    assert refusal(path) == f"{path}: too large, over 299,999 bytes"


@pytest.mark.parametrize("path", ["null\0byte", "long" * 1000])
def test_a_path_that_cannot_be_is_refused(path):
    assert refusal(path).startswith(f"{path}: cannot be read (")


def test_a_file_that_may_not_be_read_is_refused_with_the_systems_words(tmp_path, monkeypatch):
    path = tmp_path / "photo"
    path.write_bytes(b"abc")

    def forbidden(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(files, "open", forbidden, raising=False)
    assert refusal(path) == f"{path}: cannot be read (Permission denied)"


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
def test_photos_are_found_by_their_ending_in_capitals_too(tmp_path, suffix):
    names = [f"A{suffix.upper()}", f"b{suffix}"]
    for name in (*names, f"c{suffix}x", suffix):
        (tmp_path / name).touch()
    assert [path.name for path in find_photos(tmp_path)] == names


def test_a_folder_that_cannot_be_listed_is_reported_and_the_rest_searched(tmp_path, monkeypatch):
    for name in ("a/1.jpg", "b/2.jpg", "c/3.jpg"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    listing = os.scandir

    def scandir(folder):
        if Path(folder).name == "b":
            raise PermissionError(13, "Permission denied", str(folder))
        return listing(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    errors = []
    found = [tmp_path / "a" / "1.jpg", tmp_path / "c" / "3.jpg"]
    assert find_photos(tmp_path, errors.append) == found
    assert [error.filename for error in errors] == [str(tmp_path / "b")]
    assert find_photos(tmp_path) == found
    assert find_photos(tmp_path / "gone") == []
