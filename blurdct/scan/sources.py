"""What a user names -> a lazy stream of the photographs in it, in order, and how each is opened.

Sources are files, folders, patterns, archives, lists and tables of paths, and URLs of all these.
Memory holds what lies in one folder, never a whole tree.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from glob import has_magic
from pathlib import Path

from .. import results
from ..errors import BlurdctError, ConfigError, ImageError
from ..images.files import is_photo
from . import archives, remote
from .items import Item, find, is_photo_inside, item_of_file, items_in_archive
from .named import STDIN
from .path_lists import LIST, column_of, is_table, listed, split_paths
from .walk import DEEP, Found, LocalTree, Tree, below, matching

AT = "@"  # in front of the name of a list


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
        yield from items_in_archive(name, is_photo_inside)
    else:
        yield find(name)


def _remote(url: str, column: str = "", null: bool = False) -> Iterator[Item]:
    tree = remote.RemoteTree()
    if "*" in url:
        yield from _matches(tree, url)
    elif archives.is_archive(url):
        yield from items_in_archive(url, is_photo_inside)
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
            yield from items_in_archive(found.path, is_photo_inside)
        else:
            yield _item(found)
        nothing = False
    if nothing:
        yield Item(pattern, error=f"{pattern}: no such file, and nothing matches it")


def _folder(tree: Tree, folder: str) -> Iterator[Item]:
    for found in below(tree, folder):
        if found.error or is_photo(os.path.basename(found.path)):
            yield _item(found)


def _item(found: Found) -> Item:
    if found.error:
        return Item(found.path, error=found.error)
    return item_of_file(found.path) if found.known is None else Item(found.path, "", *found.known)
