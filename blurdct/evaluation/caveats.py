"""What makes figures hard to trust: few photographs, few scenes, limits that these cannot show."""

from typing import TYPE_CHECKING

import numpy as np

from ..config import TrainConfig
from ..utils.text import counted

if TYPE_CHECKING:  # calibration, which the core can do, has doubts too
    from ..training.training_set import TrainingSet

Array = np.ndarray
MANY_PHOTOS, MANY_SCENES = 100, 20  # of each label; of all; fewer say little


def found_rows(data: "TrainingSet") -> Array:
    """Shape (n,), bool: the photographs that figures rest on, without copies."""
    original = data.real & (data.table["kind"] == "").to_numpy()
    return original if original.any() else data.real


def doubts(
    y: Array,
    groups: Array,
    config: TrainConfig,
    roc_auc: float | None = None,
    interval: tuple[float, float] = (0.0, 1.0),
) -> list[str]:
    """What makes figures on these photographs hard to trust, a line each.

    Args:
        y: Shape (n,), of photographs as they were found.
        groups: Shape (n,), their scenes.
        config: Which shares of false answers the thresholds are to keep.
        roc_auc: Of the model on them, if there is one.
        interval: Its 95 % interval.
    """
    lines, sharp, blurred = [], int(np.sum(y == 0)), int(np.sum(y == 1))
    scenes = len(np.unique(groups))
    if min(sharp, blurred) < MANY_PHOTOS or scenes < MANY_SCENES:
        line = (
            f"{sharp} sharp and {blurred} blurred photographs of {counted(scenes, 'scene')} are "
            f"too few to trust the figures; have {MANY_PHOTOS} of each, of {MANY_SCENES} scenes, "
            "at least"
        )
        if roc_auc is not None:
            low, high = interval
            if low == high == 1:  # no resample of what is told apart shows an error
                low = _least(y, groups)
            line += f" (ROC AUC {roc_auc:.3f}, 95 % interval {low:.3f} to {high:.3f})"
        lines.append(line)
    shares = (("surely blurred", config.max_fpr, sharp, "sharp"),
              ("surely sharp", config.max_fnr, blurred, "blurred"))  # fmt: skip
    for label, share, count, truth in shares:
        if 0 < share * count < 1:
            lines.append(
                f"of the {truth} photographs {100 * share:g} % may be called {label}, but "
                f"{count} of them cannot show less than {100 / count:.2g} %"
            )
    return lines


def _least(y: Array, groups: Array) -> float:
    """The ROC AUC that gets all of so many independent pairs right by chance one time in forty."""
    pairs = min(len(np.unique(groups[y == label])) for label in (0, 1))
    return float(0.025 ** (1 / max(1, pairs)))
