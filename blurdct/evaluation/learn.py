"""One kind of model: tuned, judged out of fold, trained; its bundle and the report on it."""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import optuna

from ..config import ReadConfig, TrainConfig
from ..features.inputs import INPUTS
from ..inference.bundle import Bundle
from ..models.nn.fit_context import in_context
from ..models.registry import backend, parse_name
from ..parallel.cores import cores
from ..training.cross_validation import cross_validate, judge_unseen
from ..training.out_of_fold import OutOfFold
from ..training.train import train_model
from ..training.training_set import TrainingSet
from ..training.tuning import best_parameters, tune
from ..utils.progress import Progress, silent
from . import model_report, schema

JUDGED = ("photos", "roc_auc", "accuracy", "false_positive_rate")  # figures that a bundle carries


def views_of(names: Sequence[str]) -> list[str]:
    """The model inputs that these backends take, each once."""
    found = (view for name in names for view in backend(parse_name(name)[0]).views)
    return list(dict.fromkeys(found))


@dataclass(frozen=True)
class Learnt:
    """A model that was judged and trained.

    Attributes:
        bundle: Ready to be saved.
        judged: What models that saw none of a row's scene said to it.
        report: See ``evaluation.model_report.report_on``.
    """

    bundle: Bundle
    judged: OutOfFold
    report: schema.Report


def learn_model(
    data: TrainingSet,
    name: str,
    parameters: Mapping[str, Any] | None = None,
    config: TrainConfig = TrainConfig(),
    read: ReadConfig = ReadConfig(),
    progress: Progress = silent,
) -> Learnt:
    """Judge one backend by grouped cross-validation, train it on everything.

    Args:
        data: With its inputs, and others too.
        name: Out of the registry.
        parameters: Instead of the backend's defaults.
        config: As for ``compare_models``, like the rest.
    """
    data, parameters = data.suited(name), dict(parameters or {})
    judged = cross_validate(data, name, parameters, config, progress)
    spent: list[float] = []  # by networks, also in an earlier run that this one goes on with
    with in_context(progress=progress, spent=spent):
        start = time.perf_counter()
        bundle, model = train_model(data, name, parameters, config, read, judged)
        seconds = sum(spent) or time.perf_counter() - start
    pictures = looks_at_pictures(bundle.views)
    # a network for every source that is left out would take as long as another comparison
    unseen = None if pictures else judge_unseen(data, name, parameters, bundle.calibration)
    cost = {
        "weights_mb": len(bundle.graph) / 1e6,
        "ms_per_photo": None,
        "train_seconds": seconds,
        "device": _device(pictures),
    }
    found = model_report.report_on(data, judged, bundle, unseen, cost, model)
    figures = {name: found["real"][name] for name in JUDGED}
    bundle = replace(bundle, training={**bundle.training, "judged": figures})
    return Learnt(bundle, judged, found)


def folder_name(name: str) -> str:
    """A model's name as that of a folder."""
    return re.sub(r"[^\w.=-]+", "_", name)


def tuned(
    data: TrainingSet,
    name: str,
    trials: int,
    config: TrainConfig = TrainConfig(),
    storage: str | None = None,
    workers: int = 1,
    progress: Progress = silent,
    given: Mapping[str, Any] | None = None,
) -> tuple[dict[str, Any], optuna.Study]:
    """The parameters with which a backend did best, and the study that found them.

    Args:
        data: Rows of the split ``test`` are left out: they judge what is made.
        name: Out of the registry.
        trials: As for ``training.tune``, like the rest.
        config: See there.
        storage: See there.
        workers: See there.
        progress: See there.
        given: Parameters that are not searched for; they are among those returned.
    """
    fixed = dict(given or {})
    seen = data.select((data.table["split"] != "test").to_numpy())
    study = tune(seen, name, trials, config, storage, progress, workers, fixed)
    return {**best_parameters(study), **fixed}, study


def looks_at_pictures(views: Sequence[str]) -> bool:
    """Whether some of these model inputs are pictures or maps, which take a network."""
    return any(len(INPUTS[view].shape) > 1 for view in views)


def _device(pictures: bool) -> str:
    if not pictures:
        return f"CPU, {cores()} cores"
    from ..models.nn.devices import device_name

    return device_name()
