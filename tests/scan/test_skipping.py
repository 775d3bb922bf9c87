"""What a search passes over, and what it says of it."""

import zipfile
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from blurdct.errors import ConfigError
from blurdct.images.reader import read_luma
from blurdct.scan.skipping import ARCHIVES, PROGRAM_FOLDERS, UNREAD_FORMATS, VIDEOS, told
from blurdct.scan.sources import photographs
from tests.helpers import toys

KEPT = ["in/a.jpg", "in/b/c.jpg", "in/b/small_d.jpg", "in/raw/e.jpg"]
FOLDERS = [*PROGRAM_FOLDERS, *(".Trash-1000 .thumbnails .git @eaDir $RECYCLE.BIN".split())]


def paths(*sources, **options) -> list[str]:
    return [item.path for item in photographs(sources, **options)]


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """The current folder, with a folder ``in``, and the same again in ``in.zip``."""
    monkeypatch.chdir(tmp_path)
    names = KEPT + [f"in/b/{folder}/deep/x.jpg" for folder in FOLDERS]
    with zipfile.ZipFile("in.zip", "w") as archive:
        for name in sorted(set(names)):
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_text(name)
            archive.writestr(name.removeprefix("in/"), name)
    return tmp_path


def test_folders_of_programs_are_passed_over_below_what_was_named(here):
    assert paths("in") == KEPT
    assert paths("in.zip") == [name.replace("in/", "in.zip::", 1) for name in KEPT]
    assert paths("in/**/*.jpg") == KEPT
    assert paths("*") == ["in/a.jpg", *KEPT[1:], *(n.replace("in/", "in.zip::", 1) for n in KEPT)]


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_of_a_program_that_is_named_is_searched(here, folder):
    name = f"in/b/{folder}"
    assert paths(name) == paths(f"{name}/deep") == paths(f"{name}/*/*.jpg")
    assert paths(f"in/*/{folder}/**/*.jpg") == paths(f"{name}/deep/x.jpg") == [f"{name}/deep/x.jpg"]
    Path("names.txt").write_text(f"{name}\n")
    assert paths("names.txt") == [f"{name}/deep/x.jpg"]


@pytest.mark.parametrize(
    ("exclude", "left"),
    [
        (["*_d.jpg"], [0, 1, 3]),
        (["raw"], [0, 1, 2]),
        (["raw/"], [0, 1, 2]),
        (["./raw/*"], [0, 1, 2]),
        (["b/c.jpg", "a.*"], [2, 3]),
        (["b"], [0, 3]),
        (["c"], [0, 1, 2, 3]),
    ],
)
def test_what_the_user_excludes_is_passed_over_by_name_or_path(here, exclude, left):
    assert paths("in", exclude=exclude) == [KEPT[number] for number in left]
    inside = [KEPT[number].replace("in/", "in.zip::", 1) for number in left]
    assert paths("in.zip", exclude=exclude) == inside
    assert paths("in/**/*.jpg", exclude=exclude) == [KEPT[number] for number in left]


def test_paths_as_rows_call_them_are_excluded_and_what_is_named_stays(here):
    assert paths("in", exclude=["in/b"]) == [KEPT[0], KEPT[3]]
    assert paths("in/a.jpg", "in/b", exclude=["*.jpg", "b"]) == ["in/a.jpg"]


def test_pictures_that_nobody_reads_are_counted_by_ending(here):
    for name in "x.jxl b/y.JXL b/z.psd .hidden.jxl .git/w.jxl notes.txt".split():
        Path("in", name).parent.mkdir(exist_ok=True)
        Path("in", name).touch()
    jxl, psd = ".jxl (JPEG XL is not supported)", ".psd (Photoshop is not supported)"
    counts: Counter[str] = Counter()
    assert paths("in", skipped=lambda why: counts.update([why])) == KEPT
    programs = {f"{folder}/": 1 for folder in FOLDERS} | {".git/": 2}
    assert counts == {jxl: 2, psd: 1, "other files": 2, **programs}
    with zipfile.ZipFile("in.zip", "a") as archive:
        for name in "x.jxl b/y.JXL b/z.psd .hidden.jxl .git/w.jxl notes.txt".split():
            archive.writestr(name, b"")
    paths("in.zip", skipped=lambda why: counts.update([why]))
    assert (counts[jxl], counts[psd]) == (4, 2)
    assert told({jxl: 2, psd: 1}) == f"skipped: 2 {jxl}, 1 {psd}" and told({}) == ""


def test_videos_archives_and_what_is_excluded_are_counted_by_why(here):
    for name in "a.MOV b.mp4 c.zip d.tar.gz notes.txt x.xmp".split():
        Path("in", name).touch()
    counts: Counter[str] = Counter()
    paths("in", exclude=["b/c.jpg", "b/small_*"], skipped=lambda why: counts.update([why]))
    counts = Counter({why: count for why, count in counts.items() if not why.endswith("/")})
    assert counts == {"by --exclude": 2, VIDEOS: 2, ARCHIVES: 2, "other files": 2}
    singular = "skipped: 1 video (blurdct video judges it), 1 other file"
    assert told({VIDEOS: 1, "other files": 1}) == singular


def test_no_ending_is_both_read_and_not():
    from blurdct.images.files import SUFFIXES

    assert not SUFFIXES & set(UNREAD_FORMATS)


def test_several_pictures_in_one_mpo_file_are_read_as_the_first(here):
    frames = [Image.fromarray(toys.photo(seed, 0)) for seed in (1, 2)]
    frames[0].save("in/two.mpo", save_all=True, append_images=frames[1:], quality=95)
    frames[0].save("one.jpg", quality=95)
    assert "in/two.mpo" in paths("in")
    assert (read_luma("in/two.mpo") == read_luma("one.jpg")).all()


def test_a_folder_of_unread_pictures_alone_says_so(here):
    from blurdct.cli.options import find

    Path("other").mkdir()
    Path("other/x.jxl").touch()
    with pytest.raises(ConfigError, match=r"skipped: 1 .jxl \(JPEG XL is not supported\)"):
        find(["other"], None, False)
