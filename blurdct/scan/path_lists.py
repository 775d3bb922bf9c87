"""Lists of paths in a text file -> the paths, one after the other."""

import codecs
import os
import stat
from collections.abc import Iterator
from typing import Any

from ..errors import ImageError
from ..utils.text import reason
from ..utils.text_files import (
    UNMARKED,
    marked,
    may_be_marked,
    unreadable,
)

STDIN = "-"  # the name of a list on standard input
LIST = ".txt"  # the ending of others

LONGEST = 2**16  # bytes of a path; of URLs, too, that is more than any has

_BLOCK = 2**16  # bytes that are read at once


class BrokenListError(ImageError):
    """A list or a table cannot be read to its end."""


def split_paths(file: Any, null: bool = False) -> Iterator[str]:
    """The names in an open list, byte for byte; empty ones are left out.

    Args:
        file: One name a line; buffered, in binary mode. A byte order mark at its beginning says
            that it is UTF-8, UTF-16 or UTF-32, and is no part of the first name.
        null: They are separated by null bytes instead, as by ``find -print0``.

    Raises:
        UnicodeError: It is not in the encoding that it says, or has null bytes between its lines.
        ValueError: A name is longer than any path, or nothing but separators follows.
    """
    separator, rest = b"\0" if null else b"\n", b""
    empty = 0
    for block in _blocks(file):
        *names, rest = (rest + block).split(separator)
        empty = 0 if rest or any(names) else empty + len(block)
        if len(rest) > LONGEST or empty > LONGEST:
            raise ValueError("no list of paths")
        yield from filter(None, (_decoded(name, null) for name in names))
    if last := _decoded(rest, null):
        yield last


def _blocks(file: Any) -> Iterator[bytes]:
    """A list's bytes as they come, without a mark; as the system names files, if there is one."""
    head = file.read1(_BLOCK)
    while may_be_marked(head) and (more := file.read1(_BLOCK)):
        head += more
    encoding = marked(head)
    decoder = (
        codecs.getincrementaldecoder(encoding)() if encoding not in ("", "utf-8-sig") else None
    )
    block = head.removeprefix(codecs.BOM_UTF8)
    while block:
        yield os.fsencode(decoder.decode(block)) if decoder else block
        block = file.read1(_BLOCK)
    if decoder:
        decoder.decode(b"", final=True)


def _decoded(name: bytes, null: bool) -> str:
    if not null and b"\0" in name:
        raise UnicodeError(f"{UNMARKED}, a null-separated list with --null")
    return os.fsdecode(name if null else name.removesuffix(b"\r"))


def from_standard_input(file: Any, null: bool = False) -> Iterator[str | ImageError]:
    """The names on standard input, see ``split_paths``; last an error, if it cannot be decoded."""
    try:
        yield from split_paths(file, null)
    except (OSError, ValueError) as error:
        yield unread("standard input", error)


def listed(path: str, null: bool = False) -> Iterator[str | ImageError]:
    """The names in a list, see ``split_paths``; last an error, if it cannot be read to its end."""
    try:
        with open(path, "rb") as file:  # maybe a pipe: @<(find ...)
            if _is_device(os.fstat(file.fileno())) and not file.isatty():
                raise ValueError("a device, not a list")
            yield from split_paths(file, null)
    except (OSError, ValueError) as error:
        yield unread(path, error)


def far_away(source: str, path: str) -> str:
    """The line about a list none of whose paths is here.

    Args:
        source: The list.
        path: The first of them, relative.
    """
    folder = os.path.dirname(source)
    there = bool(folder) and os.path.lexists(os.path.join(folder, path))
    hint = f"; they are there seen from {folder}: cd there first" if there else ""
    return f"{source}: no file of it is here, seen from the current folder, {os.getcwd()}{hint}"


def _is_device(status: os.stat_result) -> bool:
    """Whether it may never end; what is empty for ever does."""
    device = stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode)
    return device and not os.path.samestat(status, os.stat(os.devnull))


def unread(path: str, error: Exception) -> BrokenListError:
    """The line about a list or a table that cannot be read."""
    if isinstance(error, FileNotFoundError):
        return BrokenListError(f"{path}: no such file")
    if isinstance(error, UnicodeError):
        return BrokenListError(f"{path}: {unreadable(error)}")
    return BrokenListError(f"{path}: cannot be read ({reason(error)})")
