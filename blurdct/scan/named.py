"""What a user names on the command line -> paths of photographs."""

import os
import sys
from collections.abc import Iterable
from glob import glob, has_magic
from pathlib import Path

from ..errors import ConfigError, ImageError
from ..images.files import find_photos
from .path_lists import split_paths

STDIN = "-"

Found = list[str | ImageError]


def gather(names: Iterable[str], null: bool = False) -> tuple[Found, list[str]]:
    """Look up every name, in the order given.

    Args:
        names: Files; folders, which are searched with all below them; patterns such as
            ``photos/*.jpg``, where no file has that very name; and ``-`` for a list of files and
            folders on standard input.
        null: That list is separated by null bytes, not by line ends.

    Returns:
        The paths, and in its place an ``ImageError`` for each pattern that matches nothing and
        each folder that cannot be searched; and one line for each empty place. A file that was
        named is a path here, whether or not it can be read.

    Raises:
        ConfigError: There is no standard input.
    """
    found: Found = []
    empty: list[str] = []
    for name in names:
        if name == STDIN:
            listed = _listed(null)
            if not listed:
                empty.append("standard input: no paths in it")
            for path in listed:
                found += _look_up(path, empty)
        elif not os.path.lexists(name) and has_magic(name):
            found += _matches(name, empty)
        else:
            found += _look_up(name, empty)
    return found, empty


def _look_up(path: str, empty: list[str]) -> Found:
    """A folder's photographs, or the path itself."""
    if not os.path.isdir(path):
        return [path]
    unsearched: list[OSError] = []
    photos = [str(photo) for photo in find_photos(path, unsearched.append)]
    errors = [
        ImageError(f"{error.filename}: cannot be searched ({error.strerror})")
        for error in unsearched
    ]
    if not photos and not errors:
        empty.append(f"{path}: no photographs in this folder")
    return [*photos, *errors]


def _matches(pattern: str, empty: list[str]) -> Found:
    """What a pattern matches, sorted; a pattern with ``**`` finds its way down by itself."""
    deep = "**" in Path(pattern).parts
    paths = sorted(glob(pattern, recursive=True))
    found: Found = []
    for path in paths:
        if not (deep and os.path.isdir(path)):
            found += _look_up(path, empty)
    if found or (paths and not deep):
        return found
    return [ImageError(f"{pattern}: no such file, and nothing matches it")]


def _listed(null: bool) -> list[str]:
    """The names on standard input, byte for byte."""
    if sys.stdin is None:
        raise ConfigError("no standard input to read paths from")
    return list(split_paths(sys.stdin.buffer, null))
