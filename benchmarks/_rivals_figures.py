"""What rivals say of pictures -> cells of the tables about who is right how often."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from _rivals_photos import Picture

from blurdct.datasets.splits import folds
from blurdct.metrics import interval, resampled_roc_auc, roc_auc

GROUPS = {  # of changes
    "halved, doubled": ("halved", "doubled"),
    "JPEG, WebP": ("JPEG 40", "JPEG 55", "JPEG 75", "JPEG 85", "JPEG 95", "WebP 75"),
    "light": ("two stops darker", "two stops brighter"),
    "noise": ("noise 2", "noise 5", "noise 10"),
    "turned, mirrored, cropped": ("turned by 90 degrees", "mirrored", "cropped to the middle"),
    "grey": ("grey",),
    "borders": ("white border", "black border"),
}

Answers = Mapping[str, dict[str, Any]]  # key of a picture -> what was said


class Judged(NamedTuple):
    """What a rival says of pictures, those that are lost left out: n rows."""

    pictures: list[Picture]
    y: np.ndarray  # (n,)
    blur: np.ndarray  # (n,), more is more blurred
    own: np.ndarray | None  # (n,), its verdicts
    lost: int


def heard(pictures: list[Picture], said: Answers) -> Judged:
    """What a rival says of those pictures that it got."""
    got = [one for one in pictures if one.key in said]
    whole = [one for one in got if "error" not in said[one.key]]
    own = [said[one.key]["blurred"] for one in whole]
    blur = np.array([said[one.key]["blur"] for one in whole], float)
    y = np.array([one.label for one in whole], int)
    known = None if None in own else np.array(own, bool)
    return Judged(whole, y, blur, known, len(got) - len(whole))


def right(judged: Judged) -> tuple[list[Any], float]:
    """A rival's cells among the real photographs, and its threshold fitted to all of them."""
    y, blur, own = judged.y, judged.blur, judged.own
    if len(set(y)) < 2:
        return [len(y), judged.lost, *[None] * 6], float("inf")
    groups = np.array([one.group for one in judged.pictures])
    strata = np.array([f"{one.source}/{one.label}" for one in judged.pictures])
    told = np.zeros(len(y), bool)
    for learn, judge in folds(groups, strata):
        told[judge] = blur[judge] >= best_threshold(y[learn], blur[learn])
    area = [roc_auc(y, blur), list(interval(resampled_roc_auc(y, blur, groups)))]
    cells = [len(y), judged.lost, *area, *accuracy(y, own), *accuracy(y, told)]
    return cells, best_threshold(y, blur)


def accuracy(y: np.ndarray, told: np.ndarray | None) -> tuple[float | None, float | None]:
    """Of verdicts, and the share of sharp photographs called blurred; none where there are none."""
    if told is None:
        return None, None
    return float(np.mean(told == y)), float(np.mean(told[y == 0]))


def best_threshold(y: np.ndarray, blur: np.ndarray) -> float:
    """The score from which on a photo is called blurred, so that most are right.

    It lies in the middle between two scores, or beyond all of them; the lowest of equals.
    """
    values = np.unique(blur)
    edges = np.concatenate([[-np.inf], (values[1:] + values[:-1]) / 2, [np.inf]])
    at = np.searchsorted(values, blur)
    blurred = np.bincount(at, y, minlength=len(values))
    sharp = np.bincount(at, 1 - y, minlength=len(values))
    below = [np.concatenate([[0], np.cumsum(some)]) for some in (sharp, blurred)]
    return float(edges[np.argmax(below[0] + blurred.sum() - below[1])])


def among_kinds(judged: Judged, fitted: float) -> list[Any]:
    """A rival's cells among photographs of other kinds and their copies."""
    y, blur = judged.y, judged.blur
    cells: list[Any] = [len(y), judged.lost]
    for told in (judged.own, blur >= fitted):
        cells += [None, None] if told is None else [np.mean(told[y == at]) for at in (0, 1)]
    weak = np.array([one.weak or not one.label for one in judged.pictures])
    return [*cells, roc_auc(y, blur), roc_auc(y[weak], blur[weak])]


def moved(judged: Judged, fitted: float) -> list[Any]:
    """A rival's cells about changes: how often its verdict is another than before the change."""
    told = judged.blur >= fitted if judged.own is None else judged.own
    by_photo = {(one.group, one.change): told[at] for at, one in enumerate(judged.pictures)}

    def share(changes: Sequence[str]) -> float | None:
        pairs = [
            by_photo[photo, ""] != verdict
            for (photo, change), verdict in by_photo.items()
            if change in changes and (photo, "") in by_photo
        ]
        return float(np.mean(pairs)) if pairs else None

    cells = ["fitted" if judged.own is None else "own", len(told), judged.lost]
    every = list(chain.from_iterable(GROUPS.values()))
    return [*cells, share(every), *(share(some) for some in GROUPS.values())]
