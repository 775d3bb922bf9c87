"""Rows of results -> those that a criterion picks, and what other criteria would pick.

Two passes over the file, and neither keeps its rows: ``survey`` holds 8 bytes for each, ``pick``
none.
"""

import math
import os
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import ConfigError, ModelError
from ..inference.bundle import load
from ..inference.facts import facts_of
from ..inference.thresholds import check_threshold
from ..results import Row
from ..scan.items import elsewhere

UNKNOWN, ERROR = "unknown", "error"  # what rows without a verdict are called here
TABLE = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)  # thresholds that it shows, P


@dataclass(frozen=True)
class Survey:
    """What a file of results says altogether.

    Attributes:
        p: P(blurred) of the photographs with a verdict, falling, shape (n,).
        labels: How many rows there are of each label, and under ``error`` how many without one.
        sharp_blurred: How many of those labelled blurred are expected to be sharp.
        models: How many photographs each model judged: by name, digest and threshold.
        root: The deepest folder that all files of the rows lie in or below; None if none does.
    """

    p: np.ndarray
    labels: Counter[str]
    sharp_blurred: float
    models: Counter[tuple[str, str, float | None]]
    root: str | None

    @property
    def sharp(self) -> float:
        """How many of the photographs are expected to be sharp: the sum of 1 - P."""
        return float(np.sum(1 - self.p))


@dataclass(frozen=True)
class Cut:
    """From which P on photographs are picked.

    Attributes:
        p: That P; infinite if none is picked, None if the label ``blurred`` decides.
        ties: How many of exactly that P are picked, the first of the file.
        source: Where it comes from, in words.
    """

    p: float | None
    source: str
    ties: float = field(default=math.inf)


BY_LABEL = Cut(None, "labelled blurred")


def kind(row: Row) -> str:
    """``error``, ``unknown``, or empty for a photo with a verdict."""
    if row["error"]:
        return ERROR
    return UNKNOWN if row["label"] == UNKNOWN else ""


def is_blurred(row: Row) -> bool:
    """Whether a photo with a verdict counts as blurred: by its label, or without one by P."""
    return row["label"] == "blurred" if row["label"] else row["probability"] >= 0.5


def survey(rows: Iterable[Row]) -> Survey:
    """What ``worst`` and ``max_fpr`` go by: all P, the labels, the models; rows are taken once."""
    p, labels, models = array("d"), Counter[str](), Counter[tuple[str, str, float | None]]()
    root: str | None = None
    last: str | None = None
    sharp_blurred = 0.0
    for row in rows:
        what = kind(row)
        labels[what or row["label"]] += 1
        if not what:
            p.append(row["probability"])
            sharp_blurred += 1 - p[-1] if row["label"] == "blurred" else 0
            models[row["model"], row["digest"], row["threshold"]] += 1
        folder = os.path.dirname(row["path"])
        if folder != last and not elsewhere(row["path"]):
            last = folder
            folder = os.path.abspath(folder)
            root = folder if root is None else _common(root, folder)
    return Survey(np.sort(np.array(p))[::-1], labels, sharp_blurred, models, root)


def from_p(threshold: float) -> Cut:
    """All of this P(blurred), 0..1, and above.

    Raises:
        ConfigError: No such P.
    """
    check_threshold(threshold)
    return Cut(threshold, f"P {threshold:g} or more")


def worst(amount: str, found: Survey) -> Cut:
    """The most blurred ones, never more than said.

    Args:
        amount: A number of photographs such as ``20``, or a share of those with a verdict such as
            ``10%``, rounded down.
        found: The photographs.

    Raises:
        ConfigError: Neither.
    """
    n = len(found.p)
    try:
        if amount.endswith("%"):
            share = float(amount[:-1])
            if not 0 <= share <= 100:
                raise ValueError
            count = int(share * n / 100 + 1e-9)
        else:
            count = int(amount)
            if count < 0:
                raise ValueError
    except ValueError:
        raise ConfigError(
            f"expected a number such as 20, or a share from 0% to 100%, got {amount!r}"
        ) from None
    count = min(count, n)
    source = f"the worst {amount}"
    if not count:
        return Cut(math.inf, source)
    p = float(found.p[count - 1])
    return Cut(p, source, count - int(np.sum(found.p > p)))


def max_fpr(share: float, found: Survey) -> Cut:
    """As low as possible, so that of sharp photographs no more than this share are picked.

    A model may know such thresholds for a few shares, chosen on photographs that were held out
    from training. Else it is estimated from the photographs themselves: where P is right, 1 - P of
    a photo with P is its chance of being sharp, so their sum over the picked ones, divided by
    their sum over all, is the share that is expected. ``Cut.source`` says which it was.
    """
    if not 0 <= share < 1:
        hint = f"; did you mean {share / 100:g}?" if 1 <= share < 100 else ""
        raise ConfigError(f"expected a share from 0 to below 1, got {share:g}{hint}")
    if len(found.models) == 1:
        ((name, digest, asked),) = found.models
        own = _own_threshold(name, digest, asked, share)
        if own is not None:
            return Cut(own, f"where {name} picks {share:.3g} of held-out sharp photographs")
    chances = np.cumsum(1 - found.p)
    allowed = int(np.searchsorted(chances, share * found.sharp * (1 + 1e-12), side="right"))
    source = f"estimated from the P of these {len(found.p):,} photographs"
    # those of the same P stand or fall together
    if allowed < len(found.p):
        allowed = int(np.sum(found.p > found.p[allowed]))
    return Cut(float(found.p[allowed - 1]) if allowed else math.inf, source)


def pick(rows: Iterable[Row], cut: Cut = BY_LABEL, include: Sequence[str] = ()) -> Iterator[Row]:
    """The rows that a cut picks, in their order.

    Args:
        rows: As ``verdicts`` gives them.
        cut: What picks among the photographs with a verdict.
        include: ``unknown``, ``error`` or both, to have all of those rows, too.
    """
    ties = cut.ties
    for row in rows:
        if what := kind(row):
            if what in include:
                yield row
        elif cut.p is None:
            if row["label"] == "blurred":
                yield row
        elif row["probability"] > cut.p:
            yield row
        elif row["probability"] == cut.p and ties > 0:
            ties -= 1
            yield row


def outcome(found: Survey, cut: Cut, include: Sequence[str] = ()) -> tuple[int, float]:
    """How many rows ``pick`` picks, and how many of those with a verdict are expected sharp."""
    others = sum(found.labels[what] for what in include)
    if cut.p is None:
        return found.labels["blurred"] + others, found.sharp_blurred
    above, tied = int(np.sum(found.p > cut.p)), int(np.sum(found.p == cut.p))
    count = above + int(min(cut.ties, tied))
    return count + others, float(np.sum(1 - found.p[:count]))


def tally(found: Survey, cuts: Sequence[float] = TABLE) -> list[dict[str, Any]]:
    """How many photographs each threshold would pick.

    Args:
        found: The photographs.
        cuts: Thresholds, P 0..1.

    Returns:
        For each a row: ``threshold``, P; ``photos`` from there on; their ``share`` of
        those with a verdict; ``sharp``, how many of them are expected to be sharp (the sum of
        1 - P); and ``sharp_share``, that number as a share of all that are expected to be.
    """
    n, rising = len(found.p), found.p[::-1]
    rows = []
    for cut in sorted(set(cuts)):
        count = n - int(np.searchsorted(rising, cut, side="left"))
        sharp = float(np.sum(1 - found.p[:count]))
        rows.append(
            {
                "threshold": round(cut, 4),
                "photos": count,
                "share": round(count / n, 6) if n else 0.0,
                "sharp": round(sharp, 2),
                "sharp_share": round(sharp / found.sharp, 6) if found.sharp else 0.0,
            }
        )
    return rows


def _own_threshold(name: str, digest: str, asked: float | None, share: float) -> float | None:
    """From which P on a model finds this share of held-out sharp photographs, if it knows."""
    try:
        bundle = load(name)
        if digest and digest not in {facts_of(bundle, None, at)["digest"] for at in (None, asked)}:
            return None  # another version of it, or at another size
    except ModelError:
        return None
    known = bundle.known_fprs
    return next((known[of] for of in known if math.isclose(of, share)), None)


def _common(one: str, other: str) -> str | None:
    try:
        return os.path.commonpath([one, other])
    except ValueError:  # two drives
        return one
