"""How fast: each measure side by side with its yardstick in one run, medians of several.

The machine's own speed cancels out of the ratios; run it on an idle machine all the same.
Example: python benchmarks/speed.py            (a minute or two; --disk adds stages 4 to 6)
         python benchmarks/speed.py --gpu
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from blurdct import Detector, read_luma
from blurdct.features.bands import band_statistics
from blurdct.features.blocks import unfold
from blurdct.features.dct import block_dct
from blurdct.features.extract import image_features
from blurdct.images.files import find_photos
from blurdct.images.reader import read_rgb
from blurdct.inference.bundle import DEFAULT
from blurdct.parallel.cores import cores
from blurdct.parallel.pool import ordered_map

SIDE = 512
BLOCKS = (SIDE // 8) ** 2
SAMPLE = Path(__file__).parents[1] / "data" / "sample" / "sharp"


def main() -> None:
    """Print a Markdown table of the measures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", type=int, default=min(2, cores()), help="(%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="medians of this many (%(default)s)")
    parser.add_argument("--model", nargs="+", default=[DEFAULT], help="(%(default)s)")
    parser.add_argument("--images", type=int, default=2700, help="for the set (%(default)s)")
    parser.add_argument("--disk", action="store_true", help="stages 4 to 6 too; needs 5 GB")
    parser.add_argument("--gpu", action="store_true", help="blocks per second on the GPU, only")
    args = parser.parse_args()
    print("| measure | median | of rounds |", "| --- | --- | --- |", sep="\n")
    if args.gpu:
        show("GPU: unfold + DCT + statistics, million blocks/s", gpu_rates(args.rounds), "{:.0f}")
        return
    with tempfile.TemporaryDirectory() as folder:
        measure_features(args.workers, args.rounds)
        measure_command(args.rounds)
        measure_photos(Path(folder), args.workers, args.rounds, args.model)
        measure_set(Path(folder), args)


def measure_features(workers: int, rounds: int) -> None:
    """Blocks per second, features alone, in every process at once."""
    jobs = [seed for seed in range(rounds) for _ in range(workers)]
    rates = list(ordered_map(features_rate, jobs, workers, chunk=1))
    sums = [sum(rates[i : i + workers]) / 1e6 for i in range(0, len(rates), workers)]
    show(f"features alone, {workers} processes, million blocks/s", sums, "{:.2f}")


def features_rate(seed: int) -> float:
    """Blocks per second of one process over two seconds."""
    lumas = [read_luma(path) for path in find_photos(SAMPLE)]
    big = [cv2.resize(luma, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for luma in lumas]
    image_features(big[0])
    done, start = 0, time.perf_counter()
    while time.perf_counter() - start < 2:
        image_features(big[done % len(big)])
        done += 1
    return done * BLOCKS / (time.perf_counter() - start)


def measure_command(rounds: int) -> None:
    """Wall time of the command on one photo against importing what it needs."""
    photo = str(find_photos(SAMPLE)[0])
    command = [sys.executable, "-m", "blurdct", "predict", photo]
    imports = [sys.executable, "-c", "import cv2, onnxruntime"]
    pairs = [(wall(command), wall(imports)) for _ in range(2 * rounds + 1)]
    show("`blurdct predict one.jpg`, seconds", [pair[0] for pair in pairs], "{:.2f}")
    ratios = [command / imports for command, imports in pairs]
    show("the same / `python -c 'import cv2, onnxruntime'`", ratios, "{:.2f}")


def wall(command: list[str]) -> float:
    """Seconds that a command takes."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def measure_photos(folder: Path, workers: int, rounds: int, models: list[str]) -> None:
    """Photos per second from file to verdict against grey decoding alone."""
    for side, count in ((1024, 1000), (2048, 400)):
        paths = write_jpegs(folder / str(side), count, side)
        ours: dict[str, list[float]] = {model: [] for model in models}
        floor = []
        for _ in range(rounds):
            floor.append(rate(ordered_map(grey, paths, workers)))
            for model, rates in ours.items():
                rates.append(rate(Detector.load(model).predict_many(paths, workers)))
        for model, rates in ours.items():
            show(f"photos/s of `{model}`, {side}-pixel JPEGs", rates, "{:.0f}")
            ratios = [mine / bare for mine, bare in zip(rates, floor, strict=True)]
            show("the same / grey decoding alone", ratios, "{:.2f}")


def measure_set(folder: Path, args: argparse.Namespace) -> None:
    """A whole data set: features in memory, and the stages with every step on disk."""
    import pandas as pd

    from blurdct.config import ReadConfig
    from blurdct.datasets.extraction import feature_table
    from blurdct.datasets.shards import average_statistics, write_coefficients, write_statistics

    paths = write_jpegs(folder / "set", args.images, SIDE)
    rows = pd.DataFrame({"path": [str(path) for path in paths]})
    table = partial(feature_table, rows, paths, ReadConfig(), args.workers)
    name = f"{args.images} images of {SIDE}x{SIDE} ({args.images * BLOCKS / 1e6:.1f} M blocks)"
    times = [seconds(table) for _ in range(min(3, args.rounds))]
    show(f"{name}, fused features, s", times, "{:.1f}")
    if args.disk:
        steps = (
            partial(write_coefficients, paths, folder / "c", workers=args.workers, device="cpu"),
            partial(write_statistics, folder / "c", folder / "s", "cpu", args.workers),
            partial(average_statistics, folder / "s", rows),
        )
        times = [seconds(step) for step in steps]
        show(f"{name}, stages 4 to 6 with the disk, s", [sum(times)], "{:.1f}")
        print("| of which stages 4, 5, 6, s |", " + ".join(f"{t:.1f}" for t in times), "| |")


def gpu_rates(rounds: int) -> list[float]:
    """Million blocks per second, pictures already on the GPU."""
    import torch

    if not torch.cuda.is_available():
        sys.exit("error: no CUDA device")
    generator = torch.Generator("cuda").manual_seed(0)
    luma = torch.randint(0, 256, (SIDE * 256, SIDE), generator=generator, device="cuda")
    luma = luma.to(torch.uint8)  # 256 pictures one under the other

    def once() -> float:
        start = time.perf_counter()
        for _ in range(20):
            statistics_ = band_statistics(block_dct(unfold(luma).to(torch.float32)))
            statistics_.mean(dim=1)
        torch.cuda.synchronize()
        return 20 * 256 * BLOCKS / (time.perf_counter() - start) / 1e6

    once()
    return [once() for _ in range(rounds)]


def write_jpegs(folder: Path, count: int, side: int) -> list[Path]:
    """Different JPEGs with this long side: the sample enlarged or reduced, shifted a little."""
    folder.mkdir()
    originals = [read_rgb(path) for path in find_photos(SAMPLE)]
    paths = []
    for number in range(count):
        picture = originals[number % len(originals)]
        picture = np.roll(picture, number // len(originals), axis=1)
        size = (SIDE, SIDE) if side == SIDE else (side, side * 3 // 4)
        path = folder / f"{number:05d}.jpg"
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(path), picture, [cv2.IMWRITE_JPEG_QUALITY, 90])
        paths.append(path)
    return paths


def grey(path: Path) -> int:
    """Decode only; the picture stays in the worker."""
    return np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)).size


def rate(answers: Iterable[object]) -> float:
    """Answers per second once the workers are running: the first fifty are not counted."""
    stream = iter(answers)
    for _ in range(50):
        next(stream)
    start = time.perf_counter()
    count = sum(1 for _ in stream)
    return count / (time.perf_counter() - start)


def seconds(work: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def show(name: str, values: list[float], form: str) -> None:
    """One row: the median, and all rounds."""
    rounds = ", ".join(form.format(value) for value in values[:5])
    more = ", ..." if len(values) > 5 else ""
    print(f"| {name} | {form.format(statistics.median(values))} | {rounds}{more} |", flush=True)


if __name__ == "__main__":
    main()
