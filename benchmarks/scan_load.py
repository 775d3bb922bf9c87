"""Load test of ``blurdct scan``: many small photographs, some broken, killed and resumed.

Photographs of 64x64 pixels, gradients and noise, a hundredth of them broken in four ways, are
scanned; the scan, with its workers, is killed at random moments and resumed. Then every file must
have one row, in order, and an error if and only if it is broken. Then the same without a kill, for
the memory of its processes and because the file must come out the same, byte for byte.
Example: python benchmarks/scan_load.py                               (five minutes)
         python benchmarks/scan_load.py --photos 10000 --broken 1     (nothing but errors)
"""

import argparse
import csv
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

import cv2
import numpy as np

SIDE, FOLDERS = 64, 100
STEP = 0.05  # seconds between two looks at the memory


def main() -> None:
    """Print what was found; exit status 1 if a row is missing, twice, misplaced or wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=int, default=100_000, help="(%(default)s)")
    parser.add_argument("--broken", type=float, default=0.01, help="share (%(default)s)")
    parser.add_argument("--kills", type=int, default=3, help="(%(default)s)")
    parser.add_argument(
        "--within", type=float, help="seconds that a kill waits at most (photos/4000)"
    )
    parser.add_argument("--workers", type=int, default=2, help="(%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="(%(default)s)")
    parser.add_argument("--folder", type=Path, help="for the photographs, removed in the end")
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        photos = Path(folder, "photos")
        expected = write_photos(photos, args.photos, args.broken, rng)
        print(f"{len(expected):,} photographs, {sum(expected.values()):,} of them broken")
        killed, whole = Path(folder, "killed.csv"), Path(folder, "whole.csv")
        within = args.within or 3 + args.photos / 4000
        moments = [*rng.uniform(min(1, within / 2), within, args.kills), None]
        for number, moment in enumerate(moments):
            run = watched(command(photos, killed, args.workers, number > 0), moment)
            end = f"killed after {moment:.1f} s" if run.killed else "ran to its end"
            print(f"- {end}: {run.said.strip() or '-'}", flush=True)
        faults = compare(killed, expected)
        print(f"rows missing, twice, misplaced or wrong: {len(faults)}", *faults[:9], sep="\n  ")
        run = watched(command(photos, whole, args.workers, False))
        print(f"- undisturbed: {run.said.strip()}")
        print("the same file:", same := killed.read_bytes() == whole.read_bytes())
        show_memory(run)
    if faults or not same:
        sys.exit(1)


def write_photos(
    folder: Path, count: int, broken: float, rng: np.random.Generator
) -> dict[str, bool]:
    """Files in a hundred folders: path -> whether it is broken, in the order of a scan."""
    across, down = np.meshgrid(*[np.linspace(-1, 1, SIDE, dtype=np.float32)] * 2)
    ruined = set(rng.permutation(count)[: round(broken * count)].tolist())
    expected = {}
    for number in range(count):
        where = folder / f"{number * FOLDERS // count:03d}"
        where.mkdir(parents=True, exist_ok=True)
        slope, noise = rng.uniform(-90, 90, 2), rng.uniform(0, 40)
        luma = 128 + slope[0] * across + slope[1] * down
        luma = np.clip(luma + noise * rng.standard_normal(luma.shape), 0, 255).astype(np.uint8)
        data = cv2.imencode(".jpg", luma)[1].tobytes()
        if number in ruined:
            data = ruin(luma, data, number % 4)
        path = where / f"{number:07d}.jpg"
        path.write_bytes(data)
        expected[str(path)] = number in ruined
    return expected


def ruin(luma: np.ndarray, jpeg: bytes, how: int) -> bytes:
    """Empty, a JPEG cut within its header, text, or a PNG without its second half."""
    png = cv2.imencode(".png", luma)[1].tobytes()
    return (b"", jpeg[: jpeg.index(b"\xff\xda")], b"no photograph\n", png[: len(png) // 2])[how]


def command(photos: Path, out: Path, workers: int, resume: bool) -> list[str]:
    """What is run."""
    words = ["scan", str(photos), "--out", str(out), "--workers", str(workers)]
    return [sys.executable, "-m", "blurdct", *words, *["--resume"] * resume]


def compare(out: Path, expected: dict[str, bool]) -> list[str]:
    """What is wrong with a file of results."""
    faults = []
    with open(out, newline="", encoding="utf-8") as file:
        for row, path in zip_longest(csv.DictReader(file), expected):
            if row is None or row["path"] != path:
                faults.append(f"{path}: the row there is {row and row['path']}")
            elif bool(row["error"]) != expected[path] or bool(row["label"]) == expected[path]:
                faults.append(f"{path}: label {row['label']!r}, error {row['error']!r}")
    return faults


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
        raise SystemExit(f"error: {' '.join(words)}: {run.said}")
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


def show_memory(run: Run) -> None:
    """Peaks after a tenth of the time and in the end."""
    print(
        "| peak memory, MB | after a tenth of the time | in the end |",
        "| --- | --- | --- |",
        sep="\n",
    )
    for name, parent in (("parent", True), ("largest worker", False)):
        print(f"| {name} | {run.peak(parent, 0.1):.0f} | {run.peak(parent):.0f} |")


if __name__ == "__main__":
    main()
