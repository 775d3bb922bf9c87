"""A process that answers for items until it is told to stop, and the end of its pipe to hold."""

import pickle
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from ..errors import BlurdctError
from .spawn import CONTEXT, end, started, why


class Process:
    """A process.

    Attributes:
        pipe: To it and from it.
        ready: Whether it was ever.
    """

    def __init__(self) -> None:
        self.ready = False
        self._sending = threading.Lock()
        self.pipe, its_end = CONTEXT.Pipe()
        try:
            self._process = started(_serve, its_end, owned=True)
        except BaseException:
            self.pipe.close()
            raise
        finally:
            its_end.close()  # so that its death is the end of the pipe

    def send(self, message: object) -> None:
        with self._sending:
            self.pipe.send(message)

    def stop(self, patience: float) -> None:
        """Have it end when the item at hand is done; in time, or not at all."""
        if self._sending.acquire(timeout=patience):
            with suppress(OSError):
                self.pipe.send(None)
            self._sending.release()

    def kill(self) -> None:
        """Have it end now."""
        self._process.kill()

    def end(self) -> None:
        """Kill it, and close its pipe."""
        with self._sending:
            self.pipe.close()
        end([self._process])


def _serve(pipe: Any) -> None:
    """What a process does until it is told None, or the other end of its pipe is closed."""
    with suppress(EOFError, OSError, _Over):
        data = pipe.recv_bytes()
        try:
            function, initializer, initargs = pickle.loads(data)
            if initializer:
                initializer(*initargs)
        except Exception as error:  # of whatever is imported
            words = f"a worker process cannot start ({why(error)})"
            pipe.send(error if isinstance(error, BlurdctError) else BlurdctError(words))
            return
        del data
        pipe.send(None)
        while job := pipe.recv():
            each, items = job
            for number, few in enumerate([[item] for item in items] if each else [items]):
                if number and pipe.poll():  # before all are done nothing comes but that it is over
                    return
                _say(pipe, _answers(function, few, pipe))


class _Over(BaseException):
    """Nobody waits for answers any more."""


def one_by_one(function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
    """A function of one item as one of a stream of them."""
    return map(function, items)


def _answers(
    function: Callable[[Iterator[Any]], Iterable[Any]], items: Sequence[Any], pipe: Any
) -> list[tuple[bool, Any]]:
    """For each item whether it went well, and the answer; an exception is that of all the rest."""

    def until_over() -> Iterator[Any]:
        for number, item in enumerate(items):
            if number and pipe.poll():
                raise _Over
            yield item

    said: list[tuple[bool, Any]] = []
    try:
        for answer in function(until_over()):
            said.append((True, answer))
    except Exception as error:
        error.add_note(f"In a worker process:\n{traceback.format_exc()}")
        said += [(False, error)] * (len(items) - len(said))
    return said


def _say(pipe: Any, said: list[tuple[bool, Any]]) -> None:
    try:
        data = pickle.dumps(said)
    except Exception as error:  # of any object that is no plain value
        words = f"an answer cannot be sent ({why(error)})"
        data = pickle.dumps([(False, BlurdctError(words))] * len(said))
    pipe.send_bytes(data)
