"""Models that are there already -> what they are worth on labelled photographs; nothing is learnt.

Also what to say about figures that rest on too little.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from . import figures, metrics, pages, report
from .bundle import Bundle
from .calibrating import answers, labels
from .config import ReadConfig, TrainConfig
from .dataset import FOLDER_LABELS, UNLABELLED, list_photos
from .detector import LABELS
from .errors import ConfigError
from .examples import Examples, examples
from .gathering import Gathered, gather
from .progress import Progress, silent
from .training import OutOfFold

Array = np.ndarray

MANY_PHOTOS, MANY_SCENES = 100, 20  # of each label; of all; fewer say little


@dataclass(frozen=True)
class Evaluated:
    """What models say to labelled photographs.

    Attributes:
        photos: The photographs, as read for the first of the models.
        y: (n,) 1 blurred, 0 sharp.
        p: By model, calibrated P(blurred), shape (n,).
        labels: By model, 0 clear, 1 medium, 2 blurred, shape (n,).
    """

    photos: Gathered
    y: Array
    p: dict[str, Array]
    labels: dict[str, Array]

    def numbers(self, name: str) -> dict[str, Any]:
        """``metrics.summary`` of a model at P .5, ``interval`` (95 %) and counts of ``labels``."""
        counts = {
            truth: {label: int(np.sum(self.labels[name][self.y == value] == number))
                    for number, label in enumerate(LABELS)}
            for truth, value in FOLDER_LABELS.items()
        }  # fmt: skip
        groups, ends = self.photos.table["group"].to_numpy(object), (float("nan"),) * 2
        if 0 < self.y.mean() < 1:
            resampled = metrics.resampled_roc_auc(self.y, self.p[name], groups)
            ends = metrics.interval(resampled)
        summary = metrics.summary(self.y, self.p[name])
        return {"model": name, **summary, "interval": list(ends), "labels": counts}


def labels_of(folder: str | PathLike[str], both: bool = True) -> None:
    """Make sure that a folder's photographs are labelled before hours are spent on them.

    Args:
        folder: As for ``dataset.list_photos``.
        both: Whether sharp and blurred ones are needed.

    Raises:
        ConfigError: There are none; the message says how to label them.
    """
    found = set(list_photos(folder)["label"].dropna())
    lacking = [name for name, label in FOLDER_LABELS.items() if label not in found]
    if not found:
        raise ConfigError(f"{folder}: {UNLABELLED}")
    if both and lacking:
        raise ConfigError(
            f"{folder}: no {lacking[0]} photographs; put some into a folder {lacking[0]}, or give "
            f"them label {FOLDER_LABELS[lacking[0]]} in manifest.csv"
        )


def evaluate(
    models: Mapping[str, Bundle],
    folder: str | PathLike[str],
    workers: int | None = None,
    progress: Progress = silent,
) -> Evaluated:
    """What models say to the labelled photographs of a folder.

    Args:
        models: By name; each reads the photographs at its own working size.
        folder: As for ``gathering.gather``.
        workers: Processes; None for one per core.
        progress: Wraps the photographs as they come.

    Raises:
        ConfigError: As for ``gathering.gather``, or none can be read.
    """
    read: dict[int, Gathered] = {}
    for size in dict.fromkeys(model.size for model in models.values()):
        views = {view for model in models.values() if model.size == size for view in model.views}
        read[size] = gather(folder, sorted(views), ReadConfig(size), None, None, workers, progress)
    photos = next(iter(read.values()))
    y = photos.table["label"].to_numpy(dtype=np.int64)
    if not len(y):
        raise ConfigError(f"{folder}: no labelled photo of it can be read")
    p = {name: answers(model, read[model.size].inputs) for name, model in models.items()}
    called = {name: labels(p[name], model.thresholds) for name, model in models.items()}
    return Evaluated(photos, y, p, called)


def write_report(found: Evaluated, models: Mapping[str, Bundle], out: Path) -> None:
    """``report.json``, ``.md``, ``.html`` and ``.png``, as of a comparison of backends.

    Raises:
        ConfigError: Photographs of one label only.
    """
    config, data = TrainConfig(shuffles=1), examples(found.photos.table, inputs={})
    # nothing is learnt, so every photo counts, of whatever source
    every = np.ones(len(data.y))
    data = replace(data, real=every > 0, weights=every)
    reports = {}
    for name, model in models.items():
        p, label = found.p[name][None], found.labels[name][None]
        cost = {"weights_mb": len(model.graph) / 1e6}
        reports[name] = report.evaluate(data, OutOfFold(p, p, label), model, cost=cost)
        reports[name]["test"] = None  # nobody knows which scenes the model was tuned on
    whole = report.compare(reports, data, config)
    whole["about"]["folds"] = 0
    report.write_json(whole, out / "report.json")
    pages.write_markdown(whole, out / "report.md")
    wrong = {photo["path"] for model in whole["models"].values() for photo in model["worst"]}
    files = zip(found.photos.table["path"], found.photos.files, strict=True)
    small = {
        path: jpeg for path, file in files if path in wrong and (jpeg := pages.thumbnail(file))
    }
    pages.write_html(whole, out / "report.html", small)
    figures.draw(whole, out / "report.png")


def found_rows(data: Examples) -> Array:
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
            f"{sharp} sharp and {blurred} blurred photographs of {scenes} scenes are too few to "
            f"trust the figures; have {MANY_PHOTOS} of each, of {MANY_SCENES} scenes, at least"
        )
        if roc_auc is not None:
            low, high = interval
            if low == high == 1:  # no resample of what is told apart shows an error
                low = _least(y, groups)
            line += f" (ROC AUC {roc_auc:.3f}, 95 % interval {low:.3f} to {high:.3f})"
        lines.append(line)
    shares = (("blurred", config.max_fpr, sharp, "sharp"),
              ("clear", config.max_fnr, blurred, "blurred"))  # fmt: skip
    for label, share, count, truth in shares:
        if 0 < share * count < 1:
            lines.append(
                f"the limit of {label} is meant for {100 * share:g} % of the {truth} photographs, "
                f"but {count} cannot show less than {100 / count:.2g} %"
            )
    return lines


def _least(y: Array, groups: Array) -> float:
    """The ROC AUC that gets all of so many independent pairs right by chance one time in forty."""
    pairs = min(len(np.unique(groups[y == label])) for label in (0, 1))
    return float(0.025 ** (1 / max(1, pairs)))
