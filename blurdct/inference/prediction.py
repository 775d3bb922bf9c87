"""``Prediction``: the verdict on one photo, and the words it is told in."""

from dataclasses import dataclass
from typing import Any

from ..results import BLUR_KINDS

SHARP, BLURRED = "sharp", "blurred"
DEFOCUS, MOTION = BLUR_KINDS
KIND_WORDS = {DEFOCUS: "out of focus", MOTION: "moved"}
KIND_SURE = 0.9  # P of a kind; with more, one in forty is the other (benchmarks/blur_kinds.py)
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
        kind: What a blurred photo is rather blurred by: ``defocus`` (out of focus) or ``motion``
            (of the camera, or of what it shows). None if the model does not know, or the label is
            another.
        kind_probability: P that it is this kind and not the other, .5..1; None if there is none.
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
    kind: str | None = None
    kind_probability: float | None = None

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
    *("sharp_fraction", "note", "evidence", "blur", "kind", "kind_probability"),
)


def kind_of(motion: float) -> tuple[str, float]:
    """The kind of blur and its probability, .5..1, from P that it is motion, 0..1."""
    return (MOTION, motion) if motion >= 0.5 else (DEFOCUS, 1 - motion)


def kind_words(kind: str | None, probability: float | None) -> str:
    """A kind of blur for people: ``moved``, or ``moved?`` where it is doubtful; mostly empty."""
    words = KIND_WORDS.get(kind or "", "")
    return f"{words}?" if words and (probability or 0) < KIND_SURE else words


def kinds(label: str, sure: bool) -> set[str]:
    """What options such as ``--only`` may call a photo: its label, and ``unsure`` where it is."""
    return {label} if sure or label not in (SHARP, BLURRED) else {label, "unsure"}


def shown(label: str, sure: bool) -> str:
    """A label for people: ``blurred?`` and ``sharp?`` are doubtful."""
    return label if sure or label not in (SHARP, BLURRED) else f"{label}?"
