"""Work on bytes of strangers, done by another process that may take so much memory and so long.

Unlike in the pools, it answers one question at a time and is there for any thread that asks. It is
no child of ``multiprocessing``: that runs the caller's own script once more, and forbids workers to
have any. What comes back is JSON and plain bytes, so that whoever takes that process over with a
crafted file has not taken this one.
"""

import atexit
import json
import os
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from multiprocessing.spawn import get_executable
from typing import Any

from .cores import ONE_THREAD

try:
    import resource
except ImportError:  # Windows, which has limits of another kind
    resource = None  # type: ignore[assignment]

GRACE = 5.0  # seconds after which an orphan ends that could not hear of its parent's end
_SAMPLING = 0.02  # seconds between two looks at memory, where the system sets no limit
_TOO_MUCH = 97  # exit status
_HEAD = struct.Struct("<QQ")  # bytes of JSON, bytes of data
_START = "import sys; sys.path[:] = {path}; from blurdct.parallel.confined import serve; serve()"

Words = dict[str, Any]  # what goes through JSON


class Lost(Exception):  # noqa: N818 - what became of the other process
    """It gave no answer; the message says why: ``crash``, ``memory``, ``time`` or ``start``."""


class Confined:
    """As many processes as threads ask at once, each kept for the next question."""

    def __init__(self, target: str) -> None:
        """Nothing is started before the first question.

        Args:
            target: ``module:function``, called there at the start, before there are limits. It
                gives a function of a question's words and bytes, which gives those of the answer.
        """
        self._target = target
        self._idle: list[_Process] = []
        if hasattr(os, "register_at_fork"):  # two processes on one pipe would mix their answers
            os.register_at_fork(after_in_child=self._forget)
        atexit.register(self.close)

    def ask(
        self, words: Words, data: bytes, memory: int, seconds: float
    ) -> tuple[Words, bytearray]:
        """What the function there says.

        Args:
            words: Of the question.
            data: Of the question.
            memory: Bytes that it may take beyond what the process has at its start.
            seconds: That it may take.

        Raises:
            Lost: The process could not be started, died, or was ended as it took too much.
            MemoryError: It took too much and could say so.
        """
        question = {**words, "memory": memory, "seconds": seconds}
        process = self._free()
        try:
            answer = process.ask(question, data, seconds)
        except BaseException:
            process.end()
            raise
        self._idle.append(process)
        if answer[0].pop("out of memory", False):
            raise MemoryError
        return answer

    def close(self) -> None:
        """End all that are idle."""
        while self._idle:
            self._idle.pop().end()

    def _free(self) -> "_Process":
        while True:
            try:
                process = self._idle.pop()  # of one thread alone, as lists are
            except IndexError:
                return _Process(self._target)
            if process.alive:
                return process
            process.end()

    def _forget(self) -> None:
        for process in self._idle:
            process.forget(of_another=True)
        self._idle = []


class _Process:
    """One process and its pipes."""

    def __init__(self, target: str) -> None:
        own: dict[str, Any] = {"start_new_session": True}  # Ctrl-C is for the one that asks
        if sys.platform == "win32":
            own = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        # Each arena of glibc would reserve 64 MiB of what it may take.
        environment = {**ONE_THREAD, "MALLOC_ARENA_MAX": "1", **os.environ}
        try:
            self._process = subprocess.Popen(
                [os.fsdecode(get_executable()), "-c", _START.format(path=sys.path), target],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                **own,
            )
        except OSError as error:
            raise Lost("start") from error
        self._begun = False

    def ask(self, words: Words, data: bytes, seconds: float) -> tuple[Words, bytearray]:
        late = threading.Event()

        def end() -> None:
            late.set()
            self._process.kill()

        timer = threading.Timer(seconds, end)
        timer.daemon = True
        timer.start()
        try:
            with suppress(OSError):  # it died, which is heard below
                _send(self._process.stdin, words, data)
            if not self._begun:
                self._begun = _receive(self._process.stdout) is not None
            answer = _receive(self._process.stdout) if self._begun else None
        finally:
            timer.cancel()
        if late.is_set():
            raise Lost("time")
        if answer is None:
            code = self._process.wait()
            raise Lost("memory" if code == _TOO_MUCH else "crash" if self._begun else "start")
        return answer

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def end(self) -> None:
        """Kill it; it holds nothing that could be lost."""
        self._process.kill()
        self._process.wait()
        self.forget()

    def forget(self, of_another: bool = False) -> None:
        """Close this end of its pipes; ``of_another``: this process did not start it."""
        if of_another:
            self._process.returncode = 0  # so that nobody waits for it here
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                pipe.close()  # type: ignore[union-attr]


def serve() -> None:
    """What the other process does until its input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not get among the answers
    if hasattr(select, "poll"):
        threading.Thread(target=_end_with_parent, args=(questions.fileno(),), daemon=True).start()
    module, _, name = sys.argv[1].partition(":")
    function = getattr(import_module(module), name)()
    confine = _confinement()
    _send(answers, {}, b"")
    while question := _receive(questions):
        words, data = question
        confine(words.pop("memory"), words.pop("seconds"))
        try:
            answer = function(words, data)
        except MemoryError:
            answer = {"out of memory": True}, b""
        confine(0, 0)
        _send(answers, *answer)
        del question, data, answer  # they may be large, and the next one is there before they go


def _end_with_parent(pipe: int) -> None:
    hung_up = select.poll()
    hung_up.register(pipe, 0)  # data that wait are none of this thread's business
    hung_up.poll()
    os._exit(1)


def _confinement() -> Callable[[int, float], None]:
    """What sets limits of memory, bytes beyond what is taken now, and of time; 0 for none."""
    own = _address_space()
    watched = [0]

    def confine(memory: int, seconds: float) -> None:
        if own:
            most = own + memory if memory else resource.RLIM_INFINITY
            resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))
        watched[0] = memory
        if hasattr(signal, "setitimer"):  # where Python's lock is kept, no thread would get to it
            signal.setitimer(signal.ITIMER_REAL, seconds + GRACE if seconds else 0)

    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
    if resource:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if not own:
            threading.Thread(target=_watch, args=(watched,), daemon=True).start()
    return confine


def _address_space() -> int:
    """Bytes of this process's address space; 0 where the system would not limit it."""
    try:
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        return 0 if hard != resource.RLIM_INFINITY else _statm(0)
    except (OSError, AttributeError):
        return 0


def _watch(limit: list[int]) -> None:
    """End this process when it takes more memory than that, as macOS does not."""
    own = _resident()
    while True:
        if limit[0] and _resident() > own + limit[0]:
            os._exit(_TOO_MUCH)
        time.sleep(_SAMPLING)


def _resident() -> int:
    """Bytes of memory that this process has now; without ``/proc``, that it had at most."""
    try:
        return _statm(1)
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else 1024 * most


def _statm(field: int) -> int:
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[field]) * resource.getpagesize()


def _send(pipe: Any, words: Words, data: Any) -> None:
    head = json.dumps(words).encode()
    data = memoryview(data).cast("B")
    pipe.write(_HEAD.pack(len(head), len(data)) + head)
    pipe.write(data)
    pipe.flush()


def _receive(pipe: Any) -> tuple[Words, bytearray] | None:
    """Words and bytes, or None where the pipe ends."""
    start = pipe.read(_HEAD.size)
    if len(start) < _HEAD.size:
        return None
    length, count = _HEAD.unpack(start)
    head, data = pipe.read(length), bytearray(count)
    filled = pipe.readinto(data)
    return (json.loads(head), data) if len(head) == length and filled == count else None
