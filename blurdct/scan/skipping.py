"""What a search passes over: folders of programs, what the user excludes, formats nobody reads."""

import os
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from fnmatch import translate

from ..images.files import UNREAD_FORMATS

# Folders that programs fill with copies, thumbnails and what was thrown away, and whose they are.
# Folders whose names begin with a dot are passed over, too: .Trash-1000, .thumbnails, .git.
PROGRAM_FOLDERS = {
    "$recycle.bin": "Windows, thrown away",
    "recycler": "Windows XP, thrown away",
    "system volume information": "Windows, restore points",
    "#recycle": "Synology, thrown away",
    "@recycle": "QNAP, thrown away",
    "@eadir": "Synology, thumbnails",
    "@tmp": "Synology, work under way",
    "#snapshot": "Synology, earlier states",
    "@recently-snapshot": "QNAP, earlier states",
    "lost+found": "Linux, what a repair of the disk found",
    "__macosx": "macOS, attributes of files in archives",
}

Skip = Callable[[str, str, bool], bool]  # path, the same below what was named, whether a folder


def skip_rule(exclude: Sequence[str] = ()) -> Skip:
    """What is passed over below a folder that was named.

    Args:
        exclude: Patterns as for ``fnmatch``, of names, of paths below what was named, or of paths
            as rows call them; a folder that matches is not searched.
    """
    forms = (pattern.removeprefix("./").rstrip("/") or pattern for pattern in exclude)
    excluded = re.compile("|".join(map(translate, forms)) or r"(?!)").match

    def skip(path: str, below: str, is_folder: bool) -> bool:
        name = below.replace(os.sep, "/").rpartition("/")[2]
        if is_folder and (name.startswith(".") or name.lower() in PROGRAM_FOLDERS):
            return True
        return bool(excluded(name) or excluded(below) or excluded(path))

    return skip


def skips_member(skip: Skip, archive: str, name: str) -> bool:
    """Whether a member of an archive, or one of the folders it lies in there, is passed over."""
    parts = name.split("/")
    return any(
        skip(f"{archive}::{below}", below, count < len(parts))
        for count in range(1, len(parts) + 1)
        if parts[count - 1] not in ("", ".", "..")
        for below in ["/".join(parts[:count])]
    )


def unread_ending(name: str) -> str:
    """The ending of a picture that nothing here reads; empty for all other files."""
    ending = os.path.splitext(name)[1].lower()
    return ending if ending in UNREAD_FORMATS and not name.startswith(".") else ""


def told(counts: Mapping[str, int]) -> str:
    """Counts by ending in one line: ``skipped: 3 .jxl (JPEG XL is not supported)``; or empty."""
    each = (
        f"{count:,} {ending} ({UNREAD_FORMATS[ending]} is not supported)"
        for ending, count in Counter(counts).most_common()
    )
    return f"skipped: {', '.join(each)}" if counts else ""
