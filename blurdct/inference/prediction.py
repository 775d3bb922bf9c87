"""``Prediction``: the verdict on one photo, and the words it is told in."""

from dataclasses import dataclass
from typing import Any

SHARP, BLURRED = "sharp", "blurred"
UNKNOWN = "unknown"  # the label of a photo without evidence
LABELS = (SHARP, BLURRED, UNKNOWN)


@dataclass(frozen=True)
class Prediction:
    """The verdict on one photo.

    Attributes:
        path: The photo's path, or the name it was given.
        probability: P(blurred): 0 sharp .. 1 blurred, calibrated. None if the label is ``unknown``.
        label: ``sharp``; ``blurred`` if P is ``threshold`` or more; ``unknown`` where the photo
            shows nothing that could be sharp or blurred.
        sure: Whether P lies where, of photographs held out from training, no more than 1 % would be
            wrong. False says: look at it. An unknown one is never sure.
        threshold: The P from which on the label is ``blurred``, 0..1.
        model: The model's name.
        reason: Why the label is ``unknown``; empty otherwise.
        sharp_fraction: Part of the photo that is sharp, 0..1: cells of its map with P under .5.
            None if the model makes no map, or the label is ``unknown``.
        note: What was done to judge it, such as ``first of 3 pages``; mostly empty.
        evidence: Part of the photo that shows something which could be sharp or blurred, 0..1;
            see ``features.summary.has_evidence``. 0 if the label is ``unknown``.
        blur: How wide a point's image is where the photo is sharpest, in pixels of the photo at its
            own size: a disk's diameter, the length of a motion. One pixel of the working size is
            the least that is seen. None if the model does not know, or the label is ``unknown``.
    """

    path: str
    probability: float | None
    label: str
    sure: bool
    threshold: float
    model: str
    reason: str = ""
    sharp_fraction: float | None = None
    note: str = ""
    evidence: float = 0.0
    blur: float | None = None

    @property
    def score(self) -> float | None:
        """P as a number to look at: 0 sharp .. 100 blurred; None if there is no P."""
        return None if self.probability is None else 100 * self.probability

    @property
    def shown(self) -> str:
        """The label, with a question mark where it is doubtful."""
        return shown(self.label, self.sure)

    def as_dict(self) -> dict[str, Any]:
        """All of it by name, as in JSON and CSV: ``FIELDS``."""
        return {name: getattr(self, name) for name in FIELDS}


FIELDS = (
    *("path", "probability", "score", "label", "sure", "threshold", "model", "reason"),
    *("sharp_fraction", "note", "evidence", "blur"),
)


def kinds(label: str, sure: bool) -> set[str]:
    """What options such as ``--only`` may call a photo: its label, and ``unsure`` where it is."""
    return {label} if sure or label not in (SHARP, BLURRED) else {label, "unsure"}


def shown(label: str, sure: bool) -> str:
    """A label for people: ``blurred?`` and ``sharp?`` are doubtful."""
    return label if sure or label not in (SHARP, BLURRED) else f"{label}?"
