"""HTTP: ``POST /v1/predict`` and its siblings; parse, ask the engine, answer."""

import json
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, Response
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from ..._version import __version__
from ...errors import ConfigError, ImageError, ModelError
from ...inference import heatmap
from ...utils.text import visible
from .. import prometheus
from ..engine import Busy, Engine, TooLong
from ..settings import Settings
from . import schema
from .middleware import LEFT, App, Guard, Receive, RequestLog, Scope, Send
from .requests import Service
from .uploads import BodyError, GoneError

Endpoint = Callable[..., Awaitable[Response]]

PAGE = Path(__file__).parent / "page"
RETRY = {"retry-after": "1"}  # seconds
STATUS = {Busy: 503, TooLong: 504, ConfigError: 400, ModelError: 400, ImageError: 422}
EXPECTED = {"float_parsing": "expected a number", "literal_error": "expected {expected}"}
EXPOSED = ("X-Request-Id", "Retry-After", *schema.PNG[200]["headers"])

Model = Annotated[
    str | None, Query(description="Out of /v1/models, or best, or fast", examples=["fast"])
]
MapModel = Annotated[
    str | None, Query(description="One with has_map in /v1/models, or best", examples=["best"])
]
Threshold = Annotated[
    float | None,
    Query(description="From this P(blurred) on, 0 to 1, a photo is blurred", examples=[0.8]),
]
Name = Annotated[
    str | None, Query(description="Of a photo that is no part of a form", examples=["a.jpg"])
]
Style = Annotated[
    Literal["page", "overlay"],
    Query(
        description="page: over the photo, with a scale; overlay: a pixel for each cell",
        examples=["overlay"],
    ),
]


def create(
    settings: Settings, engine: Engine | None = None, ready: Callable[[], object] | None = None
) -> RequestLog:
    """The service as an ASGI application.

    Args:
        settings: Limits, token and origins.
        engine: What answers, made with the same settings; a new one if left out. It is closed
            when the application ends.
        ready: Called when it starts.
    """
    service = Service(settings, engine or Engine(settings), ready)
    app = FastAPI(
        title="blurdct",
        version=__version__,
        description="Tells blurred photographs from sharp ones.",
        lifespan=service.life,
        docs_url=None,  # its page would come from another host
        redoc_url=None,
        redirect_slashes=False,  # to http, whatever stands in front of it
    )
    _add_errors(app)
    predict = _add_verdicts(app, service)
    _add_state(app, service)
    guarded: Any = Guard(_quick(app, predict), settings.token)
    if settings.origins:
        guarded = CORSMiddleware(
            guarded,
            allow_origins=settings.origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "X-Request-Id"],
            expose_headers=EXPOSED,
        )
    paths = frozenset(route.path for route in app.routes if isinstance(route, Route))
    return RequestLog(guarded, paths)


def _quick(app: FastAPI, predict: Endpoint) -> App:
    """The application; photographs that come without parameters, as most do, pass FastAPI by.

    For speed alone: it would look for parameters and check them all the same, in the one thread in
    which a process reads all of its connections. What is answered, errors too, is the same.
    """
    route = Route("/v1/predict", predict, methods=["POST"])
    plain = Starlette(routes=[route], exception_handlers=app.exception_handlers)

    async def choose(scope: Scope, receive: Receive, send: Send) -> None:
        bare = scope["type"] == "http" and scope["method"] == "POST" and not scope["query_string"]
        chosen = plain if bare and scope["path"] == route.path else app
        await chosen(scope, receive, send)

    return choose


def _add_verdicts(app: FastAPI, service: Service) -> Endpoint:
    """Add the roads to verdicts and maps; ``predict`` comes back."""
    guarded = schema.guarded(service.settings.token)
    problems = schema.problems(400, 401, 408, 413, 503, 504)
    unread = {"model": schema.Results, "description": "No file could be read"}

    @app.post(
        "/v1/predict",
        response_model=schema.Results,
        dependencies=[*guarded, Depends(_only_known)],
        responses={**problems, 422: unread},
        openapi_extra=schema.MANY_FILES,
        operation_id="predict",
    )
    async def predict(
        request: Request, model: Model = None, threshold: Threshold = None, name: Name = None
    ) -> Response:
        """Judge one or many photographs."""
        files, size = await service.files(request, name)
        try:
            future = service.engine.predict_many(files, model, threshold)
            del files  # the engine has them
            results = await service.finished(request, future)
        finally:
            service.held.bytes -= size
        for result in results:
            prometheus.PHOTOS.labels(result["label"] or "unreadable").inc()
        content = {"model": results[0]["model"], "results": results, "detail": ""}
        if any(not result["error"] for result in results):
            return _json(content)
        first = f"{visible(results[0]['name'])}: {visible(results[0]['error'])}"
        more = f" (and {len(results) - 1} more)" if len(results) > 1 else ""
        return _json({**content, "detail": first + more}, 422)

    @app.post(
        "/v1/map",
        response_class=Response,
        dependencies=[*guarded, Depends(_only_known)],
        responses={**problems, **schema.problems(422), **schema.PNG},
        openapi_extra=schema.ONE_FILE,
        operation_id="map",
    )
    async def draw(
        request: Request,
        model: MapModel = None,
        threshold: Threshold = None,
        style: Style = "page",
        name: Name = None,
    ) -> Response:
        """Draw where a photo is blurred."""
        files, size = await service.files(request, name)
        try:
            if len(files) > 1:
                raise BodyError(400, f"a map is of one photo, not of {len(files)}")
            title, data = files[0]
            then = partial(heatmap.drawn_png, data, service.settings.max_pixels)
            if style == "overlay":
                then = lambda _, places: heatmap.overlay_png(places)  # type: ignore  # noqa: E731
            future = service.engine.map_then(data, title, model, then, threshold)
            del files, data, then
            verdict, png = await service.finished(request, future)
            prometheus.PHOTOS.labels(verdict["label"]).inc()
        finally:
            service.held.bytes -= size
        headers = {  # a model of one's own may be called anything
            name: quote(_header(verdict[name.removeprefix("X-Blurdct-").lower().replace("-", "_")]))
            for name in schema.PNG[200]["headers"]
        }
        return Response(png, media_type="image/png", headers=headers)

    @app.get(
        "/v1/models",
        response_model=schema.Models,
        dependencies=guarded,
        responses=schema.problems(401),
        operation_id="models",
    )
    async def models() -> Response:
        """List the models that may be asked for."""
        engine = service.engine
        chosen = {"default": engine.models[0], "map": engine.map_model}
        return _json({**chosen, "models": engine.facts()})

    return predict


def _add_state(app: FastAPI, service: Service) -> None:
    @app.head("/healthz", include_in_schema=False)
    @app.get("/healthz", response_model=schema.Status, operation_id="health")
    async def health() -> Response:
        """Whether the process lives."""
        return _json({"status": "ok"})

    @app.head("/readyz", include_in_schema=False)
    @app.get(
        "/readyz",
        response_model=schema.Status,
        responses=schema.problems(503),
        operation_id="ready",
    )
    async def ready() -> Response:
        """Whether it takes the next request."""
        if service.engine.full:
            raise Busy("too many requests wait already")
        return _json({"status": "ready"})

    @app.get(
        "/metrics",
        response_class=Response,
        dependencies=schema.guarded(service.settings.token),
        responses={
            200: {"content": {"text/plain": {}}, "description": "Prometheus' text format"},
            **schema.problems(401),
        },
        operation_id="metrics",
    )
    def numbers() -> Response:
        """Requests, errors, seconds and queue."""
        return Response(prometheus.exposition(), media_type=prometheus.TYPE)

    async def page(request: Request) -> Response:
        if not (PAGE / "index.html").is_file():
            raise HTTPException(404)
        return FileResponse(PAGE / "index.html")

    app.add_route("/", page, ["GET"], include_in_schema=False)
    app.mount("/static", StaticFiles(directory=PAGE, check_dir=False))


def _add_errors(app: FastAPI) -> None:
    """Have each kind of error answered in JSON."""

    async def ours(request: Request, error: Exception) -> Response:
        status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
        return _json({"detail": visible(str(error))}, status, RETRY if status == 503 else None)

    async def refused(request: Request, error: Any) -> Response:
        closing = {"connection": "close"} if error.status == 408 else None
        return _json({"detail": visible(error.detail)}, error.status, closing)

    async def wrong(request: Request, error: Any) -> Response:
        first = error.errors()[0]
        expected = EXPECTED.get(first["type"], first["msg"]).format(**first.get("ctx", {}))
        words = f"{first['loc'][-1]}: {expected}, got {first['input']!r:.100}"
        return _json({"detail": visible(words)}, 400)

    async def gone(request: Request, error: Exception) -> Response:
        return Response(status_code=LEFT)  # into the log; nobody else gets it

    async def broken(request: Request, error: Exception) -> Response:
        return _json({"detail": "this should not have happened; the log says more"}, 500)

    for kind in STATUS:
        app.add_exception_handler(kind, ours)
    app.add_exception_handler(BodyError, refused)
    app.add_exception_handler(RequestValidationError, wrong)
    app.add_exception_handler(GoneError, gone)
    app.add_exception_handler(Exception, broken)


async def _only_known(request: Request) -> None:
    """Refuse parameters that a route does not have: to go on without would be a wrong answer.

    Raises:
        ConfigError: There is one.
    """
    known = [one.alias for one in request.scope["route"].dependant.query_params]
    for name in request.query_params:
        if name not in known:
            raise ConfigError(f"unknown parameter {name!r:.100}; known: {', '.join(known)}")


def _header(value: Any) -> str:
    """A value as a header says it; what is not known is empty."""
    return "" if value is None else json.dumps(value) if isinstance(value, bool) else str(value)


def _json(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """As ASCII: names of files may hold what UTF-8 cannot."""
    return Response(json.dumps(content), status, headers, "application/json")
