"""Photographs and the groups that they are in -> their places, the sharpest of each group first."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..results import Row
from .selection import kind


@dataclass(frozen=True, slots=True)
class Candidate:
    """A photo with a verdict: what ranks it, and what tells whether it has changed since."""

    path: str
    probability: float
    bytes: int | None = None
    modified: float | None = None
    pixels: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a photo stands: ``group`` 1, 2, ... as in the results; ``rank`` 1 is the sharpest."""

    group: int
    rank: int
    photo: Candidate

    @property
    def row(self) -> Row:
        """As a row of results, and its place."""
        photo = self.photo
        place = {"group": self.group, "rank": self.rank, "path": photo.path}
        score = 100 * photo.probability
        return {**place, "score": score, "bytes": photo.bytes, "modified": photo.modified}


def candidates(rows: Iterable[Row]) -> Iterator[Candidate]:
    """The photographs with a verdict; those labelled unknown and those not read are left out."""
    for row in rows:
        if not kind(row):
            pixels = (row["width"] or 0) * (row["height"] or 0)
            where = row["path"], row["probability"], row["bytes"], row["modified"]
            yield Candidate(*where, pixels)


def ranked(photos: Sequence[Candidate], labels: np.ndarray) -> Iterator[Place]:
    """The photographs group by group, the least blurred of each first.

    Of those with the same P the one with more pixels comes first, then the larger file, then the
    first of the results. Groups come in the order of their first photographs.

    Args:
        photos: n photographs.
        labels: Shape (n,), as ``group_bursts`` or ``group_duplicates`` give them.
    """
    groups: dict[int, list[int]] = {}
    for index, label in enumerate(labels.tolist()):
        groups.setdefault(label, []).append(index)
    for group, members in enumerate(groups.values(), 1):
        members.sort(key=lambda i: (photos[i].probability, -photos[i].pixels, -_size(photos[i])))
        for rank, index in enumerate(members, 1):
            yield Place(group, rank, photos[index])


def _size(photo: Candidate) -> float:
    return photo.bytes if photo.bytes is not None else -math.inf
