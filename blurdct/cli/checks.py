"""What commands check before hours are spent, and what they say about what they read."""

import functools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from ..errors import BlurdctError, ConfigError, ModelError
from ..utils.installing import install_hint

Command = TypeVar("Command", bound=Callable[..., None])
PACKAGE = __name__.partition(".")[0]


def command(function: Command) -> Command:
    """What may be missing or not be writable becomes one line."""

    @functools.wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> None:
        name = function.__name__
        try:
            function(*args, **kwargs)
        except ModuleNotFoundError as error:
            if (error.name or PACKAGE).partition(".")[0] in (PACKAGE, "cv2"):
                raise  # a bug of ours; or ``main`` has words for it
            hint = install_hint("train")
            raise ModelError(f"{name} needs more than the core install: {hint}") from error
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            raise BlurdctError(f"{place}{error.strerror or error}") from error

    return guarded  # type: ignore[return-value]


def check_out(out: Path, sheet: str | None = None) -> None:
    """Refuse at once what could not be written in the end, and what is something else.

    Args:
        out: A folder that is there or is to be made.
        sheet: The file by which a folder that may be replaced is known.
    """
    if out.exists() and not out.is_dir():
        raise ConfigError(f"{out}: exists and is not a folder")
    if sheet and out.is_dir() and any(out.iterdir()) and not (out / sheet).is_file():
        raise ConfigError(f"{out}: exists and is not a model; name a folder that is not there yet")
    place = next(folder for folder in (out, *out.absolute().parents) if folder.exists())
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        raise ConfigError(f"{out}: cannot be written ({error.strerror})") from error
