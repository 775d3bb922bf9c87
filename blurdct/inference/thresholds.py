"""P(blurred) -> what is said of the photo: sharp or blurred, and whether that is sure."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import ConfigError


@dataclass(frozen=True)
class Thresholds:
    """Where verdicts change, P(blurred) 0..1.

    Attributes:
        sure_sharp: Below it a photo is surely sharp.
        sure_blurred: From here on it is surely blurred. Training chooses both so that of the
            photographs of the other label no more than 1 % lie beyond; see ``TrainConfig``.
        decision: From here on it is called blurred, below it sharp.
    """

    sure_sharp: float
    sure_blurred: float
    decision: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.sure_sharp <= self.sure_blurred <= 1:
            raise ConfigError(
                f"thresholds: expected 0 <= sure_sharp <= sure_blurred <= 1, "
                f"got {self.sure_sharp} and {self.sure_blurred}"
            )
        check_threshold(self.decision)

    def at(self, decision: float | None) -> "Thresholds":
        """The same with another ``decision``; None changes nothing."""
        return self if decision is None else replace(self, decision=decision)


def check_threshold(threshold: float | None, name: str = "threshold") -> None:
    """Nothing, if it is None or a P.

    Raises:
        ConfigError: A number outside 0..1; for one that looks like a score, with the P it may mean.
    """
    if threshold is not None and not 0 <= threshold <= 1:
        hint = (
            f"; did you mean {threshold / 100:.{2 if threshold >= 2 else 3}f}?"
            if 1 < threshold <= 100
            else ""
        )
        raise ConfigError(f"{name}: expected P(blurred) from 0 to 1, got {threshold:g}{hint}")


# What can be said of a photo with evidence, from sharp to blurred; a doubtful one with a question
# mark. Their numbers are those of ``verdict_index``.
VERDICTS = ("sharp", "sharp?", "blurred?", "blurred")


def verdict_index(p: Any, thresholds: Thresholds) -> Any:
    """The number in ``VERDICTS`` of P(blurred), in the shape of that.

    A photo is blurred from ``decision`` on, and surely so where P is beyond the limit of its label,
    too: wherever the decision was moved to, what is sure remains so only on its own side of it.
    """
    p = np.asarray(p)
    blurred = p >= thresholds.decision
    sure = np.where(blurred, p >= thresholds.sure_blurred, p < thresholds.sure_sharp)
    return np.where(blurred, 2 + sure, 1 - sure)
