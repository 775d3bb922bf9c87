"""Whether motion in one direction is seen.

Sharp photographs are moved along straight paths. Blur is laid on in linear light, nothing else, so
that a point becomes a line of 8, 16 or 24 pixels of the photo as it is read at 512 pixels, at every
15 degrees. ROC AUC is that of moved against unmoved photographs; where photographs are labelled,
blurred ones are left out.
Example: python benchmarks/motion.py
         python benchmarks/motion.py --photos folder --model dct-xgb
"""

import itertools
import math
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from _judging import add_options, chosen, judge_all, verdicts
from _measure import SHARP
from _record import Table, options, recording, run

from blurdct.cli.output import prepare
from blurdct.datasets.blur_kernels import path_kernel
from blurdct.datasets.linear_light import blur_as_seen
from blurdct.datasets.manifest import list_photos
from blurdct.errors import ImageError
from blurdct.images.reader import read_rgb
from blurdct.metrics import roc_auc

SIZE = 512  # working size that lengths are meant at, pixels
LENGTHS = (8, 16, 24)  # pixels at the working size
ANGLES = tuple(range(0, 180, 15))  # degrees, counterclockwise from the horizontal


class Judged(NamedTuple):
    """What the models say of one photo; first axis: unmoved, then by length and angle; models."""

    p: np.ndarray  # (1 + lengths * angles, models), P(blurred)
    blurred: np.ndarray  # the same shape: whether it is surely so


def main() -> None:
    """Print a Markdown table: for each model a row without motion, and one for each length."""
    parser = options(__doc__)
    add_options(parser, SHARP, "folder of sharp ones (data/sample/sharp)")
    args = parser.parse_args()
    prepare()
    models = chosen(args)
    rows = list_photos(args.photos)
    paths = [args.photos / path for path in rows["path"][~(rows["label"] == 1).fillna(False)]]
    nothing = f"{args.photos}: no sharp photograph could be judged"
    with recording(__file__, __doc__, args) as record:
        judged = judge_all(partial(judge, models=models), paths, args.workers, nothing)
        p, blurred = (np.array([one[part] for one in judged]) for part in (0, 1))
        record.say(f"{len(judged)} photographs, each moved in {len(ANGLES)} directions")
        forms = {"ROC AUC": ".3f", "P from .5": ".1%", "surely blurred": ".1%"}
        worst = {"worst angle, degrees": "", "its ROC AUC": ".3f"}
        table = record.table({"model": "", "pixels": "", **forms, **worst})
        for number, model in enumerate(models):
            show(table, model, p[..., number], blurred[..., number])


def judge(path: Path, models: tuple[str, ...]) -> Judged | str:
    """Every model's verdicts on one photo, unmoved and moved, or why there are none."""
    try:
        rgb = read_rgb(path)
        steps = ((0, 0), *itertools.product(LENGTHS, ANGLES))
        pictures = (moved(rgb, length, angle) if length else rgb for length, angle in steps)
        p, found = verdicts(((one, str(path)) for one in pictures), models)
    except ImageError as error:
        return str(error)
    return Judged(p, found == "blurred")


def moved(rgb: np.ndarray, length: float, angle: float) -> np.ndarray:
    """A photo moved evenly along a line: ``length`` at the working size, ``angle`` in degrees."""
    length *= max(1.0, max(rgb.shape[:2]) / SIZE)  # in pixels of this photo
    line = np.linspace(-length / 2, length / 2, max(64, math.ceil(8 * length)))
    turn = math.radians(angle)
    return blur_as_seen(rgb, path_kernel(line * math.cos(turn), -line * math.sin(turn)))


def show(table: Table, model: str, p: np.ndarray, blurred: np.ndarray) -> None:
    """A model's rows; ``p`` and ``blurred`` have a row for each photo, columns as in ``Judged``."""
    still, called = float(np.mean(p[:, 0] >= 0.5)), float(np.mean(blurred[:, 0]))
    table.row(model, "0", None, still, called, None, None)
    shape = (len(p), len(LENGTHS), len(ANGLES))
    gone, found = p[:, 1:].reshape(shape), blurred[:, 1:].reshape(shape)
    each = {str(length): slice(at, at + 1) for at, length in enumerate(LENGTHS)}
    for length, at in {**each, "all": slice(None)}.items():
        by_angle = [area(p[:, 0], gone[:, at, angle]) for angle in range(len(ANGLES))]
        worst = int(np.argmin(by_angle))
        shares = (float(np.mean(gone[:, at] >= 0.5)), float(np.mean(found[:, at])))
        whole = area(p[:, 0], gone[:, at])
        table.row(model, length, whole, *shares, ANGLES[worst], by_angle[worst])


def area(still: np.ndarray, gone: np.ndarray) -> float:
    """ROC AUC of moved photographs against unmoved ones, from P of both."""
    y = np.repeat([0, 1], [still.size, gone.size])
    return roc_auc(y, np.concatenate([still, gone.ravel()]))


if __name__ == "__main__":
    run(main)
