"""How worker processes start and end: one thread each, no Ctrl-C, not without their parent."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Environment of a process that judges photographs: a photo is too little work to share, and on a
# busy machine the threads of a matrix product wait for each other longer than they work.
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def cores() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def set_up(initializer: Callable[..., object] | None, initargs: tuple[object, ...]) -> None:
    """What a worker does first: OpenCV gets one thread, then whatever it is told to call."""
    import cv2

    cv2.setNumThreads(1)
    if initializer:
        initializer(*initargs)


@contextmanager
def without_interrupts() -> Iterator[None]:
    """Processes started meanwhile ignore Ctrl-C: it is for the one that they work for."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    """Variables that worker processes inherit; what the user set stays."""
    added = [name for name in values if name not in os.environ]
    os.environ.update({name: values[name] for name in added})
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


def alive(process: int) -> bool:
    """Whether there is a process of this number."""
    try:
        os.kill(process, 0)
    except OSError as error:
        return not isinstance(error, ProcessLookupError)
    return True


def end_with_caller() -> None:
    caller = multiprocessing.parent_process()
    if caller:
        caller.join()
        os._exit(1)
