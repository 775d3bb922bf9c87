"""Rows of results -> counts and picks for the report of a collection, in flat memory.

Nothing here grows with the number of photographs: scores are counted in tenths of a point, the
galleries are heaps and samples, and of too many folders the deepest are counted with their parents.
"""

import heapq
import random
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from math import inf
from typing import NamedTuple

import numpy as np

from ..errors import BlurdctError
from ..inference.bundle import load, shipped
from ..inference.prediction import UNKNOWN, kind_words, shown
from ..inference.thresholds import VERDICTS, Thresholds, verdict_index
from ..results import UNREADABLE, Row
from ..scan.items import folder_of

STEPS = 1000  # of the scale of P: a threshold may be set in thousandths
EDGES = [step / STEPS for step in range(STEPS + 1)]  # P, as ``filter`` reads a threshold
KINDS = (*VERDICTS, UNKNOWN, UNREADABLE)
GALLERY = 24  # photographs in each gallery
SAMPLES = 4  # photographs remembered of each tenth of a point
RUNG = 10  # tenths of a point; of so many the slider may bring up one photograph
FOLDERS = 4000  # told apart at most
SHOWN_ERRORS = 100
REASONS = 200  # told apart at most
ELSEWHERE = "(other folders)"
OTHER = "(other reasons)"


class Pick(NamedTuple):
    """A photograph that may be shown, with what its row says."""

    step: int  # the last tenth of a point that its score reaches
    score: float
    path: str
    verdict: str  # one of ``VERDICTS``
    model: str
    bytes: int | None
    modified: float | None
    sharp_fraction: float | None
    blur: float | None  # pixels
    kind: str  # of blur, in words; mostly empty


@dataclass
class Summary:
    """What the report shows of a collection.

    Attributes:
        photos: Rows.
        kinds: How many there are of each of ``KINDS``.
        bytes: Size of all files together.
        models: How many photographs each model judged.
        counts: Shape (1001,): judged photographs by P, in thousandths; the sum from k on
            is what a threshold of k/1000 drops. Photographs of unknown label are in none.
        folders: By name, how many of each kind.
        folder_counts: By name, as ``counts``.
        errors: How many unreadable photographs for each reason.
        error_rows: Path and error of the first of them.
        worst: The highest scores, falling.
        best: The lowest scores, rising.
        ladder: Some of every score, falling, most of them near the limits of the labels.
        thresholds: Where verdicts change, as the verdicts show.
    """

    photos: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    bytes: int = 0
    models: Counter[str] = field(default_factory=Counter)
    counts: np.ndarray = field(default_factory=lambda: np.zeros(STEPS + 1, np.int64))
    folders: dict[str, dict[str, int]] = field(default_factory=dict)
    folder_counts: dict[str, np.ndarray] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)
    error_rows: list[tuple[str, str]] = field(default_factory=list)
    worst: list[Pick] = field(default_factory=list)
    best: list[Pick] = field(default_factory=list)
    ladder: list[Pick] = field(default_factory=list)
    thresholds: Thresholds = field(default_factory=lambda: Thresholds(0.5, 0.5))

    @property
    def judged(self) -> int:
        """Photographs that a threshold keeps or drops."""
        return int(self.counts.sum())

    def dropped(self, threshold: float) -> int:
        """How many photographs have that P or more; 0..1, in thousandths."""
        return int(self.counts[round(threshold * STEPS) :].sum())


def summarize(
    rows: Iterable[Row], gallery: int = GALLERY, seed: int = 0, trusted: str | None = None
) -> Summary:
    """Go through the rows of results once.

    Args:
        rows: As ``results.read`` gives them.
        gallery: How many photographs each gallery shall have.
        seed: Of the sample that the slider brings up.
        trusted: A model that is looked at if rows name it, beside those that are shipped.
    """
    made, folders = Summary(), _Folders()
    chance = random.Random(seed)
    worst: list[tuple[float, int, Pick]] = []
    best: list[tuple[float, int, Pick]] = []
    samples: list[list[Pick]] = [[] for _ in EDGES]
    lowest, highest = dict.fromkeys(VERDICTS, inf), dict.fromkeys(VERDICTS, -inf)
    decisions = Counter[float]()
    for number, row in enumerate(rows):
        p = row["probability"]
        kind = UNREADABLE if row["error"] else shown(row["label"], row["sure"]) or UNREADABLE
        if kind not in KINDS:
            kind = UNREADABLE
        if kind in VERDICTS and (p is None or not 0 <= p <= 1):
            kind = UNREADABLE
        made.photos += 1
        made.kinds[kind] += 1
        made.bytes += row["bytes"] or 0
        folder = folders.number(folder_of(row["path"]))
        folders.kinds[folder, KINDS.index(kind)] += 1
        if kind == UNREADABLE:
            _count_error(made, row)
            continue
        made.models[row["model"]] += 1
        if kind == UNKNOWN:
            continue
        step, score = bisect_right(EDGES, p) - 1, 100 * p
        made.counts[step] += 1
        folders.counts[folder, step] += 1
        lowest[kind], highest[kind] = min(lowest[kind], p), max(highest[kind], p)
        if row["threshold"] is not None:
            decisions[row["threshold"]] += 1
        where = row["path"], kind, row["model"], row["bytes"], row["modified"]
        told = row["sharp_fraction"], row["blur"], kind_words(row["kind"], row["kind_probability"])
        pick = Pick(step, score, *where, *told)
        _keep(worst, (score, -number, pick), gallery)
        _keep(best, (-score, -number, pick), gallery)
        some = samples[step]
        if len(some) < SAMPLES:
            some.append(pick)
        elif (place := chance.randrange(int(made.counts[step]))) < SAMPLES:
            some[place] = pick
    asked = decisions.most_common(1)
    decision = asked[0][0] if asked else 0.5
    model = next((name for name in made.models if name in (*shipped(), trusted)), "")
    made.thresholds = _limits(lowest, highest, model, decision)
    half = -(-made.judged // 2)  # of a few photographs, none is among both the worst and the best
    made.worst = [pick for *_, pick in sorted(worst, reverse=True)][:half]
    made.best = [pick for *_, pick in sorted(best, reverse=True)][: made.judged - half]
    made.ladder = _ladder([pick for some in samples for pick in some], made.thresholds, gallery)
    made.folders, made.folder_counts = folders.named()
    return made


def reason_of(path: str, error: str) -> str:
    """What errors of one kind have in common: no path, no numbers, no details."""
    said = re.sub(r"\d[\d.,]*", "…", error.removeprefix(path).removeprefix(": "))
    return re.split(r"[,;(\n]", said, maxsplit=1)[0].strip()[:200] or "no reason given"


def _count_error(made: Summary, row: Row) -> None:
    error = row["error"] or "neither a probability nor an error in its row"
    reason = reason_of(row["path"], error)
    room = reason in made.errors or len(made.errors) < REASONS
    made.errors[reason if room else OTHER] += 1
    if len(made.error_rows) < SHOWN_ERRORS:
        made.error_rows.append((row["path"], error.removeprefix(row["path"]).removeprefix(": ")))


def _keep(heap: list[tuple[float, int, Pick]], entry: tuple[float, int, Pick], most: int) -> None:
    """The largest entries alone; of equal scores the earlier photographs."""
    (heapq.heappush if len(heap) < most else heapq.heappushpop)(heap, entry)


def _limits(
    lowest: dict[str, float], highest: dict[str, float], model: str, decision: float
) -> Thresholds:
    """Those of the model, if they give every photograph the verdict that it has.

    Where they do not (several models judged) or the model is not at hand, what is sure ends where
    the doubtful photographs begin.
    """
    ends = [(name, p) for name in VERDICTS for p in (lowest[name], highest[name]) if abs(p) < inf]
    try:
        own = load(model).thresholds.at(decision)
    except BlurdctError:
        pass
    else:
        if all(VERDICTS[verdict_index(p, own)] == name for name, p in ends):
            return own
    sure_blurred = min(lowest["blurred"], 1.0)
    sure_sharp = min(lowest[name] for name in VERDICTS[1:])
    return Thresholds(min(sure_sharp, sure_blurred), sure_blurred, decision)


def _ladder(samples: list[Pick], thresholds: Thresholds, gallery: int) -> list[Pick]:
    """Those nearest to each limit on either side, and one of every rung of the scale."""
    chosen = set({pick.step // RUNG: number for number, pick in enumerate(samples)}.values())
    at = thresholds
    for limit in {100 * p for p in (at.sure_sharp, at.decision, at.sure_blurred)}:
        near = sorted(range(len(samples)), key=lambda number: abs(samples[number].score - limit))
        for over in (False, True):
            side = (number for number in near if (samples[number].score >= limit) == over)
            chosen.update(islice(side, gallery // 2))
    return sorted((samples[number] for number in chosen), key=lambda pick: (-pick.score, pick.path))


class _Folders:
    """Counts by folder, in arrays of a fixed size."""

    def __init__(self, depth: int | None = None) -> None:
        self.places: dict[str, int] = {}
        self.depth = depth  # parts of a name that are told apart; None for all
        self.counts = np.zeros((FOLDERS + 1, STEPS + 1), np.uint32)  # takes memory when written to
        self.kinds = np.zeros((FOLDERS + 1, len(KINDS)), np.int64)

    def number(self, folder: str) -> int:
        """The row of a folder in the arrays."""
        while (name := _cut(folder, self.depth)) not in self.places:
            if len(self.places) < FOLDERS:
                self.places[name] = len(self.places)
            elif self.depth == 1:
                return self.places.setdefault(ELSEWHERE, FOLDERS)
            else:
                self._fold()
        return self.places[name]

    def named(self) -> tuple[dict[str, dict[str, int]], dict[str, np.ndarray]]:
        """Both arrays, by the name of the folder."""
        kinds = {
            name: dict(zip(KINDS, self.kinds[place].tolist(), strict=True))
            for name, place in self.places.items()
        }
        return kinds, {name: self.counts[place] for name, place in self.places.items()}

    def _fold(self) -> None:
        """Count the deepest folders with those above them."""
        upper = _Folders(max(1, max(name.count("/") for name in self.places)))
        for name, place in self.places.items():
            now = upper.places.setdefault(_cut(name, upper.depth), len(upper.places))
            upper.counts[now] += self.counts[place]
            upper.kinds[now] += self.kinds[place]
        self.__dict__ = upper.__dict__


def _cut(folder: str, depth: int | None) -> str:
    return folder if depth is None else "/".join(folder.split("/")[:depth])
