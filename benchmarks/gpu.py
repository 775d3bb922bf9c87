"""What a GPU does: its tests, its rates, and stages 4 and 5.

The tests marked ``gpu`` run first; one that fails ends it. Rates are of pictures that are in the
device's memory already: blocks unfolded, transformed and described, in batches of pictures of
512x512; and the 350 numbers of the default model, of a batch of photographs of 640x480. Stages 4
and 5 write what they find to the disk, on the device and by NumPy in the same run.
Example: make gpu                                   (with the CUDA torch of PYTHON; some minutes)
         python benchmarks/gpu.py                   (where the rest is installed already)
         python benchmarks/gpu.py --device cpu      (the same lines, to try them; another file)
"""

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from _measure import jpeg, pictures, seconds
from _origin import ROOT
from _record import Record, Table, options, recording, run

from blurdct.errors import BlurdctError
from blurdct.features.bands import band_statistics
from blurdct.features.blocks import unfold
from blurdct.features.dct import block_dct

SIDE = 512  # of a picture whose blocks are counted
BLOCKS = (SIDE // 8) ** 2  # of it
WIDTH, HEIGHT = 640, 480  # of a photograph at the default model's working size
TESTS = ("tests/test_torch.py", "tests/datasets/test_shards.py")
# What a device is given, unless told otherwise: pictures at once, batches a round, photographs.
USUAL = {"cuda": (256, 20, 512, 256), "cpu": (8, 1, 8, 16)}


def main() -> None:
    """Print what the tests say and two Markdown tables."""
    parser = options(__doc__)
    add = parser.add_argument
    add("--device", choices=tuple(USUAL), default="cuda", help="(%(default)s)")
    add("--rounds", type=int, default=5, help="medians of this many (%(default)s)")
    add("--batch", type=int, help="photographs for the 350 numbers (512; on a CPU 8)")
    add("--photos", type=int, help="for the stages (256; on a CPU 16)")
    add("--workers", type=int, help="of the stages (one per core)")
    add("--no-tests", action="store_true", help="measure only")
    args = parser.parse_args()
    import torch

    if args.device == "cuda" and not torch.cuda.is_available():
        raise BlurdctError("no CUDA device")
    name = "gpu" if args.device == "cuda" else "gpu_on_cpu"  # which is no figure of a GPU
    with recording(__file__, __doc__, args, name) as record:
        start = time.perf_counter()
        chip = torch.cuda.get_device_name() if args.device == "cuda" else "no GPU: the processor"
        record.say(f"{chip}; torch {torch.__version__}.")
        if not args.no_tests:
            record.say(tested(args.device))
        measure_rates(record, args)
        measure_stages(record, args)
        record.say(f"All of it took {time.perf_counter() - start:.0f} seconds.")


def tested(device: str) -> str:
    """Run the tests marked ``gpu``; what they say.

    Raises:
        BlurdctError: One fails; or on a GPU none was run.
    """
    words = ["-m", "pytest", "-q", "-m", "gpu", "-o", "addopts=", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, *words, *TESTS], capture_output=True, text=True, cwd=ROOT
    )
    said = (done.stdout.strip() or done.stderr.strip()).splitlines() or ["nothing"]
    passed = int((re.findall(r"(\d+) passed", said[-1]) or ["0"])[0])
    if done.returncode or (device == "cuda" and not passed):
        raise BlurdctError("the tests marked gpu: " + "\n".join(said[-40:]))
    return f"The tests marked `gpu`: {said[-1].strip('= ')}."


def measure_rates(record: Record, args: argparse.Namespace) -> None:
    """Blocks per second, and the default model's numbers."""
    import torch

    from blurdct.torch import wide_numbers

    pictures_, batches, batch, _ = USUAL[args.device]
    batch = args.batch or batch
    table = record.table({"measure": "", "median": ",.2f", "of rounds": ",.2f"})
    generator = torch.Generator(args.device).manual_seed(0)

    def drawn(height: int, width: int) -> torch.Tensor:
        shape = (height, width)
        return torch.randint(0, 256, shape, generator=generator, device=args.device)

    luma = drawn(SIDE * pictures_, SIDE).to(torch.uint8)  # pictures one under the other

    def describe() -> None:
        for _ in range(batches):
            band_statistics(block_dct(unfold(luma).to(torch.float32))).mean(dim=1)

    blocks = batches * pictures_ * BLOCKS / 1e6
    name = "unfold + DCT + statistics, million blocks/s"
    show(table, name, [blocks / one for one in timed(describe, args)])
    photos = drawn(batch * HEIGHT, WIDTH).reshape(batch, HEIGHT, WIDTH).to(torch.float32)
    name = f"numbers of `best`, batch of {batch}, photos/s"
    show(table, name, [batch / one for one in timed(partial(wide_numbers, photos), args)])


def timed(work: Callable[[], object], args: argparse.Namespace) -> list[float]:
    """Seconds of each round; one before them is to warm up."""
    import torch

    def once() -> None:
        work()
        if args.device == "cuda":
            torch.cuda.synchronize()

    return [seconds(once) for _ in range(args.rounds + 1)][1:]


def measure_stages(record: Record, args: argparse.Namespace) -> None:
    """Stages 4 and 5, on the device and by NumPy."""
    from blurdct.datasets.shards import write_coefficients, write_statistics

    count = args.photos or USUAL[args.device][-1]
    # torch's name for the processor, which takes the road of the GPU there
    devices = {"NumPy": "cpu", f"torch, {args.device}": args.device.replace("cpu", "cpu:0")}
    table = record.table({"stage": "", "by": "", "s": ".2f", "million blocks/s": ".2f"})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = write_pictures(folder / "photos", count)
        for number, (by, device) in enumerate(devices.items()):
            one, two = folder / f"{number}c", folder / f"{number}s"
            works: dict[str, Callable[[], object]] = {
                "4, coefficients": partial(
                    write_coefficients, paths, one, device=device, workers=args.workers
                ),
                "5, statistics": partial(write_statistics, one, two, device, args.workers),
            }
            for stage, work in works.items():
                took = seconds(work)
                table.row(stage, by, took, count * BLOCKS / 1e6 / took)


def write_pictures(folder: Path, count: int) -> list[Path]:
    """Photographs of 512x512."""
    folder.mkdir()
    originals = [cv2.resize(rgb, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for rgb in pictures()]
    paths = [folder / f"{number:04d}.jpg" for number in range(count)]
    for number, path in enumerate(paths):
        turn, which = divmod(number, len(originals))
        path.write_bytes(jpeg(np.roll(originals[which], 8 * turn, axis=1)))
    return paths


def show(table: Table, name: str, values: list[float]) -> None:
    """One row: the median, and all rounds."""
    table.row(name, statistics.median(values), values)


if __name__ == "__main__":
    run(main)
