"""Processes that work side by side on something they share, and end with the one that started them.

``pool`` hands out items; here each process finds its work itself.
"""

import multiprocessing
import sys
import threading
from collections.abc import Callable, Generator, Sequence
from multiprocessing.connection import wait
from typing import Any

from ..errors import BlurdctError
from .spawn import ONE_THREAD, end_with_caller, environment, without_interrupts

PATIENCE = 5.0  # seconds that a process has to end when asked to


def side_by_side(
    function: Callable[..., object], arguments: Sequence[tuple[Any, ...]], pause: float
) -> Generator[None, None, None]:
    """Call a picklable function with each of these arguments, in a fresh process each, at once.

    Whatever ends the iteration ends them, too: an error, Ctrl-C, ``close``; and the death of this
    process.

    Args:
        function: What each does.
        arguments: Of each.
        pause: Seconds between two yields.

    Yields:
        None, every now and then while any of them runs, and once more in the end.

    Raises:
        BlurdctError: One of them raised, or was killed.
    """
    context = multiprocessing.get_context("spawn")
    errors = context.SimpleQueue()
    started = []
    try:
        # Ctrl-C is for the process that they work for
        with environment(ONE_THREAD), without_interrupts():
            for given in arguments:
                process = context.Process(target=_call, args=(function, given, errors), daemon=True)
                process.start()
                started.append(process)
        while running := [process.sentinel for process in started if process.is_alive()]:
            wait(running, pause)
            _raise_errors(started, errors)
            yield
        _raise_errors(started, errors)  # the last may have ended while the caller was busy
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.join(PATIENCE)
            if process.is_alive():
                process.kill()
                process.join()
        errors.close()


def _raise_errors(started: Sequence[Any], errors: Any) -> None:
    if not errors.empty():
        raise BlurdctError(errors.get())
    if any(process.exitcode for process in started):
        raise BlurdctError("a worker process died; fewer workers need less memory")


def _call(function: Callable[..., object], given: tuple[Any, ...], errors: Any) -> None:
    threading.Thread(target=end_with_caller, daemon=True).start()
    try:
        function(*given)
    except Exception as error:
        known = isinstance(error, BlurdctError)
        errors.put(str(error) if known else f"{type(error).__name__}: {error}")
        sys.exit(1)
