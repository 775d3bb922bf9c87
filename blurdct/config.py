"""Frozen dataclasses of every setting; TOML in, dict out; unknown keys refused."""

import dataclasses
from os import PathLike
from typing import Any, TypeVar

from .errors import ConfigError


@dataclasses.dataclass(frozen=True)
class ReadConfig:
    """How a photo is read.

    Attributes:
        size: Working size: the long side a larger photo is reduced to, pixels.
        max_pixels: A photo of more pixels than this is refused before it is decoded. What a decoder
            of another process may take of memory follows from it.
        seconds: That a decoder of another process may take for a photo; see ``images.guard``.
    """

    size: int = 512
    max_pixels: int = 200_000_000
    seconds: float = 60.0

    def __post_init__(self) -> None:
        if self.size < 16:
            raise ConfigError(f"size: expected at least 16 pixels, got {self.size}")
        if self.max_pixels < 1:
            raise ConfigError(f"max_pixels: expected at least 1, got {self.max_pixels}")
        if not 0 < self.seconds < 1e6:
            raise ConfigError(f"seconds: expected over 0 and below 1e6, got {self.seconds:g}")


@dataclasses.dataclass(frozen=True)
class SynthConfig:
    """How blurred copies are made of sharp photographs.

    Attributes:
        recipe: ``everyday``, ``realistic`` or ``seed``; see ``datasets.recipes``.
        sharp_copies: Copies of each photo that go through everything but the blur.
        blurred_copies: Blurred copies of each photo.
        varied_copies: Copies of each labelled photo, sharp or blurred, changed in ways that do not
            blur; see ``datasets.perturbations.vary``.
        lights_copies: Copies of each sharp photo with bright lights, the first one sharp, the
            others blurred; see ``datasets.recipes.lights``.
        pages: Pages drawn from chance that copies are made of like of sharp photographs; see
            ``datasets.everyday.pages``.
        test_share: Share of the groups whose photographs are marked ``test``.
        seed: Same seed, same photographs, same copies.
    """

    recipe: str = "realistic"
    sharp_copies: int = 1
    blurred_copies: int = 2
    varied_copies: int = 0
    lights_copies: int = 0
    pages: int = 0
    test_share: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        counts = {name: value for name, value in vars(self).items() if name.endswith("_copies")}
        counts["pages"] = self.pages
        if min(counts.values()) < 0:
            least = min(counts, key=lambda name: counts[name])
            raise ConfigError(f"{least}: expected 0 or more, got {counts[least]}")
        if not 0 <= self.test_share < 1:
            raise ConfigError(
                f"test_share: expected a share from 0 to below 1, got {self.test_share}"
            )


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """How a model is trained and judged.

    Attributes:
        folds: Of the grouped cross-validation.
        shuffles: Cross-validations with other folds, whose figures are averaged.
        copy_weight: What all synthetic copies count beside real photographs, row for row, when
            there are real photographs of both labels.
        max_fpr: Share of sharp photographs that may be called blurred and sure.
        max_fnr: Share of blurred photographs that may be called sharp and sure.
        seed: Of the first shuffle; the others count on from it.
    """

    folds: int = 5
    shuffles: int = 3
    copy_weight: float = 0.05
    max_fpr: float = 0.01
    max_fnr: float = 0.01
    seed: int = 0

    def __post_init__(self) -> None:
        if self.folds < 2 or self.shuffles < 1:
            got = f"{self.folds} and {self.shuffles}"
            raise ConfigError(f"folds, shuffles: expected 2 or more and 1 or more, got {got}")
        if self.copy_weight <= 0:
            raise ConfigError(f"copy_weight: expected over 0, got {self.copy_weight}")
        if not (0 <= self.max_fpr < 1 and 0 <= self.max_fnr < 1):
            got = f"{self.max_fpr} and {self.max_fnr}"
            raise ConfigError(f"max_fpr and max_fnr: expected shares from 0 to below 1, got {got}")


Config = TypeVar("Config")


KINDS = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}


def from_dict(kind: type[Config], values: dict[str, Any]) -> Config:
    """Settings of one kind out of a plain dict.

    Raises:
        ConfigError: A key the settings do not have, or a value of the wrong type or range.
    """
    if not isinstance(values, dict):
        raise ConfigError(f"{kind.__name__}: expected a table of settings, got {values!r}")
    fields = {field.name: field.type for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(values) - set(fields))
    if unknown:
        raise ConfigError(
            f"{kind.__name__}: unknown {', '.join(unknown)}; known: {', '.join(fields)}"
        )
    for name, value in values.items():
        wanted = fields[name]
        number = wanted is float and type(value) is int
        if isinstance(wanted, type) and type(value) is not wanted and not number:
            raise ConfigError(
                f"{name}: expected {KINDS.get(wanted, wanted.__name__)}, got {value!r}"
            )
    return kind(**values)


def load_toml(path: str | PathLike[str]) -> dict[str, Any]:
    """The tables of a TOML file.

    Raises:
        ConfigError: The file is missing or is not TOML (which is UTF-8).
    """
    import tomllib  # which commands that read no settings do without

    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        refused = "no such file" if missing else f"cannot be read ({error.strerror})"
        raise ConfigError(f"{path}: {refused}") from error
    except ValueError as error:  # not even UTF-8, or the place is in the message
        why = "not UTF-8" if isinstance(error, UnicodeError) else error
        raise ConfigError(f"{path}: no TOML: {why}") from error
