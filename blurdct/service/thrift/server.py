"""The Thrift service in worker processes: connections -> calls -> answers.

In each process one event loop reads the calls and hands each that is complete to a thread, which
may wait: a slow or silent client costs no thread.
"""

import asyncio
import logging
import signal
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

from thriftpy2.thrift import TMessageType

from ..engine import Engine
from ..logs import LOGGER
from ..settings import Settings
from ..sockets import incoming
from ..supervisor import keep_running
from .handler import Handler
from .protocol import Call, Intake, WireError

IDLE = 60.0  # seconds that a connection may be silent between two calls
CONNECTIONS = 512  # of a process; the one that has been silent longest makes way for another
GRACE = 2.0  # seconds more than a call may take, until it is given up when the service stops
LAST = 5.0  # of them, until a process that is to end is killed

Respond = Callable[[Call], tuple[bytes, str]]


class Server:
    """The connections of one process.

    Attributes:
        stopping: Set it, in the thread of the event loop, and ``run`` comes to its end.
    """

    def __init__(
        self,
        answer: Respond,
        settings: Settings,
        idle: float = IDLE,
        connections: int = CONNECTIONS,
    ) -> None:
        """Get ready.

        Args:
            answer: Called by threads: a call -> the message to send, and a word for the log.
            settings: Limits.
            idle: See ``IDLE``.
            connections: See ``CONNECTIONS``.
        """
        self.stopping = asyncio.Event()
        self._answer, self._settings = answer, settings
        self._idle, self._connections = idle, connections
        self._intake = Intake(settings.max_bytes, settings.max_buffered, settings.seconds)
        # as many as the engine lets wait, and some who are told that it is full
        self._pool = ThreadPoolExecutor(settings.queue + settings.threads + 4, "call")
        self._tasks: set[asyncio.Task[None]] = set()
        # Connections whose turn it is, and whether a call has begun; the longest silent first.
        self._silent: dict[asyncio.Task[None], bool] = {}

    async def run(self, listener: socket.socket) -> None:
        """Take connections until ``stopping``; answer the calls that have begun by then."""
        accepting = asyncio.create_task(self._accept(listener))
        await self.stopping.wait()
        accepting.cancel()
        for task, begun in list(self._silent.items()):
            if not begun:
                task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._settings.seconds + GRACE)
        for task in self._tasks:
            task.cancel()
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        async for connection, client in incoming(listener, self._tasks.__len__):
            while len(self._tasks) >= self._connections and self._silent:
                idle = (each for each, begun in self._silent.items() if not begun)
                task = next(idle, next(iter(self._silent)))
                del self._silent[task]
                self._tasks.discard(task)
                task.cancel()
            task = loop.create_task(self._attend(connection, client))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _attend(self, connection: socket.socket, client: str) -> None:
        """One connection, call after call."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        with connection:
            try:
                connection.setblocking(False)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while not self.stopping.is_set():
                    self._silent[task] = False
                    async with asyncio.timeout(self._idle):
                        first = await loop.sock_recv(connection, 1)
                    if not first:
                        return
                    self._silent[task] = True
                    with Call(self._intake) as call:
                        async with asyncio.timeout(self._settings.upload_seconds):
                            await call.receive(connection, first)
                        self._silent.pop(task, None)
                        message = await loop.run_in_executor(self._pool, self._do, call, client)
                    if call.kind == TMessageType.CALL:
                        async with asyncio.timeout(self._settings.seconds):
                            await loop.sock_sendall(connection, message)
            except (OSError, WireError) as error:  # TimeoutError is an OSError
                logging.getLogger(LOGGER).debug("%s: %s", client, error)
            finally:
                self._silent.pop(task, None)

    def _do(self, call: Call, client: str) -> bytes:
        began = time.perf_counter()
        message, status = self._answer(call)
        facts = {
            "method": call.method,
            "status": status,
            "seconds": round(time.perf_counter() - began, 4),
            "bytes": call.size,
            "client": client,
        }
        logging.getLogger(LOGGER).info("call", extra={"fields": facts})
        return message


def serve(
    settings: Settings,
    listener: socket.socket,
    workers: int | None = None,
    ready: Callable[[], object] | None = None,
) -> None:
    """Answer until SIGTERM or Ctrl-C; calls that have begun by then are answered.

    Its place is the main thread, for the signals.

    Args:
        settings: Of the engine in each process. Its token does not count: the protocol has none.
        listener: From ``listen``; closed in the end.
        workers: Processes; one per core if None. One that dies is replaced.
        ready: Called when all are ready.

    Raises:
        BlurdctError: They cannot start.
    """

    def refuse() -> None:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)  # in all processes: it is one socket

    with listener:
        work = partial(_work, settings, listener)
        keep_running(work, workers, ready, refuse, patience=settings.seconds + LAST)


def _work(settings: Settings, listener: socket.socket, ready: Callable[[], object]) -> None:
    """Answer, in a worker process, until SIGTERM."""
    engine = Engine(settings)
    engine.end_when_stuck()
    handler = Handler(engine)

    async def run() -> None:
        server = Server(handler.answer, settings)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, server.stopping.set)
        ready()
        await server.run(listener)

    asyncio.run(run())
