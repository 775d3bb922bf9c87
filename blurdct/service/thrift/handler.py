"""The methods of ``blur.thrift``: a call -> the engine -> the message that answers it."""

import json
import logging
from typing import Any

from thriftpy2.thrift import TApplicationException

from ..._version import __version__
from ...errors import BlurdctError, ImageError
from ..engine import Busy, Engine, TooLong
from ..logs import LOGGER
from .idl import IDL, SERVICE
from .protocol import Call, arguments, reply

PHOTO = "photo"  # what the engine is told a photo is called

# Which declared exception says what the engine raised; anything else is wrong use.
DECLARED = {ImageError: IDL.BadPicture, Busy: IDL.Busy, TooLong: IDL.TooLong}


class Handler:
    """The methods of ``BlurDetector``, by their names and arguments there."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def reco(self, imgstr: bytes | None) -> str:
        """P(blurred) as old clients read it; a bad photo is status 0."""
        p = self.engine.probability(imgstr or b"", PHOTO)
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
