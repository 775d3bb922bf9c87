"""What commands check before hours are spent, and what they say about what they read."""

import functools
import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from ..errors import BlurdctError, ConfigError, ModelError
from ..utils.installing import install_hint
from ..utils.parts.folder import is_part_folder
from ..utils.text import of_system

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
            raise BlurdctError(of_system(error)) from error

    return guarded  # type: ignore[return-value]


def results_file(path: Path) -> Path:
    """The same; refused is what was to be scanned first, with the command that does it.

    Raises:
        ConfigError: A folder, a photo, an archive, a video, a URL.
    """
    from ..images.files import is_photo
    from ..scan.archives import is_archive
    from ..scan.remote import is_url
    from ..scan.skipping import is_clip

    name = str(path)
    url = name if path.exists() else name.replace(":/", "://", 1)  # which a path folds
    kinds = {
        "a URL": is_url(url),
        "a folder": path.is_dir() and not is_part_folder(path),
        "a video": is_clip(name),
        "an archive": is_archive(name),
        "a photo": is_photo(path.name),
    }
    if kind := next((kind for kind, fits in kinds.items() if fits), ""):
        what = shlex.quote(url)
        how = f"blurdct scan {what} --out results.csv"
        if kind == "a video":
            how = f"blurdct video {what} --out frames.csv"
        raise ConfigError(f"{url}: {kind}, and no results; they are made by: {how}")
    return path


def check_new(out: Path, force: bool, sheet: str = "") -> None:
    """Refuse to replace what is there, unless told; at once, not when hours are spent.

    Args:
        out: A file that is to be written; or a folder, which may be there if it is empty.
        force: Replace it.
        sheet: In a folder the file that would be replaced; left out, whatever is in it.
    """
    taken = os.path.lexists(out)
    if taken and out.is_dir():
        taken = os.path.lexists(out / sheet) if sheet else any(out.iterdir())
    if taken and not force:
        raise ConfigError(f"{out}: exists; --force replaces it")


def check_file(out: Path, force: bool) -> None:
    """``check_new`` for a file; refused is also one in a folder that is not there.

    Folders that are named as such are made. That of a file is not, as it may be a typing error, or
    a disk that is not there now.
    """
    check_new(out, force)
    if out.is_dir():
        raise ConfigError(f"{out}: a folder, not a file")
    if not out.parent.is_dir():
        raise ConfigError(f"{out}: no such folder as {out.parent}; make it first")


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
    import tempfile  # which most commands do without

    place = next(folder for folder in (out, *out.absolute().parents) if folder.exists())
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        raise ConfigError(f"{out}: cannot be written ({error.strerror})") from error
