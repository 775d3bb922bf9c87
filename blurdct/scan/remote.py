"""URLs -> files and folders behind them, by fsspec: s3, gs, https, memory and whatever it knows."""

import re
from collections.abc import Hashable
from datetime import UTC, datetime
from typing import Any, BinaryIO, cast

from ..errors import ConfigError
from ..images.files import check_regular
from ..utils.installing import install_hint
from ..utils.text import reason
from .walk import Known, Listing

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
# When a file was last changed, as drivers call it.
_MODIFIED = ("mtime", "LastModified", "last_modified", "updated", "created")


def is_url(name: str) -> bool:
    """Whether a source lies elsewhere: ``s3://bucket/photos``."""
    return bool(_URL.match(name))


def filesystem(url: str) -> tuple[Any, str]:
    """fsspec's driver for a URL, and what the driver calls its path.

    Raises:
        ConfigError: fsspec, or the library that it needs for such a URL, is not installed; or no
            such kind of URL is known.
    """
    try:
        import fsspec
    except ImportError as error:
        raise ConfigError(f"{url}: URLs need fsspec: {install_hint('remote', error)}") from error
    try:
        return fsspec.url_to_fs(url)
    except ImportError as error:
        raise ConfigError(f"{url}: a library is missing: {reason(error)}") from error
    except Exception as error:  # of any driver
        raise ConfigError(f"{url}: cannot be reached ({reason(error)})") from error


def opened(place: str) -> BinaryIO:
    """A file, local or behind a URL, open to be read from any position.

    Raises:
        ImageError: A local one is no regular file.
    """
    if not is_url(place):
        check_regular(place, place)
        return open(place, "rb")
    driver, path = _file(place)
    return cast(BinaryIO, driver.open(path, "rb"))


def _file(url: str) -> tuple[Any, str]:
    driver, path = filesystem(url)
    if "file" in (driver.protocol if isinstance(driver.protocol, tuple) else (driver.protocol,)):
        check_regular(path, url)
    return driver, path


def read(url: str, limit: int) -> bytes:
    """At most ``limit`` bytes of a file; one request.

    Raises what the driver raises, and ``ImageError`` for what is no regular file of this computer.
    """
    driver, path = _file(url)
    return bytes(driver.cat_file(path, start=0, end=limit))


class RemoteTree:
    """The folders behind a URL; see ``scan.walk.Tree``."""

    def is_folder(self, url: str) -> bool:
        """Whether a URL is a folder's; of a web page that is known by the slash at its end alone.

        Raises:
            ConfigError: See ``filesystem``; or the driver cannot tell.
        """
        if url.startswith(("http://", "https://")):
            return url.endswith("/")
        driver, path = filesystem(url)
        try:
            return bool(driver.isdir(path))
        except Exception as error:  # of any driver
            raise ConfigError(f"{url}: cannot be searched ({reason(error)})") from error

    def listing(self, folder: str) -> Listing:
        """See ``scan.walk.Tree``; in one folder, memory holds all that the driver says of it."""
        driver, path = filesystem(folder)
        path = path.rstrip("/")
        entries = driver.ls(path or "/", detail=True)
        driver.invalidate_cache()  # it would remember every folder there is
        folders: set[str] = set()
        known: dict[str, Known] = {}
        for entry in entries:
            whole = entry["name"].rstrip("/")
            name = whole.rpartition("/")[2]
            # Stores hold marks named like the folder; lists of a web server link to themselves.
            if whole == path or whole.rpartition("/")[0].strip("/") != path.strip("/"):
                continue
            known[name] = entry.get("size"), _modified(entry)
            if entry["type"] == "directory":
                folders.add(name)
        return Listing(sorted(known), folders, known)

    def join(self, folder: str, name: str) -> str:
        """See ``scan.walk.Tree``."""
        return f"{folder if folder.endswith('://') else folder.rstrip('/')}/{name}"

    def identity(self, folder: str, root: str) -> Hashable | None:
        """See ``scan.walk.Tree``; there are no links."""
        return folder


def _modified(entry: dict[str, Any]) -> float | None:
    """Seconds since 1970, if the driver tells."""
    value = next((entry[key] for key in _MODIFIED if entry.get(key)), None)
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    return float(value) if isinstance(value, (int, float)) else None
