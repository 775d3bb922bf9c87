"""Files of every kind, damaged at random: a picture or one line, in bounded time and memory.

``BLURDCT_FUZZ_SECONDS`` says for how long; then what took most is printed at the end (``-s``).
"""

import os
import resource
import time

import numpy as np
import pytest

from blurdct.config import ReadConfig
from blurdct.errors import ImageError
from blurdct.images import guard
from blurdct.images.guard import memory_limit
from blurdct.images.reader import read_luma, read_rgb
from tests.helpers.photo_kinds import KINDS

pytest.importorskip("pillow_heif")
pytest.importorskip("rawpy")
pytest.importorskip("pypdfium2")

SECONDS = float(os.environ.get("BLURDCT_FUZZ_SECONDS", "12"))
SEED = int(os.environ.get("BLURDCT_FUZZ_SEED", "0"))
CONFIG = ReadConfig(max_pixels=20_000_000, seconds=10)
ODD = [0, 1, 0x7F, 0x80, 0xFF, 0xFE]


def changed(rng, data: bytes, other: bytes) -> bytes:
    """A file with a few bytes, numbers or pieces changed, mostly where headers are."""
    damaged = bytearray(data)
    for _ in range(rng.integers(1, 6)):
        end = min(len(damaged), int(rng.choice([64, 600, len(damaged)])))
        at = int(rng.integers(0, max(1, end)))
        what = rng.integers(0, 8)
        if what < 3:
            damaged[at : at + 1] = bytes([int(rng.integers(0, 256))])
        elif what == 3:
            damaged[at : at + 1] = bytes([int(rng.choice(ODD))])
        elif what == 4:
            damaged[at : at + 4] = bytes([int(rng.choice(ODD))]) * int(rng.choice([2, 4]))
        elif what == 5:  # a piece once more
            piece = bytes(damaged[at : at + int(rng.integers(1, 300))])
            damaged[at:at] = piece * int(rng.integers(1, 20))
        elif what == 6:
            del damaged[at : at + int(rng.integers(1, 300))]
        else:
            damaged[at : at + 100] = other[at : at + 100]
    return bytes(damaged)


def test_damaged_files_of_every_kind_are_read_or_refused_in_one_line(rgb, capfd):
    rng = np.random.default_rng(SEED)
    files = {name: make(rgb) for name, make in KINDS.items()}
    names, counts = list(files), dict.fromkeys(files, 0)
    slowest, read, before = (0.0, ""), 0, peak()
    ends = time.monotonic() + SECONDS
    while time.monotonic() < ends:
        name = names[sum(counts.values()) % len(names)]
        data = changed(rng, files[name], files[str(rng.choice(names))])
        started = time.monotonic()
        try:
            (read_rgb if rng.random() < 0.2 else read_luma)(data, CONFIG, name)
            read += 1
        except ImageError as error:
            assert str(error).startswith(f"{name}: ")
            assert len(str(error).splitlines()) == 1
            assert "could not be started" not in str(error)
        slowest = max(slowest, (time.monotonic() - started, name))
        counts[name] += 1
        assert slowest[0] < CONFIG.seconds + 5, slowest
        assert peak() - before < memory_limit(CONFIG), name
    assert min(counts.values()) > 0
    assert read > 0
    with capfd.disabled():
        if "BLURDCT_FUZZ_SECONDS" in os.environ:
            guard._confined().close()
            here, apart = peak() - before, peak(resource.RUSAGE_CHILDREN)
            print(f"\n{sum(counts.values())} files, {read} of them read; slowest: {slowest}; ")
            print(f"memory: {here >> 20} MiB more here, at most {apart >> 20} MiB apart")


def peak(whose: int = resource.RUSAGE_SELF) -> int:
    """The most memory so far, bytes."""
    return resource.getrusage(whose).ru_maxrss * 1024
