"""Folders and patterns -> what lies below them, folder by folder, in the order of sorted paths."""

import os
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from glob import has_magic
from typing import NamedTuple, Protocol

from ..utils.text import reason

DEEP = "**"
EVERYTHING = (DEEP, "*")  # the pattern of all that lies below a folder

Skip = Callable[[str, str, bool], bool]  # path, the same below what was named, whether a folder
Known = tuple[int | None, float | None]  # size in bytes, last change in seconds since 1970


@dataclass(frozen=True)
class Listing:
    """What lies in one folder: names, sorted; which of them are folders; what is known of files."""

    names: list[str]
    folders: set[str]
    known: dict[str, Known] = field(default_factory=dict)


class Found(NamedTuple):
    """A file or folder that was come across; ``error`` says why a folder cannot be listed."""

    path: str
    is_folder: bool
    known: Known | None = None  # None: nobody told
    error: str = ""


class Tree(Protocol):
    """Folders that can be walked through."""

    def listing(self, folder: str) -> Listing:
        """One folder's; anything that is raised says that it cannot be listed."""

    def join(self, folder: str, name: str) -> str:
        """The path of what lies in a folder."""

    def identity(self, folder: str, root: str) -> Hashable | None:
        """The same for the same folder under two names; None: it comes under another name."""


class LocalTree:
    """The folders of this machine. Links to folders count as folders."""

    def listing(self, folder: str) -> Listing:
        """See ``Tree``."""
        names, folders = [], set()
        with os.scandir(folder or os.curdir) as entries:
            for entry in entries:
                names.append(entry.name)
                try:
                    if entry.is_dir():
                        folders.add(entry.name)
                except OSError:  # a link that leads in circles
                    pass
        return Listing(sorted(names), folders)

    def join(self, folder: str, name: str) -> str:
        """See ``Tree``."""
        return os.path.join(folder, name)

    def identity(self, folder: str, root: str) -> Hashable | None:
        """See ``Tree``; a link to a folder below the root is left to that folder's own name."""
        if os.path.islink(folder) and folder != root:
            inside = os.path.join(os.path.realpath(root or os.curdir), "")
            if os.path.join(os.path.realpath(folder), "").startswith(inside):
                return None
        status = os.stat(folder or os.curdir)
        return status.st_dev, status.st_ino


def _nothing(path: str, below: str, is_folder: bool) -> bool:
    return False


def below(tree: Tree, folder: str, skip: Skip = _nothing) -> Iterator[Found]:
    """All files below a folder, sorted by the parts of their paths; each real folder once.

    Memory holds the names in one folder and in those above it. A folder that cannot be listed
    comes with an error, in its place. What ``skip`` is true of is passed over.
    """
    for found in _walk(tree, folder, EVERYTHING, hidden=True, skip=skip):
        if found.error or not found.is_folder:
            yield found


def matching(tree: Tree, pattern: str, skip: Skip = _nothing) -> Iterator[Found]:
    """Files and folders that match a pattern, sorted by the parts of their paths.

    Args:
        tree: Where to look.
        pattern: As for ``glob.glob`` with ``recursive=True``: ``*``, ``?`` and ``[...]`` within a
            name, ``**`` for any number of folders; a leading dot must be spelled out.
        skip: What it is true of is passed over, unless a part of the pattern is its very name or
            spells its dot out.
    """
    base, parts = _split(pattern)
    only_folders = parts[-1] == ""
    parts = [part for part in parts if part]

    def unless_named(path: str, below: str, is_folder: bool) -> bool:
        name = os.path.basename(path)
        return name not in parts and not name.startswith(".") and skip(path, below, is_folder)

    for found in _walk(tree, base, parts, hidden=False, skip=unless_named):
        if found.is_folder or not only_folders:
            yield found


def _split(pattern: str) -> tuple[str, list[str]]:
    """The folder in front of a pattern's first special character, and the parts behind it."""
    base = pattern
    parts: list[str] = []
    while has_magic(base):
        base, name = os.path.split(base)
        parts.insert(0, name)
    if "://" in pattern and "://" not in base:
        base += "//"  # of a URL, taken for the root of a path
    return base, parts


def _walk(tree: Tree, root: str, parts: Sequence[str], hidden: bool, skip: Skip) -> Iterator[Found]:
    """Walk down as far as the parts of a pattern lead; how much is matched is a set of counts."""
    deep = DEEP in parts
    seen: set[Hashable] = set()
    stack: list[tuple[str, Listing, Iterator[str], frozenset[int]]] = []

    def enter(folder: str, matched: frozenset[int]) -> Iterator[Found]:
        if deep and not _first_time(tree, folder, root, seen):
            return
        try:
            listing = tree.listing(folder)
        except Exception as error:  # of any driver
            missing = isinstance(error, (FileNotFoundError, NotADirectoryError))
            if folder != root or hidden or not missing:  # else: no such folder, so no match
                why = f"{folder or os.curdir}: cannot be searched ({reason(error)})"
                yield Found(folder or os.curdir, True, error=why)
        else:
            stack.append((folder, listing, iter(listing.names), matched))

    yield from enter(root, _closure(parts, {0}))
    while stack:
        folder, listing, names, matched = stack[-1]
        name = next(names, None)
        if name is None:
            stack.pop()
            continue
        now = _step(parts, matched, name, hidden)
        if not now:
            continue
        path, is_folder = tree.join(folder, name), name in listing.folders
        if skip(path, path[len(root) :].lstrip("/" + os.sep), is_folder):
            continue
        if len(parts) in now:
            yield Found(path, is_folder, listing.known.get(name))
        if is_folder and min(now) < len(parts):
            yield from enter(path, now)


def _first_time(tree: Tree, folder: str, root: str, seen: set[Hashable]) -> bool:
    try:
        identity = tree.identity(folder, root)
    except OSError:
        return True  # listing it will say what is wrong
    if identity is None or identity in seen:
        return False
    seen.add(identity)
    return True


def _step(parts: Sequence[str], matched: frozenset[int], name: str, hidden: bool) -> frozenset[int]:
    """How many parts of the pattern are matched when a name is added to the path."""
    after = set()
    for count in matched:
        if count == len(parts):
            continue
        part = parts[count]
        if name.startswith(".") and not hidden and not part.startswith("."):
            continue
        if part == DEEP:
            after.add(count)
        elif fnmatch(name, part):
            after.add(count + 1)
    return _closure(parts, after)


def _closure(parts: Sequence[str], matched: set[int]) -> frozenset[int]:
    """``**`` matches no folder at all, too."""
    for count in sorted(matched):
        while count < len(parts) and parts[count] == DEEP:
            count += 1
            matched.add(count)
    return frozenset(matched)
