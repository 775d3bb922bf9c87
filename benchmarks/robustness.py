"""How far verdicts move when a photo is changed in ways that do not blur it.

Each photo is judged as it is (its pixels, decoded in full) and after each change of
``blurdct.datasets.perturbations``. A label flips when P crosses .5; a verdict changes when the
label does, or whether it is sure. A halved photo that is still as large as the working size should
look the same; of a smaller one the halves of a blur are seen as well, so there are two rows for
that, and a third for mosaics: each photo beside its mirror images, over twice the largest working
size.
Example: python benchmarks/robustness.py
         python benchmarks/robustness.py --photos folder --model dct-xgb --limit 60
"""

import zlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from _judging import add_options, chosen, detectors, judge_all, verdicts
from _measure import SAMPLE, continued
from _record import Record, options, recording, run

from blurdct.cli.output import prepare
from blurdct.datasets.manifest import list_photos
from blurdct.datasets.perturbations import PERTURBATIONS
from blurdct.errors import ConfigError, ImageError
from blurdct.images.reader import read_rgb

COLUMNS = {
    **dict.fromkeys(("label flips", "verdict changes"), ".1%"),
    **dict.fromkeys(("mean move of P", "largest move of P"), ".3f"),
}
MOSAIC, HALVED_MOSAIC = -2, -1  # rows of ``Judged``


class Judged(NamedTuple):
    """What the models say of one photo.

    First axis: as it is, each change, its mosaic, that halved; then models.
    """

    side: int  # the longer one, pixels
    p: np.ndarray  # (3 + changes, models), P(blurred)
    verdicts: np.ndarray  # the same shape, text


def main() -> None:
    """Print Markdown tables: one per model, a row per change, and one on halving."""
    parser = options(__doc__)
    add_options(parser, SAMPLE, "folder (data/sample)")
    add = parser.add_argument
    add("--limit", type=int, help="judge so many photographs, drawn by chance (all)")
    add("--seed", type=int, default=0, help="of that, and of noise (%(default)s)")
    args = parser.parse_args()
    prepare()
    models = chosen(args)
    sizes = [detector.config.size for detector in detectors(models)]
    paths = photographs(args.photos, args.limit, args.seed)
    work = partial(judge, folder=args.photos, models=models, seed=args.seed)
    nothing = f"{args.photos}: none of the photographs could be judged"
    with recording(__file__, __doc__, args) as record:
        judged = judge_all(work, paths, args.workers, nothing)
        for number, model in enumerate(models):
            show_model(record, model, number, judged)
        show_halved(record, models, sizes, judged)


def photographs(folder: Path, limit: int | None, seed: int) -> list[str]:
    """Paths of the photographs, or of so many of them, relative to the folder, in their order."""
    if limit is not None and limit < 1:
        raise ConfigError(f"--limit: expected at least 1, got {limit}")
    paths = list_photos(folder)["path"]
    drawn = np.random.default_rng(seed).permutation(len(paths))[:limit]
    return list(paths.iloc[np.sort(drawn)])


def judge(path: str, folder: Path, models: tuple[str, ...], seed: int) -> Judged | str:
    """Every model's verdicts on one photo and its changes, or why there are none."""
    pictures: list[tuple[np.ndarray | bytes, str]] = []
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
        return Judged(max(rgb.shape[:2]), *verdicts(pictures, models))
    except ImageError as error:
        return str(error)


def mosaic(rgb: np.ndarray, over: int) -> np.ndarray:
    """A photo beside its mirror images, so often that its longer side is over so many pixels."""
    height, width = rgb.shape[:2]
    times = over // max(height, width) + 1
    return continued(rgb, times * height, times * width)


def show_model(record: Record, model: str, number: int, judged: Sequence[Judged]) -> None:
    """A table: a row for each change."""
    record.heading(f"{model}, {len(judged)} photographs")
    table = record.table({"change": "", **COLUMNS})
    for row, change in enumerate(PERTURBATIONS, start=1):
        table.row(change, *moves(judged, row, number))


def show_halved(
    record: Record, models: Sequence[str], sizes: Sequence[int], judged: Sequence[Judged]
) -> None:
    """A table: large and small photographs halved, for each model."""
    record.heading("halved, by the photo's longer side")
    table = record.table({"model": "", "longer side, pixels": "", "photographs": "", **COLUMNS})
    row = 1 + list(PERTURBATIONS).index("halved")
    for number, (model, size) in enumerate(zip(models, sizes, strict=True)):
        for large, words in ((True, f"over {2 * size}"), (False, f"up to {2 * size}")):
            some = [one for one in judged if (one.side > 2 * size) == large]
            if some:
                table.row(model, words, len(some), *moves(some, row, number))
        numbers = moves(judged, HALVED_MOSAIC, number, MOSAIC)
        table.row(model, f"mosaics over {2 * max(sizes)}", len(judged), *numbers)


def moves(judged: Sequence[Judged], row: int, model: int, start: int = 0) -> list[float]:
    """The four numbers of ``COLUMNS`` for one change, from one row to another, and one model."""
    before, after = (np.array([one.p[at, model] for one in judged]) for at in (start, row))
    flips = (before >= 0.5) != (after >= 0.5)
    changes = [one.verdicts[start, model] != one.verdicts[row, model] for one in judged]
    away = np.abs(after - before)
    return [np.mean(flips), np.mean(changes), away.mean(), away.max()]


if __name__ == "__main__":
    run(main)
