import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from blurdct.errors import BlurdctError
from blurdct.parallel.crash_safe_pool import crash_safe_map
from blurdct.parallel.crew import DIED

ROOT = Path(__file__).parents[2]


def lost(item, reason):
    return item, reason


def fragile(item):
    """Its own name for most; some kill the process, by a signal or as a decoder does."""
    if item % 10 == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    if item % 10 == 7:
        os.abort()
    return item, "done"


def process(item):
    return item, os.getpid()


def die_once(mark):
    if not os.path.exists(mark):
        Path(mark).touch()
        os._exit(1)
    return mark, "done"


def die_every_second_start(log):
    with open(log, "a") as file:
        file.write("start\n")
    if Path(log).read_text().count("start") % 2 == 0:
        os._exit(1)


def die_of(log):
    with open(log, "a") as file:
        file.write("item\n")
    os._exit(1)


def nap(seconds):
    time.sleep(seconds)
    return seconds, "done"


def inverse(item):
    return item, 1 / item


def variable(name):
    return name, os.environ.get(name)


def end():
    os._exit(1)


def batches(items, count=4):
    items = list(items)
    return [items[first : first + count] for first in range(0, len(items), count)]


def test_a_death_costs_the_item_it_happens_on_and_no_other():
    answers = sorted(crash_safe_map(fragile, batches(range(10)), lost, 2))
    assert answers == [(item, DIED if item % 10 in (3, 7) else "done") for item in range(10)]


def test_an_item_on_which_a_process_died_by_chance_is_done_by_the_next(tmp_path):
    marks = [str(tmp_path / name) for name in "abc"]
    assert sorted(crash_safe_map(die_once, batches(marks, 1), lost, 1)) == [
        (mark, "done") for mark in marks
    ]


def test_a_process_that_dies_before_it_is_ready_died_of_no_item(tmp_path):
    log = str(tmp_path / "log")
    setup = {"initializer": die_every_second_start, "initargs": (log,)}
    assert list(crash_safe_map(die_of, [[log]], lost, 1, **setup)) == [(log, DIED)]
    assert Path(log).read_text().split() == ["start", "item", "start", "start", "item"]


def test_every_item_has_one_answer_from_another_process():
    answers = list(crash_safe_map(process, batches(range(30)), lost, 2))
    assert sorted(item for item, _ in answers) == list(range(30))
    processes = {number for _, number in answers}
    assert os.getpid() not in processes and len(processes) <= 2


def test_an_item_that_takes_too_long_is_given_up_and_the_others_are_done():
    answers = list(crash_safe_map(nap, [[0.0, 60.0, 0.01], [0.02]], lost, 2, limit=0.5))
    reasons = dict(answers)
    assert reasons.pop(60.0) == "took longer than 0.5 seconds"
    assert reasons == {0.0: "done", 0.01: "done", 0.02: "done"}


def test_an_exception_reaches_the_caller():
    with pytest.raises(ZeroDivisionError):
        list(crash_safe_map(inverse, [[1, 0]], lost, 1))


def test_processes_that_never_start_end_it():
    with pytest.raises(BlurdctError, match="die at once"):
        list(crash_safe_map(process, batches(range(9)), lost, 2, initializer=end))


def test_one_batch_is_taken_ahead_of_the_processes_and_empty_ones_are_none():
    taken = []

    def endless():
        for number in itertools.count():
            taken.append(number)
            yield [number] if number % 2 else []

    answers = crash_safe_map(process, endless(), lost, 2)
    assert taken == []
    for _ in range(6):
        next(answers)
    # 6 that were passed on, one that is still to be, 2 in the processes, one at hand
    assert len(taken) <= 2 * (6 + 1 + 2 + 1)
    answers.close()
    assert list(crash_safe_map(process, [[], []], lost, 2)) == []


def test_workers_run_one_thread_each_and_the_environment_comes_back(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    before = dict(os.environ)
    answers = list(crash_safe_map(variable, [["OMP_NUM_THREADS"]], lost, 1))
    assert answers == [("OMP_NUM_THREADS", "1")] and dict(os.environ) == before


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="looks at the processes by /proc")
def test_processes_end_with_the_one_that_they_work_for():
    code = (
        "from tests.parallel import test_crash_safe_pool as t\n"
        "if __name__ == '__main__':\n"
        "    endless = ([k] for k in range(10**9))\n"
        "    for _, number in t.crash_safe_map(t.process, endless, t.lost, 2):\n"
        "        print(number, flush=True)\n"
    )
    caller = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with caller:
        workers = {int(caller.stdout.readline()) for _ in range(50)}
        caller.kill()
    deadline = time.monotonic() + 10
    while (alive := [one for one in workers if _runs(one)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive


def _runs(process_id: int) -> bool:
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def two_at_once(items):
    """Answers of two items at a time; one below 0 is refused, which is the end of the stream."""
    held = []
    for item in items:
        if item < 0:
            raise ValueError(item)
        held.append(item)
        if len(held) == 2:
            yield from [(one, tuple(held)) for one in held]
            held = []
    yield from [(one, tuple(held)) for one in held]


def test_a_stream_may_look_at_several_items_before_it_answers():
    few = [[0, 1, 2, 3, 4], [5, 6]]
    answers = sorted(crash_safe_map(two_at_once, few, lost, 1, stream=True))
    assert [one for one, _ in answers] == list(range(7))
    assert {held for _, held in answers} == {(0, 1), (2, 3), (4,), (5, 6)}
    timed = sorted(crash_safe_map(two_at_once, few, lost, 1, limit=60, stream=True))
    assert timed == [(one, (one,)) for one in range(7)]  # each is waited for
    with pytest.raises(ValueError, match="-1"):
        list(crash_safe_map(two_at_once, [[0, 1, -1, 2]], lost, 1, stream=True))
