"""Processes that work side by side on something they share, and end with the one that started them.

``pool`` hands out items; here each process finds its work itself.
"""

import sys
from collections.abc import Callable, Generator, Sequence
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Any

from ..errors import BlurdctError
from .spawn import CONTEXT, end, started

PATIENCE = 5.0  # seconds that they have to end when asked to


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
    errors = CONTEXT.SimpleQueue()
    processes: list[BaseProcess] = []
    try:
        for given in arguments:
            processes.append(started(_call, function, given, errors))
        while running := [process.sentinel for process in processes if process.is_alive()]:
            wait(running, pause)
            _raise_errors(processes, errors)
            yield
        _raise_errors(processes, errors)  # the last may have ended while the caller was busy
        yield
    finally:
        end(processes, PATIENCE)
        errors.close()


def _raise_errors(processes: Sequence[BaseProcess], errors: Any) -> None:
    if not errors.empty():
        raise BlurdctError(errors.get())
    if any(process.exitcode for process in processes):
        raise BlurdctError("a worker process died; fewer workers need less memory")


def _call(function: Callable[..., object], given: tuple[Any, ...], errors: Any) -> None:
    try:
        function(*given)
    except Exception as error:
        known = isinstance(error, BlurdctError)
        errors.put(str(error) if known else f"{type(error).__name__}: {error}")
        sys.exit(1)
