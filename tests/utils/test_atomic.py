"""Files and folders that appear whole or not at all."""

import ctypes
import errno
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from blurdct.utils import atomic
from blurdct.utils.atomic import create, replacing, replacing_folder

UNIX = pytest.mark.skipif(sys.platform == "win32", reason="other links and signals there")


def full(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


# Files


def test_a_file_appears_whole_and_alone(tmp_path):
    path = tmp_path / "folder" / "table.csv"
    with replacing(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
        assert temporary.suffix == ".csv" and temporary.parent == path.parent
    assert path.read_text() == "half"
    assert os.listdir(path.parent) == ["table.csv"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("old", [None, "old"])
def test_an_exception_leaves_the_old_file_and_nothing_else(tmp_path, error, old):
    path = tmp_path / "table.csv"
    if old:
        path.write_text(old)
    with pytest.raises(error), replacing(path) as temporary:
        temporary.write_text("half")
        raise error
    assert os.listdir(tmp_path) == (["table.csv"] if old else [])
    assert not old or path.read_text() == old


def test_an_exception_before_the_first_byte_is_the_one_that_comes_out(tmp_path):
    with pytest.raises(ZeroDivisionError), replacing(tmp_path / "table.csv"):
        raise ZeroDivisionError
    assert os.listdir(tmp_path) == []


def test_a_file_has_the_permissions_of_any_new_one(tmp_path):
    (tmp_path / "plain").touch()
    with replacing(tmp_path / "made"):
        pass
    assert (tmp_path / "made").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_errors_name_the_file_that_the_caller_knows(tmp_path, monkeypatch):
    with pytest.raises(OSError) as caught, replacing(tmp_path / "a.csv", make_folder=False):  # noqa: PT011
        full()
    assert caught.value.filename == str(tmp_path / "a.csv")
    missing = tmp_path / "nowhere" / "a.csv"
    with pytest.raises(FileNotFoundError) as caught, replacing(missing, make_folder=False):
        pass
    assert caught.value.filename == str(missing)
    with pytest.raises(FileNotFoundError) as caught, replacing(tmp_path / "a.csv"):
        open("another")  # noqa: SIM115
    assert caught.value.filename == "another"


def test_a_file_that_is_to_survive_a_power_cut_is_on_disk_before_it_has_its_name(
    tmp_path, monkeypatch
):
    done = []
    sync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda file: done.append("sync") or sync(file))
    monkeypatch.setattr(os, "replace", lambda *names: done.append("name") or replace(*names))
    with replacing(tmp_path / "a", durable=True) as temporary:
        temporary.write_text("a")
    assert done == ["sync", "name"]


@UNIX
def test_a_link_under_the_temporary_name_is_neither_followed_nor_removed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    planted = tmp_path / ".part"
    planted.symlink_to(victim)
    with pytest.raises(FileExistsError), replacing(tmp_path / "a", planted) as temporary:
        temporary.write_text("theirs")
    assert victim.read_text() == "mine" and planted.is_symlink()
    planted.unlink()
    planted.symlink_to(tmp_path / "nothing")
    with pytest.raises(FileExistsError):
        create(planted)
    assert not (tmp_path / "nothing").exists()


def test_no_two_files_have_the_same_temporary_name(tmp_path):
    with replacing(tmp_path / "a.csv") as one, replacing(tmp_path / "a.csv") as other:
        assert one != other
        one.write_text("one")
        other.write_text("other")
    assert (tmp_path / "a.csv").read_text() == "one"  # the last to finish


# Folders

SHEET = "sheet.json"


def fill(folder: Path, content: str) -> None:
    (folder / "graph").write_text(content)
    (folder / SHEET).write_text(content)


def made(path: Path, content: str) -> None:
    with replacing_folder(path, SHEET) as new:
        fill(new, content)


def content(path: Path) -> str:
    """What a whole folder holds."""
    found = {(path / name).read_text() for name in ("graph", SHEET)}
    assert len(found) == 1
    return found.pop()


def no_exchange(monkeypatch) -> None:
    monkeypatch.setattr(atomic, "_exchange", lambda *_: False)


ways = pytest.mark.parametrize("exchange", [True, False])


@ways
def test_a_folder_appears_whole_and_is_replaced_whole(tmp_path, monkeypatch, exchange):
    if not exchange:
        no_exchange(monkeypatch)
    path = tmp_path / "deep" / "bundle"
    with replacing_folder(path, SHEET) as new:
        fill(new, "old")
        assert not path.exists()
    path.chmod(0o750)
    inode = path.stat().st_ino
    made(path, "new")
    assert content(path) == "new" and path.stat().st_ino != inode
    assert path.stat().st_mode & 0o777 == 0o750
    assert os.listdir(path) and os.listdir(path.parent) == ["bundle"]


@ways
def test_other_files_and_folders_in_it_are_kept(tmp_path, monkeypatch, exchange):
    if not exchange:
        no_exchange(monkeypatch)
    path = tmp_path / "bundle"
    made(path, "old")
    (path / "notes.txt").write_text("mine")
    (path / "runs").mkdir()
    (path / "runs" / "1").touch()
    made(path, "new")
    assert content(path) == "new" and (path / "notes.txt").read_text() == "mine"
    assert sorted(os.listdir(path)) == ["graph", "notes.txt", "runs", SHEET]
    assert os.listdir(path / "runs") == ["1"] and os.listdir(tmp_path) == ["bundle"]


@pytest.mark.parametrize("stays", [False, True])
def test_of_its_own_files_those_that_are_not_made_anew_go(tmp_path, monkeypatch, stays):
    path = tmp_path / "bundle"
    made(path, "old")
    for name in ("map", "notes.txt"):
        (path / name).write_text("old")
    if stays:
        monkeypatch.chdir(path)
    with replacing_folder(path, SHEET, own=["map", "other"]) as new:
        fill(new, "new")
        (new / "other").touch()
    assert sorted(os.listdir(path)) == ["graph", "notes.txt", "other", SHEET]
    made(path, "newer")
    assert (path / "other").exists() and content(path) == "newer"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_exception_leaves_the_old_folder_and_nothing_else(tmp_path, error):
    made(tmp_path / "bundle", "old")
    for name in ("bundle", "other"):
        with pytest.raises(error), replacing_folder(tmp_path / name, SHEET) as new:
            (new / "graph").write_text("half")
            raise error
    assert os.listdir(tmp_path) == ["bundle"] and content(tmp_path / "bundle") == "old"


def test_a_full_disk_is_told_of_the_folder(tmp_path, monkeypatch):
    made(tmp_path / "bundle", "old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left") as caught:
        made(tmp_path / "bundle", "new")
    assert caught.value.filename == str(tmp_path / "bundle")
    assert os.listdir(tmp_path) == ["bundle"] and content(tmp_path / "bundle") == "old"


def test_if_the_new_one_cannot_take_the_place_the_old_one_is_put_back(tmp_path, monkeypatch):
    no_exchange(monkeypatch)
    made(tmp_path / "bundle", "old")
    rename, refused = os.rename, []

    def refuse(one, other):
        if Path(one).name == "new" and not refused:
            refused.append(one)
            raise OSError(errno.EXDEV, "another file system")
        rename(one, other)

    monkeypatch.setattr(os, "rename", refuse)
    made(tmp_path / "bundle", "new")  # file by file, then
    assert refused and content(tmp_path / "bundle") == "new"
    assert os.listdir(tmp_path) == ["bundle"]


def test_a_folder_that_others_hold_on_to_gets_the_files_one_by_one(tmp_path, monkeypatch):
    path = tmp_path / "bundle"
    made(path, "old")
    (path / "notes.txt").write_text("mine")
    inode = path.stat().st_ino
    monkeypatch.chdir(path)
    order = []
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda one, to: order.append(to.name) or replace(one, to))
    made(Path("."), "new")
    assert content(path) == "new" and path.stat().st_ino == inode and order[-1] == SHEET
    assert sorted(os.listdir(path)) == ["graph", "notes.txt", SHEET]


@UNIX
def test_a_link_to_a_folder_stays_one(tmp_path):
    made(tmp_path / "bundle", "old")
    (tmp_path / "link").symlink_to("bundle")
    made(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink() and content(tmp_path / "bundle") == "new"


def test_a_file_of_that_name_is_no_folder_to_replace(tmp_path):
    (tmp_path / "bundle").write_text("mine")
    with pytest.raises(FileExistsError):
        made(tmp_path / "bundle", "new")
    assert (tmp_path / "bundle").read_text() == "mine" and os.listdir(tmp_path) == ["bundle"]


@UNIX
@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "renameat2"), reason="needs the system's exchange of names"
)
def test_whenever_a_process_is_killed_the_folder_is_whole_and_there(tmp_path):
    path = tmp_path / "bundle"
    made(path, "0")
    seen = set()
    for number in range(15):
        child = os.fork()
        if child == 0:
            while True:
                made(path, str(time.monotonic_ns()))
        time.sleep(0.01 + 0.002 * number)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        seen.add(content(path))
        # one that is left is not taken for one of those beside it
        assert list(tmp_path.glob(f"*/{SHEET}")) == [path / SHEET]
    assert len(seen) > 1
