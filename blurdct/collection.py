"""What a user names -> a lazy stream of the photographs in it, in order, and how each is opened.

Sources are files, folders, patterns, archives, lists and tables of paths, and URLs of all these.
Memory holds what lies in one folder, never a whole tree.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from glob import has_magic
from pathlib import Path

from . import archives, remote, results
from .errors import BlurdctError, ConfigError, ImageError
from .files import is_photo, reason
from .lists import LIST, column_of, is_table, listed, split_paths
from .sources import STDIN
from .walking import DEEP, Found, LocalTree, Tree, below, matching

AT = "@"  # in front of the name of a list

Content = bytes


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
        data: The file itself, if it cannot be had again: a member of a compressed tar.
        place: Where in the archive it is; see ``archives.read``.
    """

    path: str
    container: str = ""
    bytes: int | None = None
    modified: float | None = None
    error: str = ""
    data: Content | None = None
    place: tuple[int, ...] = ()


def photographs(
    sources: Sequence[str], column: str | None = None, null: bool = False
) -> Iterator[Item]:
    """Find photographs, one after the other, in the order of the sources.

    Args:
        sources: Files. Folders, with all below them, sorted by the parts of their paths; links are
            followed, and each real folder comes once. Patterns such as ``photos/**/*.jpg``, where
            no file has that very name. Archives: ``.zip``, ``.tar``, ``.tar.gz``, ``.bz2``,
            ``.xz``, ``.zst``, in their own order; those in folders only if they are named or
            match a pattern. ``-``, ``@list`` and ``list.txt`` for a list of files, folders,
            archives and URLs on standard input or in a file; relative ones are looked up from
            the current folder. Tables ``.csv``, ``.jsonl`` and ``.parquet``, whose paths stand
            in ``column``. URLs that fsspec knows, of files, archives, folders and patterns.
        column: Name of that column.
        null: Lists are separated by null bytes, not by line ends.

    Returns:
        Photographs. A file that was named or listed is one, whether or not it can be read; in
        folders and archives its ending decides. What cannot be searched or listed, and a pattern
        that matches nothing, is an item with an error in its place, and the rest goes on.

    Raises:
        ConfigError: At once: a table without ``column`` or the other way round, ``null`` without
            a list, no standard input, no library for Parquet or for a URL that was named.
    """
    _check(sources, column, null)
    return _photographs(list(sources), column or "", null)


def find(path: str) -> Item:
    """The photograph that a row's path is about; an archive is looked through for it."""
    inside = None if os.path.lexists(path) else archives.split(path)
    if inside is None:
        return Item(path) if remote.is_url(path) else _file(path)
    container, name = inside
    for item in _members(container, lambda member: member == name):
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
        name = item.path[len(item.container) + len(archives.SEPARATOR) :]
        return archives.read(item.container, name, item.place)
    if not remote.is_url(item.path):
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
    return data


def _check(sources: Sequence[str], column: str | None, null: bool) -> None:
    tables = [source for source in sources if _kind(source) is _table]
    for table in tables:
        results.form(table)
        if not column:
            raise ConfigError(f"{table}: a table; which column holds the paths? (--column NAME)")
    if column and not tables:
        raise ConfigError("--column is about a table of paths: name a .csv, .jsonl or .parquet")
    if null and not any(_kind(source) in (_standard_input, _list) for source in sources):
        raise ConfigError("--null is about a list of paths: add -, @FILE or a .txt file")
    if STDIN in sources and sys.stdin is None:
        raise ConfigError("no standard input to read paths from")
    for source in filter(remote.is_url, sources):
        remote.filesystem(source)


Looking = Callable[[str, str, bool], Iterable[Item]]  # name, column, null


def _kind(source: str) -> Looking:
    """How a source that a user named is looked up."""
    if source == STDIN:
        return _standard_input
    if remote.is_url(source):
        return _remote
    if not os.path.lexists(source):
        if source.startswith(AT):
            return _list
        if has_magic(source):
            return _pattern
    if source.lower().endswith(LIST) and not os.path.isdir(source):
        return _list
    return _table if is_table(source) else _local


def _photographs(sources: list[str], column: str, null: bool) -> Iterator[Item]:
    for source in sources:
        yield from _kind(source)(source, column, null)


def _standard_input(name: str, column: str, null: bool) -> Iterator[Item]:
    return _named(split_paths(sys.stdin.buffer, null), "standard input")


def _list(name: str, column: str, null: bool) -> Iterator[Item]:
    path = name if os.path.lexists(name) else name.removeprefix(AT)
    return _named(listed(path, null), path)


def _table(name: str, column: str, null: bool) -> Iterator[Item]:
    return _named(column_of(name, column), name)


def _named(names: Iterable[str | ImageError], source: str) -> Iterator[Item]:
    """What a list names: files, folders, archives, members of them, URLs; no further lists."""
    for name in names:
        if isinstance(name, ImageError):
            yield Item(source, error=str(name))
        elif remote.is_url(name):
            yield from _remote(name)
        else:
            yield from _local(name)


def _local(name: str, column: str = "", null: bool = False) -> Iterator[Item]:
    if os.path.isdir(name):
        folder = str(Path(name))
        yield from _folder(LocalTree(), "" if folder == os.curdir else folder)
    elif archives.is_archive(name):
        yield from _members(name, _is_photo_inside)
    else:
        yield find(name)


def _remote(url: str, column: str = "", null: bool = False) -> Iterator[Item]:
    tree = remote.RemoteTree()
    if "*" in url:
        yield from _matches(tree, url)
    elif archives.is_archive(url):
        yield from _members(url, _is_photo_inside)
    elif is_photo(url.rpartition("/")[2]) or archives.split(url):
        yield find(url)
    else:
        try:
            is_folder = tree.is_folder(url)
        except BlurdctError as error:
            yield Item(url, error=str(error))
        else:
            yield from _folder(tree, url) if is_folder else iter([Item(url)])


def _pattern(pattern: str, column: str = "", null: bool = False) -> Iterator[Item]:
    return _matches(LocalTree(), pattern)


def _matches(tree: Tree, pattern: str) -> Iterator[Item]:
    """Files that match a pattern, and what lies in folders and archives that do."""
    nothing = True
    for found in matching(tree, pattern):
        if found.is_folder and not found.error:
            if DEEP in pattern:  # which finds its way down by itself
                continue
            yield from _folder(tree, found.path)
        elif archives.is_archive(found.path):
            yield from _members(found.path, _is_photo_inside)
        else:
            yield _item(found)
        nothing = False
    if nothing:
        yield Item(pattern, error=f"{pattern}: no such file, and nothing matches it")


def _folder(tree: Tree, folder: str) -> Iterator[Item]:
    for found in below(tree, folder):
        if found.error or is_photo(os.path.basename(found.path)):
            yield _item(found)


def _members(archive: str, wanted: Callable[[str], bool]) -> Iterator[Item]:
    try:
        for member in archives.members(archive, wanted):
            path = f"{archive}{archives.SEPARATOR}{member.name}"
            known = member.bytes, member.modified
            yield Item(path, archive, *known, data=member.data, place=member.place)
    except ImageError as error:
        yield Item(archive, error=str(error))


def _is_photo_inside(name: str) -> bool:
    return is_photo(name.rpartition("/")[2])


def _item(found: Found) -> Item:
    if found.error:
        return Item(found.path, error=found.error)
    return _file(found.path) if found.known is None else Item(found.path, "", *found.known)


def _file(path: str) -> Item:
    try:
        status = os.stat(path)
    except (OSError, ValueError):  # opening it will say what is wrong
        return Item(path)
    return Item(path, "", status.st_size, status.st_mtime)
