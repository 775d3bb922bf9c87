"""A request -> its photographs -> the engine -> what comes out; nothing here blocks the loop."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from typing import TypeVar

from fastapi import FastAPI, Request

from .. import prometheus
from ..engine import Busy, Engine, TooLong
from ..settings import Settings
from .uploads import File, GoneError, Held, photographs

Done = TypeVar("Done")


class Service:
    """What the requests of a process share.

    Attributes:
        settings: The limits.
        engine: What answers; closed in the end.
        held: Bytes of bodies.
    """

    def __init__(
        self, settings: Settings, engine: Engine, ready: Callable[[], object] | None
    ) -> None:
        self.settings, self.engine, self._ready = settings, engine, ready
        self.held = Held(max(settings.max_buffered, settings.max_bytes))

    @asynccontextmanager
    async def life(self, app: FastAPI) -> AsyncIterator[None]:
        """From the first request to the last, which is finished."""
        if self._ready:
            self._ready()
        yield
        await asyncio.to_thread(self.engine.close)

    async def files(self, request: Request, name: str | None) -> tuple[list[File], int]:
        """What was sent, and how many bytes; raises what ``photographs`` does."""
        if self.engine.full:  # known before a byte was read
            raise Busy("too many requests wait already; try again")
        found = await photographs(request.receive, request.headers, name, self.settings, self.held)
        request.state.files = len(found[0])
        return found

    async def finished(self, request: Request, future: "Future[Done]") -> Done:
        """What comes out of the engine; what waits in it for a client who left is dropped.

        Raises:
            TooLong: Nothing, in time.
            GoneError: The client left.
        """
        prometheus.QUEUE.set(self.engine.waiting)
        loop, news = asyncio.get_running_loop(), asyncio.Event()
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(news.set))
        left = asyncio.ensure_future(request.receive())  # after the body: only that
        left.add_done_callback(lambda _: news.set())
        timer = loop.call_later(self.settings.seconds, news.set)
        try:
            await news.wait()
            if future.done():
                return future.result()
            if left.done():
                raise GoneError
            raise TooLong(f"not done within {self.settings.seconds:g} seconds")
        finally:
            timer.cancel()
            left.cancel()
            future.cancel()  # so that it has left the queue when that is counted
            prometheus.QUEUE.set(self.engine.waiting)
