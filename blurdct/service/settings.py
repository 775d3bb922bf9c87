"""What a service is told: models, limits, who may ask; by options or by the environment."""

import dataclasses
import math
import os
import re
from collections.abc import Mapping
from typing import Any

from ..errors import ConfigError
from ..inference.bundle import BEST, DEFAULT

PREFIX = "BLURDCT_"  # of environment variables
COUNTS = "PROMETHEUS_MULTIPROC_DIR"  # the one that names the folder where processes count together
PLACE = "BLURDCT_PLACE"  # the one with a process' number among them; who replaces it gets it, too
MIB = 1 << 20
SHORTEST = 8  # characters of a token


@dataclasses.dataclass(frozen=True)
class Settings:
    """Of one service; the limits hold in each of its processes.

    Attributes:
        model: Judges where none is asked for: a shipped name or a bundle's folder.
        map_model: Draws maps where none is asked for.
        models: May be asked for beside these two; all that are shipped if empty.
        queue: Requests that may wait for a thread; more are refused.
        threads: That judge photographs.
        max_bytes: Of a request's body.
        max_buffered: Bytes of all bodies that a process holds at the same time; of one, at least.
        max_pixels: Of a photo.
        max_files: Of a request.
        seconds: That a request may wait and be worked on, and that its body may pause.
        upload_seconds: In which the whole body must arrive.
        token: Whoever asks must know it; None lets everybody ask.
        origins: Other sites whose pages may ask, as browsers name them; ``*`` for all.
    """

    model: str = DEFAULT
    map_model: str = BEST
    models: tuple[str, ...] = ()
    queue: int = 64
    threads: int = 1
    max_bytes: int = 32 * MIB
    max_buffered: int = 256 * MIB
    max_pixels: int = 100_000_000
    max_files: int = 64
    seconds: float = 20.0
    upload_seconds: float = 120.0
    token: str | None = dataclasses.field(default=None, repr=False)
    origins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("threads", "max_bytes", "max_buffered", "max_pixels", "max_files"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}: expected at least 1, got {getattr(self, name)}")
        if self.queue < 0:
            raise ConfigError(f"queue: expected at least 0, got {self.queue}")
        for name in ("seconds", "upload_seconds"):
            seconds = getattr(self, name)
            if not (math.isfinite(seconds) and seconds > 0):
                raise ConfigError(f"{name}: expected a time over 0, got {seconds}")
        for origin in self.origins:
            if origin != "*" and not re.fullmatch(r"https?://[^\s/?#]+", origin):
                raise ConfigError(f"origins: expected http(s)://HOST[:PORT] or *, got {origin!r}")
        if self.token is not None:
            visible = self.token.isascii() and self.token.isprintable() and " " not in self.token
            if len(self.token) < SHORTEST or not visible:  # as a header can carry it
                raise ConfigError(f"token: expected {SHORTEST} or more letters, digits and signs")


def from_environment(environment: Mapping[str, str] | None = None, **given: object) -> Settings:
    """Settings from variables such as ``BLURDCT_MAX_BYTES``; what is given and not None wins.

    Lists are separated by commas; an empty variable counts as none.

    Raises:
        ConfigError: A value of the wrong type or range; the message names it.
    """
    environment = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    for field in dataclasses.fields(Settings):
        text = environment.get(PREFIX + field.name.upper(), "").strip()
        if given.get(field.name) is not None:
            values[field.name] = given[field.name]
        elif text:
            values[field.name] = _parsed(field.name, field.default, text)
    return Settings(**values)


def _parsed(name: str, default: object, text: str) -> object:
    if isinstance(default, tuple):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if isinstance(default, (int, float)):
        try:
            return type(default)(text)
        except ValueError:
            kind = "a whole number" if isinstance(default, int) else "a number"
            raise ConfigError(f"{PREFIX}{name.upper()}: expected {kind}, got {text!r}") from None
    return text
