"""Up to which size photographs are sharp, and what it costs to know.

Blur of known extent, in pixels of the photo itself, is laid on photographs in linear light: a disk,
or motion along a straight line. A photo that is sharp up to 1 pixel of blur at the size it is
judged at has a sharp_size of side / extent, taken down to the next size judged: their product
steps by 2 at most, whatever the extent. What is told of the blur itself is compared with the
extent, of models that know it.
Example: python benchmarks/sizes.py                  (mosaics of the sample, two minutes)
         python benchmarks/sizes.py --photos folder/of/large/photographs
         python benchmarks/sizes.py --weights        (how the tiles' weights were chosen)
"""

import math
import statistics
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from _measure import SHARP, continued, in_turns, jpeg, median_ratio, seconds
from _record import Record, options, recording, run
from scipy.stats import spearmanr

from blurdct import Detector, read_luma
from blurdct.config import ReadConfig
from blurdct.datasets import blur_kernels, linear_light
from blurdct.errors import BlurdctError
from blurdct.features.photo import Photo
from blurdct.images.files import find_photos
from blurdct.inference import multiscale
from blurdct.inference.bundle import NAMES

SIDE = 4096  # pixels, long side of a mosaic
EXTENTS = (2, 4, 8, 16, 32)  # pixels
MEGAPIXELS_12 = (4000, 3000)
SOFT, SOME = 16, 0.2  # extent of the soft tiles of a mosaic, share of the sharp ones


def main() -> None:
    """Print Markdown tables."""
    parser = options(__doc__)
    parser.add_argument("--model", default=NAMES["best"], help="(%(default)s)")
    parser.add_argument("--photos", type=Path, help="large photographs instead of mosaics")
    parser.add_argument("--weights", action="store_true", help="judge weights of tiles, only")
    parser.add_argument("--rounds", type=int, default=9, help="of the cost (%(default)s)")
    args = parser.parse_args()
    detector = Detector.load(args.model)
    if args.weights:
        with recording(__file__, __doc__, args, "sizes_weights") as record:
            compare_weights(record, detector)
        return
    photos = dict(large(args.photos, 2 * detector.config.size) if args.photos else mosaics())
    if not photos:
        raise BlurdctError(f"{args.photos}: no photo of {2 * detector.config.size} pixels or more")
    with recording(__file__, __doc__, args) as record:
        for kind in ("defocus", "motion"):
            measure(record, detector, photos, kind)
        measure_cost(record, detector, args.rounds)


def mosaics() -> Iterator[tuple[str, np.ndarray]]:
    """The sample photographs, continued by their mirror images up to ``SIDE``; name, luma."""
    for path in find_photos(SHARP):
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
    height, width = (round(scale * extent) for extent in luma.shape)
    return continued(luma, height, width)


def blurred(luma: np.ndarray, kind: str, extent: float, angle: float = 0.0) -> np.ndarray:
    """The picture with that blur, as a camera would have made it; extent 0 is none."""
    if not extent:
        return luma
    if kind == "defocus":
        return linear_light.blur_as_seen(luma, blur_kernels.disk(extent))
    way = np.linspace(-extent / 2, extent / 2, 64 + 8 * math.ceil(extent))
    kernel = blur_kernels.path_kernel(way * math.cos(angle), way * math.sin(angle))
    return linear_light.blur_as_seen(luma, kernel)


def measure(record: Record, detector: Detector, photos: dict[str, np.ndarray], kind: str) -> None:
    """sharp_size of each photo at each extent, and what they come to."""
    found: dict[int, list[int]] = {extent: [] for extent in (0, *EXTENTS)}
    told: dict[int, list[float]] = {extent: [] for extent in EXTENTS}
    record.heading(f"sharp_size by the extent of {kind}, pixels")
    columns = ("photo", "side", "as it is", *map(str, EXTENTS))
    table = record.table(dict.fromkeys(columns, ""))
    for number, (name, luma) in enumerate(photos.items()):
        for extent, answers in found.items():
            verdict = multiscale.judge_sizes(detector, blurred(luma, kind, extent, 0.7 * number))
            answers.append(verdict.sharp_size or 0)
            if extent and verdict.blur is not None:
                told[extent].append(verdict.blur)
        row = [answers[-1] or None for answers in found.values()]
        table.row(name, max(luma.shape), *row)
    record.heading(f"sharp_size * extent / side, {kind}")
    forms = dict.fromkeys(("median", "lower quartile", "upper quartile"), ".2f")
    table = record.table({"extent": "", **forms, "photographs sharp at none": "", "of": ""})
    sides = [max(luma.shape) for luma in photos.values()]
    for extent in EXTENTS:
        share = [at * extent / side for at, side in zip(found[extent], sides, strict=True) if at]
        low, middle, high = np.quantile(share, (0.25, 0.5, 0.75)) if share else (None,) * 3
        table.row(extent, middle, low, high, len(sides) - len(share), len(sides))

    if any(told.values()):
        show_blur(record, told, kind)


def show_blur(record: Record, told: dict[int, list[float]], kind: str) -> None:
    """How wide blur is told to be, beside how wide it is."""
    record.heading(f"blur / extent, {kind}")
    pairs = [(extent, blur) for extent, blurs in told.items() for blur in blurs]
    rank = float(spearmanr(*zip(*pairs, strict=True))[0])
    record.say(f"Rank correlation over all extents: {rank:.2f}.\n")
    forms = dict.fromkeys(("median", "lower quartile", "upper quartile"), ".2f")
    table = record.table({"extent": "", **forms, "of": ""})
    for extent, blurs in told.items():
        low, middle, high = np.quantile(blurs, (0.25, 0.5, 0.75)) / extent
        table.row(extent, float(middle), float(low), float(high), len(blurs))


def measure_cost(record: Record, detector: Detector, rounds: int) -> None:
    """Wall time of both verdicts on a JPEG file of 12 megapixels, in turns."""
    width, height = MEGAPIXELS_12
    picture = mosaic(full(find_photos(SHARP)[0]), width)[:height]
    data = jpeg(picture)
    plain, sized = partial(detector.predict, data), partial(multiscale.judge_sizes, detector, data)
    works = {"plain": partial(seconds, plain), "sized": partial(seconds, sized)}
    times = in_turns(works, rounds, warm_up=1)
    record.heading("What it costs")
    forms = {"plain verdict, ms": ".0f", "all sizes, ms": ".0f", "ratio": ".1f"}
    table = record.table({f"{width}x{height} JPEG": "", **forms})
    middle = [1000 * statistics.median(column) for column in times.values()]
    table.row(f"median of {rounds}", *middle, median_ratio(times["sized"], times["plain"]))


def compare_weights(record: Record, detector: Detector) -> None:
    """How often mosaics are surely sharp at their own size: all, a fifth, or none of them is."""
    rng = np.random.default_rng(0)
    told = []
    for _, luma in mosaics():
        kinds = [tile_answers(detector, blurred(luma, "defocus", extent)) for extent in (0, SOFT)]
        lines = [tile_answers(detector, blurred(luma, "motion", extent, 1)) for extent in (4, SOFT)]
        told.append((*kinds, *lines))
    limit = detector.thresholds.sure_sharp
    forms = dict.fromkeys(("sharp", "sharp in a fifth", "defocus", "motion"), ".0%")
    table = record.table({"share of tiles": "", "its weight": "", **forms})
    for share in (0.1, 0.2):
        for weight in (0.5, 0.7, 0.8, 0.9, 0.95, 1.0):
            rows = []
            for sharp, soft, *lines in told:
                part = soft.copy()
                some = rng.permutation(len(sharp))[: round(SOME * len(sharp))]
                part[some] = sharp[some]
                answers = (sharp, part, soft, *lines)
                rows.append([multiscale.joined(one, share, weight) < limit for one in answers])
            rates = np.mean(rows, axis=0)
            table.row(share, weight, *rates[:3], rates[3:].mean())


def tile_answers(detector: Detector, luma: np.ndarray) -> np.ndarray:
    """P of each tile of a picture at its own size, shape (n,)."""
    pieces = multiscale.tiles(luma, detector.config.size)
    return np.array([detector.probability(Photo(tile, detector.config)) for tile in pieces])


if __name__ == "__main__":
    run(main)
