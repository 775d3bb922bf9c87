"""Manifest -> feature table, in a pool of processes.

The fused road: from file to 18 features in memory. ``shards`` has the one with every step on disk.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .bands import FEATURES
from .config import ReadConfig
from .errors import ImageError
from .features import image_features
from .images import read_luma
from .pool import ordered_map
from .progress import Progress, silent

if TYPE_CHECKING:  # worker processes import this module, and pandas takes a second
    import pandas as pd


def feature_table(
    rows: "pd.DataFrame",
    paths: Sequence[Path],
    config: ReadConfig = ReadConfig(),
    workers: int | None = None,
    progress: Progress = silent,
) -> tuple["pd.DataFrame", list[str]]:
    """The 18 features of every photo of a manifest.

    Args:
        rows: A row per photo, any columns.
        paths: Where each row's photo is.
        config: How they are read.
        workers: Processes; None for one per core.
        progress: Wraps the photographs as they come.

    Returns:
        The rows of readable photographs with the columns ``FEATURES`` (float32) added, and a line
        for each of the others.
    """
    stream = ordered_map(partial(_features, config=config), paths, workers)
    answers = list(progress(stream, len(paths), "features"))
    bad = [answer for answer in answers if isinstance(answer, str)]
    values = [answer for answer in answers if not isinstance(answer, str)]
    readable = np.array([not isinstance(answer, str) for answer in answers], bool)
    kept = rows[readable].reset_index(drop=True)
    return with_features(kept, np.array(values).reshape(-1, len(FEATURES))), bad


def with_features(rows: "pd.DataFrame", values: np.ndarray) -> "pd.DataFrame":
    """Rows of a manifest and their features (n, 18) -> one table, features as float32."""
    columns = dict(zip(FEATURES, values.astype(np.float32).T, strict=True))
    return rows.assign(**columns)


def _features(path: Path, config: ReadConfig) -> np.ndarray | str:
    try:
        return np.asarray(image_features(read_luma(path, config)))
    except ImageError as error:
        return str(error)
