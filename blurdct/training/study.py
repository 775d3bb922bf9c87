"""An Optuna study in a storage that several processes may share, and how its trials draw."""

import sys
import time
import warnings
from typing import Any

import numpy as np
import optuna
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.storages import BaseStorage, JournalStorage, RDBStorage, get_storage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import FrozenTrial, TrialState

from ..errors import ConfigError

IN_MEMORY = (None, "sqlite://", "sqlite:///:memory:")
ATTEMPTS, PAUSE = 5, 0.2  # to open a storage, seconds apart
PROXY = "grpc://"  # of Optuna's storage server
KINDS = f"sqlite:///FILE, journal:FILE, {PROXY}HOST:PORT"
PATIENCE = 10  # seconds for a storage server's first answer
BUSY = 60  # seconds that SQLite waits for other processes; five of its own accord


def open_study(storage: str | None, name: str, seed: int) -> optuna.Study:
    """A study that maximises, as it was left or a new one.

    Args:
        storage: An Optuna URL, ``journal:FILE``, a path that ends in ``.log``, ``grpc://HOST:PORT``
            of Optuna's storage server, or None.
        name: Of the study.
        seed: With a trial's number, what its draws come from.

    Raises:
        ConfigError: The storage cannot be used.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    for left in reversed(range(ATTEMPTS)):
        try:
            return optuna.create_study(
                storage=_storage(storage),
                sampler=Sampler(seed),
                study_name=name,
                direction="maximize",
                load_if_exists=True,
            )
        except Exception as error:  # each kind of storage has errors of its own
            if not left:
                reason = str(error).splitlines()[0]
                if "parse SQLAlchemy URL" in reason:
                    reason = f"expected {KINDS} or the URL of a database"
                raise ConfigError(
                    f"{storage}: cannot be used to store a study ({reason})"
                ) from error
            time.sleep(PAUSE)  # another process may just be making its tables
    raise AssertionError


def completed(study: optuna.Study) -> int:
    """How many trials have an answer."""
    return len(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))


def running(study: optuna.Study) -> list[FrozenTrial]:
    """The trials that were begun and not ended, be it that who ran them is gone."""
    return study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))


class Sampler(BaseSampler):
    """Draws that depend on the seed, the trial's number and the trials so far, not on who asks.

    So processes that share a study try different parameters, and so does a study that goes on.

    Source: Bergstra et al., NeurIPS 2011 (tree-structured Parzen estimator).
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._own: BaseSampler = RandomSampler(seed)

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Make the sampler of this very trial."""
        seed = int(np.random.SeedSequence([self._seed, trial.number]).generate_state(1)[0])
        with warnings.catch_warnings(action="ignore"):  # both options are called experimental
            self._own = TPESampler(seed=seed, multivariate=True, constant_liar=True)

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> Any:
        """See ``BaseSampler``, as for the next two."""
        return self._own.infer_relative_search_space(study, trial)

    def sample_relative(self, study: optuna.Study, trial: FrozenTrial, search_space: Any) -> Any:
        """Parameters that were tried before, together."""
        return self._own.sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: Any
    ) -> Any:
        """A parameter alone."""
        return self._own.sample_independent(study, trial, param_name, param_distribution)


def _storage(text: str | None) -> BaseStorage | None:
    if text is None:
        return None
    if text.startswith("journal:") or (text.endswith(".log") and "://" not in text):
        path = text.removeprefix("journal:")
        # links need a privilege there
        lock = JournalFileOpenLock(path) if sys.platform == "win32" else None
        return JournalStorage(JournalFileBackend(path, lock))
    if text.startswith(PROXY):
        return _proxy(text)
    if text.startswith("sqlite"):
        return RDBStorage(text, engine_kwargs={"connect_args": {"timeout": BUSY}})
    return get_storage(text)


def _proxy(text: str) -> BaseStorage:
    """The storage behind a server of Optuna's, for machines that share no disk."""
    from optuna.storages import GrpcStorageProxy

    host, _, port = text.removeprefix(PROXY).rpartition(":")
    if not (host and port.isdecimal()):
        raise ValueError(f"expected {PROXY}HOST:PORT")
    with warnings.catch_warnings(action="ignore"):  # it is called experimental
        proxy = GrpcStorageProxy(host=host, port=int(port))
    try:
        proxy.wait_server_ready(timeout=PATIENCE)
    except Exception as error:  # of gRPC
        raise ConnectionError("no storage server answers there") from error
    return proxy
