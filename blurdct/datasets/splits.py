"""Scenes -> splits and folds; a scene is never divided."""

import warnings
import zlib

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from ..errors import ConfigError
from ..images.labelled import TOO_FEW as TOO_FEW


def split_of(group: str, test_share: float, seed: int) -> str:
    """``train`` or ``test``, by the group's name alone, so that it holds as photographs come in."""
    return "test" if zlib.crc32(f"{seed}/{group}".encode()) < test_share * 2**32 else "train"


def folds(
    groups: np.ndarray, strata: np.ndarray, count: int = 5, seed: int = 0
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Grouped cross-validation: (train, validation) row numbers of each fold.

    Args:
        groups: Shape (n,); rows of one group stay together.
        strata: Shape (n,); each fold has about the same mix of these, label and source for one.
        count: Folds; fewer when there are fewer groups.
        seed: Of the shuffle.

    Raises:
        ConfigError: Fewer than two groups.
    """
    count = min(count, len(np.unique(groups)))
    if count < 2:
        raise ConfigError("expected photographs of at least two groups (scenes) to split by")
    splitter = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    _, codes, sizes = np.unique(strata.astype(str), return_inverse=True, return_counts=True)
    if sizes.max() < count:
        codes = np.zeros_like(codes)  # too few rows to balance; the splitter would refuse them
    # the smallest strata may have fewer rows than folds; that warning helps nobody here
    with warnings.catch_warnings(action="ignore", category=UserWarning):
        return list(splitter.split(np.zeros(len(groups)), codes, groups))
