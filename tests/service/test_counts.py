"""The folder in which processes count together, beside what others put there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from blurdct.service import counts
from blurdct.service.counts import NAME, shared_counts
from blurdct.service.settings import COUNTS

HOLDER = """
import sys
from pathlib import Path
from blurdct.service import counts
counts.MEMORY = Path(sys.argv[1])
with counts.shared_counts():
    print(counts.os.environ[counts.COUNTS], flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def memory(tmp_path, monkeypatch):
    monkeypatch.setattr(counts, "MEMORY", tmp_path / "memory")
    monkeypatch.setattr(counts.tempfile, "tempdir", str(tmp_path / "disk"))
    monkeypatch.delenv(COUNTS, raising=False)
    for place in ("memory", "disk"):
        (tmp_path / place).mkdir()
    return tmp_path / "memory"


def test_a_folder_is_there_as_long_as_the_service(memory):
    with shared_counts():
        folder = Path(os.environ[COUNTS])
        assert folder.parent == memory and folder.is_dir() and folder.stat().st_mode & 0o77 == 0
    assert COUNTS not in os.environ and not list(memory.iterdir())


def test_names_that_others_chose_end_nothing(memory):
    names = (
        f"{NAME}99999999999999999999-x",
        f"{NAME}",
        f"{NAME}-1-2",
        "blurdct-9" * 20,
        "blurdct-",
    )
    for name in names:
        (memory / name).mkdir()
    kept = memory / "kept"
    kept.mkdir()
    (kept / "file").touch()
    (memory / f"{NAME}link").symlink_to(kept)
    (memory / f"{NAME}gone").symlink_to(memory / "nowhere")
    (memory / f"{NAME}file").touch()
    os.mkfifo(memory / f"{NAME}pipe")
    with open(os.path.join(os.fsencode(memory), NAME.encode() + b"\xff"), "w"):
        pass
    with shared_counts():
        assert Path(os.environ[COUNTS]).is_dir()
    assert (kept / "file").exists()


def test_what_another_user_left_stays(memory, monkeypatch):
    left = memory / f"{NAME}left"
    left.mkdir()
    monkeypatch.setattr(counts.os, "geteuid", lambda: os.getuid() + 1)
    with shared_counts():
        assert left.exists()
    monkeypatch.undo()


def test_a_folder_in_use_stays_and_one_of_a_service_that_was_killed_goes(memory):
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(memory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        theirs = Path(other.stdout.readline().strip())
        with shared_counts():  # whatever number the other has, here or in its container
            assert theirs.is_dir() and Path(os.environ[COUNTS]) != theirs
        assert theirs.is_dir()
        other.kill()
        other.wait()
        with shared_counts():
            assert not theirs.exists()


def test_without_such_memory_the_folder_is_on_disk(memory):
    memory.rmdir()
    with shared_counts():
        assert Path(os.environ[COUNTS]).parent == memory.with_name("disk")


def test_with_no_place_at_all_processes_count_each_for_itself(memory, caplog):
    memory.rmdir()
    memory.with_name("disk").rmdir()
    with shared_counts():
        assert COUNTS not in os.environ
    assert "each for itself" in caplog.text
