"""Words for people: why something failed, and counts with what they are of."""

import errno
import os

import pytest

from blurdct.utils.text import counted, of_system, reason


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "not enough memory"),
        (ValueError("embedded null byte"), "a null byte in its name"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "a"), os.strerror(errno.ENOSPC)),
        (FileNotFoundError("https://a.org/b.jpg"), "not there"),
        (RuntimeError("first\nsecond"), "first"),
        (RuntimeError(), "RuntimeError"),
    ],
)
def test_a_reason_is_one_line_for_people(error, words):
    assert reason(error) == words


def test_what_the_system_refuses_is_said_with_its_place():
    words = os.strerror(errno.EACCES)
    assert of_system(OSError(errno.EACCES, words, "out")) == f"out: {words}"
    assert of_system(OSError(errno.EACCES, words)) == words


def test_one_is_not_many():
    told = [counted(count, "photograph") for count in (0, 1, 2000)]
    assert told == ["0 photographs", "1 photograph", "2,000 photographs"]
