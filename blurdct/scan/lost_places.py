"""Folders and archives that a later scan cannot look into, or finds empty: whose rows are kept.

A disk that is not mounted leaves an empty folder, a server that is down one that cannot be listed.
Neither says that the photographs are gone.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from glob import has_magic
from pathlib import Path

from ..images.files import is_photo
from .archives import split
from .items import Item, is_there
from .remote import is_url
from .walk import DEEP

SHOWN = 5  # places that are named


class LostPlaces:
    """Places, and how many rows lie below each of them.

    Attributes:
        held: Rows by place, counted by ``holds``.
    """

    def __init__(self) -> None:
        self.held: Counter[str] = Counter()
        self._places: dict[str, str] = {}  # as rows call them, and as they are told
        self._patterns: list[str] = []

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._places or self._patterns)

    def add(self, place: str) -> None:
        """Note a folder, an archive, or a pattern that matches nothing."""
        if has_magic(place) and not os.path.lexists(place):
            self._patterns.append(place.removeprefix(f".{os.sep}"))
        else:
            self._places[_plain(place)] = place

    def noted(self, items: Iterable[Item], lists: Iterable[str]) -> Iterator[Item]:
        """The same items; places that are not there or cannot be searched are noted.

        Args:
            items: Of ``scan.sources.photographs``.
            lists: What is no place itself, but says where photographs are.
        """
        lists = frozenset(lists)
        for item in items:
            if item.path not in lists and (item.error or _is_missing(item)):
                self.add(item.path)
            yield item

    def holds(self, path: str) -> bool:
        """Whether a row's path is below one of the places; counted if so."""
        inside = split(path)
        container = inside[0] if inside else ""
        at = next((place for place in _above(path, container) if place in self._places), None)
        if at is not None:
            self.held[self._places[at]] += 1
            return True
        for pattern in self._patterns:
            if _fits(pattern, path) or (container and _fits(pattern, container)):
                self.held[pattern] += 1
                return True
        return False


def told(held: Counter[str]) -> str:
    """Which rows were kept, in one line; empty if none."""
    named = [f"{count:,} below {place}" for place, count in held.most_common(SHOWN)]
    if len(held) > SHOWN:
        named.append(f"{sum(held.values()) - sum(n for _, n in held.most_common(SHOWN)):,} more")
    what = "rows were kept of what cannot be searched now, or is empty"
    return f"{what}: {', '.join(named)}; --force begins anew without them" if held else ""


def _is_missing(item: Item) -> bool:
    """Whether it was named, is not there, and may have been a folder or an archive."""
    return not (
        is_there(item) or is_photo(os.path.basename(item.path)) or os.path.lexists(item.path)
    )


def _plain(place: str) -> str:
    if is_url(place):
        return place.rstrip("/")
    folder = str(Path(place))
    return "" if folder == os.curdir else folder


def _above(path: str, container: str) -> Iterator[str]:
    """All that a path lies in, from the inside out; "" is the current folder."""
    if container:
        yield container
        path = container
    slash = "/" if is_url(path) else os.sep
    folder = path
    while slash in folder:
        folder = folder.rpartition(slash)[0]
        yield folder or slash
    if not (is_url(path) or os.path.isabs(path) or path.startswith(os.pardir + os.sep)):
        yield ""


def _fits(pattern: str, path: str) -> bool:
    """Whether a pattern matches a path, or something that it lies in."""
    parts, names = pattern.split("/"), path.replace(os.sep, "/").split("/")
    for part, name in zip(parts, names, strict=False):
        if part == DEEP:
            return True
        if part and not fnmatch(name, part):
            return False
    return len(names) >= len(parts)
