import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from blurdct.parallel.confined import Confined, Lost
from blurdct.parallel.spawn import CONTEXT, started
from tests.parallel.test_worker_group import alive

ROOT = Path(__file__).resolve().parents[2]
TARGET = "tests.helpers.confined_targets:acting"
MEMORY = 2**28
SECONDS = 30


@pytest.fixture
def confined():
    made = Confined(TARGET)
    yield made
    made.close()


def ask(confined, do, data=b"", memory=MEMORY, seconds=SECONDS, **words):
    return confined.ask({"do": do, **words}, data, memory, seconds)


def test_words_and_bytes_come_back_from_another_process(confined):
    data = os.urandom(1_000_000)
    words, answer = ask(confined, "echo", data, say=["ä", "\udcff", 1.5])
    assert (words["said"], bytes(answer)) == (["ä", "\udcff", 1.5], data)
    assert words["process"] != os.getpid()
    assert ask(confined, "echo", say=0) == ({"said": 0, "process": words["process"]}, b"")


def test_too_much_memory_is_refused_and_the_process_goes_on(confined):
    process = ask(confined, "echo", say=0)[0]["process"]
    with pytest.raises(MemoryError):
        ask(confined, "take", bytes=2 * MEMORY)
    assert ask(confined, "take", bytes=MEMORY // 2)[0] == {"taken": MEMORY // 2}
    assert ask(confined, "take", bytes=2 * MEMORY, memory=4 * MEMORY)[0] == {"taken": 2 * MEMORY}
    assert ask(confined, "echo", say=0)[0]["process"] == process


def test_memory_is_watched_where_the_system_sets_no_limit(confined):
    with pytest.raises(Lost, match="memory"):
        ask(confined, "fill", memory=2**33, bytes=2**26)


def test_what_takes_too_long_is_ended_and_the_next_question_answered(confined):
    start = time.monotonic()
    with pytest.raises(Lost, match="time"):
        ask(confined, "echo", say=0, pause=60, seconds=1.5)
    assert time.monotonic() - start < 10
    assert ask(confined, "echo", say=1)[0]["said"] == 1


def test_a_crash_is_told_and_the_next_question_answered(confined):
    with pytest.raises(Lost, match="crash"):
        ask(confined, "die")
    assert ask(confined, "echo", say=1)[0]["said"] == 1


def test_a_process_that_was_killed_while_idle_is_replaced(confined):
    process = ask(confined, "echo", say=0)[0]["process"]
    os.kill(process, signal.SIGKILL)
    ends = time.monotonic() + 10
    while confined._idle[0].alive and time.monotonic() < ends:
        time.sleep(0.01)
    assert ask(confined, "echo", say=1)[0]["process"] != process


def test_a_process_that_cannot_be_started_is_told(monkeypatch):
    with pytest.raises(Lost, match="start"):
        Confined("blurdct.no_such_module:acting").ask({}, b"", MEMORY, SECONDS)
    monkeypatch.setattr("blurdct.parallel.confined.get_executable", lambda: "/no/such/python")
    with pytest.raises(Lost, match="start"):
        Confined(TARGET).ask({}, b"", MEMORY, SECONDS)


def test_what_libraries_print_does_not_get_among_the_answers(confined):
    assert ask(confined, "print") == ({}, b"")
    assert ask(confined, "echo", say=1)[0]["said"] == 1


def test_threads_get_their_own_answers(confined):
    with ThreadPoolExecutor(3) as threads:
        said = list(threads.map(lambda n: ask(confined, "echo", say=n)[0]["said"], range(30)))
    assert said == list(range(30))
    assert len(confined._idle) <= 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_asks_a_process_of_its_own(confined):
    process = ask(confined, "echo", say=0)[0]["process"]
    ours = subprocess.run(
        [sys.executable, "-c", FORK], capture_output=True, text=True, cwd=ROOT, timeout=60
    )
    assert ours.stdout.split() == ["different", "0"], ours.stderr
    assert ask(confined, "echo", say=0)[0]["process"] == process


FORK = f"""
import os
from blurdct.parallel.confined import Confined
confined = Confined({TARGET!r})
ask = lambda: confined.ask({{"do": "echo", "say": 0}}, b"", {MEMORY}, {SECONDS})[0]["process"]
first = ask()
child = os.fork()
if not child:
    print("same" if ask() == first else "different", flush=True)
    os._exit(0)
_, code = os.waitpid(child, 0)
print(code if ask() == first else "lost")
"""


def test_a_daemonic_worker_may_have_one():
    queue = CONTEXT.SimpleQueue()
    worker = started(ask_in_worker, queue)
    assert queue.get() == "answer"
    worker.join(20)
    assert not worker.is_alive()


def ask_in_worker(queue):
    queue.put(ask(Confined(TARGET), "echo", say="answer")[0]["said"])


@pytest.mark.parametrize("pause", [0, 60])
def test_it_ends_with_the_process_that_asks_even_if_that_is_killed(pause):
    code = f"""
import os, threading, time
from blurdct.parallel.confined import Confined
confined = Confined({TARGET!r})
ask = lambda pause: confined.ask({{"do": "echo", "say": 0, "pause": pause}}, b"", {MEMORY}, 600)
print(ask(0)[0]["process"], flush=True)
ask({pause})
time.sleep(60)
"""
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=ROOT)
    child = int(parent.stdout.readline())
    assert alive(child)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    ends = time.monotonic() + 10
    while alive(child) and time.monotonic() < ends:
        time.sleep(0.02)
    assert not alive(child)


def test_a_script_without_a_guard_is_not_run_again(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "print('run')\n"
        "from blurdct.parallel.confined import Confined\n"
        f"asked = Confined({TARGET!r}).ask({{'do': 'echo', 'say': 7}}, b'', {MEMORY}, 30)\n"
        "print(asked[0]['said'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert (done.stdout, done.stderr) == ("run\n7\n", "")
