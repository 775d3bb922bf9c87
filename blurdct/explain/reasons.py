"""``explain_photo``: a detector and a photo -> the verdict, and what it comes from."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ModelError
from ..features.orientation import from_canonical, is_transposed
from ..features.photo import Photo
from ..features.summary import ENERGY, SUMMARY, has_evidence, summarise
from ..images.reader import Source
from ..inference.detector import Detector
from ..inference.prediction import Prediction
from ..metrics import logit
from .parts import band_of, direction_of, members, size_of
from .places import Place, deciding, influence, windows
from .shapley import contributions
from .typical import typical_photographs

INPUT = "wide"  # the one that explanations are of


@dataclass(frozen=True)
class Reasons:
    """What a verdict comes from. All log odds are of blurred: above 0 speaks for it.

    Attributes:
        numbers: The photo's own, by name; see ``features.summary.SUMMARY``. Directions are those of
            the photo as it is seen.
        odds: Log odds of the photo; P is ``1 / (1 + exp(-odds))``.
        start: Mean log odds of the typical sharp and the typical blurred photograph.
        parts: Size and band -> what their numbers add to ``start``, log odds; with it they sum to
            ``odds``. Of ``("whole", "whole")``: brightness, noise, how much shows anything.
        directions: Direction -> likewise, as a split of its own: detail ``across`` changes from
            left to right, ``down`` from top to bottom; ``none`` is about all directions at once.
        influence: Shape (h, w): what each cell adds, log odds; see ``explain.places``.
        windows: All places that were left out by turns; rows and columns are cells, of (h, w).
        places: Those of them that add most or take away most, strongest first; often none.
        evidence: Shape (h, w), bool: which cells show something that could be sharp or blurred; of
            the others only brightness and noise count.
    """

    numbers: dict[str, float]
    odds: float
    start: float
    parts: dict[Any, float]
    directions: dict[Any, float]
    influence: np.ndarray
    windows: list[Place]
    places: list[Place]
    evidence: np.ndarray


@dataclass(frozen=True)
class Explanation:
    """A verdict and its reasons.

    Attributes:
        prediction: The verdict.
        reasons: None if the photo shows nothing that could be sharp or blurred.
        map: Where the photo is blurred, P, shape (h, w), without a frame around the photo; None if
            the model makes no map. It has no part in the verdict.
        sides: Width and height of what was judged, pixels at the working size.
    """

    prediction: Prediction
    reasons: Reasons | None
    map: np.ndarray | None
    sides: tuple[int, int]


def explain_photo(
    detector: Detector, photo: Source | Photo, name: str | None = None
) -> Explanation:
    """Judge a photo, and say what the verdict comes from.

    Args:
        detector: A model that judges by the 350 numbers alone, as ``best`` does.
        photo: As for ``Detector.predict``; or one that is open.
        name: What to call it; its path if left out.

    Raises:
        ImageError: It cannot be read; the message names it and says why.
        ModelError: A model that judges by something else.
    """
    check_explained(detector)
    if not isinstance(photo, Photo):
        photo = Photo(photo, detector.config, name)
    prediction, p_map = detector.judge(photo, name or photo.name or "")
    height, width = photo.luma.shape
    reasons = None if prediction.reason else _reasons(detector, photo)
    inner = None if p_map is None else photo.within(p_map)
    return Explanation(prediction, reasons, inner, (width, height))


def check_explained(detector: Detector) -> None:
    """Nothing, if the model's verdicts can be explained.

    Raises:
        ModelError: It judges by something else than the 350 numbers.
    """
    if detector.views != (INPUT,):
        raise ModelError(
            f"{detector.model} does not judge by the numbers that are explained here; "
            "best does: --model best"
        )


def _reasons(detector: Detector, photo: Photo) -> Reasons:
    def odds(rows: np.ndarray) -> np.ndarray:
        taken = np.ascontiguousarray(rows, np.float32)
        return logit(detector.probabilities({INPUT: taken}))

    cells, luma = photo.cells, photo.luma
    row = summarise(cells)
    own = float(odds(row[None])[0])
    references = np.stack([one.medians for one in typical_photographs().values()])
    by_part = members(lambda name: (size_of(name), band_of(name)))
    start, parts = contributions(odds, row, references, by_part)
    _, directions = contributions(odds, row, references, members(direction_of))
    numbers = dict(zip(SUMMARY, row.tolist(), strict=True))
    turned = is_transposed(luma)
    if turned:
        numbers = {name: numbers[_turned(name)] for name in numbers}
        directions = {name: directions[_turned(str(name))] for name in directions}
    found = [_as_seen(place, cells, luma) for place in windows(cells, own, odds)]
    evidence = from_canonical(has_evidence(cells[ENERGY]), luma)
    return Reasons(
        numbers,
        own,
        start,
        parts,
        directions,
        influence(found, evidence.shape),
        found,
        deciding(found),
        evidence,
    )


def _turned(name: str) -> str:
    """The name that a number has once rows and columns have changed places."""
    return name.replace("across", "\0").replace("down", "across").replace("\0", "down")


def _as_seen(place: Place, cells: np.ndarray, luma: np.ndarray) -> Place:
    """A window in canonical orientation -> the same in the photo as it lies."""
    covered = np.zeros(cells.shape[1:], bool)
    covered[slice(*place.rows), slice(*place.columns)] = True
    at = np.argwhere(from_canonical(covered, luma))
    first, last = at.min(axis=0).tolist(), (at.max(axis=0) + 1).tolist()
    return Place((first[0], last[0]), (first[1], last[1]), place.change, place.without)
