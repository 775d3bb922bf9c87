"""What is said of machines that cannot do a scan."""

import os

import pytest

from blurdct import __version__
from blurdct.kernel.choice import name as kernel_name
from blurdct.scan.cluster.nodes import refusal
from blurdct.scan.cluster.probe import LIBRARIES, look, versions

HERE = {"Python": "3.12", "blurdct": "0.1.0", "numpy": "2.4.6", "kernel": "avx2"}
FINE = {"name": "two", "versions": HERE, "missing": [], "shared": True}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, ""),
        ({"versions": {**HERE, "blurdct": ""}}, "two has no blurdct: install it there"),
        ({"versions": {**HERE, "blurdct": "0.2.0"}}, "two has blurdct 0.2.0, not 0.1.0 as this"),
        ({"versions": {**HERE, "numpy": ""}}, "two has numpy is missing, not 2.4.6"),
        ({"versions": {**HERE, "kernel": "numpy"}}, "two counts by numpy, not avx2 as this one"),
        ({"missing": ["in/a.jpg"]}, "in/a.jpg: machine two does not see it; put it on a disk"),
        ({"shared": False}, "out: machine two does not see this folder; name one on a disk that"),
    ],
)
def test_each_refusal_says_which_machine_and_what_to_do(change, words):
    assert refusal({**FINE, **change}, HERE, "out").find(words) >= 0
    assert bool(words) == bool(refusal({**FINE, **change}, HERE, "out"))


def test_a_machine_says_what_it_sees_and_has(tmp_path):
    (tmp_path / "a.jpg").touch()
    token = tmp_path / "token"
    token.touch()
    seen = look(["a.jpg", "b.jpg", str(tmp_path)], str(tmp_path), str(token))
    assert seen["missing"] == ["b.jpg"] and seen["shared"] and seen["name"]
    assert not look([], str(tmp_path), str(tmp_path / "none"))["shared"]
    assert look([], os.getcwd(), "")["shared"]
    found = versions()
    assert (
        found["blurdct"] == __version__
        and found["kernel"] == kernel_name()
        and all(found[name] for name in LIBRARIES)
    )
