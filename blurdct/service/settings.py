"""What a service is told: models, limits, who may ask; by options or by the environment."""

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from ..config import ReadConfig
from ..errors import ConfigError
from ..inference.thresholds import check_threshold

PREFIX = "BLURDCT_"  # of environment variables
COUNTS = "PROMETHEUS_MULTIPROC_DIR"  # the one that names the folder where processes count together
PLACE = "BLURDCT_PLACE"  # the one with a process' number among them; who replaces it gets it, too
MIB = 1 << 20
SHORTEST = 8  # characters of a token
MOST_FPR = 0.5  # share of sharp photographs; who would lose more of them means something else


def _parts(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _checked_origins(origins: tuple[str, ...]) -> tuple[str, ...]:
    for origin in origins:
        if origin != "*" and not re.fullmatch(r"https?://[^\s/?#]+", origin):
            raise ValueError(f"expected http(s)://HOST[:PORT] or *, got {origin!r}")
    return origins


def _checked_token(token: str | None) -> str | None:
    if token is not None:
        visible = token.isascii() and token.isprintable() and " " not in token
        if len(token) < SHORTEST or not visible:  # as a header can carry it
            raise ValueError(f"expected {SHORTEST} or more letters, digits and signs")
    return token


def _checked_threshold(p: float | None) -> float | None:
    try:
        check_threshold(p)
    except ConfigError as error:  # the setting is named by whoever asks
        raise ValueError(str(error).removeprefix("threshold: ")) from None
    return p


def _checked_share(share: float | None) -> float | None:
    if share is not None and not 0 <= share <= MOST_FPR:
        hint = f"; did you mean {share / 100:g}?" if 1 <= share <= 100 * MOST_FPR else ""
        raise ValueError(f"expected a share from 0 to {MOST_FPR:g}, got {share:g}{hint}")
    return share


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_parts)]
Origins = Annotated[Names, AfterValidator(_checked_origins)]
Token = Annotated[str | None, AfterValidator(_checked_token)]
Count = Annotated[int, Field(ge=1)]
P = Annotated[float | None, AfterValidator(_checked_threshold)]
Share = Annotated[float | None, AfterValidator(_checked_share)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]

EITHER = ("threshold", "max_fpr")  # settings of which one may be given

# What a person calls the types of settings; what is none of these is a text.
KINDS: dict[Any, str] = {
    int: "whole number",
    float: "number",
    float | None: "number",
    tuple[str, ...]: "list",
}


class Settings(BaseSettings):
    """Of one service; the limits hold in each of its processes.

    What is given wins over a variable such as ``BLURDCT_MAX_BYTES``, that over the default. An
    empty variable counts as none, and so does what is given as None.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True)

    model: str = Field(
        "best", description="Judges where none is asked for: a shipped name or a bundle's folder."
    )
    map_model: str | None = Field(
        None,
        description="Draws maps where none is asked for; if left out, the one that judges if it "
        "can, else best.",
    )
    models: Names = Field(
        (), description="May be asked for beside these two; all that are shipped if empty."
    )
    threshold: P = Field(
        None,
        description="P from which on a photo is blurred, 0..1, instead of that of each model, 0.5.",
    )
    max_fpr: Share = Field(
        None,
        description="Instead of a threshold: the share of sharp photographs that may be called "
        "blurred; 0.01 for one in a hundred.",
    )
    queue: int = Field(
        64, ge=0, description="Requests that may wait for a thread; more are refused."
    )
    threads: Count = Field(1, description="That judge photographs, in each process.")
    max_bytes: Count = Field(32 * MIB, description="Of a request's body.")
    max_buffered: Count = Field(
        256 * MIB,
        description="Bytes of all bodies that a process holds at the same time; of one, at least.",
    )
    max_pixels: Count = Field(ReadConfig.max_pixels, description="Of a photo.")
    max_files: Count = Field(64, description="Photographs of a request.")
    seconds: Seconds = Field(
        20.0,
        description="That a request may wait and be worked on, and that its body may pause.",
    )
    upload_seconds: Seconds = Field(
        120.0, description="In which the whole body of a request must arrive."
    )
    token: Token = Field(
        None,
        repr=False,
        description="Whoever asks by HTTP must know it; if there is none, everybody may ask.",
    )
    origins: Origins = Field(
        (), description="Other sites whose pages may ask, as browsers name them; * for all."
    )

    def __init__(self, **given: Any) -> None:
        """Read them.

        Raises:
            ConfigError: A value of the wrong type or range; the message names the setting, or the
                variable that it came from, and what was expected.
        """
        given = {name: value for name, value in given.items() if value is not None}
        for one, other in (EITHER, EITHER[::-1]):
            if one in given:
                given.setdefault(other, None)  # what is given wins over the other's variable, too
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise ConfigError(_sentence(error, given)) from None  # its own message has many lines
        if self.threshold is not None and self.max_fpr is not None:
            names = [name if name in given else PREFIX + name.upper() for name in EITHER]
            raise ConfigError(f"{' and '.join(names)}: one or the other")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given, then variables; no files."""
        return init_settings, _Variables(settings_cls)


class _Variables(EnvSettingsSource):
    """The environment; white space around a value is no part of it: secrets end in a line feed."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        value, key, is_complex = super().get_field_value(field, field_name)
        return (value and value.strip()) or None, key, is_complex


def _sentence(error: ValidationError, given: dict[str, Any]) -> str:
    """The first thing that is wrong, in a line; nothing of a token."""
    first = error.errors(include_url=False)[0]
    name, kind, context = str(first["loc"][0]), first["type"], first.get("ctx", {})
    if kind == "value_error":
        expected = str(context["error"])
    elif kind == "greater_than_equal":
        expected = f"expected at least {context['ge']}, got {first['input']}"
    elif kind in ("greater_than", "finite_number"):
        expected = f"expected a time over 0, got {first['input']}"
    elif kind.startswith(("int_", "float_")):
        number = "a whole number" if kind.startswith("int_") else "a number"
        expected = f"expected {number}, got {first['input']!r}"
    elif kind in ("string_type", "tuple_type"):
        expected = "expected a text" if kind == "string_type" else "expected a list of texts"
    elif kind == "extra_forbidden":
        expected = f"no such setting; known: {', '.join(Settings.model_fields)}"
    else:
        expected = str(first["msg"])
    return f"{name if name in given else PREFIX + name.upper()}: {expected}"


@dataclass(frozen=True)
class Setting:
    """What a person is to know of a setting.

    Attributes:
        variable: The one of the environment.
        kind: ``text``, ``whole number``, ``number`` or ``list``.
        default: As the variable would say it, a list with commas; empty if there is none.
        description: A sentence.
    """

    variable: str
    kind: str
    default: str
    description: str


def describe() -> list[Setting]:
    """All settings, in the order of the class; for a page of reference."""
    return [
        Setting(
            PREFIX + name.upper(),
            KINDS.get(field.annotation, "text"),
            _written(field.default),
            str(field.description),
        )
        for name, field in Settings.model_fields.items()
    ]


def _written(default: object) -> str:
    if isinstance(default, tuple):
        return ",".join(default)
    return "" if default is None else str(default).removesuffix(".0")
