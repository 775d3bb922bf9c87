"""``blurdct serve --http :8000``: verdicts over HTTP, with a page for people; or over Thrift."""

from collections.abc import Collection
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any

import typer

from ...errors import ConfigError, ModelError
from ...utils.installing import install_hint
from ...utils.text import reason
from ..checks import command
from ..options import AllowedFpr, EachCore, Threshold, address, note, one_threshold

HTTP = "127.0.0.1:8000"

Address = Annotated[
    str | None,
    typer.Option("--http", metavar="[HOST]:PORT", help=f"Where to listen; {HTTP} if left out."),
]


@command
def serve(
    http: Address = None,
    thrift: Annotated[
        str | None,
        typer.Option(metavar="[HOST]:PORT", help="Speak Thrift there, instead of HTTP."),
    ] = None,
    workers: EachCore = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME|FOLDER",
            help="The model that judges, best if left out; given again, one more that may be asked "
            "for. All that are shipped, if left out.",
        ),
    ] = None,
    map_model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FOLDER",
            help="The model that draws maps; the one that judges if it can, else best.",
        ),
    ] = None,
    threshold: Threshold = None,
    max_fpr: AllowedFpr = None,
    queue: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Requests of a process that may wait; 64."),
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option(min=0.1, metavar="SECONDS", help="That a request may take; 20."),
    ] = None,
    max_bytes: Annotated[
        int | None,
        typer.Option(min=1, metavar="BYTES", help="Refuse longer requests; 33554432."),
    ] = None,
    max_pixels: Annotated[
        int | None,
        typer.Option(min=1, metavar="PIXELS", help="Refuse photos of more; 200000000."),
    ] = None,
    max_files: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Refuse requests of more photos; 64."),
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Only who knows what is in it may ask, by HTTP."),
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(metavar="ORIGIN", help="Let pages of that site ask, too; repeatable."),
    ] = None,
) -> None:
    """Judge photographs that others send; over HTTP with a web page, or over Thrift.

    POST /v1/predict takes photos, / is a page to drop them on, /openapi.json
    tells the rest. A log of JSON lines goes to standard output.

    Without a host only this computer is served; 0.0.0.0:8000 serves all. What
    is left out may stand in the environment: BLURDCT_MODEL, BLURDCT_QUEUE,
    BLURDCT_SECONDS, BLURDCT_MAX_BYTES, BLURDCT_TOKEN and so on.

    \b
    Examples:
      blurdct serve --http :8000
      blurdct serve --http 0.0.0.0:8000 --token-file token.txt --workers 4
      blurdct serve --thrift :9099

    \b
    Exit status: 0 stopped by Ctrl-C or SIGTERM, 1 it could not start, 2 wrong use.
    """
    if http and thrift:
        raise ConfigError("--http and --thrift: one or the other; start two services for both")
    one_threshold(threshold, max_fpr)
    host, port = address(thrift or http or HTTP, "--thrift" if thrift else "--http")
    try:
        from ...service.settings import Settings

        token = None if token_file is None else _token(token_file)
        given: dict[str, Any] = {
            "model": model[0] if model else None,
            "models": model or None,
            "map_model": map_model,
            "threshold": threshold,
            "max_fpr": max_fpr,
            "queue": queue,
            "seconds": seconds,
            "max_bytes": max_bytes,
            "max_pixels": max_pixels,
            "max_files": max_files,
            "token": token,
            "origins": allow_origin or None,
        }
        try:
            settings = Settings(**given)
        except ConfigError as error:
            raise ConfigError(_of_option(str(error), given)) from error
        if thrift:
            if settings.token:
                raise ConfigError("a token guards HTTP alone: Thrift has no place for one")
            from ...service.thrift.server import serve
        else:
            from ...service.http.server import serve
        from ...service.sockets import listen, shown

        listener = listen(host, port)
        place, number, *_ = listener.getsockname()
        if not (thrift or settings.token or ip_address(place).is_loopback):
            note("whoever reaches this address may ask: no --token-file, no BLURDCT_TOKEN")
        where = ("" if thrift else "http://") + shown(place, number)
        serve(settings, listener, workers, lambda: note(f"listening on {where}"))
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library in ("blurdct", "cv2"):
            raise
        raise ModelError(f"serve needs {library}: {install_hint('serve')}") from error


def _of_option(words: str, settings: Collection[str]) -> str:
    """What is said of a setting, said of the option that it came from."""
    name, colon, why = words.partition(":")
    option = "allow-origin" if name == "origins" else name.replace("_", "-")
    return f"--{option}:{why}" if colon and name in settings else words


def _token(path: Path) -> str:
    from ...service.settings import Settings

    try:
        token = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError as error:
        raise ConfigError(f"--token-file {path}: no such file") from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"--token-file {path}: cannot be read ({reason(error)})") from error
    if not token:
        raise ConfigError(f"--token-file {path}: nothing in it")
    try:
        Settings(token=token)
    except ConfigError as error:
        if not str(error).startswith("token:"):
            raise
        why = str(error).removeprefix("token: ")
        raise ConfigError(f"--token-file {path}: {why}") from error
    return token
