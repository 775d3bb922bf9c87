"""How worker processes start and end."""

import os
import signal
import sys
import threading
import time

import pytest

from blurdct.parallel.cores import ONE_THREAD, cores
from blurdct.parallel.spawn import CONTEXT, MOST_WORDS, end, started, starting

from .killing import killed_as_they_start

UNIX = pytest.mark.skipif(sys.platform == "win32", reason="other signals there")


def tell(pipe) -> None:
    """Send what this process is like."""
    import cv2

    ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    blocked = signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])
    pipe.send(
        (ignored, blocked, cv2.getNumThreads(), [os.environ.get(name) for name in ONE_THREAD])
    )


def stay(pipe, stubborn: bool) -> None:
    if stubborn:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    pipe.send("here")
    time.sleep(600)


def told():
    ours, theirs = CONTEXT.Pipe(False)
    process = started(tell, theirs)
    answer = ours.recv()
    process.join()
    return answer


def staying(stubborn: bool):
    ours, theirs = CONTEXT.Pipe(False)
    process = started(stay, theirs, stubborn)
    assert ours.recv() == "here"
    return process


@UNIX
def test_a_process_has_one_thread_per_library_and_ignores_ctrl_c(monkeypatch):
    for name in ONE_THREAD:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")  # what the user set stays
    before = dict(os.environ)
    assert told() == (True, False, 1, ["1", "3", "1"])
    assert dict(os.environ) == before


@UNIX
def test_it_does_so_whichever_thread_starts_it():
    answers = []
    thread = threading.Thread(target=lambda: answers.append(told()))
    thread.start()
    thread.join()
    assert answers[0][:2] == (True, False)


@UNIX
def test_ctrl_c_while_processes_start_is_heard_when_they_have():
    reached = []
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), starting():
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)
            reached.append(True)
        assert reached
    finally:
        signal.signal(signal.SIGINT, before)


def test_who_ends_when_asked_is_not_killed_and_who_does_not_is():
    willing, stubborn = staying(False), staying(sys.platform != "win32")
    end([willing, stubborn], 0.5)
    codes = [willing.exitcode, stubborn.exitcode]
    assert codes == ([-15, -9] if sys.platform != "win32" else codes)
    assert not willing.is_alive() and not stubborn.is_alive()


def test_a_long_command_line_does_not_fill_the_pipe_of_a_process_that_died(monkeypatch):
    words = ["blurdct", "predict", *["photo.jpg"] * (1 << 16)]
    monkeypatch.setattr(sys, "argv", words)
    with killed_as_they_start():
        for _ in range(3):
            process = started(time.sleep, 600)
            process.join(30)
            assert process.exitcode
    assert sys.argv is words and sum(map(len, words)) > MOST_WORDS


def test_there_is_at_least_one_core():
    assert 1 <= cores() <= (os.cpu_count() or 1)
