"""``benchmarks/_processes.py``: commands that are run and watched."""

import sys
from pathlib import Path

import pytest

CODE = "import time; taken = b'x' * 150_000_000; del taken; time.sleep(0.3)"


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is looked up in /proc")
def test_a_process_that_takes_memory_is_seen_and_one_that_fails_ends_it():
    import _processes

    watched = _processes.watched([sys.executable, "-c", CODE])
    assert 150 < watched.peak(parent=True) < 250 and watched.peak(parent=False) == 0
    with pytest.raises(SystemExit, match="wrong"):
        _processes.watched([sys.executable, "-c", "import sys; print('wrong'); sys.exit(3)"])
