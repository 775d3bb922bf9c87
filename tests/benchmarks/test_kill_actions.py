"""``benchmarks/kill_actions.py``: it passes what is right, and sees what is lost or changed."""

import os
import runpy
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

from tests.benchmarks.conftest import BENCHMARKS

WORDS = ["--photos", 8, "--kills", 1, "--actions", "move"]
memory = pytest.mark.skipif(
    not os.path.isdir("/dev/shm") or os.stat("/dev/shm").st_dev == os.stat("/tmp").st_dev,
    reason="there is only one file system",
)


@memory
def test_a_move_that_is_killed_in_three_places_is_put_back(bench):
    answer = bench("kill_actions", *WORDS)
    (table,) = answer.figures["tables"]
    assert [row[0] for row in table["rows"]] == ["disk", "tmpfs", "disk to tmpfs"]
    assert all(row[1:3] == ["move", "SIGKILL"] and row[-1] == 0 for row in table["rows"])
    assert "8 photographs, 16 sidecars" in answer.page and "faults: 0" in answer.page


@pytest.mark.parametrize(
    ("harm", "fault"),
    [
        (lambda photo: photo.unlink(), "lost"),
        (lambda photo: photo.write_bytes(b"edited"), "lost"),
        (lambda photo: os.utime(photo, (1, 1)), "not as it was"),
        (lambda photo: photo.with_name("new.jpg").write_bytes(b"new"), "not as it was"),
    ],
)
def test_what_is_lost_or_changed_is_a_fault(tmp_path, monkeypatch, harm, fault):
    names = runpy.run_path(str(BENCHMARKS / "kill_actions.py"))
    args = Namespace(photos=4, actions=["move"], seed=0)
    here = names["_Collection"].__init__.__globals__
    whole = names["_Collection"](tmp_path, tmp_path, args)
    photo = next(Path(tmp_path, "photos").rglob("*.jpg"))

    def killed(words, moment, number):
        harm(photo)
        return True

    monkeypatch.setitem(here, "_killed", killed)
    count = names["Count"]()
    whole.kill("move", 9, np.random.default_rng(0), count)
    assert any(fault in one for one in count.faults) and count.killed == 1
