"""Photographs -> a service that speaks ``blur.thrift``: what it answers, how good, how fast."""

import json
import socket
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from thriftpy2.rpc import make_client
from thriftpy2.thrift import TApplicationException, TException

from ...errors import BlurdctError, ImageError
from ...images.files import read_bytes
from ...utils.text import reason
from ..sockets import shown
from .idl import IDL, SERVICE

NOBODY = "nothing answers there; is 'blurdct serve --thrift' running?"
PERCENTILES = (50, 90, 99)


@dataclass(frozen=True)
class Judged:
    """One photo, as the service sees it.

    Attributes:
        path: Its path.
        blurred: Whether it truly is.
        called: Whether the service calls it blurred.
        seconds: From sending it to the answer.
    """

    path: str
    blurred: bool
    called: bool
    seconds: float


class Caller:
    """A connection to a service, made anew where it broke."""

    def __init__(self, host: str, port: int, typed: bool = False, seconds: float = 30.0) -> None:
        """Connect.

        Args:
            host: Name or address.
            port: Of the service.
            typed: Ask ``BlurDetector.predict``, not ``blur_detection.reco``.
            seconds: That an answer may take.

        Raises:
            BlurdctError: Nobody answers there.
        """
        self._place, self._typed, self._seconds = (host, port), typed, seconds
        self._client = self._connected()

    def __enter__(self) -> "Caller":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def __str__(self) -> str:
        return shown(*self._place)

    def judge(self, path: str, blurred: bool) -> Judged:
        """Have a photo judged; where the connection breaks, once more on a new one.

        Raises:
            ImageError: It cannot be read, here or there, or is not judged; the message names it.
            BlurdctError: The service is gone, or answers what nobody understands.
        """
        data, _ = read_bytes(path)
        try:
            return self._timed(path, data, blurred)
        except (TException, OSError) as error:
            self._client.close()
            self._client = self._connected()
            if isinstance(error, TimeoutError):
                raise ImageError(f"{path}: no answer in {self._seconds:g} seconds") from error
        try:
            return self._timed(path, data, blurred)
        except (TException, OSError) as error:
            self._client.close()
            self._client = self._connected()
            raise ImageError(f"{path}: the service breaks the connection") from error

    def _timed(self, path: str, data: bytes, blurred: bool) -> Judged:
        began = time.perf_counter()
        try:
            called = (self._predict if self._typed else self._reco)(data)
        except (IDL.BadPicture, IDL.Busy, IDL.TooLong, IDL.WrongUse) as error:
            raise ImageError(f"{path}: {error.message}") from error
        except ImageError as error:
            raise ImageError(f"{path}: {error}") from error
        except TApplicationException as error:
            raise BlurdctError(f"{self}: the service says: {error}") from error
        except (TException, OSError):
            raise
        except Exception as error:  # bytes of another protocol may raise anything
            raise BlurdctError(f"{self}: an answer that is not understood") from error
        return Judged(path, blurred, called, time.perf_counter() - began)

    def _reco(self, data: bytes) -> bool:
        answer = json.loads(self._client.reco(data))
        if answer["status"] != 1:
            raise ImageError(str(answer["msg"]))
        return bool(answer["data"]["pred"])

    def _predict(self, data: bytes) -> bool:
        return bool(self._client.predict(data, "").label == "blurred")

    def _connected(self) -> Any:
        host, port = self._place
        try:
            family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            return make_client(
                SERVICE,
                str(address[0]),
                port,
                timeout=round(1000 * self._seconds),
                socket_family=family,
            )
        except (TException, OSError, OverflowError, UnicodeError) as error:
            why = (
                NOBODY if isinstance(error, (TException, ConnectionRefusedError)) else reason(error)
            )
            why = "no such host" if isinstance(error, UnicodeError) else why
            raise BlurdctError(f"{self}: cannot connect ({why})") from error


def judge_all(caller: Caller, photos: Iterable[tuple[str, bool]]) -> Iterator[Judged | ImageError]:
    """One answer for each photo, in their order; an error where it was not judged.

    Args:
        caller: Connected.
        photos: Path, and whether the photo is blurred.

    Raises:
        BlurdctError: The service is gone, or answers what nobody understands.
    """
    for path, blurred in photos:
        try:
            yield caller.judge(path, blurred)
        except ImageError as error:
            yield error


def summary(answers: list[Judged]) -> dict[str, float]:
    """Shares 0..1, positive being blurred, and milliseconds; NaN of nothing.

    Returns:
        accuracy, precision, recall, f1; and p50, p90, p99: so many of a hundred photographs were
        answered in that time.
    """
    found = sum(one.blurred and one.called for one in answers)
    wrong = sum(one.called and not one.blurred for one in answers)
    missed = sum(one.blurred and not one.called for one in answers)
    right = len(answers) - wrong - missed
    times = [1000 * one.seconds for one in answers]
    return {
        "accuracy": _share(right, len(answers)),
        "precision": _share(found, found + wrong),
        "recall": _share(found, found + missed),
        "f1": _share(2 * found, 2 * found + wrong + missed),
        **{
            f"p{percent}": float(np.percentile(times, percent)) if times else float("nan")
            for percent in PERCENTILES
        },
    }


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
