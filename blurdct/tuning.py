"""Optuna study over what a backend offers to tune."""

import importlib
import warnings
from typing import Any

import numpy as np
import optuna
from optuna.trial import TrialState

from .config import TrainConfig
from .errors import ConfigError
from .metrics import roc_auc
from .models import backend
from .progress import Progress, silent
from .training import Examples, cross_validate, table_digest


def tune(
    data: Examples,
    name: str,
    trials: int,
    config: TrainConfig = TrainConfig(),
    storage: str | None = None,
    progress: Progress = silent,
) -> optuna.Study:
    """Search for the parameters with the best grouped cross-validated ROC AUC of probabilities.

    Args:
        data: What to tune on; its real rows are judged, each by a model that saw none of its scene.
        name: A backend out of the registry that has a ``search_space``.
        trials: In all; those that the study has already are not run again.
        config: Folds and seed. One shuffle, unlike those that the model is judged by.
        storage: An Optuna storage URL, so that a study goes on after an interruption or is shared
            between machines; in memory if left out.

    Returns:
        The study; ``best_params`` are the backend's parameters.

    Raises:
        ConfigError: The backend has nothing to tune.
    """
    home = importlib.import_module(backend(name).__module__)
    if not hasattr(home, "search_space"):
        raise ConfigError(f"{name} has nothing to tune")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        study = optuna.create_study(
            storage=storage,
            study_name=f"{name}-{data_name(data, config)}",
            direction="maximize",
            load_if_exists=True,
        )
    except Exception as error:  # each kind of storage has errors of its own
        reason = str(error).splitlines()[0]
        raise ConfigError(f"{storage}: cannot be used to store a study ({reason})") from error
    with warnings.catch_warnings(action="ignore", category=optuna.exceptions.ExperimentalWarning):
        # a study that goes on must not draw its first parameters again
        seed = config.seed + len(study.trials)
        study.sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True)
    # folds of other shuffles than those that the tuned model is then judged by
    once = TrainConfig(
        folds=config.folds,
        shuffles=1,
        copy_weight=config.copy_weight,
        seed=config.seed + 1000,
    )

    def objective(trial: optuna.Trial) -> float:
        raw = cross_validate(data, name, home.search_space(trial), once).raw[0]
        return roc_auc(data.y[data.real], raw[data.real])

    completed = sum(trial.state == TrialState.COMPLETE for trial in study.trials)
    left = range(completed, trials)
    for _ in progress(left, len(left), f"{name}: trials"):
        study.optimize(objective, n_trials=1)
    return study


def data_name(data: Examples, config: TrainConfig) -> str:
    """Short name of what a study is about, so that another table starts another study."""
    return f"{table_digest(data.table)[:12]}-{config.folds}x{config.copy_weight:g}-{config.seed}"


def best_parameters(study: optuna.Study) -> dict[str, Any]:
    """The best trial's parameters with numbers short enough to read."""
    return {
        name: float(f"{value:.4g}") if isinstance(value, (float, np.floating)) else value
        for name, value in study.best_params.items()
    }
