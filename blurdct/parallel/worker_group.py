"""Processes that work side by side on something they share, and end with the one that started them.

``pool`` hands out items; here each process finds its work itself.
"""

import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from multiprocessing.connection import wait
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
    members: list[_Member] = []
    try:
        for _ in arguments:
            members.append(_Member())
        for member, given in zip(members, arguments, strict=True):  # when all are about to start
            member.tell(function, given)
        while running := [member.process.sentinel for member in members if member.is_alive()]:
            wait(running, pause)
            for member in members:
                member.check()
            yield
        for member in members:  # the last may have ended while the caller was busy
            member.check()
        yield
    finally:
        end([member.process for member in members], PATIENCE)
        for member in members:
            member.pipe.close()


class _Member:
    def __init__(self) -> None:
        self.pipe, its_end = CONTEXT.Pipe()
        try:
            self.process = started(_call, its_end)
        finally:
            its_end.close()  # so that its death is the end of the pipe

    def is_alive(self) -> bool:
        return self.process.is_alive()

    def tell(self, function: Callable[..., object], given: tuple[Any, ...]) -> None:
        """What to do; it may be more than a pipe holds."""
        with suppress(OSError):  # it died, as will be found
            self.pipe.send((function, given))

    def check(self) -> None:
        """Raise what went wrong."""
        with suppress(EOFError, OSError):  # it ended
            if self.pipe.poll():
                raise BlurdctError(self.pipe.recv())
        if self.process.exitcode:
            raise BlurdctError("a worker process died; fewer workers need less memory")


def _call(pipe: Any) -> None:
    try:
        function, given = pipe.recv()
        function(*given)
    except Exception as error:
        known = isinstance(error, BlurdctError)
        pipe.send(str(error) if known else f"{type(error).__name__}: {error}")
        sys.exit(1)
