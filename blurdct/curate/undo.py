"""A journal -> every file back where it was; run twice or cut short, it harms nothing.

What a line left behind is seen from the files alone: they are compared, not believed. Nor is the
journal, which somebody else may have written: nothing outside of the folders that it names is
touched, however links lead there, and nothing but XMP is written into a sidecar.
"""

import base64
import contextlib
import errno
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Set

from ..errors import BlurdctError
from .actions import Step
from .file_ops import part_of, relocate, replace_bytes, same_bytes
from .journal import Entry, backwards, finish, within
from .sidecars import XMP
from .xmp import tagged


class StaysError(Exception):
    """Why something is left as it is, in words."""


def folders_of(journal: str | os.PathLike[str]) -> list[str]:
    """The folders that a journal names: undoing it changes nothing outside of them.

    Raises:
        ConfigError: No journal.
    """
    return sorted(backwards(journal)[1])


def folders_within(journal: str | os.PathLike[str]) -> list[str]:
    """The topmost folders of what the lines of a journal are about, whether it names them or not.

    Raises:
        ConfigError: No journal.
    """
    found: set[str] = set()
    for entry in backwards(journal)[2]:
        paths = (entry.get(name) for name in ("from", "to")) if isinstance(entry, dict) else ()
        found |= {os.path.dirname(path) for path in paths if isinstance(path, str)}
    return sorted(one for one in found if one and not within(os.path.dirname(one), found - {one}))


def nothing_to_undo(journal: str | os.PathLike[str]) -> str:
    """Why there is nothing to undo, in words; empty where there may be something.

    Raises:
        ConfigError: No journal.
    """
    last = next(backwards(journal)[2], None)
    if last is None:
        return "nothing was done"
    return "already undone" if isinstance(last, dict) and last["do"] == "undone" else ""


def undo_journal(
    journal: str | os.PathLike[str], also: Iterable[str | os.PathLike[str]] = ()
) -> Iterator[Step]:
    """Undo what a journal tells of, the latest first.

    Moved photographs go back; copies, links and empty folders that were made are removed;
    sidecars become what they were. A file that took a photo's old name meanwhile stays, and so
    does a copy or sidecar that was changed.

    Args:
        journal: The file that ``filter`` or ``best`` named.
        also: Folders that may be changed beside those that it names: where these were moved to, or
            of a journal of format 1, which names none, all of them.

    Yields:
        A step for each photo or sidecar that was put right, ``path`` and ``target`` being from and
        to; and for each that could not be, with the problem. None for what had been right already.

    Raises:
        ConfigError: No journal.
    """
    token, folders, entries = backwards(journal)
    folders |= {os.path.realpath(folder) for folder in also}
    left = False
    for entry in entries:
        if isinstance(entry, str):
            left = True
            yield Step(os.fspath(journal), problem=entry)
            continue
        if entry["do"] == "undone":
            return
        step: Step | None
        try:
            way = _WAYS_BACK[entry["do"]]
            _check(entry, folders)
            step = way(entry, token)
        except StaysError as why:
            step = Step(entry["to"], problem=str(why))
        except OSError as error:
            step = Step(entry["to"], problem=f"cannot be undone ({error.strerror or error})")
        except (KeyError, TypeError, ValueError):
            step = Step(os.fspath(journal), problem=f"not understood: {json.dumps(entry)[:200]}")
        if step:
            left = left or bool(step.problem)
            yield step
    if not left:
        finish(journal)


def _check(entry: Entry, folders: Set[str]) -> None:
    """Refuse a line about anything outside of these folders."""
    for path in (entry[name] for name in ("from", "to") if name in entry):
        folder, name = os.path.split(path)
        if not os.path.isabs(path) or name in ("", os.curdir, os.pardir):
            raise ValueError(path)
        if not within(os.path.realpath(folder), folders):
            raise StaysError(f"stays, as {path} is outside of the folders that the journal names")


def _unmove(entry: Entry, token: str) -> Step | None:
    source, target = entry["from"], entry["to"]
    _remove_parts(token, source, target)
    if not os.path.lexists(target):
        if os.path.lexists(source):
            return None  # never moved, or back already
        raise StaysError(f"is gone; it came from {source}")
    if os.path.lexists(source):
        # cut short while both were there: one of two that are the same may go
        if not _spare(target, source):
            raise StaysError(f"stays, as another file is at {source}")
        os.unlink(target)
    else:
        os.makedirs(os.path.dirname(source), exist_ok=True)
        relocate(target, source, part_of(source, token))
    return Step(target, source)


def _uncopy(entry: Entry, token: str) -> Step | None:
    source, target = entry["from"], entry["to"]
    _remove_parts(token, target)
    if not os.path.lexists(target):
        return None
    if not _spare(target, source):
        raise StaysError(f"stays, as it is not the same as {source}")
    os.unlink(target)
    return Step(target, source)


def _unlink(entry: Entry, token: str) -> Step | None:
    source, target = entry["from"], entry["to"]
    if not os.path.lexists(target):
        return None
    own = os.readlink(target) == source if os.path.islink(target) else _spare(target, source)
    if not own:
        raise StaysError(f"stays, as it is no link to {source}")
    os.unlink(target)
    return Step(target, source)


def _untag(entry: Entry, token: str) -> Step | None:
    path, was = entry["to"], entry.get("was")
    before = None if was is None else base64.b64decode(was, validate=True)
    if not path.lower().endswith(XMP) or os.path.islink(path):
        raise StaysError("stays, as it is no sidecar")
    if before:
        try:
            tagged(before, (), None)
        except BlurdctError as error:
            raise StaysError("stays, as the journal has something else than XMP for it") from error
    _remove_parts(token, path)
    try:
        with open(path, "rb") as file:
            now: bytes | None = file.read()
    except FileNotFoundError:
        now = None
    if now == before:
        return None
    if now is None or hashlib.sha256(now).hexdigest() != entry["now"]:
        raise StaysError("stays, as it was changed after it was tagged")
    if before is None:
        os.unlink(path)
    else:
        replace_bytes(path, before, part_of(path, token), entry["time"])
    return Step(path, path)


def _unmake(entry: Entry, token: str) -> None:
    try:
        os.rmdir(entry["to"])
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST):
            raise


_WAYS_BACK: dict[str, Callable[[Entry, str], Step | None]] = {
    "move": _unmove,
    "copy": _uncopy,
    "link": _unlink,
    "tag": _untag,
    "folder": _unmake,
}


def _spare(one: str, other: str) -> bool:
    """Whether nothing is lost if the first is removed: the second holds the same."""
    if os.path.islink(one) or not os.path.isfile(other):
        return False
    if os.path.samefile(one, other):  # two names of it, or two ways to the only one
        return os.path.realpath(one) != os.path.realpath(other) and os.stat(one).st_nlink > 1
    return same_bytes(one, other)


def _remove_parts(token: str, *targets: str) -> None:
    for target in targets:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part_of(target, token))
