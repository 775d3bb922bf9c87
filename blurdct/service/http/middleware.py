"""What every request goes through: its id, the token, headers, a line of log, counts.

Plain ASGI, https://asgi.readthedocs.io/en/latest/specs/www.html.
"""

import hmac
import logging
import random
import re
import time
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse

from .. import prometheus
from ..logs import LOGGER

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LEFT = 499  # stands in the log where the client did not wait for an answer
STATIC = "/static/"

SECURITY = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "content-security-policy": "default-src 'self'; img-src 'self' blob: data:; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}
_ID = re.compile(r"[!-~]{1,64}")

log = logging.getLogger(LOGGER)


class RequestLog:
    """Logs and counts every request, and puts id and headers on every answer."""

    def __init__(self, app: App, paths: Collection[str]) -> None:
        """Get ready.

        Args:
            app: What answers.
            paths: That are counted by themselves, as anybody may make up others.
        """
        self._app, self._paths = app, paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status, received = time.perf_counter(), LEFT, 0
        path = scope["path"]
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _ID.fullmatch(given) else f"{random.getrandbits(64):016x}"
        state = scope.setdefault("state", {})
        state["files"] = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            return message

        async def labelled(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = request_id
                for name, value in SECURITY.items():
                    headers.setdefault(name, value)
                headers.setdefault(
                    "cache-control", "no-cache" if path.startswith(STATIC) else "no-store"
                )
            await send(message)

        prometheus.ACTIVE.inc()
        try:
            await self._app(scope, counted, labelled)
        finally:
            seconds = time.perf_counter() - started
            prometheus.ACTIVE.dec()
            known = path if path in self._paths else STATIC if path.startswith(STATIC) else "other"
            _count(known, status, seconds, received)
            fields = {
                "id": request_id,
                "method": scope["method"],
                "path": path[:200],
                "status": status,
                "seconds": round(seconds, 5),
                "bytes": received,
                "files": state["files"],
                "client": (scope.get("client") or ("",))[0],
            }
            log.info("", extra={"fields": fields})


class Guard:
    """Lets nobody to verdicts and counts who does not know the token."""

    def __init__(self, app: App, token: str | None) -> None:
        self._app = app
        self._wanted = f"Bearer {token}".encode() if token else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._wanted and scope["type"] == "http" and _guarded(scope["path"]):
            given = Headers(scope=scope).get("authorization", "")
            scheme, _, token = given.partition(" ")
            said = f"{scheme.title()} {token.strip()}".encode()
            if not hmac.compare_digest(said, self._wanted):
                problem = {"detail": "a token is needed: Authorization: Bearer ..."}
                refusal = JSONResponse(problem, 401, {"www-authenticate": "Bearer"})
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _guarded(path: str) -> bool:
    return path.startswith("/v1/") or path == "/metrics"


def _count(path: str, status: int, seconds: float, received: int) -> None:
    prometheus.REQUESTS.labels(path, str(status)).inc()
    if status >= 400:
        prometheus.ERRORS.labels(path, str(status)).inc()
    prometheus.SECONDS.labels(path).observe(seconds)
    prometheus.BYTES.inc(received)
