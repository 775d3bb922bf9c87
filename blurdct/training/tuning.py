"""Optuna study over what a backend offers to tune, by as many processes as share its storage.

Trials are numbered by the storage. A process that was given one looks how many before it are done
or being run; if those suffice it gives its own back. So all processes together complete just as
many as are wanted, whoever started them. A running trial shows signs of life; one that shows none
any more was broken off and is made up for.
"""

import hashlib
import importlib
import json
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState

from ..config import TrainConfig
from ..errors import ConfigError
from ..metrics import roc_auc
from ..models.registry import backend
from ..parallel.worker_group import side_by_side
from ..utils.progress import Progress, silent
from .cross_validation import cross_validate
from .study import IN_MEMORY, completed, open_study, running
from .training_set import TrainingSet, data_digest

BEAT, SILENT = 5.0, 60.0  # seconds between signs of life; without one a trial is given up
OUTDATED = 600.0  # seconds; a sign of life older than that by another computer's clock is none
POLL = 0.2  # seconds between looks at what the others do


def tune(
    data: TrainingSet,
    name: str,
    trials: int,
    config: TrainConfig = TrainConfig(),
    storage: str | None = None,
    progress: Progress = silent,
    workers: int = 1,
    fixed: dict[str, Any] | None = None,
) -> optuna.Study:
    """Search for the parameters with the best grouped cross-validated ROC AUC of probabilities.

    Args:
        data: What to tune on; its real rows are judged, each by a model that saw none of its scene.
        name: A backend out of the registry that has a ``search_space``.
        trials: In all; those that the study has already are not run again, and those that another
            process runs meanwhile count too.
        config: Folds and seed. One shuffle, unlike those that the model is judged by.
        storage: Where the study is kept, so that it goes on after an interruption or is shared by
            processes and computers: an Optuna URL (``sqlite:///study.db``), or ``journal:FILE``, or
            a path that ends in ``.log``; in memory if left out.
        progress: Wraps the trials as they are completed.
        workers: Processes.
        fixed: Parameters that are not searched for.

    Returns:
        The study; ``best_params`` are the backend's parameters, beside those that are fixed.

    Raises:
        ConfigError: The backend has nothing to tune, the storage cannot be used, or several workers
            were given none to share.
    """
    check(name, storage, workers)
    data = data.suited(name)
    title = f"{name}-{data_name(data, config, fixed)}"
    search = _Search(data, name, trials, config, storage, title, fixed or {})
    study = open_study(storage, title, config.seed)
    missing = trials - completed(study)
    if missing > 0:
        if workers == 1:
            done = _take_part(search, study)
        else:
            done = _watch(search, study, min(workers, missing))
        with closing(done):
            for _ in progress(done, missing, f"{name}: trials"):
                pass
    return study


def tunable(name: str) -> bool:
    """Whether a backend has a ``search_space``."""
    return hasattr(_home(name), "search_space")


def check(name: str, storage: str | None, workers: int) -> None:
    """Refuse what ``tune`` would, before anything is read.

    Raises:
        ConfigError: As for ``tune``.
    """
    if not tunable(name):
        raise ConfigError(f"{name} has nothing to tune")
    if workers < 1:
        raise ConfigError(f"workers: expected at least 1, got {workers}")
    if workers > 1 and storage in IN_MEMORY:
        raise ConfigError(
            f"workers: {workers} processes share a study through a storage only; give one, such as "
            "sqlite:///study.db or journal:study.log"
        )


def data_name(data: TrainingSet, config: TrainConfig, fixed: dict[str, Any] | None = None) -> str:
    """Short name of what a study is about, so that another table starts another study."""
    name = f"{data_digest(data)[:12]}-{config.folds}x{config.copy_weight:g}-{config.seed}"
    if not fixed:
        return name
    text = json.dumps(fixed, sort_keys=True)
    return f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def best_parameters(study: optuna.Study) -> dict[str, Any]:
    """The best trial's parameters with numbers short enough to read."""
    return {
        name: float(f"{value:.4g}") if isinstance(value, (float, np.floating)) else value
        for name, value in study.best_params.items()
    }


@dataclass(frozen=True)
class _Search:
    """What a process needs to know to take part."""

    data: TrainingSet
    name: str
    trials: int
    config: TrainConfig
    storage: str | None
    title: str
    fixed: dict[str, Any]


@dataclass
class _Signs:
    """Signs of life of running trials, and since when each is the last one."""

    last: dict[int, tuple[object, float]] = field(default_factory=dict)

    def alive(self, trials: Sequence[FrozenTrial]) -> list[int]:
        """Numbers of those of the running trials that somebody does run."""
        found = []
        for trial in trials:
            sign, now = trial.user_attrs.get("beat"), time.monotonic()
            if self.last.setdefault(trial.number, (sign, now))[0] != sign:
                self.last[trial.number] = sign, now
            since = now - self.last[trial.number][1]
            if since < SILENT and (sign is None or time.time() - sign < OUTDATED):
                found.append(trial.number)
        return found


def _take_part(
    search: _Search, study: optuna.Study, worker: str = ""
) -> Generator[None, None, None]:
    """Run trials until there are enough, and say so after each."""
    once = TrainConfig(
        folds=search.config.folds,
        shuffles=1,
        copy_weight=search.config.copy_weight,
        # folds of other shuffles than those that the tuned model is then judged by
        seed=search.config.seed + 1000,
    )
    signs, data = _Signs(), search.data
    while (done := completed(study)) < search.trials:
        if done + len(signs.alive(running(study))) >= search.trials:
            time.sleep(POLL)  # one of them may yet be broken off
            continue
        trial = study.ask()
        with _kept_alive(study, trial, worker, search.storage not in IN_MEMORY):
            before = [other for other in signs.alive(running(study)) if other < trial.number]
            if completed(study) + len(before) >= search.trials:
                study.tell(trial, state=TrialState.FAIL)
                continue
            parameters = {**_home(search.name).search_space(trial), **search.fixed}
            raw = cross_validate(data, search.name, parameters, once).raw[0]
        study.tell(trial, roc_auc(data.y[data.real], raw[data.real]))
        yield


@contextmanager
def _kept_alive(
    study: optuna.Study, trial: optuna.Trial, worker: str, shared: bool
) -> Iterator[None]:
    """Signs of life meanwhile; a trial that is broken off is known as that at once."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(BEAT):
            # storages raise errors of their own; the next sign may get through
            with suppress(Exception):
                trial.set_user_attr("beat", time.time())

    thread = threading.Thread(target=beat, daemon=True)
    try:
        if shared:
            trial.set_user_attr("worker", worker)  # first: by it an interrupted trial is known
            trial.set_user_attr("beat", time.time())
            thread.start()
        yield
    except BaseException:
        over.set()
        study.tell(trial, state=TrialState.FAIL)
        raise
    finally:
        over.set()
        if thread.is_alive():
            thread.join()


def _watch(search: _Search, study: optuna.Study, workers: int) -> Generator[None, None, None]:
    """Have other processes take part, and say so for each trial that is completed."""
    before = completed(study)
    names = [f"{search.title}/{time.time_ns()}/{number}" for number in range(workers)]
    try:
        with closing(side_by_side(_work, [(search, name) for name in names], POLL)) as looks:
            for _ in looks:
                now = completed(study)
                yield from [None] * (now - before)
                before = now
    finally:
        for trial in running(study):
            if trial.user_attrs.get("worker") in names:
                study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)


def _work(search: _Search, worker: str) -> None:
    study = open_study(search.storage, search.title, search.config.seed)
    for _ in _take_part(search, study, worker):
        pass


def _home(name: str) -> Any:
    return importlib.import_module(backend(name).__module__)
