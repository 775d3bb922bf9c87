import ast
import importlib
import multiprocessing
import subprocess
import sys
import threading
import time
import types
from dataclasses import replace
from pathlib import Path

import numpy as np
import optuna
import pytest

from blurdct.config import TrainConfig
from blurdct.errors import ConfigError
from blurdct.features.bands import FEATURES
from blurdct.metrics import roc_auc
from blurdct.models import dct_xgb
from blurdct.models.registry import BACKENDS, backend
from blurdct.training import tuning
from blurdct.training.cross_validation import cross_validate
from blurdct.training.out_of_fold import OutOfFold
from blurdct.training.training_set import build_training_set
from blurdct.training.tuning import best_parameters, tune
from tests.helpers import toys
from tests.helpers.clusters import storage_server

pytestmark = pytest.mark.filterwarnings("error")

ROOT = Path(__file__).parents[2]
QUICK = TrainConfig(folds=3)


@pytest.fixture(scope="module")
def data():
    return build_training_set(toys.table(20), QUICK)


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
    assert model.fit(data.rows).predict_proba(data.inputs).any()


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


# Several processes

# Whoever calls this says when it is ready, waits for the word, and says what its own trials tried.
PARTNER = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.training import test_tuning
from blurdct.training import tuning
if __name__ == "__main__":
    own = []
    def remember(data, name, parameters, config):
        own.append(parameters)
        return cross_validate(data, name, parameters, config)
    cross_validate, tuning.cross_validate = tuning.cross_validate, remember
    data = test_tuning.scored()
    print("ready", flush=True)
    sys.stdin.readline()
    tuning.tune(data, "tree", 12, test_tuning.QUICK, sys.argv[1])
    print(own)
"""


def scored():
    """Examples for ``tree``, of which a trial takes a hundredth of a second."""
    table = toys.table(20)
    scores = table[list(FEATURES[-3:])].to_numpy(np.float32)
    return build_training_set(table, QUICK, {"gradients": scores})


def storages(folder: Path) -> dict[str, str]:
    return {
        "sqlite": f"sqlite:///{folder / 'study.db'}",
        "journal": f"journal:{folder / 'study'}",
        "log": f"{folder / 'study.log'}",
    }


@pytest.fixture
def server(tmp_path):
    """The URL of Optuna's storage server, which keeps a study in SQLite."""
    pytest.importorskip("grpc", reason="gRPC is not installed")
    with storage_server(tmp_path) as address:
        yield address


def answers(study) -> list[optuna.trial.FrozenTrial]:
    return study.get_trials(states=(optuna.trial.TrialState.COMPLETE,))


@pytest.mark.parametrize("kind", ["sqlite", "journal", "log"])
def test_a_study_of_any_storage_goes_on(tmp_path, kind):
    storage = storages(tmp_path)[kind]
    first = described(tune(scored(), "tree", 2, QUICK, storage))
    assert described(tune(scored(), "tree", 4, QUICK, storage))[:2] == first
    assert described(tune(scored(), "tree", 4, QUICK, storage)) == described(
        tune(scored(), "tree", 4, QUICK)
    )


@pytest.mark.parametrize("kind", ["sqlite", "journal"])
def test_workers_share_a_study_and_run_just_what_is_missing(tmp_path, kind):
    storage, seen = storages(tmp_path)[kind], []

    def count(items, total, title):
        for item in items:
            seen.append((total, title))
            yield item

    tune(scored(), "tree", 1, QUICK, storage)
    study = tune(scored(), "tree", 9, QUICK, storage, count, workers=2)
    done = answers(study)
    assert len(done) == 9
    assert len({tuple(trial.params.items()) for trial in done}) == 9
    assert seen == [(8, "tree: trials")] * 8
    for trial in done:
        judged = cross_validate(
            scored(), "tree", trial.params, replace(QUICK, shuffles=1, seed=1000)
        )
        real = scored().real
        assert trial.value == pytest.approx(roc_auc(scored().y[real], judged.raw[0, real]))


@pytest.mark.parametrize("kind", ["sqlite", "journal"])
def test_both_workers_take_part(tmp_path, kind):
    for attempt in range(5):  # one may have done all before the other has started
        (tmp_path / str(attempt)).mkdir()
        storage = storages(tmp_path / str(attempt))[kind]
        tune(scored(), "tree", 1, QUICK, storage)
        study = tune(scored(), "tree", 9, QUICK, storage, workers=2)
        names = {trial.user_attrs["worker"] for trial in answers(study)}
        if len(names) == 3:  # this process, and both
            break
    assert len(names) == 3


@pytest.mark.parametrize("kind", ["sqlite", "journal", "grpc"])
def test_whoever_comes_at_the_same_time_shares_a_study_too(tmp_path, kind, request):
    """From the making of its tables on; by a server, as two machines do that share no disk."""
    storage = storages(tmp_path).get(kind) or request.getfixturevalue("server")
    script = tmp_path / "partner.py"
    script.write_text(PARTNER)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    command = [sys.executable, script, storage]
    with subprocess.Popen(command, **pipes) as one, subprocess.Popen(command, **pipes) as two:
        for partner in (one, two):
            assert partner.stdout.readline() == "ready\n"
        for partner in (one, two):
            partner.stdin.write("go\n")
            partner.stdin.flush()
        tried = [ast.literal_eval(partner.communicate(timeout=60)[0]) for partner in (one, two)]
    assert one.returncode == two.returncode == 0
    assert all(tried)
    study = tune(scored(), "tree", 12, QUICK, storage)
    both = [tuple(parameters.items()) for own in tried for parameters in own]
    assert len(both) == len(set(both)) == 12
    assert {tuple(trial.params.items()) for trial in answers(study)} == set(both)


@pytest.mark.parametrize(
    ("storage", "why"),
    [("grpc://nobody", "expected grpc://HOST:PORT"), ("grpc://localhost:1", "no storage server")],
)
def test_a_storage_server_that_is_not_there_is_told(monkeypatch, storage, why):
    pytest.importorskip("grpc", reason="gRPC is not installed")
    monkeypatch.setattr("blurdct.training.study.PATIENCE", 0.1)
    monkeypatch.setattr("blurdct.training.study.PAUSE", 0)
    with pytest.raises(ConfigError, match=f"{storage}: cannot be used to store a study .{why}"):
        tune(scored(), "tree", 1, QUICK, storage)


def test_a_trial_whose_process_is_gone_is_made_up_for(tmp_path, monkeypatch):
    storage = storages(tmp_path)["sqlite"]
    study = tune(scored(), "tree", 2, QUICK, storage)
    lost = study.ask()  # and nobody ever answers
    lost.set_user_attr("beat", time.time() - 2 * tuning.OUTDATED)
    assert len(answers(tune(scored(), "tree", 3, QUICK, storage))) == 3
    study.ask()
    monkeypatch.setattr(tuning, "SILENT", 0.5)
    start = time.monotonic()
    assert len(answers(tune(scored(), "tree", 4, QUICK, storage))) == 4
    assert time.monotonic() - start > 0.5


def test_a_trial_that_shows_signs_of_life_is_waited_for(tmp_path, monkeypatch):
    """And counts once it is done."""
    storage = storages(tmp_path)["sqlite"]
    study = tune(scored(), "tree", 2, QUICK, storage)
    slow = study.ask()
    monkeypatch.setattr(tuning, "SILENT", 0.6)

    def work():
        for _ in range(10):
            time.sleep(0.15)
            slow.set_user_attr("beat", time.time())
        study.tell(slow, 0.25)

    thread = threading.Thread(target=work)
    thread.start()
    done = answers(tune(scored(), "tree", 3, QUICK, storage))
    thread.join()
    assert [trial.number for trial in done] == [0, 1, 2]
    assert done[2].value == 0.25


def test_a_long_trial_shows_signs_of_life(tmp_path, monkeypatch):
    monkeypatch.setattr(tuning, "BEAT", 0.05)
    seen = []

    def slow(data, name, parameters, config):
        study = optuna.load_study(study_name=None, storage=storages(tmp_path)["sqlite"])
        for _ in range(6):
            time.sleep(0.15)
            seen.append(study.get_trials()[0].user_attrs["beat"])
        return cross_validate(data, name, parameters, config)

    monkeypatch.setattr(tuning, "cross_validate", slow)
    tune(scored(), "tree", 1, QUICK, storages(tmp_path)["sqlite"])
    assert len(set(seen)) >= 4


@pytest.mark.parametrize("storage", [None, "sqlite://", "sqlite:///:memory:"])
def test_workers_need_something_to_share(storage):
    with pytest.raises(ConfigError, match="give one, such as sqlite:///study.db or journal:"):
        tune(scored(), "tree", 2, QUICK, storage, workers=2)


def test_fewer_than_one_worker_is_refused():
    with pytest.raises(ConfigError, match="workers: expected at least 1, got 0"):
        tune(scored(), "tree", 2, QUICK, workers=0)


@pytest.mark.parametrize(
    "storage", ["sqlite:////no/such/folder/study.db", "journal:/no/such/folder/x", "words", "x://y"]
)
def test_a_storage_that_cannot_be_used_is_one_line(storage):
    with pytest.raises(ConfigError, match="cannot be used to store a study") as refused:
        tune(scored(), "tree", 1, QUICK, storage)
    assert str(refused.value).startswith(f"{storage}: ") and "\n" not in str(refused.value)


@pytest.mark.skipif(sys.platform == "win32", reason="other signals there")
def test_an_interrupt_ends_the_workers_and_gives_their_trials_up(tmp_path, monkeypatch):
    storage = storages(tmp_path)["sqlite"]

    def interrupt(items, total, title):
        for number, item in enumerate(items):
            if number == 3:
                raise KeyboardInterrupt
            yield item

    with pytest.raises(KeyboardInterrupt):
        tune(scored(), "tree", 10_000, QUICK, storage, interrupt, workers=2)
    assert multiprocessing.active_children() == []
    study = tune(scored(), "tree", 0, QUICK, storage)
    # one that was broken off before it had a name is given up for want of a sign of life
    left = study.get_trials(states=(optuna.trial.TrialState.RUNNING,))
    assert [one for one in left if "worker" in one.user_attrs] == [] and len(left) <= 1
    assert len(answers(study)) >= 3


def test_parameters_that_are_given_are_not_searched_for(data, storage, runs):
    fixed = {"rounds": 3, "subsample": 0.75}
    tune(data, "dct-xgb", 2, QUICK, storage, fixed=fixed)
    assert [(one["rounds"], one["subsample"]) for one in runs] == [(3, 0.75)] * 2
    assert len({one["learning_rate"] for one in runs}) == 2
    tune(data, "dct-xgb", 2, QUICK, storage)  # another study
    assert len(runs) == 4


def test_other_pictures_under_the_same_names_start_another_study(storage):
    one, other = scored(), scored()
    other.inputs["gradients"][0] += 1
    tune(one, "tree", 1, QUICK, storage)
    assert len(tune(other, "tree", 1, QUICK, storage).trials) == 1


def test_views_that_the_backend_does_not_eat_make_no_difference(storage):
    data = scored()
    more = replace(data, inputs={**data.inputs, "laplacian": data.inputs["gradients"][:, :1]})
    tune(data, "tree", 2, QUICK, storage)
    assert len(tune(more, "tree", 2, QUICK, storage).trials) == 2
