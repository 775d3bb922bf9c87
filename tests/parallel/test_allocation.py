"""What the C library keeps for the next photo."""

import platform
import subprocess
import sys

import pytest

from blurdct.parallel.allocation import keep_memory

CODE = """
import os, resource, sys
import numpy as np
from blurdct.parallel.allocation import keep_memory
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for number in range(40):
        some = [np.ones(size << 17) for size in (1, 3, 2, 4)]  # 10 MiB, in turns
        del some
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
told = keep_memory()
faults()
print(told, faults())
"""


def ran(**more: str) -> tuple[bool, int]:
    done = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, check=True, env=more
    )
    told, faults = done.stdout.split()
    return told == "True", int(faults)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_memory_that_was_used_is_used_again_unless_the_user_said_otherwise(monkeypatch):
    path = {"PYTHONPATH": ":".join(sys.path)}
    told, faults = ran(**path)
    mine, others = ran(**path, MALLOC_TRIM_THRESHOLD_="65536")
    assert told and not mine
    assert faults < 40 * 100 < others  # of 2,560 pages a round


def test_elsewhere_nothing_is_done(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not keep_memory()
