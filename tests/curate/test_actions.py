"""Copies, moves and links: where photographs land, and what is left alone."""

import os
import random
from pathlib import Path

import pytest

from blurdct.curate.actions import ACTIONS, carry, tag, trouble
from blurdct.curate.journal import Journal
from blurdct.errors import ConfigError
from tests.helpers import tagged_files


def photo(path: Path, data: bytes = b"photo") -> dict:
    """A photo and its row, as a scan would write it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return row(path)


def row(path: Path) -> dict:
    info = path.stat()
    return {"path": str(path), "bytes": info.st_size, "modified": info.st_mtime}


def run(rows, action, to, root=None):
    """What became of the photographs, with a journal."""
    to.mkdir(exist_ok=True)
    with Journal(to, action) as journal:
        return list(carry(rows, action, to, root, journal))


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "photos"


def test_folders_are_kept_below_the_root(folder, tmp_path):
    rows = [photo(folder / "a" / "1.jpg", b"one"), photo(folder / "b" / "1.jpg", b"two")]
    steps = run(rows, "copy", tmp_path / "out", str(folder))
    out = tmp_path / "out"
    assert [step.target for step in steps] == [str(out / "a" / "1.jpg"), str(out / "b" / "1.jpg")]
    assert (out / "b" / "1.jpg").read_bytes() == b"two"
    assert (out / "b" / "1.jpg").stat().st_mtime == rows[1]["modified"]


@pytest.mark.parametrize("action", ACTIONS)
def test_a_name_that_is_taken_gets_a_number(folder, tmp_path, action):
    rows = [photo(folder / name / "1.jpg", name.encode()) for name in "abc"]
    out = tmp_path / "out"
    out.mkdir()
    (out / "1_1.jpg").write_bytes(b"mine")
    steps = run(rows, action, out)
    assert [Path(step.target).name for step in steps] == ["1.jpg", "1_2.jpg", "1_3.jpg"]
    assert [Path(step.target).read_bytes() for step in steps] == [b"a", b"b", b"c"]
    assert (out / "1_1.jpg").read_bytes() == b"mine"
    assert all(os.path.lexists(one["path"]) == (action != "move") for one in rows)


def test_sidecars_go_along_under_the_name_of_their_photo(folder, tmp_path):
    rows = [photo(folder / "a" / "1.jpg"), photo(folder / "b" / "1.jpg")]
    for name in ("1.jpg.xmp", "1.xmp"):
        (folder / "b" / name).write_text(name)
    run(rows, "move", tmp_path / "out")
    assert (tmp_path / "out" / "1_1.jpg.xmp").read_text() == "1.jpg.xmp"
    assert (tmp_path / "out" / "1_1.xmp").read_text() == "1.xmp"
    assert not list((folder / "b").iterdir())


def test_links_lead_to_the_photo_from_wherever_they_are(folder, tmp_path, monkeypatch):
    photo(folder / "1.jpg")
    monkeypatch.chdir(tmp_path)
    run([{"path": "photos/1.jpg"}], "link", tmp_path / "out")
    assert os.readlink(tmp_path / "out" / "1.jpg") == str(folder / "1.jpg")


def test_links_are_hard_where_there_are_no_others(folder, tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(1, "Operation not permitted")

    one = photo(folder / "1.jpg")
    monkeypatch.setattr(os, "symlink", refuse)
    run([one], "link", tmp_path / "out")
    assert os.path.samefile(tmp_path / "out" / "1.jpg", one["path"])


def test_what_is_not_as_it_was_is_left_alone_and_the_others_are_not(folder, tmp_path):
    gone, edited, touched, link, whole = (
        photo(folder / f"{name}.jpg") for name in ("gone", "edited", "touched", "link", "whole")
    )
    os.unlink(gone["path"])
    Path(edited["path"]).write_bytes(b"longer than it was")
    os.utime(touched["path"], (1, 1))
    os.unlink(link["path"])
    os.symlink(whole["path"], link["path"])
    link = row(Path(link["path"]))
    rows = [gone, edited, touched, link, {"path": str(folder)}, {"path": "a\0b"}]
    (tmp_path / "x.zip").touch()
    rows += [{"path": f"{tmp_path}/x.zip::1.jpg"}, {"path": "s3://x/1.jpg"}, whole]
    assert trouble(link) == ""  # it may be copied
    steps = run(rows, "move", tmp_path / "out")
    words = ["no such file", "changed", "changed", "symbolic", "no file", "", "archive", "computer"]
    for step, word in zip(steps[:-1], words, strict=True):
        assert word in step.problem and step.problem and not step.target
        assert "\n" not in step.problem
    assert steps[-1].target and not steps[-1].problem
    assert sorted(path.name for path in (tmp_path / "out").glob("*.jpg")) == ["whole.jpg"]


def test_an_error_in_the_middle_costs_one_photo(folder, tmp_path):
    rows = [photo(folder / "a" / "1.jpg"), photo(folder / "b" / "2.jpg"), photo(folder / "3.jpg")]
    out = tmp_path / "out"
    out.mkdir()
    (out / "a").write_text("no folder")
    steps = run(rows, "move", out, str(folder))
    assert [bool(step.problem) for step in steps] == [True, False, False]
    assert "cannot move it" in steps[0].problem and os.path.exists(rows[0]["path"])


def test_a_dry_run_says_what_will_happen_and_does_nothing(folder, tmp_path):
    chance = random.Random(0)
    rows = [photo(folder / name / f"{chance.randrange(3)}.jpg") for name in "abcdefgh"]
    out = tmp_path / "out"
    said = list(carry(rows, "copy", out, None, None))
    assert not out.exists()
    assert run(rows, "copy", out) == said and len({step.target for step in said}) == len(rows)


def test_names_that_are_no_text_go_along(folder, tmp_path):
    name = os.fsdecode(b"\xff\xfe.jpg")
    try:
        one = photo(folder / name)
    except OSError:
        pytest.skip("this file system wants text")
    run([one], "move", tmp_path / "out")
    assert (tmp_path / "out" / name).exists()


def test_photographs_are_not_sorted_into_where_they_are(folder, tmp_path):
    one = photo(folder / "1.jpg")
    (tmp_path / "other").symlink_to(folder)
    with pytest.raises(ConfigError, match="already"):
        list(carry([one], "copy", tmp_path / "other", str(folder), None))


def test_tagging_again_or_a_broken_sidecar_changes_nothing(folder, tmp_path):
    rows = [photo(folder / "1.jpg"), photo(folder / "2.jpg")]
    (folder / "2.jpg.xmp").write_text("not XMP")
    for _ in range(2):
        with Journal(tmp_path, "tag") as journal:
            first, second = tag(rows, "blurred", 1, journal)
        assert first.target == str(folder / "1.jpg.xmp") and not first.problem
        assert "2.jpg.xmp: no XMP" in second.problem
    assert len(list(tmp_path.glob("*.jsonl"))) == 1  # the second time nothing was done
    assert (folder / "2.jpg.xmp").read_text() == "not XMP"


@pytest.mark.parametrize("name", ["holiday::beach.jpg", "gone.zip::beach.jpg", "a/b::c.jpg"])
def test_a_missing_file_with_two_colons_in_its_name_is_no_archive(tmp_path, name):
    (problem,) = [step.problem for step in run([row_of(tmp_path / name)], "move", tmp_path / "out")]
    assert problem == "no such file"


def row_of(path: Path) -> dict:
    return {"path": str(path), "bytes": 1, "modified": 1.0}


def test_a_sidecar_that_is_a_link_is_neither_moved_nor_written_but_its_content_is_copied(
    folder, tmp_path
):
    one, other = photo(folder / "1.jpg"), photo(folder / "2.jpg")
    kept = tmp_path / "kept.xmp"
    kept.write_bytes(b"edits")
    (folder / "1.jpg.xmp").symlink_to("../kept.xmp")
    (folder / "2.jpg.xmp").symlink_to("nothing")
    for action in ("move", "tag"):
        with Journal(tmp_path, action) as journal:
            rows = [one, other]
            if action == "tag":
                steps = list(tag(rows, "blurred", 1, journal))
            else:
                steps = list(carry(rows, action, tmp_path / "out", None, journal))
        assert all("symbolic link" in step.problem and not step.target for step in steps)
    assert os.readlink(folder / "1.jpg.xmp") == "../kept.xmp" and kept.read_bytes() == b"edits"
    assert os.readlink(folder / "2.jpg.xmp") == "nothing"
    steps = run([one, other], "copy", tmp_path / "out")
    assert (tmp_path / "out" / "1.jpg.xmp").read_bytes() == b"edits"
    assert not (tmp_path / "out" / "1.jpg.xmp").is_symlink()
    assert "link to nothing" in steps[1].remark and steps[1].target


def test_two_names_of_one_file_are_moved_both_and_it_is_said(folder, tmp_path):
    one = photo(folder / "1.jpg")
    os.link(folder / "1.jpg", folder / "2.jpg")
    steps = run([one, row(folder / "2.jpg")], "move", tmp_path / "out")
    assert all("one of 2 names of one file" in step.remark for step in steps)
    assert os.path.samefile(tmp_path / "out" / "1.jpg", tmp_path / "out" / "2.jpg")


def test_the_other_name_of_a_tagged_sidecar_keeps_what_it_says(folder, tmp_path):
    one = photo(folder / "1.jpg")
    with Journal(tmp_path, "tag") as journal:
        list(tag([one], "first", 1, journal))
        os.link(folder / "1.jpg.xmp", folder / "backup")
        before = (folder / "backup").read_bytes()
        (step,) = tag([one], "second", 1, journal)
    assert "one of 2 names" in step.remark and (folder / "backup").read_bytes() == before


def test_own_stars_that_cannot_be_read_are_not_hidden_by_a_new_sidecar(folder, tmp_path):
    folder.mkdir()
    path = folder / "1.png"
    tagged_files.write(path, None, b"<broken")
    with Journal(tmp_path, "tag") as journal:
        (step,) = tag([row(path)], "blurred", 1, journal)
    assert "the photo's own XMP" in step.problem and os.listdir(folder) == ["1.png"]
