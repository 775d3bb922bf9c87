"""Thrift's binary protocol: bytes off a socket -> a call, within limits; its answer -> bytes.

Ready-made readers trust what a message says about itself: they reserve the length that a string
claims, and walk through as many elements as a list claims, even of a type that takes no bytes.
Calls of this service hold strings and numbers alone, so this one reads no more than these.

Sources:
    Apache Thrift, doc/specs/thrift-binary-protocol.md and thrift-rpc.md, strict encoding.
"""

import asyncio
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from thriftpy2.protocol import TBinaryProtocol
from thriftpy2.thrift import TApplicationException, TMessageType, TType
from thriftpy2.transport import TMemoryBuffer

from ...errors import BlurdctError, ConfigError, ImageError
from ..engine import Busy

CHUNK = 1 << 18  # bytes asked of a socket at once
NAME = 1 << 10  # bytes of names, and of all that is not a photo, in a message
VERSION = b"\x80\x01"
CALLS = (TMessageType.CALL, TMessageType.ONEWAY)

# Bytes that a number takes.
NUMBERS = {
    TType.BOOL: 1,
    TType.BYTE: 1,
    TType.DOUBLE: 8,
    TType.I16: 2,
    TType.I32: 4,
    TType.I64: 8,
}


class WireError(Exception):
    """No call of this protocol, or over its limits; what follows on this connection is lost."""


@dataclass
class Intake:
    """Bytes of photographs that a process holds, from their arrival to the answer.

    Attributes:
        limit: Of one photo.
        most: Of all together.
        pause: Seconds until more must have come.
        held: Now.
    """

    limit: int
    most: int
    pause: float
    held: int = 0


@dataclass
class Call:
    """One call, read from a socket; a context that gives its bytes back to the intake.

    Attributes:
        method: Its name.
        number: By which a client finds the answer.
        kind: A member of ``CALLS``.
        strings: By number of the argument; instead of one that was too long, the error to raise.
        size: Bytes of the photo.
    """

    intake: Intake
    method: str = ""
    number: int = 0
    kind: int = TMessageType.CALL
    strings: dict[int, bytes | BlurdctError] = field(default_factory=dict)
    size: int = 0
    _kept: int = 0
    _left: int = NAME

    def __enter__(self) -> "Call":
        return self

    def __exit__(self, *_: object) -> None:
        self.intake.held -= self._kept

    async def receive(self, connection: socket.socket, first: bytes) -> None:
        """Read one call, whose first byte was read already.

        Raises:
            WireError: Garbage, or another protocol.
            OSError: The connection broke, or was closed midway.
        """
        head = first + await self._exactly(connection, 3)
        if head[:2] != VERSION or head[3] not in CALLS:
            raise WireError("expected a call in strict binary protocol")
        self.kind = head[3]
        (length,) = await self._numbers(connection, "!i")
        name = await self._exactly(connection, length)
        (self.number,) = await self._numbers(connection, "!i")
        try:
            self.method = name.decode()
        except UnicodeDecodeError as error:
            raise WireError("a method's name that is no text") from error
        while kind := (await self._exactly(connection, 1))[0]:
            (argument,) = await self._numbers(connection, "!h")
            if kind == TType.STRING:
                (length,) = await self._numbers(connection, "!i")
                self.strings[argument] = await self._string(connection, length)
            elif kind in NUMBERS:
                await self._exactly(connection, NUMBERS[kind])
            else:
                raise WireError(f"an argument of type {kind}")

    async def _numbers(self, connection: socket.socket, form: str) -> tuple[int, ...]:
        return struct.unpack(form, await self._exactly(connection, struct.calcsize(form)))

    async def _exactly(self, connection: socket.socket, count: int) -> bytes:
        """So many bytes of what is not a photo."""
        self._left -= count
        if count < 0 or self._left < 0:
            raise WireError("too long")
        data = b""
        while len(data) < count:
            data += await self._some(connection, count - len(data))
        return data

    async def _string(self, connection: socket.socket, length: int) -> bytes | BlurdctError:
        """A string that may be a photo; memory grows as it comes, and one too long is read off."""
        if length < 0:
            raise WireError("a string of negative length")
        limit = self.intake.limit
        self.size = max(self.size, length)
        problem: BlurdctError | None = None
        if length > limit or self._kept + length > limit + NAME:
            problem = ImageError(f"{length:,} bytes are over the limit of {limit:,}")
        data = bytearray()
        while length:
            some = await self._some(connection, min(length, CHUNK))
            length -= len(some)
            if problem is None and self.intake.held + len(some) > self.intake.most:
                problem = Busy("too many photographs are on their way; try again")
            if problem is None:
                self.intake.held += len(some)
                self._kept += len(some)
                data += some
            elif data:
                data.clear()
        return problem or bytes(data)

    async def _some(self, connection: socket.socket, most: int) -> bytes:
        async with asyncio.timeout(self.intake.pause):
            data = await asyncio.get_running_loop().sock_recv(connection, most)
        if not data:
            raise ConnectionResetError("closed in the middle of a call")
        return data


def arguments(call: Call, spec: Mapping[int, tuple[Any, ...]]) -> dict[str, Any]:
    """Those that a method knows, by name; None where the call lacks one.

    Args:
        call: As received.
        spec: thriftpy2's, of the method's arguments: all of them strings.

    Raises:
        BlurdctError: One of them was too long, or a text that is not UTF-8.
    """
    found: dict[str, Any] = {}
    for number, (kind, name, *_) in spec.items():
        value: Any = call.strings.get(number)
        if isinstance(value, BlurdctError):
            raise value
        if value is not None and kind == TType.STRING:
            try:
                value = value.decode()
            except UnicodeDecodeError as error:
                raise ConfigError(f"{name}: expected UTF-8") from error
        found[name] = value
    return found


def reply(call: Call, result: Any) -> bytes:
    """The message that carries a method's result, or an exception that none declares."""
    failed = isinstance(result, TApplicationException)
    buffer = TMemoryBuffer()
    protocol = TBinaryProtocol(buffer)
    kind = TMessageType.EXCEPTION if failed else TMessageType.REPLY
    protocol.write_message_begin(call.method, kind, call.number)
    protocol.write_struct(result)
    return buffer.getvalue()
