"""How far verdicts move when a photo is changed in ways that do not blur it.

Each photo is judged as it is (its pixels, decoded in full) and after each change of
``perturbations``, by every shipped model. A verdict flips when P crosses .5. A halved photo that
is still as large as the working size should look the same; of a smaller one the halves of a blur
are seen as well, so there are two rows for that, and a third for mosaics: each photo beside its
mirror images, over twice the largest working size.
Example: python benchmarks/robustness.py
         python benchmarks/robustness.py --photos folder --model dct-xgb --limit 60
"""

import argparse
import zlib
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from _options import run

from blurdct import Detector
from blurdct.cli.output import note, prepare
from blurdct.datasets.manifest import list_photos
from blurdct.datasets.perturbations import PERTURBATIONS
from blurdct.errors import BlurdctError, ConfigError, ImageError
from blurdct.images.reader import read_rgb
from blurdct.inference.bundle import shipped
from blurdct.parallel.cores import cores
from blurdct.parallel.pool import ordered_map
from blurdct.utils.progress import bar

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
COLUMNS = ("verdict flips", "label changes", "mean move of P", "largest move of P")


MOSAIC, HALVED_MOSAIC = -2, -1  # rows of ``Judged``


class Judged(NamedTuple):
    """What the models say of one photo.

    First axis: as it is, each change, its mosaic, that halved; then models.
    """

    side: int  # the longer one, pixels
    p: np.ndarray  # (3 + changes, models), P(blurred)
    labels: np.ndarray  # the same shape, text


def main() -> None:
    """Print Markdown tables: one per model, a row per change, and one on halving."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--photos", type=Path, default=SAMPLE, help="folder (data/sample)")
    add("--model", nargs="+", help="names or bundles' folders (every shipped model)")
    add("--limit", type=int, help="judge so many photographs, drawn by chance (all)")
    add("--seed", type=int, default=0, help="of that, and of noise (%(default)s)")
    add("--workers", type=int, default=min(2, cores()), help="processes (%(default)s)")
    args = parser.parse_args()
    prepare()
    models = tuple(args.model or shipped())
    sizes = [detector.config.size for detector in detectors(models)]
    paths = photographs(args.photos, args.limit, args.seed)
    work = partial(judge, folder=args.photos, models=models, seed=args.seed)
    judged = []
    for answer in bar(ordered_map(work, paths, args.workers, 1), len(paths), "photographs"):
        if isinstance(answer, str):
            note(answer)
        else:
            judged.append(answer)
    if not judged:
        raise BlurdctError(f"{args.photos}: none of the photographs could be judged")
    for number, model in enumerate(models):
        show_model(model, number, judged)
    show_halved(models, sizes, judged)


def photographs(folder: Path, limit: int | None, seed: int) -> list[str]:
    """Paths of the photographs, or of so many of them, relative to the folder, in their order."""
    if limit is not None and limit < 1:
        raise ConfigError(f"--limit: expected at least 1, got {limit}")
    paths = list_photos(folder)["path"]
    drawn = np.random.default_rng(seed).permutation(len(paths))[:limit]
    return list(paths.iloc[np.sort(drawn)])


@cache
def detectors(models: tuple[str, ...]) -> list[Detector]:
    """The models, loaded once in each process."""
    return [Detector.load(model) for model in models]


def judge(path: str, folder: Path, models: tuple[str, ...], seed: int) -> Judged | str:
    """Every model's verdicts on one photo and its changes, or why there are none."""
    p, labels, pictures = [], [], []
    try:
        rgb = read_rgb(folder / path)
        for change in (None, *PERTURBATIONS):
            key = f"{seed}/{change}/{path}".encode(errors="surrogateescape")
            rng = np.random.default_rng(zlib.crc32(key))
            picture = PERTURBATIONS[change](rgb, rng) if change else rgb
            name = f"{folder / path}, {change}" if change else str(folder / path)
            pictures.append((picture, name))
        large = mosaic(rgb, 2 * max(one.config.size for one in detectors(models)))
        small = PERTURBATIONS["halved"](large, rng)
        pictures += [(each, f"{folder / path}, mosaic") for each in (large, small)]
        for picture, name in pictures:
            verdicts = [detector.predict(picture, name) for detector in detectors(models)]
            p.append([verdict.probability for verdict in verdicts])
            labels.append([verdict.label for verdict in verdicts])
    except ImageError as error:
        return str(error)
    return Judged(max(rgb.shape[:2]), np.array(p), np.array(labels))


def mosaic(rgb: np.ndarray, over: int) -> np.ndarray:
    """A photo beside its mirror images, so often that its longer side is over so many pixels."""
    times = over // max(rgb.shape[:2]) + 1
    rows = [
        np.hstack([_turned(rgb, row, column) for column in range(times)]) for row in range(times)
    ]
    return np.ascontiguousarray(np.vstack(rows))


def _turned(rgb: np.ndarray, row: int, column: int) -> np.ndarray:
    return rgb[:: -1 if row % 2 else 1, :: -1 if column % 2 else 1]


def show_model(model: str, number: int, judged: Sequence[Judged]) -> None:
    """A table: a row for each change."""
    print(f"### {model}, {len(judged)} photographs\n")
    header("change", *COLUMNS)
    for row, change in enumerate(PERTURBATIONS, start=1):
        print(f"| {change} | {' | '.join(moves(judged, row, number))} |")
    print(flush=True)


def show_halved(models: Sequence[str], sizes: Sequence[int], judged: Sequence[Judged]) -> None:
    """A table: large and small photographs halved, for each model."""
    print("### halved, by the photo's longer side\n")
    header("model", "longer side, pixels", "photographs", *COLUMNS)
    row = 1 + list(PERTURBATIONS).index("halved")
    for number, (model, size) in enumerate(zip(models, sizes, strict=True)):
        for large, words in ((True, f"over {2 * size}"), (False, f"up to {2 * size}")):
            some = [one for one in judged if (one.side > 2 * size) == large]
            if some:
                columns = " | ".join(moves(some, row, number))
                print(f"| {model} | {words} | {len(some)} | {columns} |")
        columns = " | ".join(moves(judged, HALVED_MOSAIC, number, MOSAIC))
        print(f"| {model} | mosaics over {2 * max(sizes)} | {len(judged)} | {columns} |")


def moves(judged: Sequence[Judged], row: int, model: int, start: int = 0) -> list[str]:
    """The four numbers of ``COLUMNS`` for one change, from one row to another, and one model."""
    before, after = (np.array([one.p[at, model] for one in judged]) for at in (start, row))
    flips = (before >= 0.5) != (after >= 0.5)
    changes = [one.labels[start, model] != one.labels[row, model] for one in judged]
    away = np.abs(after - before)
    shares = [f"{np.mean(flips):.1%}", f"{np.mean(changes):.1%}"]
    return [*shares, f"{away.mean():.3f}", f"{away.max():.3f}"]


def header(*columns: str) -> None:
    """The first two lines of a table."""
    print(f"| {' | '.join(columns)} |")
    print(f"|{' --- |' * len(columns)}")


if __name__ == "__main__":
    run(main)
