"""What a search passes over: folders of programs, what the user excludes, formats nobody reads."""

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import translate
from itertools import chain

from ..errors import ConfigError
from ..images.files import UNREAD_FORMATS
from .archives import is_archive
from .items import Item
from .walk import Skip

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

CLIPS = frozenset(".3gp .avi .m2ts .m4v .mkv .mov .mp4 .mpeg .mpg .mts .webm .wmv".split())

Remark = Callable[[str], object]


EXCLUDED = "by --exclude"
OTHER = "other files"
VIDEOS = "videos (blurdct video judges one)"
ARCHIVES = "archives (named, they are searched)"
SINGULAR = {
    OTHER: "other file",
    VIDEOS: "video (blurdct video judges it)",
    ARCHIVES: "archive (named, it is searched)",
}


def skip_rule(exclude: Sequence[str] = (), skipped: Remark = lambda why: None) -> Skip:
    """What is passed over below a folder that was named.

    Args:
        exclude: Patterns as for ``fnmatch``, of names, of paths below what was named, or of paths
            as rows call them; a folder that matches is not searched.
        skipped: Called with the reason of each thing that is passed over.
    """
    forms = (pattern.removeprefix("./").rstrip("/") or pattern for pattern in exclude)
    excluded = re.compile("|".join(map(translate, forms)) or r"(?!)").match

    def skip(path: str, below: str, is_folder: bool) -> bool:
        name = below.replace(os.sep, "/").rpartition("/")[2]
        if is_folder and (name.startswith(".") or name.lower() in PROGRAM_FOLDERS):
            skipped(f"{name}/")
            return True
        if excluded(name) or excluded(below) or excluded(path):
            skipped(EXCLUDED)
            return True
        return False

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


def why_skipped(name: str) -> str:
    """Why a file that is no photograph to us is not judged, by its name."""
    ending = os.path.splitext(name)[1].lower()
    if name.startswith("."):
        return OTHER
    if ending in UNREAD_FORMATS:
        return f"{ending} ({UNREAD_FORMATS[ending]} is not supported)"
    if ending in CLIPS:
        return VIDEOS
    return ARCHIVES if is_archive(name) else OTHER


def is_unread_picture(name: str) -> bool:
    """Whether a file is a picture, by its ending, of a format that nothing here reads."""
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in UNREAD_FORMATS


def is_clip(name: str) -> bool:
    """Whether a file is a video, by its ending."""
    return os.path.splitext(name)[1].lower() in CLIPS


def some(items: Iterator[Item], empty: Sequence[str], skipped: Mapping[str, int]) -> Iterator[Item]:
    """The same items, if one of them is a file that was named or found.

    Args:
        items: Of ``sources.photographs``.
        empty: Its remarks on empty places.
        skipped: Its counts of what is passed over.

    Raises:
        ConfigError: None is; with what there is to say about each place.
    """
    first: list[Item] = []
    for item in items:
        first.append(item)
        if not item.searched:
            return chain(first, items)
    words = [*empty, *(item.error for item in first), *filter(None, [told(skipped)])]
    raise ConfigError(f"no photographs found ({'; '.join(words)})")


def told(counts: Mapping[str, int]) -> str:
    """Reasons with their counts: ``skipped: 3 .jxl (JPEG XL is not supported), 2 @eaDir/``."""
    each = (
        f"{count:,} {why if count > 1 else SINGULAR.get(why, why)}"
        for why, count in sorted(counts.items(), key=lambda one: (one[0] == OTHER, -one[1]))
    )
    return f"skipped: {', '.join(each)}" if counts else ""
