"""Up to which size photographs are sharp, by the extent of their blur; and what it costs to know.

Blur of known extent, in pixels of the photo itself, is laid on photographs in linear light: a disk,
or motion along a straight line. A photo that is sharp up to 1 pixel of blur at the size it is
judged at has a sharp_size of side / extent, taken down to the next size judged: their product
steps by 2 at most, whatever the extent.
Example: python benchmarks/sizes.py                  (mosaics of the sample, two minutes)
         python benchmarks/sizes.py --photos folder/of/large/photographs
         python benchmarks/sizes.py --weights        (how the tiles' weights were chosen)
"""

import argparse
import math
import statistics
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from blurdct import Detector, read_luma
from blurdct.config import ReadConfig
from blurdct.datasets import blur_kernels, linear_light
from blurdct.images.files import find_photos
from blurdct.inference import multiscale
from blurdct.inference.bundle import DEFAULT

SAMPLE = Path(__file__).parents[1] / "data" / "sample" / "sharp"
SIDE = 4096  # pixels, long side of a mosaic
EXTENTS = (2, 4, 8, 16, 32)  # pixels
MEGAPIXELS_12 = (4000, 3000)
SOFT, SHARP = 16, 0.2  # extent of the soft tiles of a mosaic, share of the others


def main() -> None:
    """Print Markdown tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default=DEFAULT, help="(%(default)s)")
    parser.add_argument("--photos", type=Path, help="large photographs instead of mosaics")
    parser.add_argument("--weights", action="store_true", help="judge weights of tiles, only")
    parser.add_argument("--rounds", type=int, default=9, help="of the cost (%(default)s)")
    args = parser.parse_args()
    detector = Detector.load(args.model)
    if args.weights:
        compare_weights(detector)
        return
    photos = dict(large(args.photos, 2 * detector.config.size) if args.photos else mosaics())
    if not photos:
        raise SystemExit(f"{args.photos}: no photo of {2 * detector.config.size} pixels or more")
    for kind in ("defocus", "motion"):
        measure(detector, photos, kind)
    measure_cost(detector, args.rounds)


def mosaics() -> Iterator[tuple[str, np.ndarray]]:
    """The sample photographs, continued by their mirror images up to ``SIDE``; name, luma."""
    for path in find_photos(SAMPLE):
        yield path.stem, mosaic(full(path))


def large(folder: Path, least: int) -> Iterator[tuple[str, np.ndarray]]:
    """Photographs at their own size, if that is enough; name, luma."""
    for path in find_photos(folder):
        luma = full(path)
        if max(luma.shape) >= least:
            yield path.stem, luma


def full(path: Path) -> np.ndarray:
    """A photo's luma at its own size."""
    return np.asarray(read_luma(path, ReadConfig(size=multiscale.LARGE)))


def mosaic(luma: np.ndarray, side: int = SIDE) -> np.ndarray:
    """A picture continued by its mirror images up to this long side."""
    scale = side / max(luma.shape)
    more = [(0, max(0, round(scale * extent) - extent)) for extent in luma.shape]
    return np.pad(luma, more, mode="reflect")


def blurred(luma: np.ndarray, kind: str, extent: float, angle: float = 0.0) -> np.ndarray:
    """The picture with that blur, as a camera would have made it; extent 0 is none."""
    if not extent:
        return luma
    if kind == "defocus":
        return linear_light.blur_as_seen(luma, blur_kernels.disk(extent))
    way = np.linspace(-extent / 2, extent / 2, 64 + 8 * math.ceil(extent))
    kernel = blur_kernels.path_kernel(way * math.cos(angle), way * math.sin(angle))
    return linear_light.blur_as_seen(luma, kernel)


def measure(detector: Detector, photos: dict[str, np.ndarray], kind: str) -> None:
    """sharp_size of each photo at each extent, and what they come to."""
    found: dict[int, list[int]] = {extent: [] for extent in (0, *EXTENTS)}
    print(f"\n| {kind}: sharp_size | side | as it is | {' | '.join(map(str, EXTENTS))} |")
    print("| --- " * (3 + len(EXTENTS)) + "|")
    for number, (name, luma) in enumerate(photos.items()):
        for extent, answers in found.items():
            verdict = multiscale.judge_sizes(detector, blurred(luma, kind, extent, 0.7 * number))
            answers.append(verdict.sharp_size or 0)
        row = " | ".join(str(answers[-1] or "-") for answers in found.values())
        print(f"| {name} | {max(luma.shape)} | {row} |", flush=True)
    sides = [max(luma.shape) for luma in photos.values()]
    print(f"\n| {kind}: extent | sharp_size * extent / side, median | quartiles | clear at none |")
    print("| --- | --- | --- | --- |")
    for extent in EXTENTS:
        share = [at * extent / side for at, side in zip(found[extent], sides, strict=True) if at]
        none = len(sides) - len(share)
        low, middle, high = np.quantile(share or [0], (0.25, 0.5, 0.75))
        cells = f"{middle:.2f} | {low:.2f} to {high:.2f}" if share else "- | -"
        print(f"| {extent} | {cells} | {none} of {len(sides)} |")


def measure_cost(detector: Detector, rounds: int) -> None:
    """Wall time of both verdicts on a JPEG file of 12 megapixels, in turns."""
    width, height = MEGAPIXELS_12
    picture = mosaic(full(find_photos(SAMPLE)[0]), width)[:height]
    data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()
    plain, sized = partial(detector.predict, data), partial(multiscale.judge_sizes, detector, data)
    times = [[seconds(work) for work in (plain, sized)] for _ in range(rounds + 1)][1:]
    print(f"\n| {width}x{height} JPEG | plain verdict, ms | all sizes, ms | ratio |")
    print("| --- | --- | --- | --- |")
    middle = [1000 * statistics.median(column) for column in zip(*times, strict=True)]
    ratio = statistics.median(many / one for one, many in times)
    print(f"| median of {rounds} | {middle[0]:.0f} | {middle[1]:.0f} | {ratio:.1f} |")


def compare_weights(detector: Detector) -> None:
    """How often mosaics are clear at their own size: sharp, sharp in a fifth, and blurred."""
    rng = np.random.default_rng(0)
    told = []
    for _, luma in mosaics():
        kinds = [tile_answers(detector, blurred(luma, "defocus", extent)) for extent in (0, SOFT)]
        lines = [tile_answers(detector, blurred(luma, "motion", extent, 1)) for extent in (4, SOFT)]
        told.append((*kinds, *lines))
    clear = detector.thresholds.clear
    print("| share of tiles | its weight | clear: sharp | sharp in a fifth | defocus | motion |")
    print("| --- " * 6 + "|")
    for share in (0.1, 0.2):
        for weight in (0.5, 0.7, 0.8, 0.9, 0.95, 1.0):
            rows = []
            for sharp, soft, *lines in told:
                part = soft.copy()
                some = rng.permutation(len(sharp))[: round(SHARP * len(sharp))]
                part[some] = sharp[some]
                answers = (sharp, part, soft, *lines)
                rows.append([multiscale.joined(one, share, weight) < clear for one in answers])
            rates = np.mean(rows, axis=0)
            cells = " | ".join(f"{rate:.0%}" for rate in (*rates[:3], rates[3:].mean()))
            print(f"| {share} | {weight} | {cells} |")


def tile_answers(detector: Detector, luma: np.ndarray) -> np.ndarray:
    """P of each tile of a picture at its own size, shape (n,)."""
    pieces = multiscale.tiles(luma, detector.config.size)
    return np.array([detector.predict(tile).probability for tile in pieces])


def seconds(work: partial) -> float:
    """Seconds that a call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
