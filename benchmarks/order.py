"""Of two photographs of one scene, which is the sharper one?

Pairs are of a sharp and a blurred photograph of the same scene, in every combination; each scene
counts the same, however many photographs it has. A model that learnt from such photographs is
trained anew from its table for this, without the scenes that it is judged on (a fifth of them at a
time), so no photograph is needed. *Copies* are made: a photo as it is, and the same photo with blur
that spreads a point over so many pixels of the working size. An equal P is half a right order.
Example: python benchmarks/order.py
"""

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from _origin import ROOT
from _record import options, recording, run
from kinds import TABLES, trained_without

from blurdct.config import TrainConfig
from blurdct.datasets.splits import folds
from blurdct.inference.bundle import Bundle, load
from blurdct.training.sources import from_table
from blurdct.training.training_set import TrainingSet

PARTS = 5
MOST = 1e9
WIDTHS = (0.1, 2, 3, 5, 8, MOST)  # pixels of the working size; limits of the sorts of copies

Pair = tuple[np.ndarray, np.ndarray]  # numbers of sharp rows and of blurred ones, of one scene


def main() -> None:
    """Print a Markdown table: of each model and sort of pair, the share in the right order."""
    parser = options(__doc__)
    add = parser.add_argument
    add("--tables", type=Path, default=ROOT / "data", help="folder of the tables they learnt from")
    add("--model", nargs="+", default=["best", "fast"], help="of those two (both)")
    args = parser.parse_args()
    with recording(__file__, __doc__, args) as record:
        bundles = {model: load(model) for model in args.model}
        learnt = {
            model: from_table(args.tables / TABLES[one.views[0]], one.views, TrainConfig())
            for model, one in bundles.items()
        }
        table = record.table({"model": "", "pairs": "", "scenes": "", "right order": ".1%"})
        for model, data in learnt.items():
            p = unseen(data, bundles[model])
            for words, found in sorts(data):
                shares = [right_order(p[sharp], p[blurred]) for sharp, blurred in found]
                if shares:
                    table.row(model, words, len(shares), float(np.mean(shares)))


def unseen(data: TrainingSet, bundle: Bundle) -> np.ndarray:
    """P(blurred) of each row by a model that saw nothing of its scene; shape (n,)."""
    p = np.zeros(len(data.y))
    for _, judge in folds(data.groups, data.table["source"].to_numpy(str), PARTS):
        away = np.isin(data.groups, data.groups[judge])
        p[away] = trained_without(data, bundle, away)(data.take(away))
    return p


def sorts(data: TrainingSet) -> Iterator[tuple[str, list[Pair]]]:
    """Words for each sort of pair, and of each scene the rows that are sharp and blurred."""
    for source in sorted(set(data.table["source"][data.real])):
        rows = data.real & (data.table["source"] == source).to_numpy()
        yield f"photographs, {source}", split(rows, data.groups, data.y)
    if "seen" not in data.table:
        return
    names = data.table["original"].where(data.table["kind"] != "", data.table["path"])
    seen = data.table["seen"].to_numpy(np.float64)
    photo = (data.table["kind"] == "").to_numpy() & (data.y == 0)
    for low, high in itertools.pairwise(WIDTHS):
        rows = photo | ((seen >= low) & (seen < high))
        words = f"copies, {low:g} to {high:g} pixels" if high < MOST else f"copies, from {low:g}"
        yield words, split(rows, names.to_numpy(str), data.y)


def split(rows: np.ndarray, scenes: np.ndarray, y: np.ndarray) -> list[Pair]:
    """Of each scene that has both, the numbers of its sharp and of its blurred rows."""
    frame = pd.DataFrame({"scene": scenes, "y": y, "row": np.arange(len(y))})[rows]
    found = []
    for _, one in frame.groupby("scene"):
        both = tuple(one["row"][one["y"] == label].to_numpy() for label in (0, 1))
        if all(map(len, both)):
            found.append(both)
    return found


def right_order(sharp: np.ndarray, blurred: np.ndarray) -> float:
    """Share of the pairs in which the blurred one has the larger P."""
    more = blurred[:, None] - sharp
    return float(np.mean((more > 0) + 0.5 * (more == 0)))


if __name__ == "__main__":
    run(main)
