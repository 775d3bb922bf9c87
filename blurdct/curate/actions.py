"""Photographs copied, moved, linked or tagged, nothing ever overwritten, all of it undoable.

Whatever is about to be done stands in a journal first; see ``curate.undo`` for the way back.
"""

import base64
import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import count

from ..errors import BlurdctError, ConfigError, ImageError
from ..results import Row
from ..scan.items import check_is_file
from .file_ops import duplicate, part_of, relocate, replace_bytes
from .journal import Entry, Journal, JournalError
from .sidecars import Sidecars, renamed
from .xmp import beginning, tagged

SLACK = 1e-3  # seconds: what is lost of a time on its way through a file of results


@dataclass(frozen=True)
class Step:
    """What came of one photo.

    Attributes:
        path: The photo, as the results call it.
        target: Where it, its copy, its link or its sidecar is; empty if nowhere.
        problem: What went wrong, in words; empty if nothing.
        remark: What is to be known though nothing went wrong; empty if nothing.
        sidecars: How many files went along.
    """

    path: str
    target: str = ""
    problem: str = ""
    remark: str = ""
    sidecars: int = 0


def carry(
    rows: Iterable[Row],
    action: str,
    to: str | os.PathLike[str],
    root: str | None,
    journal: Journal | None,
) -> Iterator[Step]:
    """Copy, move or link photographs into a folder, each with its sidecars.

    Below the folder they lie as they lay below ``root``. A name that is taken gets a number:
    ``photo_1.jpg``. A photo that is not as it was when it was judged is left alone, and if it is to
    be moved also one that is a symbolic link itself or has one for a sidecar, as such a link may
    lead nowhere from another folder.

    Args:
        rows: Of results.
        action: ``copy``, ``move`` or ``link``.
        to: The folder; made if it is not there.
        root: A folder that all of the photographs lie below, absolute; None: only names are kept.
        journal: Where each step stands before it is done; None: only say what would be done.

    Yields:
        What came of each photo, in their order.

    Raises:
        ConfigError: The photographs lie in that folder already.
        BlurdctError: The journal cannot be written.
    """
    to = os.path.abspath(to)
    check_target(to, root)
    taken: set[str] = set()  # of what is only said
    sidecars = Sidecars()
    for row in rows:
        path = row["path"]
        if problem := trouble(row, action == "move"):
            yield Step(path, problem=problem)
            continue
        source = os.path.join(os.getcwd(), path)
        own = os.path.abspath(source)
        kept = os.path.basename(own) if root is None else os.path.relpath(own, root)
        along, remarks = _along(sidecars, source, action == "move")
        if along is None:
            yield Step(path, problem=remarks[0])
            continue
        pairs = _free(source, os.path.join(to, kept), along, taken)
        done, problem = "", ""
        if journal:
            journal.keep_within(to, *map(os.path.dirname, pairs[0]))
        if journal is None:
            taken.update(target for _, target in pairs)
            done = pairs[0][1]
            if action == "move":
                sidecars.forget(source, *along)
        else:
            done, problem = _carried(journal, action, pairs)
        yield Step(path, done, problem, "; ".join(remarks), 0 if problem else len(along))


def tag(
    rows: Iterable[Row], keyword: str, rating: int | None, journal: Journal | None
) -> Iterator[Step]:
    """Put a keyword, and stars where there are none, into XMP sidecars of photographs.

    The photographs are not touched. Which sidecars: see ``Sidecars.to_write``; a new one begins
    with what the photo itself says of stars and keywords. One that says all of it is left alone,
    and so is a symbolic link.

    Args:
        rows: Of results.
        keyword: The keyword.
        rating: -1 rejected, or 1..5 stars; None for no stars.
        journal: As for ``carry``.

    Yields:
        What came of each sidecar.
    """
    sidecars = Sidecars()
    for row in rows:
        path = row["path"]
        if problem := trouble(row):
            yield Step(path, problem=problem)
            continue
        names, common = sidecars.to_write(os.path.join(os.getcwd(), path))
        for sidecar in names:
            try:
                if os.path.islink(sidecar):
                    raise BlurdctError("a symbolic link, and only files are written")
                before = _bytes(sidecar)
                start = before or (_bytes(common) if common else None) or beginning(path)
                now = tagged(start, [keyword], rating)
                remark = _other_names(sidecar, "keep what they say") if now != before else ""
                if journal and now != before:
                    journal.keep_within(os.path.dirname(sidecar))
                    _write_sidecar(sidecar, before, now, journal)
            except OSError as error:
                yield Step(path, problem=f"cannot tag it: {sidecar}: {error.strerror or error}")
            except JournalError:
                raise
            except BlurdctError as error:
                yield Step(path, problem=f"cannot tag it: {sidecar}: {error}")
            else:
                yield Step(path, sidecar, remark=remark)


def check_target(to: str | os.PathLike[str], root: str | None) -> None:
    """Refuse a folder that the photographs are in already.

    Raises:
        ConfigError: It is.
    """
    if root is not None and os.path.realpath(to) == os.path.realpath(root):
        raise ConfigError(f"{to}: the photographs are in this folder already")


def trouble(row: Row, moved: bool = False) -> str:
    """Why a row's photo is to be left alone; empty if it may be acted on."""
    path = row["path"]
    try:
        check_is_file(path)
    except ImageError as error:
        return str(error).removeprefix(f"{path}: ")
    try:
        info = os.stat(path)
    except FileNotFoundError:
        return "a link to nothing" if os.path.islink(path) else "no such file"
    except (OSError, ValueError) as error:  # ValueError: a null byte
        return f"cannot be looked at ({getattr(error, 'strerror', None) or error})"
    if not stat.S_ISREG(info.st_mode):
        return "is no file"
    if moved and os.path.islink(path):
        return "is a symbolic link, not a photo; only photographs are moved"
    size, time = row.get("bytes"), row.get("modified")
    other_time = time is not None and abs(time - info.st_mtime) > SLACK
    if other_time or size not in (None, info.st_size):
        return "has changed since it was judged"
    return ""


def _link(source: str, target: str, part: str) -> None:
    try:
        os.symlink(source, target)
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):  # not allowed, or unknown to the file system
        os.link(source, target)


ACTIONS: dict[str, Callable[[str, str, str], None]] = {
    "copy": duplicate,
    "move": relocate,
    "link": _link,  # symbolic; hard where the file system knows no others
}


def _announced(journal: Journal, action: str, source: str, target: str) -> None:
    """Note what is to be done, and do it; what came to nothing is noted, too."""
    journal.add({"do": action, "from": source, "to": target})
    try:
        ACTIONS[action](source, target, part_of(target, journal.token))
    except OSError:
        journal.add({"do": "none"})
        raise


def _carried(journal: Journal, action: str, pairs: list[tuple[str, str]]) -> tuple[str, str]:
    """Act on a photo and its sidecars: where the photo is then, and what went wrong."""
    done = ""
    try:
        _make_folders(os.path.dirname(pairs[0][1]), journal)
        for one, target in pairs:
            _announced(journal, action, one, target)
            done = done or target
    except OSError as error:
        what = f"its sidecar {one} stays: " if done else ""
        return done, f"{what}cannot {action} it ({error.strerror or error})"
    return done, ""


def _along(sidecars: Sidecars, photo: str, moved: bool) -> tuple[list[str] | None, list[str]]:
    """The sidecars that go along with a photo, and remarks; None and the reason, if it stays."""
    own, kept = sidecars.of(photo, moved)
    remarks = [f"{path} stays with {other}" for path, other in kept]
    links = [path for path in own if os.path.islink(path)]
    if moved and links:
        return None, [f"its sidecar {links[0]} is a symbolic link; only files are moved"]
    for path in links:
        if not os.path.exists(path):
            own.remove(path)
            remarks.append(f"its sidecar {path} is a link to nothing")
    if moved and (others := _other_names(photo, "stay where they are")):
        remarks.append(others)
    return own, remarks


def _other_names(path: str, what: str) -> str:
    """A remark on a file that has several names (hard links); empty if it has not."""
    try:
        count = os.stat(path).st_nlink
    except OSError:
        return ""
    return f"{path} is one of {count} names of one file; the others {what}" if count > 1 else ""


def _free(source: str, wanted: str, sidecars: list[str], taken: set[str]) -> list[tuple[str, str]]:
    """A photo and its sidecars, and names for them that nothing has; the photo first."""
    stem, ending = os.path.splitext(wanted)
    for number in count():
        target = f"{stem}_{number}{ending}" if number else wanted
        pairs = [(source, target), *((one, renamed(one, source, target)) for one in sidecars)]
        if not any(name in taken or os.path.lexists(name) for _, name in pairs):
            return pairs
    raise AssertionError("count() never ends")


def _make_folders(folder: str, journal: Journal) -> None:
    missing = []
    while not os.path.isdir(folder):
        missing.append(folder)
        folder = os.path.dirname(folder)
    for name in reversed(missing):
        journal.add({"do": "folder", "to": name})
        try:
            os.mkdir(name)
        except OSError:
            journal.add({"do": "none"})
            raise


def _write_sidecar(path: str, before: bytes | None, now: bytes, journal: Journal) -> None:
    """Put other bytes into a sidecar, all or nothing; the former ones stay in the journal."""
    entry: Entry = {"do": "tag", "to": path, "now": hashlib.sha256(now).hexdigest()}
    if before is not None:
        entry["was"] = base64.b64encode(before).decode()
        entry["time"] = os.stat(path).st_mtime_ns
    journal.add(entry)
    try:
        replace_bytes(path, now, part_of(path, journal.token))
    except OSError:
        journal.add({"do": "none"})
        raise


def _bytes(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
