"""URLs -> files and folders behind them, by fsspec: s3, gs, https, memory and whatever it knows."""

import ipaddress
import os
import re
from collections.abc import Hashable, Iterable
from datetime import UTC, datetime
from fnmatch import fnmatch
from functools import cache
from typing import Any, BinaryIO, cast

from ..errors import BlurdctError, ConfigError, ImageError
from ..images.files import LIMIT as LIMIT, check_regular
from ..utils.installing import install_hint
from ..utils.text import reason
from .walk import Known, Listing

ALLOWED = "BLURDCT_ALLOW_HOSTS"  # variable: other hosts that a web server may send us to
PORTS = {"http": 80, "https": 443}

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
        # all of a chain such as zip://a.jpg::https://...
        return fsspec.url_to_fs(url, **{kind: _web() for kind in PORTS if f"{kind}://" in url})
    except ImportError as error:
        raise ConfigError(f"{url}: a library is missing: {reason(error)}") from error
    except TypeError as error:  # of a driver that was not given all that it wants
        raise ConfigError(f"{url}: says too little for a URL of its kind") from error
    except Exception as error:  # of any driver
        unknown = "Protocol not known" in str(error)
        why = "no such kind of URL is known" if unknown else reason(error)
        raise ConfigError(f"{url}: cannot be reached ({why})") from error


def opened(place: str) -> BinaryIO:
    """A file, local or behind a URL, open to be read from any position.

    Raises:
        FileNotFoundError: There is no such file.
        ImageError: A local one is no regular file; or a server says no.
    """
    if not is_url(place):
        check_regular(place, place)
        return open(place, "rb")
    driver, path = _file(place)
    try:
        return cast(BinaryIO, driver.open(path, "rb"))
    except FileNotFoundError as error:  # that is what fsspec calls whatever a web server said
        cause = error.__cause__
        if isinstance(cause, BlurdctError):
            raise cause from None
        if cause is None or isinstance(cause, FileNotFoundError):
            raise
        if getattr(cause, "status", 0) == 404:
            raise
        raise ImageError(f"{place}: cannot be read ({reason(cause)})") from error


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


def allow_hosts(hosts: Iterable[str]) -> None:
    """Follow web servers to these hosts, too, here and in processes that are started from here.

    Args:
        hosts: Names, or patterns such as ``*.amazonaws.com``; an address in numbers only as it is.
    """
    os.environ[ALLOWED] = ",".join(filter(None, (os.environ.get(ALLOWED, ""), *hosts)))


def _may_follow(old: Any, new: Any) -> bool:
    """Whether one URL may lead to another: on its own host at the same or a usual port, or allowed.

    A server that is asked for photographs could send us to any service that only this computer can
    reach, and whose answer nobody else was to see.
    """
    if new.scheme not in PORTS:
        return False
    if old.host == new.host and new.port in (old.port, PORTS[new.scheme]):
        return True
    host = (new.host or "").lower()
    allowed = [name.strip().lower() for name in os.environ.get(ALLOWED, "").split(",")]
    return host in allowed or (_is_name(host) and any(fnmatch(host, name) for name in allowed))


def _is_name(host: str) -> bool:
    """Whether a host is told by a name that is not this computer's."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return "." in host and not host.endswith(".localhost")
    return False


@cache
def _web() -> dict[str, Any]:
    """How fsspec is to ask web servers: no more is read than a photograph may have."""
    import aiohttp
    from yarl import URL

    class Bounded(aiohttp.ClientResponse):
        """Counts what is really read: a server need not keep to the range that it was asked for."""

        async def read(self) -> bytes:
            if self._body is None:
                pieces, total = [], 0
                async for piece in self.content.iter_any():
                    total += len(piece)
                    if total > LIMIT + 1:  # of which the one more says that it is too large
                        self.close()
                        raise BlurdctError(f"{self.url}: too large, over {LIMIT:,} bytes")
                    pieces.append(piece)
                self._body = b"".join(pieces)
            return self._body

    async def redirected(session: Any, context: Any, told: Any) -> None:
        headers = told.response.headers
        old = told.response.url
        new = old.join(URL(headers.get("Location") or headers.get("URI") or ""))
        if not _may_follow(old, new):
            where = f"{new.scheme}://{new.authority}"
            raise BlurdctError(
                f"{old}: leads to another host, {where}; --allow-host {new.host} follows it"
            )

    tracing = aiohttp.TraceConfig()
    tracing.on_request_redirect.append(redirected)
    # as they are: what is packed could unpack to any size
    headers = {"Accept-Encoding": "identity"}
    asking = {"auto_decompress": False, "headers": headers, "response_class": Bounded}
    return {"client_kwargs": {**asking, "trace_configs": [tracing]}}


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
