"""Whether out of focus and moved are told apart, by models that never saw the scene.

The kind of blur is learnt from the table that `best` learnt from, and from what is known of its
photographs beside it, by folds: the model that judges a photo saw none of its scene. *Photographs*
are those of phones, out of focus, and of bursts, moved; *blurred in part* those of the CUHK set;
*copies* were made with a blur that is wider than 3 pixels of the working size. Then whole sources
are left out, and, of photographs that are given, copies as `kinds.py` makes them are judged by a
model that saw nothing of any such kind of picture. *Balanced* is the mean of the two shares told
right.
Example: python benchmarks/blur_kinds.py --photos folder
"""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from _judging import judge_all
from _origin import ROOT
from _record import Record, Table, options, recording, run
from kinds import COPIES, KIND, numbers

from blurdct.config import TrainConfig
from blurdct.datasets.manifest import list_photos
from blurdct.datasets.splits import folds
from blurdct.inference.prediction import KIND_SURE
from blurdct.inference.session import Session
from blurdct.metrics import roc_auc
from blurdct.models.blur_graph import kind_onnx
from blurdct.parallel.cores import cores
from blurdct.training.blur_rows import kinds
from blurdct.training.sources import NUMBERS, from_table
from blurdct.training.training_set import TrainingSet, with_extra

PARTS = 5
WIDE = 3.0  # pixels of the working size, of copies that are judged
UNSEEN = {  # sources that are left out together -> the part of them that is judged
    ("phone", "burst"): "photographs",
    ("partial",): "blurred in part",
    (KIND,): "copies",
}


def main() -> None:
    """Print Markdown tables: scenes unseen, sources unseen, copies of kinds unseen."""
    parser = options(__doc__)
    add = parser.add_argument
    add("--table", type=Path, default=ROOT / "data" / NUMBERS, help="that the model learnt from")
    add("--photos", type=Path, help="sharp photographs of kinds, to make copies of")
    add("--shuffles", type=int, default=2, help="cross-validations (%(default)s)")
    add("--workers", type=int, default=min(2, cores()), help="processes (%(default)s)")
    args = parser.parse_args()
    data = from_table(args.table, ["wide"], TrainConfig())
    data = with_extra(data, np.ones(len(data.y), bool))
    motion, _ = kinds(data.table)
    parts, source = parts_of(data.table), data.table["source"].to_numpy(str)
    with recording(__file__, __doc__, args) as record:
        table = new_table(record, "scenes unseen", "shuffle")
        for shuffle in range(args.shuffles):
            p = np.full(len(motion), np.nan)
            for learn, judge in folds(data.groups, source, PARTS, shuffle):
                p[judge] = told(data, learn, data.inputs["wide"][judge])
            for name, rows in parts.items():
                show(table, name, str(shuffle), p[rows], motion[rows])
        table = new_table(record, "sources unseen", "left out")
        for names, part in UNSEEN.items():
            away = np.array([one.startswith(names) for one in source])
            rows = away & parts[part]
            p = told(data, np.nonzero(~away)[0], data.inputs["wide"][rows])
            left_out = " and ".join(f"{name}..." if name == KIND else name for name in names)
            show(table, part, left_out, p, motion[rows])
        if args.photos:
            ask = partial(told, data, np.nonzero(~np.char.startswith(source, KIND))[0])
            show_copies(record, args.photos, args.workers, ask)


def parts_of(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """Which rows are judged together, of those whose kind is known: by name, shape (n,), bool."""
    motion, _ = kinds(table)
    found = (table["kind"] == "").to_numpy()
    masked = (table["mask"] != "").to_numpy()
    wide = (table["seen"] > WIDE).to_numpy()
    parts = {
        "photographs": found & ~masked,
        "blurred in part": found & masked,
        "copies": ~found & wide,
    }
    return {name: rows & np.isfinite(motion) for name, rows in parts.items()}


def told(data: TrainingSet, learn: np.ndarray, values: np.ndarray) -> np.ndarray:
    """P of motion of rows of numbers, by a model that learnt from rows ``learn``."""
    motion, weights = kinds(data.table.iloc[learn])
    graph = kind_onnx(data.inputs["wide"][learn], motion, weights, data.groups[learn])
    return Session(graph).run({"wide": values})["motion"]


def new_table(record: Record, title: str, how: str) -> Table:
    """A table of shares told right, under its heading."""
    record.heading(title)
    forms = {"ROC AUC": ".3f", "balanced": ".3f", "of defocus": ".1%", "of motion": ".1%"}
    sure = {f"P from {KIND_SURE:g}": ".1%", "of these right": ".1%"}
    return record.table({"part": "", how: "", "defocus": "", "motion": "", **forms, **sure})


def show(table: Table, name: str, how: str, p: np.ndarray, motion: np.ndarray) -> None:
    """A row: how many there are of each kind, and how many are told right."""
    moved = motion == 1
    shares = np.mean(p[~moved] < 0.5), np.mean(p[moved] >= 0.5)
    sure = np.maximum(p, 1 - p) >= KIND_SURE
    right = np.mean((p >= 0.5)[sure] == moved[sure]) if sure.any() else None
    counts = int(np.sum(~moved)), int(np.sum(moved))
    area = roc_auc(moved.astype(int), p)
    table.row(name, how, *counts, area, np.mean(shares), *shares, np.mean(sure), right)


def show_copies(record: Record, folder: Path, workers: int, ask: partial[np.ndarray]) -> None:
    """A table of the copies that ``kinds.py`` makes of photographs: the share told right."""
    listed = list_photos(folder)
    listed = listed[~(listed["label"] == 1).fillna(False)]
    asked = [
        (folder / path, kind, group)
        for path, kind, group in zip(listed["path"], listed["source"], listed["group"], strict=True)
    ]
    found = judge_all(numbers, asked, workers, f"{folder}: no photograph could be read")
    names = np.array([kind for kind, *_ in found])
    # without the photo itself before them, and what else is made behind them
    values = np.stack([rows["wide"][1 : 1 + len(COPIES)] for *_, rows in found])
    p = ask(values.reshape(-1, values.shape[-1])).reshape(len(found), len(COPIES))
    right = np.where([name.startswith("motion") for name in COPIES], p >= 0.5, p < 0.5)
    record.heading("kinds of pictures unseen, copies told right")
    table = record.table({"kind": "", "photographs": "", **dict.fromkeys(COPIES, ".1%")})
    for kind in [*sorted(set(names.tolist())), "all"]:
        here = right[(names == kind) | (kind == "all")]
        words = kind.removeprefix(KIND).replace("_", ", ")
        table.row(words, len(here), *here.mean(axis=0))


if __name__ == "__main__":
    run(main)
