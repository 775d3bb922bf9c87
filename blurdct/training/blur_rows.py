"""A training set -> what is known of how wide and of which kind the blur of its rows is.

Of a copy its recipe knows both. Of a photograph somebody may have said which kind it is, in the
column ``blur_kind`` of its manifest, or in ``blur_kinds.csv`` beside a table of numbers. The kinds
are learnt from three parts, each of which counts as a whole, both kinds alike: else copies, which
are many, would outvote photographs, and a kind that is common in a part would win there.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from ..datasets.manifest import read_csv
from ..errors import ConfigError
from ..models.base import Array, BlurRows
from ..results import BLUR_KINDS
from .training_set import TrainingSet, with_extra

KINDS_FILE = "blur_kinds.csv"  # columns path and blur_kind; of photographs of the table beside it
# Kinds of copies -> 1 moved, 0 out of focus; a mixture is both.
COPIES = {"motion": 1, "shake": 1, "defocus": 0, "gaussian": 0}
LEAST_SEEN = 2.0  # pixels of the working size; of a narrower blur nobody sees the kind
# What each part counts: photographs, those blurred in part, copies.
FOUND, IN_PART, COPIED = 1.0, 1.0, 4.0


def rows_of_blur(data: TrainingSet) -> BlurRows | None:
    """What is known of the blur of a training set's rows, extra ones behind; None if nothing is."""
    if "seen" not in data.table:
        return None
    whole = with_extra(data, np.ones(len(data.y), bool))
    motion, weights = kinds(whole.table)
    widths = whole.table["seen"].to_numpy(np.float64)
    return BlurRows(whole.inputs, whole.groups, widths, motion, weights)


def kinds(table: pd.DataFrame) -> tuple[Array, Array]:
    """Which kind of blur each row of a table shows, and what it counts.

    Args:
        table: Columns label, kind, seen; and mask, blur_kind, if there are such.

    Returns:
        Shape (n,): 1 moved, 0 out of focus, NaN where nobody knows; and shape (n,): the weight, 0
        of rows that nothing is known of, 1 on average of the others. A part in which one kind is
        missing counts nothing: it would teach what the part looks like.
    """
    found = (table["kind"] == "").to_numpy()
    seen = (table["seen"] > LEAST_SEEN).to_numpy()
    motion = np.where(seen, table["kind"].map(COPIES).to_numpy(float), np.nan)
    masked = np.zeros(len(table), bool)
    if "mask" in table:
        masked = (table["mask"] != "").to_numpy()
    if "blur_kind" in table:
        told = table["blur_kind"].map({kind: at for at, kind in enumerate(BLUR_KINDS)})
        shows = found & (masked | (table["label"] == 1).fillna(False).to_numpy(bool))
        motion = np.where(shows, told.to_numpy(float), motion)
    weights = np.zeros(len(table))
    for part, worth in ((found & ~masked, FOUND), (found & masked, IN_PART), (~found, COPIED)):
        of_kind = [part & (motion == kind) for kind in (0, 1)]
        if all(rows.any() for rows in of_kind):
            for rows in of_kind:
                weights[rows] = worth / rows.sum()
    known = weights > 0
    if known.any():
        weights /= weights[known].mean()
    return motion, weights


def with_kinds(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """A table of numbers with the column ``blur_kind`` of ``KINDS_FILE`` beside it, if it is there.

    Args:
        table: Column path.
        path: Where the table is.

    Raises:
        ConfigError: The file is no such table.
    """
    told = path.parent / KINDS_FILE
    if "blur_kind" in table or not told.is_file():
        return table
    rows = read_csv(told, ["path", "blur_kind"])
    if wrong := sorted(set(rows["blur_kind"]) - {"", *BLUR_KINDS}):
        known = ", ".join(BLUR_KINDS)
        raise ConfigError(f"{told}: blur_kind: expected {known} or empty, got {wrong[0]!r}")
    by_path = dict(zip(rows["path"], rows["blur_kind"], strict=True))
    return table.assign(blur_kind=table["path"].map(by_path).fillna(""))
