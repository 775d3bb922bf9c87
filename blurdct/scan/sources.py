"""What a user names -> a lazy stream of the photographs in it, in order.

Sources are files, folders, patterns, archives, lists and tables of paths, and URLs of all these.
Memory holds what lies in one folder, never a whole tree.
"""

import os
import shlex
import sys
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from glob import has_magic
from pathlib import Path
from typing import TypeVar

from .. import results
from ..errors import BlurdctError, ConfigError, ImageError
from ..images.files import is_photo
from . import archives, remote
from .items import Item, find, is_there, item_of_file, items_in_archive
from .path_lists import (
    LIST,
    STDIN,
    BrokenListError,
    far_away,
    from_standard_input,
    listed,
)
from .skipping import Remark, is_clip, is_unread_picture, skip_rule, skips_member, why_skipped
from .tables import column_of, is_table
from .walk import DEEP, Found, Listing, LocalTree, Skip, Tree, below, matching

STANDARD_INPUT = "standard input"  # as errors call it
AT = "@"  # in front of the name of a list

T = TypeVar("T")


def photographs(
    sources: Sequence[str],
    column: str | None = None,
    null: bool = False,
    empty: Remark = lambda line: None,
    exclude: Sequence[str] = (),
    skipped: Remark = lambda why: None,
    lost: Remark = lambda place: None,
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
        empty: Called with one line for each folder, archive and list with nothing in it, when it
            is come to.
        exclude: Patterns of what is passed over in folders, archives and among what a pattern
            matches; see ``skipping.skip_rule``, which knows folders of programs besides. What is
            named or listed itself is never passed over.
        skipped: Called with the reason of each thing in a folder or an archive that is passed over;
            ``skipping.told`` makes a line of their counts.
        lost: Called with each place that may have had photographs once: a folder in which nothing
            is at all; a folder or an archive that was named and has none; a list that names
            nothing, or cannot be read to its end.

    Returns:
        Photographs. A file that was named or listed is one, whether or not it can be read; in
        folders and archives its ending decides. What cannot be searched or listed, and a pattern
        that matches nothing, is an item with an error in its place, and the rest goes on.

    Raises:
        ConfigError: At once: a table without ``column`` or the other way round, ``null`` without
            a list, no standard input, no library for Parquet or for a URL that was named.
    """
    _check(sources, column, null)
    search = _Search(column or "", null, empty, skip_rule(exclude, skipped), skipped, lost)
    return (item for source in list(sources) for item in _kind(source)(search, source))


def _check(sources: Sequence[str], column: str | None, null: bool) -> None:
    tables = [source for source in sources if _kind(source) is _Search.table]
    for table in tables:
        results.form(table)
        if not column:
            raise ConfigError(f"{table}: a table; which column holds the paths? (--column NAME)")
    if column and not tables:
        raise ConfigError("--column is about a table of paths: name a .csv, .jsonl or .parquet")
    lists = (_Search.standard_input, _Search.path_list)
    if null and not any(_kind(source) in lists for source in sources):
        raise ConfigError("--null is about a list of paths: add -, @FILE or a .txt file")
    if STDIN in sources and sys.stdin is None:
        raise ConfigError("no standard input to read paths from")
    for source in filter(remote.is_url, sources):
        remote.filesystem(source)


def lists_among(sources: Sequence[str]) -> list[str]:
    """Lists and tables of paths, as items and ``lost`` call them."""
    lists = (_Search.standard_input, _Search.path_list, _Search.table)
    named = (source for source in sources if _kind(source) in lists)
    return [STANDARD_INPUT if source == STDIN else _without_at(source) for source in named]


def _without_at(source: str) -> str:
    return source if os.path.lexists(source) else source.removeprefix(AT)


def _kind(source: str) -> "Callable[[_Search, str], Iterator[Item]]":
    """How a source that a user named is looked up."""
    if source == STDIN:
        return _Search.standard_input
    if remote.is_url(source):
        return _Search.remote
    if not os.path.lexists(source):
        if source.startswith(AT):
            return _Search.path_list
        if has_magic(source):
            return _Search.pattern
    if source.lower().endswith(LIST) and not os.path.isdir(source):
        return _Search.path_list
    return _Search.table if is_table(source) else _Search.local


@dataclass(frozen=True)
class _Search:
    """Looks up one source at a time; its attributes are as for ``photographs``."""

    column: str
    null: bool
    empty: Remark
    skip: Skip
    skipped: Remark
    lost: Remark

    def standard_input(self, name: str) -> Iterator[Item]:
        return self._named(from_standard_input(sys.stdin.buffer, self.null), STANDARD_INPUT)

    def path_list(self, name: str) -> Iterator[Item]:
        path = _without_at(name)
        return self._named(listed(path, self.null), path)

    def table(self, name: str) -> Iterator[Item]:
        rows = self._or_empty(column_of(name, self.column), f"{name}: no paths in it", name)
        items = (
            replace(item, more=more) if more else item
            for path, more in rows
            for item in self._listed(path, name)
        )
        return self._from_here(items, name)

    def local(self, name: str) -> Iterator[Item]:
        if os.path.isdir(name):
            folder = str(Path(name))
            return self._folder(
                self._noting(LocalTree()), "" if folder == os.curdir else folder, name
            )
        if archives.is_archive(name):
            return self._archive(name)
        if is_clip(name) and os.path.isfile(name):
            how = f"blurdct video {shlex.quote(name)} --out frames.csv"
            return iter([Item(name, error=f"{name}: a video, whose frames are judged by: {how}")])
        return iter([find(name)])

    def remote(self, url: str) -> Iterator[Item]:
        tree = remote.RemoteTree()
        if "*" in url:
            return self._matches(self._noting(tree), url)
        if archives.is_archive(url):
            return self._archive(url)
        if is_photo(url.rpartition("/")[2]) or archives.split(url):
            return iter([find(url)])
        if is_clip(url):
            why = "a video; blurdct video judges the frames of one on this computer"
            return iter([Item(url, error=f"{url}: {why}")])
        try:
            is_folder = tree.is_folder(url)
        except BlurdctError as error:
            return iter([Item(url, error=str(error), searched=True)])
        return self._folder(self._noting(tree), url, url) if is_folder else iter([Item(url)])

    def pattern(self, pattern: str) -> Iterator[Item]:
        return self._matches(self._noting(LocalTree()), pattern)

    def _named(self, names: Iterable[str | ImageError], source: str) -> Iterator[Item]:
        """What a list names: files, folders, archives, members of them, URLs; no further lists."""
        named = self._or_empty(names, f"{source}: no paths in it", source)
        items = (item for name in named for item in self._listed(name, source))
        return self._from_here(items, source)

    def _from_here(self, items: Iterator[Item], source: str) -> Iterator[Item]:
        """The same items; where they are files, and not one is here, it is remarked upon."""
        first, here = "", False
        for item in items:
            relative = not (item.error or is_there(item) or os.path.isabs(item.path))
            here = here or not relative
            first = first or item.path
            yield item
        if first and not here:
            self.empty(far_away(source, first))

    def _listed(self, name: str | ImageError, source: str) -> Iterator[Item]:
        if isinstance(name, ImageError):
            if isinstance(name, BrokenListError):
                self.lost(source)
            return iter([Item(source, error=str(name))])
        return self.remote(name) if remote.is_url(name) else self.local(name)

    def _matches(self, tree: Tree, pattern: str) -> Iterator[Item]:
        """Files that match a pattern, and what lies in folders and archives that do."""
        nothing = True
        for found in matching(tree, pattern, self.skip):
            if found.is_folder and not found.error:
                if DEEP in pattern:  # which finds its way down by itself
                    continue
                yield from self._folder(tree, found.path, found.path)
            elif archives.is_archive(found.path):
                yield from self._archive(found.path)
            else:
                yield _item(found)
            nothing = False
        if nothing:
            why = f"{pattern}: no such file, and nothing matches it"
            yield Item(pattern, error=why, searched=True)

    def _folder(self, tree: Tree, folder: str, name: str) -> Iterator[Item]:
        photos = (
            _item(found)
            for found in below(tree, folder, self.skip)
            if found.error or self._is_photo(os.path.basename(found.path))
        )
        return self._or_empty(photos, f"{name}: no photographs in this folder", name)

    def _archive(self, path: str) -> Iterator[Item]:
        def wanted(member: str) -> bool:
            name = member.rpartition("/")[2]
            if not (is_photo(name) or is_unread_picture(name)):
                return False  # before its folders are looked at
            return not skips_member(self.skip, path, member) and self._is_photo(name)

        photos = items_in_archive(path, wanted)
        return self._or_empty(photos, f"{path}: no photographs in this archive", path)

    def _is_photo(self, name: str) -> bool:
        if is_photo(name):
            return True
        self.skipped(why_skipped(name))
        return False

    def _noting(self, tree: Tree) -> Tree:
        return _Noting(tree, self.lost)

    def _or_empty(self, found: Iterable[T], line: str, place: str) -> Iterator[T]:
        """What was found; if that is nothing, it is remarked upon."""
        nothing = True
        for one in found:
            nothing = False
            yield one
        if nothing:
            self.empty(line)
            self.lost(place)


@dataclass(frozen=True)
class _Noting:
    """A tree whose empty folders are told."""

    tree: Tree
    lost: Remark

    def listing(self, folder: str) -> Listing:
        found = self.tree.listing(folder)
        if not found.names:
            self.lost(folder)
        return found

    def join(self, folder: str, name: str) -> str:
        return self.tree.join(folder, name)

    def identity(self, folder: str, root: str) -> Hashable | None:
        return self.tree.identity(folder, root)


def _item(found: Found) -> Item:
    if found.error:
        return Item(found.path, error=found.error, searched=True)
    return item_of_file(found.path) if found.known is None else Item(found.path, "", *found.known)
