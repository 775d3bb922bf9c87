"""The HTTP service in worker processes that share a socket; stopped, they finish what they have."""

import asyncio
import math
import resource
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from uvicorn import Config, Server
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ..counts import shared_counts
from ..settings import Settings
from ..sockets import incoming, waiting
from ..supervisor import keep_running

HEAD_BYTES = 1 << 16  # of a head that is not whole, and of whatever else is no part of a body
HEAD_SECONDS = 20.0  # for a request's head to come, also on a connection that is kept
GRACE = 5  # seconds beyond those of a request, for what is in flight when the service stops
LAST = 0.1  # seconds in which connections that were open before a stop may still begin a request
LOOKS = 10  # that are taken meanwhile, however long the process was held up


class Connection(HttpToolsProtocol):
    """A connection that is closed when no request comes, whatever else and however much of it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._odd = 0  # bytes since a head was whole or a piece of a body came
        self._head = self.loop.call_later(HEAD_SECONDS, self._late)

    def data_received(self, data: bytes) -> None:
        self._odd += len(data)
        super().data_received(data)
        if self._odd > HEAD_BYTES:
            self.transport.abort()

    def on_body(self, body: bytes) -> None:
        self._odd = 0
        super().on_body(body)

    def on_headers_complete(self) -> None:
        self._odd = 0
        self._head.cancel()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._head.cancel()
        if not self.transport.is_closing() and (self.cycle is None or self.cycle.response_complete):
            self._head = self.loop.call_later(HEAD_SECONDS, self._late)

    def connection_lost(self, exc: Exception | None) -> None:
        self._head.cancel()
        super().connection_lost(exc)

    def _late(self) -> None:
        self.transport.abort()  # to close it, what it still has to say would have to go out first


class Sharing(Server):
    """A server that leaves connections to processes beside it which have fewer."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As a server without sockets; then it takes what comes in at those given."""
        await super().startup([])
        self._taking = [asyncio.create_task(self._take(one)) for one in sockets or ()]

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take what waits, but no more; close the sockets, and finish what there is."""
        for taking in self._taking:
            taking.cancel()
        await asyncio.gather(*self._taking, return_exceptions=True)
        for listener in sockets or ():
            for client in waiting(listener):
                await self._connect(client)
            listener.close()
        for _ in range(LOOKS):
            await asyncio.sleep(LAST / LOOKS)
        await super().shutdown(sockets)

    async def _take(self, listener: socket.socket) -> None:
        async for client, _ in incoming(listener, self.server_state.connections.__len__):
            await self._connect(client)

    async def _connect(self, client: socket.socket) -> None:
        with suppress(OSError):  # gone again
            loop = asyncio.get_running_loop()
            await loop.connect_accepted_socket(self._connection, client)

    def _connection(self) -> Connection:
        return Connection(self.config, self.server_state, self.lifespan.state)


def serve(
    settings: Settings,
    listener: socket.socket,
    workers: int | None = None,
    ready: Callable[[], object] | None = None,
) -> None:
    """Answer until SIGTERM or Ctrl-C; what is in flight then is finished.

    Args:
        settings: Of the engine in each process.
        listener: From ``listen``; closed in the end.
        workers: Processes; one per core if None. One that dies is replaced.
        ready: Called when all are ready.

    Raises:
        BlurdctError: They cannot start.
    """
    with suppress(OSError, ValueError):  # room for many connections
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    patience = settings.seconds + GRACE + 1
    with listener, shared_counts():
        work = partial(_work, settings, listener)
        # once the workers have closed theirs, too, nobody can connect
        keep_running(work, workers, ready, listener.close, patience=patience)


def _work(settings: Settings, listener: socket.socket, ready: Callable[[], object]) -> None:
    """Answer, in a worker process, until SIGTERM."""
    from ..engine import Engine
    from .app import create

    engine = Engine(settings)
    engine.end_when_stuck()
    config = Config(
        create(settings, engine, ready),
        http=Connection,
        ws="none",
        lifespan="on",
        log_config=None,  # as all processes of the service have it
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=math.ceil(HEAD_SECONDS),
        timeout_graceful_shutdown=math.ceil(settings.seconds) + GRACE,
    )
    Sharing(config).run([listener])
