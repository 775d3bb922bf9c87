import importlib
import sys
import types
from dataclasses import replace

import numpy as np
import optuna
import pytest
import toys

from blurdct import tuning
from blurdct.config import TrainConfig
from blurdct.errors import ConfigError
from blurdct.metrics import roc_auc
from blurdct.models import BACKENDS, backend, dct_xgb
from blurdct.training import OutOfFold, cross_validate, examples
from blurdct.tuning import best_parameters, tune

pytestmark = pytest.mark.filterwarnings("error")

QUICK = TrainConfig(folds=3)


@pytest.fixture(scope="module")
def data():
    return examples(toys.table(20), QUICK)


@pytest.fixture(autouse=True)
def small_space(monkeypatch):
    """Few trees, so that a trial takes a twentieth of a second."""

    def search_space(trial):
        return {
            "rounds": trial.suggest_int("rounds", 2, 20),
            "max_depth": trial.suggest_int("max_depth", 1, 4),
            "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.5, log=True),
        }

    monkeypatch.setattr(dct_xgb, "search_space", search_space)


@pytest.fixture
def runs(monkeypatch):
    """The parameters of every cross-validation that a study runs."""
    seen = []

    def count(data, name, parameters, config):
        seen.append(parameters)
        return cross_validate(data, name, parameters, config)

    monkeypatch.setattr(tuning, "cross_validate", count)
    return seen


@pytest.fixture
def storage(tmp_path):
    return f"sqlite:///{tmp_path / 'study.db'}"


def described(study) -> list:
    """What a study's trials tried and how they did."""
    return [(trial.params, trial.value) for trial in study.trials]


def test_a_study_on_disk_goes_on_where_it_stopped(data, storage, runs):
    first = described(tune(data, "dct-xgb", 3, QUICK, storage))
    assert len(runs) == len(first) == 3
    study = tune(data, "dct-xgb", 5, QUICK, storage)
    assert len(runs) == len(study.trials) == 5
    assert described(study)[:3] == first


def test_a_finished_study_runs_nothing_again(data, storage, runs):
    before = tune(data, "dct-xgb", 3, QUICK, storage)
    for trials in (3, 2, 0):
        assert described(tune(data, "dct-xgb", trials, QUICK, storage)) == described(before)
    assert len(runs) == 3


def test_a_study_that_goes_on_tries_something_new(data, storage, runs):
    for trials in (2, 4, 6):
        tune(data, "dct-xgb", trials, QUICK, storage)
    assert len({tuple(parameters.items()) for parameters in runs}) == 6


def test_a_trial_that_was_broken_off_is_made_up_for(data, storage, runs, monkeypatch):
    def interrupted(*given):
        raise KeyboardInterrupt

    tune(data, "dct-xgb", 2, QUICK, storage)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(tuning, "cross_validate", interrupted)
        tune(data, "dct-xgb", 4, QUICK, storage)
    study = tune(data, "dct-xgb", 4, QUICK, storage)
    completed = study.get_trials(states=(optuna.trial.TrialState.COMPLETE,))
    assert len(completed) == len(runs) == 4


def test_the_same_seed_finds_the_same_parameters_and_another_one_others(data):
    first, again = (tune(data, "dct-xgb", 4, QUICK) for _ in range(2))
    assert described(first) == described(again)
    assert best_parameters(first) == best_parameters(again)
    other = tune(data, "dct-xgb", 4, replace(QUICK, seed=1))
    assert described(other) != described(first)


def test_what_is_maximised_is_the_auc_of_probabilities_out_of_fold(data):
    study = tune(data, "dct-xgb", 2, QUICK)
    once = replace(QUICK, shuffles=1, seed=QUICK.seed + 1000)
    aucs = []
    for trial in study.trials:
        raw = cross_validate(data, "dct-xgb", trial.params, once).raw[0]
        aucs.append(roc_auc(data.y[data.real], raw[data.real]))
        assert trial.value == pytest.approx(aucs[-1])
    assert study.best_value == pytest.approx(max(aucs))


def test_neither_copies_nor_unchecked_photographs_are_tuned_for(data, monkeypatch):
    """Only how the real rows are ranked counts, and only ranks do."""
    p = np.where(data.y == 1, 0.31, 0.30)
    p[~data.real] = np.where(data.y[~data.real] == 1, 0.0, 1.0)
    answer = OutOfFold(p[None], p[None], np.zeros((1, len(p))))
    monkeypatch.setattr(tuning, "cross_validate", lambda *given: answer)
    assert tune(data, "dct-xgb", 1, QUICK).best_value == 1.0


def test_another_table_or_other_folds_start_another_study(data, storage, runs):
    tune(data, "dct-xgb", 1, QUICK, storage)
    fewer = data.select(np.arange(len(data.y)) < len(data.y) - 4)
    for rows, config in (
        (fewer, QUICK),
        (data, replace(QUICK, folds=2)),
        (data, replace(QUICK, seed=5)),
    ):
        assert len(tune(rows, "dct-xgb", 1, config, storage).trials) == 1
    assert len(runs) == 4


def test_best_parameters_are_what_the_backend_takes_and_short(data):
    parameters = best_parameters(tune(data, "dct-xgb", 3, QUICK))
    assert set(parameters) == {"rounds", "max_depth", "learning_rate"}
    assert type(parameters["rounds"]) is int
    assert len(str(parameters["learning_rate"])) <= 7
    model = backend("dct-xgb")(**parameters)
    assert (
        model.fit(data.inputs, data.y, data.groups, data.weights).predict_proba(data.inputs).any()
    )


def test_a_backend_with_nothing_to_tune_is_refused(data, monkeypatch):
    plain = types.ModuleType("plain")
    plain.Plain = type("Plain", (), {"__module__": "plain"})
    monkeypatch.setitem(sys.modules, "plain", plain)
    monkeypatch.setitem(BACKENDS, "plain", "plain:Plain")
    with pytest.raises(ConfigError, match="plain has nothing to tune"):
        tune(data, "plain", 1)


def test_every_search_space_asks_for_parameters_that_its_backend_has(monkeypatch):
    monkeypatch.undo()
    for name in BACKENDS:
        home = importlib.import_module(backend(name).__module__)
        if hasattr(home, "search_space"):
            study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
            drawn = home.search_space(study.ask())
            assert set(drawn) <= set(backend(name)().parameters)


def test_progress_sees_the_trials_that_are_left(data, storage):
    seen = []

    def count(items, total, title):
        seen.append((total, title))
        return items

    tune(data, "dct-xgb", 2, QUICK, storage, count)
    tune(data, "dct-xgb", 3, QUICK, storage, count)
    assert seen == [(2, "dct-xgb: trials"), (1, "dct-xgb: trials")]
