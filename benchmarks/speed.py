"""Speed of features, command and detector, each side by side with its yardstick.

Medians of the rounds; a ratio is taken within a round, so that the machine's own speed cancels out.
Example: python benchmarks/speed.py            (two minutes; --disk adds stages 4 to 6)
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from _measure import SHARP, grey, in_turns, jpeg, pictures, ratios, seconds
from _record import Table, options, recording, run

from blurdct import Detector, read_luma
from blurdct.errors import BlurdctError
from blurdct.features.extract import image_features
from blurdct.images.files import find_photos
from blurdct.inference.bundle import NAMES
from blurdct.kernel import choice
from blurdct.parallel.cores import cores
from blurdct.parallel.pool import ordered_map

SIDE = 512
BLOCKS = (SIDE // 8) ** 2
STARTING = 50  # photographs that are judged while processes start


def main() -> None:
    """Print a Markdown table of the measures."""
    parser = options(__doc__)
    add = parser.add_argument
    add("--workers", type=int, default=min(2, cores()), help="(%(default)s)")
    add("--rounds", type=int, default=5, help="medians of this many (%(default)s)")
    add("--seconds", type=float, default=2, help="of features alone (%(default)s)")
    add("--model", nargs="+", default=[*NAMES], help="(%(default)s)")
    add("--photos", type=int, default=1000, help="of 1024 pixels (%(default)s)")
    add("--large", type=int, default=400, help="of 2048 pixels (%(default)s)")
    add("--huge", type=int, default=150, help="of 12 megapixels; 0: none (%(default)s)")
    add("--images", type=int, default=2700, help="for the set (%(default)s)")
    add("--disk", action="store_true", help="stages 4 to 6 too; needs 5 GB")
    args = parser.parse_args()
    if min(args.photos, args.large, args.huge or args.large) <= STARTING:
        raise BlurdctError(f"--photos, --large, --huge: expected more than {STARTING}")
    with recording(__file__, __doc__, args) as record, tempfile.TemporaryDirectory() as folder:
        table = record.table({"measure": "", "median": "", "of rounds": ""})
        measure_features(table, args)
        measure_command(table, args.rounds)
        measure_photos(table, Path(folder), args)
        measure_set(table, Path(folder), args)


def measure_features(table: Table, args: argparse.Namespace) -> None:
    """Blocks per second, features alone, in every process at once: by the kernel, and by NumPy."""
    for kernel in dict.fromkeys((choice.name(), choice.NUMPY)):
        jobs = [(args.seconds, kernel)] * args.rounds * args.workers
        rates = list(ordered_map(features_rate, jobs, args.workers, chunk=1))
        sums = np.reshape(rates, (args.rounds, args.workers)).sum(axis=1) / 1e6
        by = "NumPy" if kernel == choice.NUMPY else f"the {kernel} kernel"
        name = f"features alone by {by}, {args.workers} processes, million blocks/s"
        show(table, name, sums.tolist(), ".2f")


def features_rate(job: tuple[float, str]) -> float:
    """Blocks per second of one process, over so many seconds and by that kernel."""
    duration, kernel = job
    with asked_for(kernel):
        lumas = [read_luma(path) for path in find_photos(SHARP)]
        big = [cv2.resize(luma, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for luma in lumas]
        image_features(big[0])
        done, start = 0, time.perf_counter()
        while time.perf_counter() - start < duration:
            image_features(big[done % len(big)])
            done += 1
        return done * BLOCKS / (time.perf_counter() - start)


@contextmanager
def asked_for(kernel: str) -> Iterator[None]:
    """In this process that kernel makes the numbers; afterwards the one that did before."""
    before = os.environ.get(choice.VARIABLE)
    os.environ[choice.VARIABLE] = kernel
    choice.compiled.cache_clear()
    try:
        yield
    finally:
        if before is None:
            del os.environ[choice.VARIABLE]
        else:
            os.environ[choice.VARIABLE] = before
        choice.compiled.cache_clear()


def measure_command(table: Table, rounds: int) -> None:
    """Wall time of the command on one photo against importing what it needs."""
    photo = str(find_photos(SHARP)[0])
    words = {
        "command": ["-m", "blurdct", "predict", photo],
        "imports": ["-c", "import cv2, onnxruntime"],
    }
    works = {name: partial(seconds, partial(call, one)) for name, one in words.items()}
    times = in_turns(works, 2 * rounds + 1)
    show(table, "`blurdct predict one.jpg`, seconds", times["command"], ".2f")
    found = ratios(times["command"], times["imports"])
    show(table, "the same / `python -c 'import cv2, onnxruntime'`", found, ".2f")


def call(words: list[str]) -> None:
    """Run Python."""
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)


def measure_photos(table: Table, folder: Path, args: argparse.Namespace) -> None:
    """Photos per second from file to verdict against grey decoding alone."""
    for side, count in ((1024, args.photos), (2048, args.large), (4000, args.huge)):
        if not count:
            continue
        paths = write_jpegs(folder / str(side), count, side)

        def floor(paths: list[Path] = paths) -> float:
            return rate(ordered_map(decoded, paths, args.workers))

        def ours(model: str, paths: list[Path] = paths) -> float:
            return rate(Detector.load(model).predict_many(paths, args.workers))

        works = {"": floor} | {model: partial(ours, model) for model in args.model}
        rates = in_turns(works, args.rounds)
        for model in args.model:
            show(table, f"photos/s of `{model}`, {side}-pixel JPEGs", rates[model], ".0f")
            found = ratios(rates[model], rates[""])
            show(table, "the same / grey decoding alone", found, ".2f")


def measure_set(table: Table, folder: Path, args: argparse.Namespace) -> None:
    """A whole data set: features in memory, and the stages with every step on disk."""
    import pandas as pd

    from blurdct.config import ReadConfig
    from blurdct.datasets.extraction import feature_table
    from blurdct.datasets.shards import average_statistics, write_coefficients, write_statistics

    paths = write_jpegs(folder / "set", args.images, SIDE)
    rows = pd.DataFrame({"path": [str(path) for path in paths]})
    fused = partial(feature_table, rows, paths, ReadConfig(), args.workers)
    name = f"{args.images} images of {SIDE}x{SIDE} ({args.images * BLOCKS / 1e6:.1f} M blocks)"
    times = [seconds(fused) for _ in range(min(3, args.rounds))]
    show(table, f"{name}, fused features, s", times, ".1f")
    if args.disk:
        steps = (
            partial(write_coefficients, paths, folder / "c", workers=args.workers, device="cpu"),
            partial(write_statistics, folder / "c", folder / "s", "cpu", args.workers),
            partial(average_statistics, folder / "s", rows),
        )
        times = [seconds(step) for step in steps]
        show(table, f"{name}, stages 4 to 6 with the disk, s", [sum(times)], ".1f")
        for number, time_ in enumerate(times, start=4):
            show(table, f"of which stage {number}, s", [time_], ".1f")


def write_jpegs(folder: Path, count: int, side: int) -> list[Path]:
    """Different JPEGs with this long side: the sample enlarged or reduced, shifted a little."""
    folder.mkdir()
    originals = pictures()
    paths = [folder / f"{number:05d}.jpg" for number in range(count)]
    for number, path in enumerate(paths):
        shift, which = divmod(number, len(originals))
        size = (SIDE, SIDE) if side == SIDE else (side, side * 3 // 4)
        picture = np.roll(originals[which], shift, axis=1)
        path.write_bytes(jpeg(cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC)))
    return paths


def decoded(path: Path) -> int:
    """Decode only; the picture stays in the worker."""
    return grey(path).size


def rate(answers: Iterable[object]) -> float:
    """Answers per second once the workers are running: the first ``STARTING`` are not counted."""
    stream = iter(answers)
    for _ in range(STARTING):
        next(stream)
    start = time.perf_counter()
    count = sum(1 for _ in stream)
    return count / (time.perf_counter() - start)


def show(table: Table, name: str, values: list[float], form: str) -> None:
    """One row: the median, and all rounds."""
    table.row(name, statistics.median(values), values, form=form)


if __name__ == "__main__":
    run(main)
