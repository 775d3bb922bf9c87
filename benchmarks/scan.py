"""Speed and memory of ``blurdct scan``, side by side with its yardsticks.

``Detector.predict_many`` judges the same photographs and keeps no rows. Grey decoding alone and
OpenCV's variance of the Laplacian of the full grey picture run in the processes that a scan runs
in, cleanvision's blurry check in its own. A scan writes Parquet. Each is a command that is run
twice a round, in turns: on a few photographs, and on all. What the few take, median of the rounds,
is start-up: photographs per second are those that come on top over the time that comes on top, or,
with start-up, all over all the time. Ratios are those without start-up, within a round; medians of
the rounds.

The photographs: the sample reduced to the wanted size, or continued by its mirror images up to it,
never enlarged; JPEG of quality 90. They have just been written, so that no disk is measured.
Example: python benchmarks/scan.py                                     (some minutes)
         python benchmarks/scan.py --cleanvision venv/bin/python       (its own environment)
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from _measure import continued, grey, in_turns, jpeg, median_ratio, pictures
from _processes import Run, watched
from _record import Table, options, recording, run

from blurdct import Detector
from blurdct.errors import ImageError
from blurdct.features.focus_measures import laplacian_variance
from blurdct.images.files import find_photos
from blurdct.inference.bundle import NAMES
from blurdct.parallel.cores import cores
from blurdct.parallel.crash_safe_pool import crash_safe_map
from blurdct.scan.run import CHUNK

SIZES = {"1024 pixels": (1024, 768), "12 megapixels": (4000, 3000)}
COLUMNS = {
    **dict.fromkeys(("photographs", "workers", "what"), ""),
    **dict.fromkeys(("photos/s", "with start-up"), ".0f"),
    "scan's / its": ".2f",
    "CPU, ms/photo": ".1f",
    **dict.fromkeys(("memory, MB: parent", "a worker"), ".0f"),
}
CLEANVISION = """
import sys
from cleanvision import Imagelab
if __name__ == "__main__":
    photos = Imagelab(data_path=sys.argv[1], verbose=False)
    photos.find_issues({"blurry": {}}, n_jobs=int(sys.argv[2]), verbose=False)
"""
SCAN, CLEAN = "blurdct scan", "cleanvision, blurry only"
PREDICT = "predict_many"


def main() -> None:
    """Print a Markdown table."""
    parser = options(__doc__)
    add = parser.add_argument
    add("--count", type=int, default=1200, help="small ones (%(default)s)")
    add("--large", type=int, default=120, help="large ones; 0 for none (%(default)s)")
    add("--rounds", type=int, default=5, help="medians of this many (%(default)s)")
    workers = sorted({1, min(2, cores())})
    add("--workers", type=int, nargs="+", default=workers, help="%(default)s")
    add("--model", default=NAMES["best"], help="(%(default)s)")
    add("--cleanvision", metavar="PYTHON", help="that can import it")
    add("--only", nargs=3, metavar=("NAME", "FOLDER", "WORKERS"), help="a yardstick")
    args = parser.parse_args()
    if args.only:
        name, folder, workers = args.only
        if name not in (PREDICT, *WORK) or not workers.isdecimal():
            names = ", ".join((PREDICT, *WORK))
            parser.error(f"--only: expected NAME out of {names}, FOLDER and a number")
        if name == PREDICT:
            predict_many(folder, int(workers), args.model)
        else:
            yardstick(name, folder, int(workers))
        return
    with (
        recording(__file__, __doc__, args) as record,
        tempfile.TemporaryDirectory() as name,
    ):
        if not args.cleanvision:
            words = "python -m venv V; V/bin/pip install cleanvision; --cleanvision V/bin/python"
            record.say(f"no rows for cleanvision: {words}")
        table = record.table(COLUMNS)
        for size, count in zip(SIZES, (args.count, args.large), strict=True):
            for workers in args.workers if count else ():
                few, many = Path(name, f"few {size} {workers}"), Path(name, size)
                write_jpegs(few, 2 * CHUNK * workers, SIZES[size])
                if not many.exists():
                    write_jpegs(many, count, SIZES[size])
                measure(table, size, few, many, workers, args)


def write_jpegs(folder: Path, count: int, size: tuple[int, int]) -> None:
    """Different photographs of this width and height."""
    folder.mkdir()
    originals = [fitted(rgb, *size) for rgb in pictures()]
    for number in range(count):
        turn, which = divmod(number, len(originals))
        picture = np.roll(originals[which], 8 * turn, axis=1)
        (folder / f"{number:05d}.jpg").write_bytes(jpeg(picture))


def fitted(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    """Reduced to the width if it is wider, continued by mirror images, and cropped."""
    scale = min(1.0, width / picture.shape[1])
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return continued(small, height, width)[:height, :width]


def measure(
    table: Table, size: str, few: Path, many: Path, workers: int, args: argparse.Namespace
) -> None:
    """One row for each contender."""
    count, extra = (sum(1 for _ in folder.iterdir()) for folder in (many, few))
    out = str(many.with_name("out.parquet"))

    def scan(folder: Path) -> list[str]:
        words = ["--out", out, "--force", "--workers", str(workers), "--model", args.model]
        return [sys.executable, "-m", "blurdct", "scan", str(folder), *words]

    def only(name: str, folder: Path) -> list[str]:
        words = [name, str(folder), str(workers), "--model", args.model]
        return [sys.executable, __file__, "--only", *words]

    def clean(folder: Path) -> list[str]:
        return [args.cleanvision, "-c", CLEANVISION, str(folder), str(workers)]

    def once(words: Callable[[Path], list[str]]) -> tuple[Run, Run]:
        return watched(words(few)), watched(words(many))

    contenders: dict[str, Callable[[Path], list[str]]] = {SCAN: scan}
    contenders |= {name: partial(only, name) for name in (PREDICT, *WORK)}
    if args.cleanvision:
        contenders[CLEAN] = clean
    runs = in_turns({name: partial(once, of) for name, of in contenders.items()}, args.rounds)
    rates = {}
    for name, pairs in runs.items():
        start = statistics.median(some.seconds for some, _ in pairs)
        rates[name] = [(count - extra) / (all_.seconds - start) for _, all_ in pairs]
    for name, pairs in runs.items():
        middle = statistics.median(rates[name])
        whole = statistics.median(count / all_.seconds for _, all_ in pairs)
        ratio = median_ratio(rates[SCAN], rates[name])
        used = statistics.median(all_.processor - some.processor for some, all_ in pairs)
        used *= 1000 / (count - extra)
        parent, worker = (max(all_.peak(which) for _, all_ in pairs) for which in (True, False))
        table.row(size, workers, name, middle, whole, ratio, used, parent, worker)


def decoded(path: Path) -> int:
    """The picture stays in the worker."""
    return grey(path).size


def laplacian(path: Path) -> float:
    """As fast as OpenCV does it: 16 bits, mean and deviation in one pass."""
    return laplacian_variance(grey(path))


WORK: dict[str, Callable[[Path], float]] = {
    "grey decoding": decoded,
    "Laplacian variance": laplacian,
}


def predict_many(folder: str, workers: int, model: str) -> None:
    """Judge a folder, and keep nothing."""
    for answer in Detector.load(model).predict_many(find_photos(folder), workers):
        if isinstance(answer, ImageError):
            raise SystemExit(f"error: {answer}")


def yardstick(name: str, folder: str, workers: int) -> None:
    """Work through a folder as a scan does."""

    def batches() -> Iterator[list[Path]]:
        paths = iter(find_photos(folder))
        while batch := list(islice(paths, CHUNK)):
            yield batch

    def lost(path: Path, reason: str) -> float:
        raise SystemExit(f"error: {path}: {reason}")

    for _ in crash_safe_map(WORK[name], batches(), lost, workers):
        pass


if __name__ == "__main__":
    run(main)
