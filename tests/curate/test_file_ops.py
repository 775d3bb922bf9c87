"""Files renamed and copied: whole or not at all, and never over another one."""

import errno
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from blurdct.curate.file_ops import duplicate, part_of, relocate, replace_bytes, same_bytes


@pytest.fixture
def pair(tmp_path) -> tuple[str, str, str]:
    """A file, where it is to go, and a name for it on the way."""
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"photo" * 10**6)
    os.utime(source, ns=(10**18, 10**18 + 1))
    return str(source), str(target), part_of(str(target), "token")


def no_links(*_, **__):
    raise OSError(errno.EPERM, "no links")


def other_device(real):
    def call(one, two, **words):
        if os.path.basename(one) == "source":
            raise OSError(errno.EXDEV, "another device")
        return real(one, two, **words)

    return call


def pretend(monkeypatch, where: str) -> None:
    if where == "no links":
        monkeypatch.setattr(os, "link", no_links)
    elif where == "other device":
        monkeypatch.setattr(os, "link", other_device(os.link))
        monkeypatch.setattr(os, "rename", other_device(os.rename))


WHERE = pytest.mark.parametrize("where", ["here", "no links", "other device"])


@WHERE
def test_a_moved_file_is_the_same_and_gone_from_its_place(pair, monkeypatch, where):
    source, target, part = pair
    data, time = Path(source).read_bytes(), os.stat(source).st_mtime_ns
    pretend(monkeypatch, where)
    relocate(source, target, part)
    assert Path(target).read_bytes() == data and os.stat(target).st_mtime_ns == time
    assert os.listdir(os.path.dirname(target)) == ["target"]


@WHERE
def test_a_name_that_is_taken_is_left_alone(pair, monkeypatch, where):
    source, target, part = pair
    Path(target).write_bytes(b"mine")
    pretend(monkeypatch, where)
    with pytest.raises(FileExistsError):
        relocate(source, target, part)
    with pytest.raises(FileExistsError):
        duplicate(source, target, part)
    assert Path(target).read_bytes() == b"mine" and os.path.exists(source)
    assert not os.path.exists(part)


@WHERE
def test_a_file_that_cannot_be_removed_stays_the_only_one(pair, monkeypatch, where):
    source, target, part = pair
    pretend(monkeypatch, where)
    real = os.unlink

    def refuse(path):
        if path == source:
            raise OSError(errno.EACCES, "Permission denied")
        real(path)

    monkeypatch.setattr(os, "unlink", refuse)
    if where == "no links":
        monkeypatch.setattr(os, "rename", no_links)
    with pytest.raises(OSError, match="Permission denied|no links"):
        relocate(source, target, part)
    assert os.path.exists(source) and not os.path.exists(target) and not os.path.exists(part)


def test_a_copy_that_differs_is_thrown_away(pair, monkeypatch):
    source, target, part = pair
    pretend(monkeypatch, "other device")
    monkeypatch.setattr(shutil, "copyfile", lambda _, to: Path(to).write_bytes(b"half"))
    with pytest.raises(OSError, match="differs"):
        relocate(source, target, part)
    assert os.path.exists(source) and not os.path.exists(target) and not os.path.exists(part)


def test_between_two_real_file_systems(tmp_path):
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is only one file system")
    with tempfile.TemporaryDirectory(dir=memory) as other:
        source, target = str(tmp_path / "a"), os.path.join(other, "a")
        Path(source).write_bytes(b"photo")
        relocate(source, target, part_of(target, "x"))
        assert os.listdir(other) == ["a"] and not os.path.exists(source)
        relocate(target, source, part_of(source, "x"))
        assert Path(source).read_bytes() == b"photo" and not os.listdir(other)


def test_bytes_are_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "a.xmp"
    path.write_bytes(b"old")
    path.chmod(0o640)
    replace_bytes(str(path), b"new", part_of(str(path), "x"), time=10**18)
    assert path.read_bytes() == b"new" and path.stat().st_mode & 0o777 == 0o640
    assert path.stat().st_mtime_ns == 10**18
    monkeypatch.setattr(os, "replace", no_links)
    with pytest.raises(OSError, match="no links"):
        replace_bytes(str(path), b"newer", part_of(str(path), "x"))
    assert path.read_bytes() == b"new" and os.listdir(tmp_path) == ["a.xmp"]


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_that_was_planted_under_a_temporary_name_is_not_followed(pair, tmp_path):
    source, target, part = pair
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    os.symlink(victim, part)
    with pytest.raises(FileExistsError):
        replace_bytes(target, b"theirs", part)
    with pytest.raises(FileExistsError):
        duplicate(source, target, part)
    assert victim.read_bytes() == b"mine" and os.path.islink(part)
    assert not os.path.exists(target)


def test_the_same_bytes_are_told_from_others_of_the_same_size(tmp_path):
    data = os.urandom(2**21 + 5)
    for name, content in (("a", data), ("b", data), ("c", data[:-1] + b"\0\0"), ("d", data[1:])):
        (tmp_path / name).write_bytes(content)
    (tmp_path / "e").write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    answers = [same_bytes(str(tmp_path / "a"), str(tmp_path / other)) for other in "bcde"]
    assert answers == [True, False, False, False]
