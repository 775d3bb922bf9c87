"""A folder of Parquet parts, on a disk or behind a URL: one table, by the order of their names.

A part is written whole or not at all. ``BEGUN`` says what the parts are of, and is there before
the first one; ``RECORD`` says that nothing is missing, and comes last of all.
"""

import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...errors import BlurdctError, ConfigError
from ..atomic import replacing
from ..row_files import PARQUET, Row, parquet_rows
from ..text import reason

BEGUN, RECORD = "_begun.json", "_scan.json"
PART = "part-"  # how the names of parts begin

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def is_part_folder(path: str | os.PathLike[str]) -> bool:
    """Whether this is a folder of parts, complete or not; of a URL without a file's ending, yes."""
    place = os.fspath(path)
    if _URL.match(place):
        return not os.path.splitext(place.rstrip("/"))[1]
    return any(os.path.isfile(os.path.join(place, name)) for name in (BEGUN, RECORD))


def read_parts(path: str | os.PathLike[str]) -> Iterator[Row]:
    """The rows of all parts, one after the other.

    Raises:
        ConfigError: It is not complete.
        ValueError: A part is damaged.
    """
    folder = PartFolder(path)
    record = folder.read_json(RECORD)
    names = folder.names()
    if record is None:
        raise ConfigError(f"{path}: unfinished; the scan that wrote it goes on with --resume")
    if record.get("parts") != len(names):
        there = f"{len(names):,} parts, not the {record.get('parts')} of {RECORD}"
        raise ConfigError(f"{path}: {there}; --resume makes the missing ones")
    for name in names:
        yield from folder.rows(name)


class PartFolder:
    """The folder; it goes to other processes as its name.

    Attributes:
        place: Its path or URL.
    """

    def __init__(self, place: str | os.PathLike[str]) -> None:
        self.place = os.fspath(place).rstrip("/") or "/"
        self.is_remote = bool(_URL.match(self.place))

    def make(self) -> None:
        """Have it there.

        Raises:
            ConfigError: It cannot be made, or is something else.
        """
        with self._told(ConfigError):
            if not self.is_remote:
                os.makedirs(self.place, exist_ok=True)

    def names(self) -> list[str]:
        """Of the parts, in their order; none if there is no such folder."""
        with self._told():
            if self.is_remote:
                driver, path = self._driver()
                driver.invalidate_cache()
                try:
                    found = [one["name"].rpartition("/")[2] for one in driver.ls(path, detail=True)]
                except FileNotFoundError:
                    found = []
            else:
                found = os.listdir(self.place) if os.path.isdir(self.place) else []
        return sorted(name for name in found if name.startswith(PART) and name.endswith(PARQUET))

    def read_json(self, name: str) -> dict[str, Any] | None:
        """A small file; None if it is not there or damaged."""
        with self._told():
            try:
                if self.is_remote:
                    driver, path = self._driver()
                    text = driver.cat_file(f"{path}/{name}").decode()
                else:
                    text = Path(self.place, name).read_text(encoding="utf-8")
            except (FileNotFoundError, NotADirectoryError):
                return None
        try:
            return dict(json.loads(text))
        except (ValueError, TypeError):
            return None

    def write_json(self, name: str, value: dict[str, Any]) -> None:
        """Write a small file, whole."""
        text = json.dumps(value, indent=1) + "\n"

        def write(path: Path) -> None:
            with replacing(path, make_folder=False, durable=True) as unfinished:
                unfinished.write_text(text, encoding="utf-8")

        self.put(name, write)

    def put(self, name: str, write: Callable[[Path], object]) -> None:
        """Have a file written, and appear whole: ``write`` must see to that on a disk.

        Raises:
            BlurdctError: It cannot be.
        """
        with self._told():
            if not self.is_remote:
                write(Path(self.place, name))
                return
            with tempfile.TemporaryDirectory() as room:
                write(Path(room, name))
                driver, path = self._driver()
                driver.put_file(os.path.join(room, name), f"{path}/{name}")

    def rows(self, name: str) -> Iterator[Row]:
        """Of one part.

        Raises:
            ValueError: It is damaged.
            FileNotFoundError: It is not there.
        """
        if not self.is_remote:
            yield from parquet_rows(Path(self.place, name))
            return
        driver, path = self._driver()
        with tempfile.TemporaryDirectory() as room:
            here = Path(room, name)
            driver.get_file(f"{path}/{name}", str(here))
            yield from parquet_rows(here)

    def has(self, name: str) -> bool:
        """Whether a file is there."""
        with self._told():
            if not self.is_remote:
                return os.path.isfile(os.path.join(self.place, name))
            driver, path = self._driver()
            driver.invalidate_cache()
            return bool(driver.exists(f"{path}/{name}"))

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        with self._told():
            if not self.is_remote:
                Path(self.place, name).unlink(missing_ok=True)
            elif self.has(name):
                driver, path = self._driver()
                driver.rm_file(f"{path}/{name}")

    def _driver(self) -> tuple[Any, str]:
        try:
            import fsspec

            driver, path = fsspec.url_to_fs(self.place)
        except ImportError as error:
            raise ConfigError(f"{self.place}: a library is missing: {reason(error)}") from error
        except ValueError as error:  # fsspec's word for a kind of URL that it does not know
            raise ConfigError(f"{self.place}: {reason(error)}") from error
        return driver, path

    @contextmanager
    def _told(self, kind: type[BlurdctError] = BlurdctError) -> Iterator[None]:
        """What goes wrong names the folder."""
        try:
            yield
        except BlurdctError:
            raise
        except OSError as error:
            raise kind(f"{self.place}: {reason(error)}") from error
        except Exception as error:
            if not self.is_remote:
                raise
            raise kind(f"{self.place}: {reason(error)}") from error  # of any driver
