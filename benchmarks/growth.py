"""How cost grows: that of a scan with its photographs, that of a photograph with its megapixels.

A scan of so many small photographs, each a file of its own, is one command that is run and watched:
its time holds start and end, and the file of results is Parquet. Photographs of so many megapixels
are judged one after the other by one process that is fresh for each size; its first photograph does
not count. They are the sample continued by its mirror images, JPEG of quality 90, just written.
Exponents are of processor time, which other work on the machine changes least; 1 is a straight
line: so many times the number, as many times the seconds.
Example: python benchmarks/growth.py                       (half an hour)
         python docs/figures/draw_growth.py                (the plot)
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from _measure import continued, jpeg, pictures
from _processes import watched
from _record import Record, options, recording, run

from blurdct import Detector
from blurdct.errors import BlurdctError
from blurdct.images.files import find_photos
from blurdct.inference.bundle import NAMES
from blurdct.parallel.cores import ONE_THREAD, cores

COUNTS = (100, 1_000, 10_000, 100_000)
MEGAPIXELS = (0.1, 0.3, 1.0, 3.0, 12.0, 24.0, 50.0)
SMALL = (128, 96)  # pixels of a photograph where many are counted
DIFFERENT = 200  # files with pixels of their own; the others are links to these
LEAST, MOST = 3, 40  # photographs of one size; fewer of large ones


def main() -> None:
    """Print two Markdown tables, and how straight their lines are."""
    parser = options(__doc__)
    add = parser.add_argument
    add("--counts", type=int, nargs="*", default=COUNTS, help="photographs (%(default)s)")
    add("--megapixels", type=float, nargs="*", default=MEGAPIXELS, help="(%(default)s)")
    add("--model", default=NAMES["best"], help="(%(default)s)")
    add("--workers", type=int, default=min(2, cores()), help="of scans (%(default)s)")
    add("--one", type=Path, metavar="FOLDER", help="judge its photographs, and say what one takes")
    args = parser.parse_args()
    if args.one:
        print(each(args.one, args.model))
        return
    if min((*args.counts, *args.megapixels), default=1) <= 0:
        raise BlurdctError("--counts, --megapixels: expected numbers over 0")
    os.environ.update(ONE_THREAD)  # of all that is started
    with recording(__file__, __doc__, args) as record, tempfile.TemporaryDirectory() as folder:
        if args.counts:
            measure_counts(record, Path(folder), args)
        if args.megapixels:
            measure_sizes(record, Path(folder), args)


def measure_counts(record: Record, folder: Path, args: argparse.Namespace) -> None:
    """A scan of each number of photographs."""
    record.heading("With the number of photographs")
    columns = {"photographs": ",.0f", "seconds": ".1f", "photos/s": ".0f"}
    columns |= {"CPU, ms/photo": ".2f", "memory, MB: parent": ".0f", "a worker": ".0f"}
    table = record.table(columns)
    originals = write_small(folder / "different", min(DIFFERENT, max(args.counts)))
    out, spent = folder / "out.parquet", []
    for count in sorted(args.counts):
        photos = folder / f"{count}"
        link(originals, photos, count)
        words = ["--out", str(out), "--force", "--workers", str(args.workers)]
        command = ["-m", "blurdct", "scan", str(photos), *words, "--model", args.model]
        done = watched([sys.executable, *command])
        spent.append(done.processor)
        used, peaks = 1000 * done.processor / count, (done.peak(True), done.peak(False))
        table.row(count, done.seconds, count / done.seconds, used, *peaks)
    say_exponents(record, sorted(args.counts), spent, "photographs", ",.0f")


def measure_sizes(record: Record, folder: Path, args: argparse.Namespace) -> None:
    """One photograph of each size."""
    record.heading("With the size of a photograph")
    columns = {"megapixels": ".1f", "CPU, ms": ".1f", "photos/s of it": ".1f"}
    table = record.table({**columns, "megapixels/s": ".0f", "memory, MB": ".0f"})
    spent = []
    for size in sorted(args.megapixels):
        place = folder / f"{size:g} megapixels"
        write_large(place, size)
        words = ["--one", str(place), "--model", args.model]
        done = watched([sys.executable, __file__, *words])
        took = float(done.said.split()[-1])
        spent.append(took)
        table.row(size, 1000 * took, 1 / took, size / took, done.peak(True))
    say_exponents(record, sorted(args.megapixels), spent, "megapixels", "g")


def write_small(folder: Path, count: int) -> list[Path]:
    """Different small photographs."""
    folder.mkdir()
    size = SMALL
    originals = [cv2.resize(rgb, size, interpolation=cv2.INTER_AREA) for rgb in pictures()]
    paths = [folder / f"{number}.jpg" for number in range(count)]
    for number, path in enumerate(paths):
        turn, which = divmod(number, len(originals))
        path.write_bytes(jpeg(np.roll(originals[which], 8 * turn, axis=1)))
    return paths


def link(originals: Sequence[Path], folder: Path, count: int) -> None:
    """So many names for the photographs, a thousand to a folder."""
    for number in range(count):
        if number % 1000 == 0:
            place = folder / f"{number // 1000:04d}"
            place.mkdir(parents=True)
        os.link(originals[number % len(originals)], place / f"{number:06d}.jpg")


def write_large(folder: Path, megapixels: float) -> None:
    """Photographs of so many megapixels, four by three; fewer of large ones."""
    folder.mkdir()
    width = max(16, round((megapixels * 1e6 * 4 / 3) ** 0.5))
    height = max(16, round(width * 3 / 4))
    originals = pictures()
    for number in range(max(LEAST, min(MOST, round(40 / megapixels)))):
        turn, which = divmod(number, len(originals))
        picture = continued(originals[which], height, width)
        while min(picture.shape[0] - height, picture.shape[1] - width) < 0:
            picture = continued(picture, height, width)
        picture = np.roll(picture, 8 * turn, axis=1)[:height, :width]
        (folder / f"{number}.jpg").write_bytes(jpeg(picture))


def each(folder: Path, model: str) -> float:
    """Processor seconds that one of a folder's photographs takes, median, in this process."""
    cv2.setNumThreads(1)
    detector, photos = Detector.load(model), find_photos(folder)
    times = []
    for path in [photos[0], *photos]:
        start = time.process_time()
        detector.predict(path)
        times.append(time.process_time() - start)
    return statistics.median(times[1:])


def say_exponents(
    record: Record, numbers: Sequence[float], spent: Sequence[float], what: str, form: str
) -> None:
    """From each number to the next, as what power of it processor time grows.

    A line has 1. Under that something does not grow along: what a start takes, or decoding at a
    part of the size.
    """
    steps = []
    for at in range(1, len(numbers)):
        power = np.log(spent[at] / spent[at - 1]) / np.log(numbers[at] / numbers[at - 1])
        steps.append(f"{power:.2f} up to {format(numbers[at], form)}")
    if steps:
        record.say(f"Exponents of time from row to row, by {what}: {', '.join(steps)}.")


if __name__ == "__main__":
    run(main)
