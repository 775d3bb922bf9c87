"""How well a map finds the blurred pixels of partly blurred photographs.

Two plain measures stand beside it. Pixels are judged at the masks' own size, to which cells are
brought bilinearly. Of the measures, local variance of the Laplacian and energy of the high band of
the block DCT, both logarithmic and averaged over a square, little means blurred. The square is the
one of three that is best for each on these very photographs, in the pooled ROC AUC, which flatters
them; so does F1 every method: its cut-off, one for all photographs, is the best there is for it.
Example: python benchmarks/maps.py --photos partial --names data/partial_test.txt
"""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from _record import Record, options, recording, run

from blurdct import FEATURES, Detector, block_statistics, read_luma
from blurdct.datasets.masks import read_mask, read_pairs
from blurdct.errors import ConfigError, ModelError
from blurdct.features.blocks import SIZE
from blurdct.inference.heatmap import spread
from blurdct.utils.progress import bar
from blurdct.utils.text import reason

SQUARES = (24, 56, 88)  # pixels at the working size
HIGH = FEATURES.index("high_freq_energy")

Array = np.ndarray
Method = Callable[[Path], Array]  # a photo -> a map of it: more where more blurred


def main() -> None:
    """Print a Markdown table: each method's ROC AUC and F1."""
    parser = options(__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="image/NAME.*, mask/NAME.*")
    parser.add_argument("--names", type=Path, required=True, help="names to judge, one a line")
    parser.add_argument("--model", default="dct-net", help="a name or a folder (%(default)s)")
    args = parser.parse_args()
    with recording(__file__, __doc__, args) as record:
        measure(record, args)


def measure(record: Record, args: argparse.Namespace) -> None:
    """Judge every method, then say what came of it."""
    pairs = chosen(args.photos, args.names)
    masks = [read_mask(mask) for _, _, mask in bar(pairs, len(pairs), "masks")]
    nothing = [np.zeros(mask.shape, np.float32) for mask in masks]
    rows = {"everything called blurred": judge(masks, nothing)}
    for name, measure in {"Laplacian": laplacian, "high band": high_band}.items():
        tried = {}
        for side in SQUARES:
            method = partial(measured, measure=measure, side=side)
            tried[f"{name}, square of {side}"] = judge_method(pairs, masks, method)
        best = max(tried, key=lambda one: tried[one][1])
        rows[best] = tried[best]
    try:
        detector = Detector.load(args.model)
        rows[args.model] = judge_method(pairs, masks, detector.map)
    except ModelError as error:
        record.say(f"no row for {args.model}: {error}")
    share = np.mean(np.concatenate([mask.ravel() for mask in masks]))
    record.say(f"{len(pairs)} photographs, {share:.1%} of their pixels blurred")
    columns = ("ROC AUC, mean of photographs", "ROC AUC, pooled", "F1 at the best cut-off")
    table = record.table({"method": "", **dict.fromkeys(columns, ".3f")})
    for name, numbers in rows.items():
        table.row(name, *numbers)


def chosen(folder: Path, names: Path) -> list[tuple[str, Path, Path]]:
    """The pairs that a list names; its lines that begin with # say something else."""
    try:
        lines = names.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise ConfigError(f"{names}: {reason(error)}") from error
    wanted = {line.strip() for line in lines if line.strip() and not line.startswith("#")}
    pairs = [pair for pair in read_pairs(folder) if pair[0] in wanted]
    missing = wanted - {stem for stem, _, _ in pairs}
    if missing or not pairs:
        raise ConfigError(f"{folder}: lacks {min(missing, default='photographs')}, as in {names}")
    return pairs


def judge_method(pairs: list, masks: list[Array], method: Method) -> tuple[float, float, float]:
    """``judge`` of a method's answers about the photographs."""
    looked_at = bar(zip(pairs, masks, strict=True), len(pairs), "photos")
    scores = [spread(method(photo), mask.shape) for (_, photo, _), mask in looked_at]
    return judge(masks, [score.astype(np.float32) for score in scores])


def judge(masks: list[Array], scores: list[Array]) -> tuple[float, float, float]:
    """ROC AUC as the mean of photographs (those with both kinds of pixels), pooled, and best F1."""
    pairs = [(m.ravel(), s.ravel()) for m, s in zip(masks, scores, strict=True)]
    alone = [ranked(blurred, score)[0] for blurred, score in pairs if 0 < blurred.mean() < 1]
    pooled = ranked(*(np.concatenate(parts) for parts in zip(*pairs, strict=True)))
    return float(np.mean(alone)), *pooled


def ranked(blurred: Array, score: Array) -> tuple[float, float]:
    """ROC AUC, and F1 at the best cut-off, of n pixels, millions of them, both kinds among them."""
    order = np.argsort(-score)
    last = np.append(np.flatnonzero(np.diff(score[order])), len(order) - 1)  # of those alike
    found = np.cumsum(blurred[order], dtype=np.int64)[last]
    wrong = last + 1 - found
    area = np.trapezoid(np.append(0, found), np.append(0, wrong))
    f1 = 2 * found / (last + 1 + found[-1])
    return float(area / (found[-1] * wrong[-1])), float(f1.max())


def measured(photo: Path, measure: Callable[[Array, int], Array], side: int) -> Array:
    """A measure, negative: more where more blurred."""
    return -measure(read_luma(photo), side)


def laplacian(luma: Array, side: int) -> Array:
    """Logarithm of the variance of the Laplacian in a square around each pixel."""
    edges = cv2.Laplacian(luma, cv2.CV_64F, borderType=cv2.BORDER_REFLECT)
    mean, square = smooth(edges, side), smooth(edges * edges, side)
    return np.log1p(np.maximum(square - mean * mean, 0))


def high_band(luma: Array, side: int) -> Array:
    """Mean logarithm of the high band's energy in a square around each block."""
    return smooth(np.log1p(block_statistics(luma)[HIGH]), side // SIZE)


def smooth(values: Array, side: int) -> Array:
    """Mean of the square around each."""
    side += 1 - side % 2
    return cv2.blur(values, (side, side), borderType=cv2.BORDER_REFLECT)


if __name__ == "__main__":
    run(main)
