"""``blur.thrift`` answered, by several processes."""

import asyncio
import functools
import json
import logging
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from thriftpy2.thrift import TApplicationException

from ..._version import __version__
from ...errors import BlurdctError, ImageError
from ..engine import Busy, Engine, TooLong
from ..logs import LOGGER
from ..settings import Settings
from ..sockets import listen
from ..supervisor import keep_running
from .idl import IDL, PORT, SERVICE
from .protocol import Call, arguments, reply
from .server import Server

GRACE = 5.0  # seconds more than a call may take, until a process that is to end is killed
PHOTO = "photo"  # what the engine is told a photo is called

# Which declared exception says what the engine raised; anything else is wrong use.
DECLARED = {ImageError: IDL.BadPicture, Busy: IDL.Busy, TooLong: IDL.TooLong}


class Handler:
    """The methods of ``BlurDetector``, by their names and arguments there."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def reco(self, imgstr: bytes | None) -> str:
        """P(blurred) as old clients read it; a bad photo is status 0."""
        p = float(self.engine.predict(imgstr or b"", PHOTO)["probability"])
        return _old(1, "success", {"pred": int(p > 0.5), "score": p})

    def predict(self, photo: bytes | None, model: str | None) -> Any:
        """The verdict on a photo."""
        answer = self.engine.predict(photo or b"", PHOTO, model or None)
        return IDL.Prediction(**{key: value for key, value in answer.items() if key != "name"})

    def models(self) -> list[Any]:
        """What is known of each model."""
        return [IDL.Model(**facts) for facts in self.engine.facts()]

    def ping(self) -> str:
        """Who answers."""
        return f"blurdct {__version__}"

    def answer(self, call: Call) -> tuple[bytes, str]:
        """The message that answers a call, and a word for the log; raises nothing."""
        if call.method not in SERVICE.thrift_services:
            kind, words = TApplicationException.UNKNOWN_METHOD, "no such method"
            return reply(call, TApplicationException(kind, words)), "unknown"
        result, status = getattr(SERVICE, f"{call.method}_result")(), "ok"
        try:
            known = arguments(call, getattr(SERVICE, f"{call.method}_args").thrift_spec)
            result.success = getattr(self, call.method)(**known)
        except BlurdctError as error:
            status = type(error).__name__
            _declare(call, result, error)
        except Exception:
            logging.getLogger(LOGGER).exception("a call failed")
            status = "internal error"
            result = TApplicationException(TApplicationException.INTERNAL_ERROR, "internal error")
        return reply(call, result), status


def _old(status: int, message: str, data: Any) -> str:
    return json.dumps({"status": status, "msg": message, "data": data})


def _declare(call: Call, result: Any, error: BlurdctError) -> None:
    """Put an error where a method's result has room for it."""
    message = str(error).removeprefix(f"{PHOTO}: ")
    if call.method == "reco":
        result.success = _old(0, message, "")
        return
    kind = next((DECLARED[known] for known in DECLARED if isinstance(error, known)), IDL.WrongUse)
    for _, name, declared, _ in (entry for key, entry in result.thrift_spec.items() if key):
        if declared is kind:
            setattr(result, name, kind(message))


def work(listener: socket.socket, settings: Settings, ready: Callable[[], object]) -> None:
    """One process of the service: load the models, say so, answer until SIGTERM."""
    engine = Engine(settings)
    engine.end_when_stuck()
    handler = Handler(engine)

    async def run() -> None:
        server = Server(handler.answer, settings)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, server.stopping.set)
        ready()
        await server.run(listener)

    asyncio.run(run())


def serve(
    settings: Settings,
    host: str,
    port: int = PORT,
    workers: int | None = None,
    ready: Callable[[str, int], object] | None = None,
) -> None:
    """Answer until SIGTERM or Ctrl-C; calls that have begun by then are answered.

    Its place is the main thread, for the signals.

    Args:
        settings: Models and limits. Its token does not count here: the protocol has none.
        host: Name or address to listen on.
        port: 0 for any that is free.
        workers: Processes; one per core if None. One that dies is replaced.
        ready: Called with address and port when all processes are there.

    Raises:
        ConfigError: It cannot listen there.
        BlurdctError: The models cannot be loaded.
    """
    with listen(host, port) as listener:
        address = listener.getsockname()[:2]

        def refuse() -> None:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # in all processes: it is one socket

        keep_running(
            functools.partial(work, listener, settings),
            workers,
            ready=functools.partial(ready, *address) if ready else None,
            ending=refuse,
            patience=settings.seconds + GRACE,
        )
