"""Processes that die at any time, and processes whose caller dies: nobody waits for ever."""

import itertools
import os
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from blurdct.errors import BlurdctError, ModelError
from blurdct.parallel.crash_safe_pool import crash_safe_map
from blurdct.parallel.crew import DIED
from blurdct.parallel.pool import ordered_map
from blurdct.parallel.worker_group import side_by_side

from .killing import LARGE, keep, killed_as_they_start, runs, size_of, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at the processes by /proc")

ROOT = Path(__file__).parents[2]
ITEMS = 40


def lost(item, why):
    return item, why


def by_order(function=size_of, items=range(ITEMS), how=keep, given=(LARGE,)):
    return ordered_map(function, items, 2, 4, how, given, lost)


def by_chance(function=size_of, items=range(ITEMS), how=keep, given=(LARGE,)):
    source = iter(items)
    batches = iter(lambda: list(itertools.islice(source, 4)), [])
    return crash_safe_map(function, batches, lost, 2, None, how, given)


POOLS = {"ordered": by_order, "crash_safe": by_chance}
each_pool = pytest.mark.parametrize("pool", POOLS.values(), ids=list(POOLS))


@each_pool
@pytest.mark.parametrize("after", [0.0, 0.03, 0.1, 0.2, 0.35])
def test_two_processes_that_are_killed_at_any_time_are_replaced(pool, after):
    with killed_as_they_start(after, most=2) as killed:
        answers = sorted(pool())
    assert answers == [(item, len(LARGE)) for item in range(ITEMS)]
    assert killed


@each_pool
@pytest.mark.parametrize("after", [0.0, 0.05])
def test_processes_that_are_always_killed_as_they_start_are_an_error_at_once(pool, after):
    begun = time.monotonic()
    with killed_as_they_start(after), pytest.raises(BlurdctError, match="die at once"):
        list(pool())
    assert time.monotonic() - begun < 20


def test_a_group_of_which_one_is_killed_as_it_starts_is_an_error_at_once():
    begun = time.monotonic()
    with killed_as_they_start(0.0, most=1), pytest.raises(BlurdctError, match="process died"):
        list(side_by_side(bytes, [(LARGE,), (LARGE,)], 0.05))
    assert time.monotonic() - begun < 20


def fail_to_import(name):
    __import__(name)


def run_out_of_memory():
    raise MemoryError


def no_model():
    raise ModelError("no such model")


@each_pool
@pytest.mark.parametrize(
    ("how", "given", "words"),
    [
        (fail_to_import, ("no_such_module",), "cannot start .*No module named 'no_such_module'"),
        (run_out_of_memory, (), r"cannot start \(not enough memory\)"),
        (no_model, (), "^no such model$"),
    ],
)
def test_a_process_that_cannot_start_says_why(pool, how, given, words):
    with pytest.raises(BlurdctError, match=words):
        list(pool(how=how, given=given))


def die_of(item):
    if item == 7:
        os._exit(1)
    return item, "done"


@each_pool
def test_an_item_that_kills_is_lost_alone(pool):
    answers = dict(pool(die_of))
    assert answers.pop(7) == DIED
    assert answers == dict.fromkeys(set(range(ITEMS)) - {7}, "done")


def test_an_item_that_kills_ends_the_work_where_nothing_can_stand_in_for_it():
    answers = ordered_map(die_of, range(ITEMS), 2, 4)
    assert next(answers) == (0, "done")
    with pytest.raises(BlurdctError, match="a worker process died"):
        list(answers)


def odd(item):
    if item == "packing":
        return threading.Lock()
    return partial(int, "x")() if item == "error" else item


@each_pool
def test_an_answer_that_cannot_be_sent_is_an_error(pool):
    with pytest.raises(BlurdctError, match=r"cannot be sent \(cannot pickle"):
        list(pool(odd, ["packing"]))


@each_pool
def test_an_error_says_where_in_the_worker_it_came_from(pool):
    with pytest.raises(ValueError, match="invalid literal") as caught:
        list(pool(odd, ["error"]))
    assert "in odd" in caught.value.__notes__[0]


def much(item):
    return bytes(1 << 20), os.getpid()


@each_pool
def test_a_process_that_is_killed_in_the_middle_of_a_large_answer_is_replaced(pool):
    count = 0
    with killed_as_they_start(0.5, most=2):
        for data, _ in pool(much):
            assert len(data) == 1 << 20
            count += 1
            time.sleep(0.02)  # so that answers wait, half sent
    assert count == ITEMS


@each_pool
def test_a_pool_that_is_used_by_a_thread_outlives_it(pool):
    answers, first = pool(how=None, given=(), function=pid), []
    thread = threading.Thread(target=lambda: first.append(next(answers)))
    thread.start()
    thread.join()
    until(lambda: not thread.is_alive())
    assert len(first + list(answers)) == ITEMS
    assert len({process for _, process in answers} | {first[0][1]}) <= 2


def pid(item):
    time.sleep(0.01)
    return item, os.getpid()


HOLD = """
import ctypes, os, sys
sys.path.insert(0, sys.argv[1])
from tests.parallel import test_deaths as t
if __name__ == "__main__":
    t.CALLERS[sys.argv[2]](sys.argv[3])
"""


def hold(folder):
    """Say which process this is, then keep the interpreter busy, as a decoder in C may."""
    import ctypes

    Path(folder, f"{os.getpid()}.part").touch()
    Path(folder, f"{os.getpid()}.part").rename(Path(folder, f"{os.getpid()}.pid"))
    ctypes.PyDLL(None).sleep(60)  # it does not let go of the interpreter


def hold_side_by_side(folder):
    list(side_by_side(hold, [(folder,), (folder,)], 0.05))


def hold_in_service(folder):
    from blurdct.service.supervisor import keep_running

    keep_running(partial(hold_ready, folder), 2)


def hold_ready(folder, ready):
    ready()
    hold(folder)


def hold_in_order(folder):
    list(ordered_map(hold, [folder, folder], 2, 1))


def hold_by_chance(folder):
    list(crash_safe_map(hold, [[folder], [folder]], lost, 2))


CALLERS = {
    "ordered": hold_in_order,
    "crash_safe": hold_by_chance,
    "group": hold_side_by_side,
    "service": hold_in_service,
}


@pytest.mark.parametrize("kind", CALLERS)
def test_processes_that_are_busy_end_with_their_caller(tmp_path, kind):
    script = tmp_path / "caller.py"
    script.write_text(HOLD)
    with subprocess.Popen([sys.executable, script, ROOT, kind, tmp_path]) as caller:
        until(lambda: len(list(tmp_path.glob("*.pid"))) == 2)
        caller.kill()
    killed = time.monotonic()
    workers = [int(path.stem) for path in tmp_path.glob("*.pid")]
    until(lambda: not any(map(runs, workers)))
    assert time.monotonic() - killed < 5


def test_a_script_that_fails_leaves_no_process_and_no_noise(tmp_path):
    script = tmp_path / "caller.py"
    script.write_text(
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from tests.parallel import test_deaths as t\n"
        "if __name__ == '__main__':\n"
        "    answers = t.ordered_map(t.pid, range(1000), 2, 1)\n"
        "    print(next(answers)[1], flush=True)\n"
        "    raise SystemError('as it is')\n"
    )
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60)
    assert run.stderr.splitlines()[-1] == "SystemError: as it is"
    assert len(run.stderr.splitlines()) <= 4
    assert not runs(int(run.stdout))
