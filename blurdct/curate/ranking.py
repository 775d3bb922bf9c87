"""Photographs and the groups that they are in -> their places, the sharpest of each group first."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..results import Row
from .selection import is_blurred, kind


@dataclass(frozen=True, slots=True)
class Candidate:
    """A photo with a verdict: what ranks it, and what tells whether it has changed since."""

    path: str
    probability: float
    bytes: int | None = None
    modified: float | None = None
    pixels: int = 0
    side: int = field(default=0, compare=False)  # the long one, pixels; 0 if not known
    blurred: bool = field(default=False, compare=False)  # by its label


@dataclass(frozen=True, slots=True)
class Look:
    """What is seen of a photo beside the others of its group.

    Attributes:
        probability: P(blurred) at the size of the smallest, 0..1; None if it cannot be read.
        copy: Whether it shows the picture of another one that has more pixels.
        problem: Why it cannot be read, in words; empty if it can.
    """

    probability: float | None
    copy: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a photo stands.

    Attributes:
        group: 1, 2, ... as in the results.
        rank: 1 is the sharpest.
        photo: The photo.
        compared: P by which it is ranked: at the size of the smallest of its group.
        sharp: Whether any of its group is sharp, by its label.
    """

    group: int
    rank: int
    photo: Candidate
    compared: float | None = None
    sharp: bool = True

    @property
    def row(self) -> Row:
        """As a row of results, and its place."""
        photo = self.photo
        place = {"group": self.group, "rank": self.rank, "path": photo.path}
        score = 100 * photo.probability
        compared = score if self.compared is None else 100 * self.compared
        seen = {"compared": compared, "blurred": photo.blurred}
        return {**place, "score": score, "bytes": photo.bytes, "modified": photo.modified, **seen}


def candidates(rows: Iterable[Row]) -> Iterator[Candidate]:
    """The photographs with a verdict; those labelled unknown and those not read are left out."""
    for row in rows:
        if not kind(row):
            width, height = row["width"] or 0, row["height"] or 0
            where = row["path"], row["probability"], row["bytes"], row["modified"]
            yield Candidate(*where, width * height, max(width, height), is_blurred(row))


def of_several_sizes(photos: Sequence[Candidate], labels: np.ndarray) -> list[list[int]]:
    """The groups whose photographs differ in their pixels, as far as they are known.

    Args:
        photos: n photographs.
        labels: Shape (n,), as for ``ranked``.

    Returns:
        For each such group the places of its members in ``photos``.
    """
    return [
        members
        for members in _groups(labels)
        if len({photos[index].pixels for index in members} - {0}) > 1
    ]


def ranked(
    photos: Sequence[Candidate], labels: np.ndarray, looks: Mapping[int, Look] | None = None
) -> Iterator[Place]:
    """The photographs group by group, the least blurred of each first.

    Of those with the same P the one with more pixels comes first, then the larger file, then the
    first of the results. Copies of others come last. Groups come in the order of their first
    photographs.

    Args:
        photos: n photographs.
        labels: Shape (n,), as ``group_bursts`` or ``group_duplicates`` give them.
        looks: What ``compare`` says of photographs, by their places in ``photos``; it must be all
            or none of a group. Of the others P is that of the results.
    """
    looks = looks or {}

    def key(index: int) -> tuple[bool, float, int, float]:
        photo, look = photos[index], looks.get(index)
        return bool(look and look.copy), _p(photo, look), -photo.pixels, -_size(photo)

    for group, members in enumerate(_groups(labels), 1):
        sharp = not all(photos[index].blurred for index in members)
        for rank, index in enumerate(sorted(members, key=key), 1):
            p = _p(photos[index], looks.get(index))
            yield Place(group, rank, photos[index], p, sharp)


def _p(photo: Candidate, look: Look | None) -> float:
    if look is None:
        return photo.probability
    return 1.0 if look.probability is None else look.probability  # who cannot be read is last


def _groups(labels: np.ndarray) -> list[list[int]]:
    groups: dict[int, list[int]] = {}
    for index, label in enumerate(labels.tolist()):
        groups.setdefault(label, []).append(index)
    return list(groups.values())


def _size(photo: Candidate) -> float:
    return photo.bytes if photo.bytes is not None else -math.inf
