"""A socket that several processes listen at, and what comes in there, shared out among them."""

import asyncio
import errno
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator

from ..errors import ConfigError
from ..utils.text import reason

BACKLOG = 2048  # connections that the system holds until a process takes them
HESITATION = 0.001  # seconds before a process takes a connection, for each that it has
LONGEST = 0.004  # of them
RUSH = 16  # connections that a process has for each that it takes beside the first
SHORT = 0.1  # seconds until it tries again when it could not take one


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 is a free one.

    Raises:
        ConfigError: No such host, or the port is taken.
    """
    try:
        family, *_, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except (OSError, OverflowError, UnicodeError) as error:
        number = getattr(error, "errno", None) or 0
        why = os.strerror(number) if number in errno.errorcode else reason(error)
        why = "no such host" if isinstance(error, UnicodeError) else why
        raise ConfigError(f"cannot listen on {shown(host, port)} ({why})") from error


def shown(host: str, port: int) -> str:
    """Host and port as people write them, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def incoming(
    listener: socket.socket, count: Callable[[], int]
) -> AsyncIterator[tuple[socket.socket, str]]:
    """Connections as they come in, and the addresses of who opened them.

    All processes wake when one comes in. Left to themselves, the first would take whatever waits,
    and of a client's few connections, which it keeps, all might end in one process: so whoever has
    fewer is left to be faster.

    Args:
        listener: From ``listen``.
        count: How many connections this process has.
    """
    listener.setblocking(False)
    while True:
        await _readable(listener)
        await asyncio.sleep(min(HESITATION * count(), LONGEST))
        for _ in range(1 + count() // RUSH):
            try:
                connection, (client, *_) = listener.accept()
            except BlockingIOError:  # another process was faster
                break
            except OSError:  # gone again, or no descriptor is free
                await asyncio.sleep(SHORT)
                break
            yield connection, client


def waiting(listener: socket.socket) -> Iterator[socket.socket]:
    """Connections that the system has taken already; for a process that is about to stop."""
    listener.setblocking(False)
    while True:
        try:
            yield listener.accept()[0]
        except OSError:
            return


async def _readable(listener: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(listener, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(listener)
