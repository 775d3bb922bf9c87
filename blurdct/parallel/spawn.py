"""How worker processes start and end: one thread each, no Ctrl-C, not without their parent."""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.process import BaseProcess
from typing import Any

from .allocation import keep_memory
from .cores import ONE_THREAD

# Fresh interpreters: forked ones would inherit locked threads of OpenCV and ONNX Runtime.
CONTEXT = multiprocessing.get_context("spawn")

MOST_WORDS = 16 << 10  # characters of a command line that processes are told; a pipe holds 64 KiB

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)

_one_at_a_time = threading.RLock()  # the environment belongs to all threads


def started(function: Callable[..., object], *arguments: Any, owned: bool = False) -> BaseProcess:
    """A worker process that calls a picklable function with these; ``end`` ends it.

    Args:
        function: What it does.
        arguments: Of the function; small, as they wait in a pipe that nobody may ever read: one
            that is full when the process dies is written to for ever. What may be large is sent
            when it runs, by a pipe whose other end only it holds.
        owned: The thread that starts it stays until it has ended.
    """
    # Linux means the thread, not the process, by the parent whose end ends a process
    tied = owned or threading.current_thread() is threading.main_thread()
    process = CONTEXT.Process(target=_run, args=(function, arguments, tied), daemon=True)
    with starting():
        process.start()
    return process


@contextmanager
def starting() -> Iterator[None]:
    """Processes started meanwhile have one thread per library, and Ctrl-C does not reach them.

    It is for the one that they work for, which hears of it when the last of them has started.
    """
    with _one_at_a_time, _environment(ONE_THREAD), _few_words(), _interrupts_blocked():
        yield


def begin(tied: bool = False) -> None:
    """What a worker process does first, whoever starts it within ``starting``.

    Args:
        tied: It may end with the thread that started it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    if tied and sys.platform == "linux":
        _end_by_the_system()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    keep_memory()
    with suppress(ImportError, AttributeError):  # whoever needs it will say what is wrong with it
        import cv2  # it reads no variable of those above

        cv2.setNumThreads(1)


def end(processes: Sequence[BaseProcess], patience: float = 0.0) -> None:
    """Ask them to end, wait so many seconds in all, and kill those that have not; all are gone."""
    for process in processes:
        process.terminate()
    ends = time.monotonic() + patience
    for process in processes:
        process.join(max(0.0, ends - time.monotonic()))
        if process.is_alive():
            process.kill()
            process.join()


def _run(function: Callable[..., object], arguments: tuple[Any, ...], tied: bool) -> None:
    begin(tied)
    function(*arguments)


def _end_by_the_system() -> None:
    """Have the system kill this process with its parent, also where a thread has no chance to.

    One that decodes a photo may hold the interpreter for a minute.
    """
    import ctypes

    with suppress(OSError, AttributeError):  # another libc; the thread beside it watches, too
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(1)


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Variables that processes inherit; what the user set stays."""
    added = [name for name in values if name not in os.environ]
    os.environ.update({name: values[name] for name in added})
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


@contextmanager
def _few_words() -> Iterator[None]:
    """The command line goes to every process, by the pipe that nobody may ever read.

    A shell may have put the names of thousands of photographs into it.
    """
    words = sys.argv
    if sum(map(len, words)) > MOST_WORDS:
        sys.argv = words[:1]
    try:
        yield
    finally:
        sys.argv = words


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Ctrl-C waits meanwhile; processes inherit that, until they can ignore it themselves."""
    heard: list[int] = []
    main = threading.current_thread() is threading.main_thread()
    handler = signal.getsignal(signal.SIGINT) if main else None
    if handler is not None:
        signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    masks = hasattr(signal, "pthread_sigmask")
    if masks:
        from multiprocessing import resource_tracker  # which commands that start nothing do without

        resource_tracker.ensure_running()  # started with the first process, it would unblock it
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        if masks:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if handler is not None:
            signal.signal(signal.SIGINT, handler)
            if heard:
                signal.raise_signal(signal.SIGINT)


def why(error: Exception) -> str:
    """What went wrong in a process, in a line for people."""
    if isinstance(error, MemoryError):
        return "not enough memory"
    return str(error).partition("\n")[0] or type(error).__name__
