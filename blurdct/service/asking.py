"""A request -> its photographs -> the engine -> what comes out; nothing here blocks the loop."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from fastapi import FastAPI, Request

from . import metrics
from .bodies import File, GoneError, Held, photographs
from .engine import Busy, Engine, TooLong
from .settings import Settings

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
        metrics.QUEUE.set(self.engine.waiting)
        work = asyncio.wrap_future(future)
        left = asyncio.ensure_future(request.receive())  # after the body: only that
        waited: set[Any] = {work, left}
        try:
            done, _ = await asyncio.wait(
                waited, timeout=self.settings.seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if work in done:
                return work.result()
            if left in done:
                raise GoneError
            raise TooLong(f"not done within {self.settings.seconds:g} seconds")
        finally:
            future.cancel()  # itself, so that it has left the queue when that is counted
            work.cancel()
            left.cancel()
            metrics.QUEUE.set(self.engine.waiting)
