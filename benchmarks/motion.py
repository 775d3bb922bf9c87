"""Whether motion in one direction is seen: sharp photographs moved along straight paths.

Blur is laid on in linear light, nothing else, so that a point becomes a line of 8, 16 or 24 pixels
of the photo as it is read at 512 pixels, at every 15 degrees. ROC AUC is that of moved against
unmoved photographs; where photographs are labelled, blurred ones are left out.
Example: python benchmarks/motion.py
         python benchmarks/motion.py --photos folder --model dct-xgb
"""

import argparse
import itertools
import math
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from _options import run

from blurdct import Detector
from blurdct.cli.output import note, prepare
from blurdct.datasets.blur_kernels import path_kernel
from blurdct.datasets.linear_light import blur_as_seen
from blurdct.datasets.manifest import list_photos
from blurdct.errors import BlurdctError, ImageError
from blurdct.images.reader import read_rgb
from blurdct.inference.bundle import shipped
from blurdct.metrics import roc_auc
from blurdct.parallel.cores import cores
from blurdct.parallel.pool import ordered_map
from blurdct.utils.progress import bar

SHARP = Path(__file__).parents[1] / "data" / "sample" / "sharp"
SIZE = 512  # working size that lengths are meant at, pixels
LENGTHS = (8, 16, 24)  # pixels at the working size
ANGLES = tuple(range(0, 180, 15))  # degrees, counterclockwise from the horizontal


class Judged(NamedTuple):
    """What the models say of one photo; first axis: unmoved, then by length and angle; models."""

    p: np.ndarray  # (1 + lengths * angles, models), P(blurred)
    blurred: np.ndarray  # the same shape: whether it is labelled so


def main() -> None:
    """Print a Markdown table: for each model a row without motion, and one for each length."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--photos", type=Path, default=SHARP, help="folder of sharp ones (data/sample/sharp)")
    add("--model", nargs="+", help="names or bundles' folders (every shipped model)")
    add("--workers", type=int, default=min(2, cores()), help="processes (%(default)s)")
    args = parser.parse_args()
    prepare()
    models = tuple(args.model or shipped())
    detectors(models)  # shows what is wrong with one before a photo
    rows = list_photos(args.photos)
    paths = [args.photos / path for path in rows["path"][~(rows["label"] == 1).fillna(False)]]
    work = ordered_map(partial(judge, models=models), paths, args.workers, 1)
    judged = []
    for answer in bar(work, len(paths), "photographs"):
        if isinstance(answer, str):
            note(answer)
        else:
            judged.append(answer)
    if not judged:
        raise BlurdctError(f"{args.photos}: no sharp photograph could be judged")
    print(f"{len(judged)} photographs, each moved in {len(ANGLES)} directions\n")
    print("| model | pixels | ROC AUC | P from .5 | labelled blurred | worst angle, its ROC AUC |")
    print("| --- | --- | --- | --- | --- | --- |")
    p, blurred = (np.array([one[part] for one in judged]) for part in (0, 1))
    for number, model in enumerate(models):
        show(model, p[..., number], blurred[..., number])


@cache
def detectors(models: tuple[str, ...]) -> list[Detector]:
    """The models, loaded once in each process."""
    return [Detector.load(model) for model in models]


def judge(path: Path, models: tuple[str, ...]) -> Judged | str:
    """Every model's verdicts on one photo, unmoved and moved, or why there are none."""
    p, blurred = [], []
    try:
        rgb = read_rgb(path)
        for length, angle in ((0, 0), *itertools.product(LENGTHS, ANGLES)):
            picture = moved(rgb, length, angle) if length else rgb
            verdicts = [detector.predict(picture, str(path)) for detector in detectors(models)]
            p.append([verdict.probability for verdict in verdicts])
            blurred.append([verdict.label == "blurred" for verdict in verdicts])
    except ImageError as error:
        return str(error)
    return Judged(np.array(p), np.array(blurred))


def moved(rgb: np.ndarray, length: float, angle: float) -> np.ndarray:
    """A photo moved evenly along a line: ``length`` at the working size, ``angle`` in degrees."""
    length *= max(1.0, max(rgb.shape[:2]) / SIZE)  # in pixels of this photo
    line = np.linspace(-length / 2, length / 2, max(64, math.ceil(8 * length)))
    turn = math.radians(angle)
    return blur_as_seen(rgb, path_kernel(line * math.cos(turn), -line * math.sin(turn)))


def show(model: str, p: np.ndarray, blurred: np.ndarray) -> None:
    """A model's rows; ``p`` and ``blurred`` have a row for each photo, columns as in ``Judged``."""
    still, called = np.mean(p[:, 0] >= 0.5), np.mean(blurred[:, 0])
    print(f"| {model} | 0 | | {still:.1%} | {called:.1%} | |")
    shape = (len(p), len(LENGTHS), len(ANGLES))
    gone, found = p[:, 1:].reshape(shape), blurred[:, 1:].reshape(shape)
    each = {str(length): slice(at, at + 1) for at, length in enumerate(LENGTHS)}
    for length, at in {**each, "all": slice(None)}.items():
        by_angle = [area(p[:, 0], gone[:, at, angle]) for angle in range(len(ANGLES))]
        worst = int(np.argmin(by_angle))
        columns = (
            f"{area(p[:, 0], gone[:, at]):.3f}",
            f"{np.mean(gone[:, at] >= 0.5):.1%}",
            f"{np.mean(found[:, at]):.1%}",
            f"{ANGLES[worst]} degrees, {by_angle[worst]:.3f}",
        )
        print(f"| {model} | {length} | {' | '.join(columns)} |", flush=True)


def area(still: np.ndarray, gone: np.ndarray) -> float:
    """ROC AUC of moved photographs against unmoved ones, from P of both."""
    y = np.repeat([0, 1], [still.size, gone.size])
    return roc_auc(y, np.concatenate([still, gone.ravel()]))


if __name__ == "__main__":
    run(main)
