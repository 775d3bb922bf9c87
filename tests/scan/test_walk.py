import os
from glob import glob

import pytest

from blurdct.images.files import SUFFIXES, find_photos, is_photo
from blurdct.scan.walk import Listing, LocalTree, below, matching

pytestmark = pytest.mark.filterwarnings("error")

NAMES = """
a.jpg a/b.jpg a/a.jpg a.b/c.jpg a-b.jpg a!/z.png B/x.png b/x.tif b/deep/er/y.jpg b/deep.jpg
.hidden.jpg .kept/k.jpg b/notes.txt b/[x].jpg z/.git/p.jpg ünï/ö.jpg
""".split()


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A folder with others in it, which is the current one, and files without content."""
    for name in NAMES:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files(folder="") -> list[str]:
    return [found.path for found in below(LocalTree(), folder)]


def matches(pattern: str) -> list[str]:
    return [found.path for found in matching(LocalTree(), pattern)]


def test_files_come_in_the_order_of_their_sorted_paths(tree):
    photos = [path for path in files() if is_photo(os.path.basename(path))]
    assert photos == [str(path) for path in find_photos(".")]
    assert len(photos) == len(NAMES) - 2  # less the hidden one and the notes
    below_b = [str(path) for path in find_photos("b")]
    assert [path for path in files("b") if path.endswith(tuple(SUFFIXES))] == below_b


def test_a_folder_is_listed_when_its_turn_comes_and_not_before(tree, monkeypatch):
    listed = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda folder: listed.append(folder) or scandir(folder))
    walk = below(LocalTree(), "")
    assert [next(walk).path for _ in range(3)] == [".hidden.jpg", ".kept/k.jpg", "B/x.png"]
    assert listed == [".", ".kept", "B"]


@pytest.mark.parametrize(
    "pattern",
    """*.jpg * b/* */*.jpg **/*.jpg ** b/** **/deep/**/*.jpg b/**/e?/*.jpg [ab]/* b/[[]x].jpg
    .*.jpg .kept/*.jpg ./*/*.png b/deep/er/y.jp? */ **/ no/*.jpg a.jpg/* ü*/* **/**/x.*""".split(),
)
def test_a_pattern_matches_what_it_matches_in_the_standard_library(tree, pattern):
    # The library counts the folder in front of ** among what is below it.
    expected = {path.removesuffix("/") for path in glob(pattern, recursive=True)} - {"b", ""}
    found = matches(pattern)
    assert set(found) - {"b"} == expected
    assert len(found) == len(set(found))
    parts = [path.split("/") for path in found]
    assert parts == sorted(parts)


def test_absolute_patterns_begin_where_they_say(tree):
    assert matches(f"{tree}/a/*.jpg") == [f"{tree}/a/a.jpg", f"{tree}/a/b.jpg"]


def test_links_to_folders_are_followed_and_each_real_folder_comes_once(tmp_path, monkeypatch):
    for name in ("here/real/1.jpg", "elsewhere/2.jpg", "elsewhere/below/3.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    links = {
        "here/again": "real",  # found by its own name
        "here/circle": "..",  # holds all of this
        "here/real/self": ".",
        "here/real/up": "../../here",
        "here/loop": "loop",  # leads nowhere
        "here/other": "../elsewhere",
        "here/same": "../elsewhere",
        "here/third": "../elsewhere/below",
        "here/4.jpg": "../elsewhere/2.jpg",  # a file
    }
    for name, target in links.items():
        (tmp_path / name).symlink_to(target)
    monkeypatch.chdir(tmp_path)
    assert [path for path in files("here") if path.endswith(".jpg")] == [
        "here/4.jpg",
        "here/circle/elsewhere/2.jpg",
        "here/circle/elsewhere/below/3.jpg",
        "here/real/1.jpg",
    ]
    (tmp_path / "here/circle").unlink()
    assert [path for path in files("here") if path.endswith(".jpg")] == [
        "here/4.jpg",
        "here/other/2.jpg",
        "here/other/below/3.jpg",
        "here/real/1.jpg",
    ]
    assert len(matches("here/**/*.jpg")) == 4
    assert matches("here/*/1.jpg") == ["here/again/1.jpg", "here/real/1.jpg"]  # as in a shell


def test_a_link_that_was_named_is_a_folder_like_any_other(tmp_path, monkeypatch):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "1.jpg").touch()
    (tmp_path / "link").symlink_to("real")
    monkeypatch.chdir(tmp_path)
    assert files("link") == ["link/1.jpg"]


def test_a_folder_that_cannot_be_listed_is_said_in_its_place_and_the_rest_goes_on(
    tree, monkeypatch
):
    scandir = os.scandir

    def refused(folder):
        if folder in ("a", "b/deep"):
            raise PermissionError(13, "Permission denied", folder)
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refused)
    found = list(below(LocalTree(), ""))
    assert [one.path for one in found if one.error] == ["a", "b/deep"]
    assert found[[one.path for one in found].index("a")].error == (
        "a: cannot be searched (Permission denied)"
    )
    assert {one.path for one in found if not one.error} == set(NAMES) - {
        "a/a.jpg",
        "a/b.jpg",
        "b/deep/er/y.jpg",
    }


def test_very_deep_folders_are_no_matter():
    class Shaft(LocalTree):
        def listing(self, folder):
            below_it = ["d"] if folder.count("/") < 5000 else ["x.jpg"]
            return Listing(below_it, {"d"})

        def identity(self, folder, root):
            return folder

    assert [found.path for found in below(Shaft(), "d")] == ["d/" * 5001 + "x.jpg"]
