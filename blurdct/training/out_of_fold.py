"""What models that never saw a scene say of it."""

from dataclasses import dataclass

from ..models.base import Array


@dataclass(frozen=True)
class OutOfFold:
    """Every row judged by a model that saw no photo of its scene, once per shuffle.

    Attributes:
        raw: (shuffles, n) P before calibration.
        p: (shuffles, n) P(blurred), calibrated on the other folds' real rows.
        label: (shuffles, n) numbers in ``VERDICTS``, by thresholds of the other folds.
        fold: (shuffles, n) number of the fold, by which rows one model judged; None if it was one.
    """

    raw: Array
    p: Array
    label: Array
    fold: Array | None = None
