"""How worker processes start and end: one thread each, no Ctrl-C, not without their parent."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from typing import Any

from .cores import ONE_THREAD

# Fresh interpreters: forked ones would inherit locked threads of OpenCV and ONNX Runtime.
CONTEXT = multiprocessing.get_context("spawn")


def started(function: Callable[..., object], *arguments: Any) -> BaseProcess:
    """A worker process that calls a picklable function with these; ``end`` ends it."""
    process = CONTEXT.Process(target=_run, args=(function, arguments), daemon=True)
    with starting():
        process.start()
    return process


@contextmanager
def starting() -> Iterator[None]:
    """Processes started meanwhile have one thread per library, and Ctrl-C does not reach them.

    It is for the one that they work for, which hears of it when the last of them has started.
    """
    with _environment(ONE_THREAD), _interrupts_blocked():
        yield


def begin() -> None:
    """What a worker process does first, whoever starts it within ``starting``."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    threading.Thread(target=_end_with_parent, daemon=True).start()
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


def alive(process: int) -> bool:
    """Whether there is a process of this number."""
    try:
        os.kill(process, 0)
    except OSError as error:
        return not isinstance(error, ProcessLookupError)
    return True


def _run(function: Callable[..., object], arguments: tuple[Any, ...]) -> None:
    begin()
    function(*arguments)


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
