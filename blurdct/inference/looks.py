"""A photo and a model's graphs -> what is left of it for the verdict: a few numbers, no pixels.

A graph of numbers takes longer to call than to run, so that it is called once for some photos. One
that takes pictures or maps gains nothing by that, and is run while the photo is at hand.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import ModelError
from ..features.evidence import missing
from ..features.inputs import INPUTS, is_numbers, photo_inputs
from ..features.orientation import from_canonical
from ..features.photo import Photo
from .bundle import BESIDE, Bundle
from .session import Session

# Rows that a graph gets at once are a multiple of that: vector instructions do so many, and what
# remains after them is rounded otherwise. So P is the same to the last bit, alone or among others.
LANES = 4


@dataclass(frozen=True)
class Look:
    """All that the verdict on a photo needs.

    Attributes:
        name: What the verdict calls the photo.
        note: What to know about how it was read.
        reason: Why nothing can be said about it; "" if something can.
        rows: By model input, the row, (1, k), that graphs of numbers take.
        found: By output, what the other graphs have said of it, (1,).
        sharp: Part of it that is sharp by its map, 0..1; None without a map.
        evidence: Part of it that shows something, 0..1.
        reduction: Pixels of the photo at its own size to one that was looked at.
        places: Its map; see ``Detector.map``. None if it was not asked for, or there is none.
    """

    name: str
    note: str = ""
    reason: str = ""
    rows: dict[str, np.ndarray] = field(default_factory=dict)
    found: dict[str, np.ndarray] = field(default_factory=dict)
    sharp: float | None = None
    evidence: float = 0.0
    reduction: float = 1.0
    places: np.ndarray | None = None


class Graphs:
    """All the graphs of a model, ready to run.

    Attributes:
        own: The one that makes P.
    """

    def __init__(self, bundle: Bundle) -> None:
        """Get them ready.

        Raises:
            ModelError: One cannot be run, or does not take or make what it is there for.
        """
        self.own = Session(bundle.graph)
        self._all = [self.own]
        for file, (name, outputs) in BESIDE.items():
            if not (graph := getattr(bundle, name)):
                continue
            self._all.append(session := Session(graph))
            fit = session.outputs[:1] == outputs[:1] and set(session.outputs) <= set(outputs)
            if not fit or set(session.inputs) - set(INPUTS):
                raise ModelError(f"its {file} makes no {outputs[0]} of inputs known here")

    @property
    def has_map(self) -> bool:
        """Whether one says where a photo is blurred."""
        return any("map" in session.outputs for session in self._all)

    def tried(self) -> np.ndarray:
        """P of inputs that are one all over, not calibrated, (1,); all graphs have run then.

        They are made without a photo: the first one takes as long as some twenty more.
        """
        views = dict.fromkeys(view for session in self._all for view in session.inputs)
        ones = {
            view: np.ones((1, *(one or 1 for one in INPUTS[view].shape)), INPUTS[view].dtype)
            for view in views
        }
        return _said(self._all, ones)["probability"]

    def probability(self, photo: Photo) -> np.ndarray:
        """P of a photo, not calibrated, (1,)."""
        rows = _rows(photo, [self.own])
        if _of_numbers(self.own):
            rows = {view: _stacked([row]) for view, row in rows.items()}
        return self.own.run(rows)["probability"][:1]

    def look(self, photo: Photo, name: str, mapped: bool) -> Look:
        """See ``Detector.look``."""
        reason, note = missing(photo.luma, photo.notes), "; ".join(photo.notes)
        wanted = self._all
        if reason:  # then a map is all that there is to say
            wanted = [session for session in wanted if mapped and "map" in session.outputs]
        rows = _rows(photo, wanted)
        found = _said([session for session in wanted if not _of_numbers(session)], rows)
        sharp = places = None
        if "map" in found:
            inner = from_canonical(found.pop("map")[0], photo.luma)
            sharp = float(np.mean(inner < 0.5))
            places = photo.spread(inner) if mapped else None
        if reason:
            return Look(name, note, reason, places=places)
        numbers = {view: row for view, row in rows.items() if is_numbers(view)}
        parts = (numbers, found, sharp, photo.evidence, photo.reduction, places)
        return Look(name, note, "", *parts)

    def said(self, looks: Sequence[Look]) -> list[dict[str, Any]]:
        """Of each photo about which something can be said, all that they say, by output.

        Raises:
            ModelError: One gives no number of one of the photos.
        """
        if not looks:
            return []
        first, numbered = looks[0], [session for session in self._all if _of_numbers(session)]
        rows = {view: _stacked([look.rows[view] for look in looks]) for view in first.rows}
        found = {name: np.concatenate([look.found[name] for look in looks]) for name in first.found}
        found |= _said(numbered, rows)
        return [{name: of[number] for name, of in found.items()} for number in range(len(looks))]


def _stacked(rows: list[np.ndarray]) -> np.ndarray:
    """Rows of (1, k) below each other, the last again up to whole ``LANES``."""
    return np.concatenate(rows + rows[-1:] * (-len(rows) % LANES))


def _rows(photo: Photo, sessions: Iterable[Session]) -> dict[str, np.ndarray]:
    """The inputs of graphs, of one photo."""
    views = dict.fromkeys(view for session in sessions for view in session.inputs)
    return {view: row[None] for view, row in photo_inputs(photo, views).items()}


def _said(sessions: Iterable[Session], rows: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    said: dict[str, np.ndarray] = {}
    for session in sessions:
        said |= session.run(rows)
    return said


def _of_numbers(session: Session) -> bool:
    """Whether it makes numbers of rows of numbers alone."""
    return "map" not in session.outputs and all(map(is_numbers, session.inputs))
