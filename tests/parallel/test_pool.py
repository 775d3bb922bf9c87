import itertools
import os
import time
from functools import partial
from pathlib import Path

import pytest

from blurdct.errors import ConfigError
from blurdct.parallel.pool import ordered_map

VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")

_told: list[object] = []


def tell(*words: object) -> None:
    """An initializer: remember what this process was told."""
    _told[:] = words


def told(_item: int) -> tuple[int, list[object]]:
    return os.getpid(), list(_told)


def slow_if_even(item: int) -> int:
    time.sleep(0.02 * (item % 2 == 0))
    return item * item


def inverse(item: int) -> float:
    return 1 / item


def variable(name: str) -> str | None:
    return os.environ.get(name)


def counted(limit: int | None = None):
    """Numbers, and a list of those that were taken."""
    taken = []

    def numbers():
        for number in itertools.count() if limit is None else range(limit):
            taken.append(number)
            yield number

    return numbers(), taken


@pytest.mark.parametrize("workers", [1, 2])
def test_answers_come_in_the_order_of_the_items_however_long_each_takes(workers):
    answers = list(ordered_map(slow_if_even, range(21), workers, chunk=2))
    assert answers == [item * item for item in range(21)]


def test_an_endless_source_is_taken_from_only_as_answers_are():
    numbers, taken = counted()
    answers = ordered_map(abs, numbers, workers=2, chunk=2)
    assert taken == []
    assert list(itertools.islice(answers, 5)) == [0, 1, 2, 3, 4]
    assert len(taken) <= 5 + 2 * 3 * 2  # three chunks of two ahead for each worker
    answers.close()


def test_one_worker_is_this_very_process_and_takes_one_item_at_a_time():
    numbers, taken = counted()
    answers = ordered_map(told, numbers, workers=1, initializer=tell, initargs=("a", 1))
    assert next(answers) == (os.getpid(), ["a", 1])
    assert taken == [0]


def test_every_worker_is_told_first_and_is_another_process():
    answers = list(ordered_map(told, range(6), 2, 1, initializer=tell, initargs=("a", 1)))
    assert os.getpid() not in {process for process, _ in answers}
    assert all(words == ["a", 1] for _, words in answers)


@pytest.mark.parametrize("workers", [1, 2])
def test_no_items_give_no_answers(workers):
    assert list(ordered_map(abs, [], workers)) == []


@pytest.mark.parametrize("workers", [0, -1])
def test_less_than_one_worker_is_refused(workers):
    with pytest.raises(ConfigError, match=f"at least 1, got {workers}"):
        list(ordered_map(abs, [1], workers))


def test_workers_run_one_thread_each_and_the_environment_comes_back(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    before = dict(os.environ)
    found = []
    for value in ordered_map(variable, VARIABLES, 2, 1):
        assert dict(os.environ) == before  # also while the processes are at work
        found.append(value)
    assert found == ["1", "3", "1"] and dict(os.environ) == before


@pytest.mark.parametrize("workers", [1, 2])
def test_an_exception_in_a_worker_reaches_the_caller(workers, monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    answers = ordered_map(inverse, [1, 2, 0, 4], workers, chunk=1)
    assert [next(answers), next(answers)] == [1, 0.5]
    with pytest.raises(ZeroDivisionError):
        next(answers)
    assert not set(VARIABLES) & set(os.environ)


def test_closing_early_drops_the_work_that_has_not_begun():
    numbers, taken = counted(1000)
    answers = ordered_map(partial(time.sleep), (0.2 for _ in numbers), workers=2, chunk=1)
    next(answers)
    start = time.perf_counter()
    answers.close()
    assert time.perf_counter() - start < 5
    assert len(taken) < 20


def slow_mark(path):
    time.sleep(0.3)
    Path(path).touch()


def test_nothing_runs_on_after_closing(tmp_path):
    marks = (tmp_path / str(number) for number in range(1000))
    answers = ordered_map(slow_mark, marks, workers=2, chunk=1)
    next(answers)
    answers.close()
    before = len(list(tmp_path.iterdir()))
    time.sleep(1)
    assert before == len(list(tmp_path.iterdir())) < 20
