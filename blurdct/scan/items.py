"""A photograph of a collection that is not opened yet, and how it is opened."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, TypeVar

from ..errors import BlurdctError, ImageError
from ..utils.text import reason
from . import archives, remote
from .archives import SEPARATOR
from .remote import is_url

Content = bytes  # by another name, as an item has an attribute ``bytes``
WEB_PAGE = (b"<!doctype html", b"<html")  # first bytes
HEAVY = 16_000_000  # bytes of photographs, after which a batch is full

Job = TypeVar("Job")


@dataclass(frozen=True)
class Item:
    """A photograph, not opened yet; or something that cannot be searched or listed.

    Attributes:
        path: What a row calls it: as the source names it, relative if the source was;
            ``archive.zip::inside/name.jpg`` in an archive; a URL.
        container: The archive it lies in.
        bytes: Size; None if nobody told.
        modified: When it was last changed, seconds since 1970; None if nobody told.
        error: Why there is no photograph: one line, the path in it.
        searched: The error is of a search, in a folder or by a pattern, not of a file.
        data: The file itself, if it cannot be had again: a member of a compressed tar.
        place: Where in the archive it is; see ``scan.archives.read``.
        more: What else the table that named it says of it, by column.
    """

    path: str
    container: str = ""
    bytes: int | None = None
    modified: float | None = None
    error: str = ""
    searched: bool = False
    data: Content | None = None
    place: tuple[int, ...] = ()
    more: dict[str, Any] | None = None


def find(path: str) -> Item:
    """The photograph that a row's path is about; an archive is looked through for it."""
    inside = None if os.path.lexists(path) else archives.split(path)
    if inside is None or os.path.isdir(inside[0]):
        return Item(path) if is_url(path) else item_of_file(path)
    container, name = inside
    for item in items_in_archive(container, lambda member: member == name):
        return item if item.error == "" else Item(path, container, error=item.error)
    return Item(path, container, error=f"{path}: no such file in the archive")


def open_photo(item: Item) -> str | bytes:
    """What ``Detector.predict`` is given: a local file's path, else the bytes of the file.

    Raises:
        ImageError: It cannot be had, or is too large; the message names it.
    """
    if item.error:
        raise ImageError(item.error)
    if item.data is not None:
        return item.data
    if item.container:
        name = item.path[len(item.container) + len(SEPARATOR) :]
        return archives.read(item.container, name, item.place)
    if not is_url(item.path):
        return item.path
    try:
        data = remote.read(item.path, archives.LIMIT + 1)
    except FileNotFoundError as error:
        raise ImageError(f"{item.path}: no such file") from error
    except BlurdctError as error:
        raise ImageError(str(error)) from error
    except Exception as error:  # of any driver
        raise ImageError(f"{item.path}: cannot be read ({reason(error)})") from error
    if len(data) > archives.LIMIT:
        raise ImageError(f"{item.path}: too large, over {archives.LIMIT:,} bytes")
    if data[:512].lstrip().lower().startswith(WEB_PAGE):
        raise ImageError(f"{item.path}: a web page, not a photo; name the URL of the photo itself")
    return data


def items_in_archive(archive: str, wanted: Callable[[str], bool]) -> Iterator[Item]:
    """The photographs in an archive whose names are wanted; last an error, if it breaks off."""
    try:
        for member in archives.members(archive, wanted):
            path = f"{archive}{SEPARATOR}{member.name}"
            known = member.bytes, member.modified
            yield Item(path, archive, *known, data=member.data, place=member.place)
    except ImageError as error:
        yield Item(archive, error=str(error))


def item_of_file(path: str) -> Item:
    """A local file with its size and time, as far as the system tells them."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):  # opening it will say what is wrong
        return Item(path)
    return Item(path, "", status.st_size, status.st_mtime)


def is_there(item: Item) -> bool:
    """Whether a photograph is known to be there, or only opening it will tell."""
    return item.bytes is not None or bool(item.container) or is_url(item.path)


def ahead(items: Iterator[Item], most: int | None = None) -> tuple[list[Item], Iterator[Item]]:
    """The next items, as far as memory may hold them; and those that follow.

    Args:
        items: They are read up to the first that carries its bytes.
        most: So many photographs are enough.
    """
    held: list[Item] = []
    for item in items:
        if item.data is not None:
            return held, chain([item], items)
        held.append(item)
        if most is not None:
            most -= not item.error
            if most <= 0:
                break
    return held, items


def counted(items: Iterator[Item]) -> tuple[int | None, Iterator[Item]]:
    """How many items there are, None if memory may not hold them all; and the same items."""
    held, rest = ahead(items)
    beyond = list(islice(rest, 1))
    return None if beyond else len(held), chain(held, beyond, rest)


def batches(jobs: Iterable[Job], most: int, item: Callable[[Job], Item]) -> Iterator[list[Job]]:
    """At most so many jobs at a time; fewer if the bytes of their photographs come with them."""
    batch: list[Job] = []
    weight = 0
    for job in jobs:
        batch.append(job)
        weight += len(item(job).data or b"")
        if len(batch) == most or weight > HEAVY:
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch


def name_of(item: Item) -> str:
    """What its file is called, without the folders, the archive or the host that it lies in."""
    if item.container:
        return item.path[len(item.container) + len(SEPARATOR) :].rpartition("/")[2]
    return item.path.rpartition("/")[2] if is_url(item.path) else os.path.basename(item.path)


def elsewhere(path: str) -> str:
    """Why a row's photo is no file of its own; empty if it is one, or was.

    ``::`` may be part of a file's name: what stands before it must be called an archive, too.
    """
    if os.path.lexists(path):
        return ""
    if is_url(path):
        return "is not a file of this computer"
    inside = archives.split(path)
    return "is inside an archive" if inside and not os.path.isdir(inside[0]) else ""


def check_is_file(path: str) -> None:
    """Refuse a photo that is no file of its own.

    Raises:
        ImageError: See ``elsewhere``; or the archive that it was in is gone.
    """
    inside = None if is_url(path) or os.path.lexists(path) else archives.split(path)
    if inside and not os.path.lexists(inside[0]):
        raise ImageError(f"{path}: no such file")
    if why := elsewhere(path):
        raise ImageError(f"{path}: {why}")


def folder_of(path: str) -> str:
    """Where a photograph lies: a folder, or a place in an archive or at a URL."""
    inside = archives.split(path)
    folder, slash, _ = (inside[1] if inside else path).replace(os.sep, "/").rpartition("/")
    if inside:
        return f"{inside[0]}{SEPARATOR}{folder}" if folder else inside[0]
    return folder or slash or "."
