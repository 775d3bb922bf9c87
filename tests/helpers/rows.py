"""Rows of results as a scan would write them."""

import numpy as np

from blurdct import results
from blurdct.inference.thresholds import VERDICTS, verdict_index
from tests.helpers import toys


def row(path="a/b.jpg", p=0.5, label=None, sure=None, **known):
    """A row of results; labelled as the toy model would."""
    told = VERDICTS[verdict_index(p, toys.THRESHOLDS)]
    label = label or told.rstrip("?")
    sure = "?" not in told if sure is None else sure
    base = {name: "" if kind is str else None for name, kind in results.COLUMNS.items()}
    base |= {"path": path, "threshold": toys.THRESHOLDS.decision, "label": label, "sure": sure}
    if label == "unknown":
        return base | {"sure": False} | known
    return base | {"probability": p, "score": 100 * p} | known


def failed(path, error):
    none = {"probability": None, "score": None, "label": "", "sure": None, "threshold": None}
    return row(path, error=error) | none


def many(count=3000, seed=0):
    """Rows of all kinds in six folders, also at the very limits of a tenth of a point."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        p = float(rng.choice([rng.beta(0.3, 0.5), rng.integers(0, 1001) / 1000, 0.0, 1.0]))
        path = f"folder {number % 6}/{number}.jpg"
        if number % 50 == 7:
            rows.append(failed(path, f"{path}: too small, {number}x3 pixels; expected more"))
        else:
            rows.append(row(path, p, "unknown" if number % 40 == 3 else None, bytes=1000))
    return rows
