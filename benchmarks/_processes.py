"""A command that is run and watched: its time, its processor time, the memory of its processes."""

import os
import resource
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

STEP = 0.05  # seconds between two looks at the memory


@dataclass
class Run:
    """A command that was run.

    Attributes:
        seconds: Wall time.
        processor: Seconds of processor time, of the process and all it started.
        said: On standard output and error.
        killed: Whether it was.
        memory: Of the process and of those it started, by their ids: each look's seconds since the
            start, resident megabytes then and at most so far.
    """

    seconds: float = 0.0
    processor: float = 0.0
    said: str = ""
    killed: bool = False
    memory: dict[int, list[tuple[float, float, float]]] = field(default_factory=dict)
    parent: int = 0

    def peak(self, parent: bool, share: float = 1.0) -> float:
        """Resident megabytes, at most, of the parent or of any other, in that share of the time."""
        until = share * self.seconds
        looks = {of: [at for at in some if at[0] <= until] for of, some in self.memory.items()}
        peaks = [
            most[-1][2] for of, most in looks.items() if most and (of == self.parent) == parent
        ]
        return max(peaks, default=0.0)


def watched(words: Sequence[str], moment: float | None = None) -> Run:
    """Run a command, look at its memory all the time, and kill it with all it started.

    Args:
        words: The command.
        moment: Seconds after which it is killed; None for never.

    Raises:
        SystemExit: It failed (exit status 1, some photographs are unreadable, is no failure).
    """
    run = Run()
    before = _processor()
    with tempfile.TemporaryFile("w+") as said:
        start = time.perf_counter()
        with subprocess.Popen(words, stdout=said, stderr=said, start_new_session=True) as process:
            run.parent = process.pid
            while process.poll() is None:
                run.seconds = time.perf_counter() - start
                for one, now, most in memory(process.pid):
                    run.memory.setdefault(one, []).append((run.seconds, now, most))
                if moment is not None and run.seconds > moment:
                    os.killpg(process.pid, signal.SIGKILL)
                    run.killed = True
                    break
                time.sleep(STEP)
        run.seconds, run.processor = time.perf_counter() - start, _processor() - before
        said.seek(0)
        run.said = said.read()
    if not run.killed and process.returncode not in (0, 1):
        raise SystemExit(f"error: {' '.join(words)}: {run.said.strip()}")
    return run


def _processor() -> float:
    """Seconds of processor time that processes which have ended took."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def memory(session: int) -> list[tuple[int, float, float]]:
    """Processes of a session: id, resident megabytes, and the most there have been (Linux)."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if not entry.name.isdigit() or os.getsid(int(entry.name)) != session:
                continue
            lines = dict(line.split(":", 1) for line in (entry / "status").read_text().splitlines())
            now, most = (int(lines[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
        except (OSError, KeyError):  # it has ended
            continue
        found.append((int(entry.name), now, most))
    return found
