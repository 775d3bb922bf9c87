"""A scan that is killed and resumed: many small photographs, some of them broken.

Photographs of 64x64 pixels, gradients and noise, a share of them broken in four ways, are scanned;
the scan, with its workers, is killed at random moments and resumed. Then every file must have one
row, in order, and an error if and only if it is broken. Then the same without a kill, for the
memory of its processes and because the file must come out the same, byte for byte. Nothing is kept
of a run that finds a fault; it ends with exit status 1.
Example: python benchmarks/scan_load.py                               (five minutes)
         python benchmarks/scan_load.py --photos 10000 --broken 1     (nothing but errors)
"""

import csv
import sys
import tempfile
from itertools import zip_longest
from pathlib import Path

import cv2
import numpy as np
from _processes import Run, watched
from _record import Record, options, recording, run

SIDE, FOLDERS = 64, 100


def main() -> None:
    """Print what was found; exit status 1 if a row is missing, twice, misplaced or wrong."""
    parser = options(__doc__)
    add = parser.add_argument
    add("--photos", type=int, default=100_000, help="(%(default)s)")
    add("--broken", type=float, default=0.01, help="share (%(default)s)")
    add("--kills", type=int, default=3, help="(%(default)s)")
    add("--within", type=float, help="seconds that a kill waits at most (photos/4000)")
    add("--workers", type=int, default=2, help="(%(default)s)")
    add("--seed", type=int, default=0, help="(%(default)s)")
    add("--folder", type=Path, help="for the photographs, removed in the end")
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    with (
        tempfile.TemporaryDirectory(dir=args.folder) as folder,
        recording(__file__, __doc__, args) as record,
    ):
        record.hidden[folder] = "FOLDER"
        photos = Path(folder, "photos")
        expected = write_photos(photos, args.photos, args.broken, rng)
        record.say(f"{len(expected):,} photographs, {sum(expected.values()):,} of them broken")
        killed, whole = Path(folder, "killed.csv"), Path(folder, "whole.csv")
        within = args.within or 3 + args.photos / 4000
        moments = [*rng.uniform(min(1, within / 2), within, args.kills), None]
        table = record.table({"scan": "", "seconds": ".1f", "what it said": ""})
        for number, moment in enumerate(moments):
            part = watched(command(photos, killed, args.workers, number > 0), moment)
            end = "killed" if part.killed else "ran to its end"
            table.row(end, part.seconds, part.said.strip() or None)
        faults = compare(killed, expected)
        undisturbed = watched(command(photos, whole, args.workers, False))
        table.row("undisturbed", undisturbed.seconds, undisturbed.said.strip())
        same = killed.read_bytes() == whole.read_bytes()
        show(record, faults, same, undisturbed)
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


def show(record: Record, faults: list[str], same: bool, undisturbed: Run) -> None:
    """What is wrong, and the peaks of memory after a tenth of the time and in the end."""
    table = record.table({"of the resumed scan's file": "", "found": ""})
    table.row("rows missing, twice, misplaced or wrong", len(faults))
    table.row("byte for byte that of the undisturbed scan", "yes" if same else "no")
    for fault in faults[:9]:
        record.say(fault)
    forms = {"after a tenth of the time": ".0f", "in the end": ".0f"}
    table = record.table({"peak memory, MB": "", **forms})
    for name, parent in (("parent", True), ("largest worker", False)):
        table.row(name, undisturbed.peak(parent, 0.1), undisturbed.peak(parent))


if __name__ == "__main__":
    run(main)
