"""Models that are there already -> what they are worth on labelled photographs."""

from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd

from .. import metrics
from ..config import ReadConfig
from ..datasets.loading import LabelledImages, load_folder
from ..datasets.manifest import FOLDER_LABELS
from ..errors import ConfigError
from ..inference.bundle import Bundle
from ..inference.detector import Detector
from ..inference.thresholds import VERDICTS, verdict_index
from ..utils.progress import Progress, silent

Array = np.ndarray


@dataclass(frozen=True)
class Evaluated:
    """What models say to labelled photographs.

    Attributes:
        photos: The photographs, as read for the first of the models.
        y: (n,) 1 blurred, 0 sharp.
        p: By model, calibrated P(blurred), shape (n,).
        labels: By model, numbers in ``VERDICTS``, shape (n,).
    """

    photos: LabelledImages
    y: Array
    p: dict[str, Array]
    labels: dict[str, Array]

    def numbers(self, name: str) -> dict[str, Any]:
        """``metrics.summary`` of a model at P .5, ``interval`` (95 %) and counts of ``labels``."""
        counts = {
            truth: {label: int(np.sum(self.labels[name][self.y == value] == number))
                    for number, label in enumerate(VERDICTS)}
            for truth, value in FOLDER_LABELS.items()
        }  # fmt: skip
        groups, ends = self.photos.table["group"].to_numpy(object), (float("nan"),) * 2
        if 0 < self.y.mean() < 1:
            resampled = metrics.resampled_roc_auc(self.y, self.p[name], groups)
            ends = metrics.interval(resampled)
        summary = metrics.summary(self.y, self.p[name])
        return {"model": name, **summary, "interval": list(ends), "labels": counts}


def evaluate_model(
    models: Mapping[str, Bundle],
    folder: str | PathLike[str],
    workers: int | None = None,
    progress: Progress = silent,
    listed: pd.DataFrame | None = None,
) -> Evaluated:
    """What models say to the labelled photographs of a folder.

    Args:
        models: By name; each reads the photographs at its own working size.
        folder: As for ``datasets.loading.load_folder``.
        workers: Processes; None for one per core.
        progress: Wraps the photographs as they come.
        listed: As for ``datasets.loading.load_folder``.

    Raises:
        ConfigError: As for ``datasets.loading.load_folder``, or none can be read.
    """
    read: dict[int, LabelledImages] = {}
    for size in dict.fromkeys(model.size for model in models.values()):
        views = {view for model in models.values() if model.size == size for view in model.views}
        read[size] = load_folder(
            folder, sorted(views), ReadConfig(size), None, None, workers, progress, listed=listed
        )
    photos = next(iter(read.values()))
    y = photos.table["label"].to_numpy(dtype=np.int64)
    if not len(y):
        raise ConfigError(f"{folder}: no labelled photo of it can be read")
    p = {
        name: Detector(model).probabilities(read[model.size].inputs)
        for name, model in models.items()
    }
    called = {name: verdict_index(p[name], model.thresholds) for name, model in models.items()}
    return Evaluated(photos, y, p, called)
