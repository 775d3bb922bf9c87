"""Which files beside a photo belong to it, and what they are called when it is renamed.

A sidecar has the whole name of its photo and something behind it, or the name without the ending
and another one. The latter fits every photo of that name: see ``Sidecars.of``.

Sources:
    darktable and digiKam write ``photo.jpg.xmp`` and read it for every format; Lightroom knows
    ``photo.xmp`` only, and only beside camera RAW. ``photo_01.jpg.xmp`` is a second version:
    darktable user manual, "sidecar files". Google Takeout puts ``.supplemental-metadata.json``
    behind ``photo.jpg`` and cuts what stands in front of ``.json`` to 46 characters;
    ``photo(1).jpg`` has ``photo.jpg(1).json``.
"""

import os
import re
from bisect import bisect_left
from functools import lru_cache

from ..images.files import RAW_SUFFIXES, is_photo

XMP = ".xmp"
_NONE: frozenset[str] = frozenset()
_HEIF = frozenset((".heic", ".heif", ".hif"))

# Endings of sidecars; and of what photographs they are where several have that name.
ENDINGS: dict[str, frozenset[str]] = {
    XMP: RAW_SUFFIXES,  # stars, keywords, edits: Adobe, darktable, digiKam, Capture One
    ".acr": RAW_SUFFIXES,  # masks: Adobe Camera Raw
    ".aae": _HEIF,  # edits: Apple
    ".pp3": RAW_SUFFIXES,  # edits: RawTherapee
    ".arp": RAW_SUFFIXES,  # edits: ART
    ".dop": RAW_SUFFIXES,  # edits: DxO PhotoLab
    ".on1": RAW_SUFFIXES,  # edits: ON1 Photo RAW
    ".vrd": RAW_SUFFIXES,  # edits: Canon Digital Photo Professional
    ".dr4": RAW_SUFFIXES,  # the same, later
    ".json": _NONE,  # what Google Takeout knows, or annotations
    ".thm": RAW_SUFFIXES,  # a thumbnail: cameras
    ".wav": _NONE,  # a spoken note: cameras
    ".mov": _HEIF,  # the clip of a Live Photo
    ".mp4": _HEIF,  # the same, from other phones
}
CLIPS = (".mov", ".mp4", ".mp")
CLIP = 50_000_000  # bytes; a clip of three seconds has a tenth, and more is a film with a poster
_TAKEOUT = ".supplemental-metadata"
_TAKEOUT_NAME = 46  # characters
_VERSION = re.compile(r"(.+)(_\d{2,4})(\.[^.]+)(\.xmp)", re.IGNORECASE)
_COPY = re.compile(r"(.+)(\(\d+\))\.json", re.IGNORECASE)
FOLDERS = 32  # whose names are kept


class _Names:
    """The names in a folder, as they were when it was looked at."""

    def __init__(self, folder: str) -> None:
        try:
            self.sorted = sorted(os.listdir(folder or "."))
        except OSError:
            self.sorted = []
        self.all = frozenset(self.sorted)
        self.others: dict[str, list[str]] = {}  # of a photo: those whose names begin otherwise
        for name in self.sorted:
            lower = name.lower()
            if lower.endswith(XMP) and (found := _VERSION.fullmatch(name)):
                photo = found[1] + found[3]
                if found[1] + found[2] + found[3] not in self.all:
                    self.others.setdefault(photo, []).append(name)
            elif lower.endswith(").json") and (found := _COPY.fullmatch(name)):
                photo, end = os.path.splitext(found[1])
                if not _TAKEOUT.startswith(end):
                    photo += end
                stem, end = os.path.splitext(photo)
                self.others.setdefault(stem + found[2] + end, []).append(name)

    def beginning(self, start: str) -> list[str]:
        """Those that begin so."""
        first = last = bisect_left(self.sorted, start)
        while last < len(self.sorted) and self.sorted[last].startswith(start):
            last += 1
        return self.sorted[first:last]

    def is_about(self, name: str, photo: str) -> bool:
        """Whether a name begins with the whole of a photo's, be the ending in other letters."""
        start = name[: len(photo)]
        return start == photo or (start.lower() == photo.lower() and start not in self.all)


class Sidecars:
    """The sidecars of photographs that are acted on one after the other."""

    def __init__(self) -> None:
        self._names = lru_cache(FOLDERS)(_Names)
        self._gone: set[str] = set()
        self._taken: set[str] = set()

    def of(self, photo: str, moved: bool = False) -> tuple[list[str], list[tuple[str, str]]]:
        """The sidecars that go along with a photo, and those that stay with another one.

        Of several photographs that differ in their endings alone, camera RAW has the edits and
        HEIC the clip. What belongs to none of them more than to the others is copied with the
        first of them that is copied, and moved with the last that is moved: until then it stays.

        Args:
            photo: Its path.
            moved: It will be gone; else it stays where it is.

        Returns:
            Paths; and pairs of a path and the name of the photo that it stays with.
        """
        own, shared = self._both(photo)
        kept: list[tuple[str, str]] = []
        for path, rival in shared:
            if moved:
                kept.append((path, rival))
            elif path not in self._taken:
                own.append(path)
                self._taken.add(path)
        return own, kept

    def forget(self, *paths: str) -> None:
        """Take files for gone from now on, wherever they are."""
        self._gone.update(paths)

    def to_write(self, photo: str) -> tuple[list[str], str]:
        """The XMP sidecars that are to say something about a photo, and what to begin one with.

        Those that are there and of no other photo. If none is: ``photo.xmp`` beside camera RAW, for
        Lightroom, for darktable when it imports, and for digiKam if its settings ask for names as
        of commercial programs; ``photo.jpg.xmp`` beside anything else, for darktable and digiKam.
        Where that is new, it begins with one that it has in common with others, if there is one.
        """
        stem, ending = os.path.splitext(photo)
        plain = (photo.lower() + XMP, stem.lower() + XMP)
        own, shared = self._both(photo)
        if own := [path for path in own if path.lower() in plain]:
            return own, ""
        common = next((path for path, _ in shared if path.lower() in plain), "")
        raw = [photo, *self._raw_beside(photo)] if ending.lower() in RAW_SUFFIXES else []
        return [(stem if len(raw) == 1 and not common else photo) + XMP], common

    def _both(self, photo: str) -> tuple[list[str], list[tuple[str, str]]]:
        """A photo's own sidecars, and those that it shares, each with another photo's name."""
        folder, name = os.path.split(photo)
        stem = os.path.splitext(name)[0]
        names = self._names(folder)
        alike = [one for one in names.beginning(f"{stem}.") if one != name]
        found = [one for one in alike if names.is_about(one, name) and _follows(one[len(name) :])]
        found += names.others.get(name, [])
        shared: list[tuple[str, str]] = []
        if stem in names.all and is_photo(stem):  # photo.jpg.png: the others are of photo.jpg
            alike = []
        rivals = [one for one in alike if self._is_rival(folder, one, stem)]
        ours = [one for one in alike if one[len(stem) :].lower() in ENDINGS]
        if stem in names.all and stem.lower().endswith(CLIPS[-1]):  # of Pixel phones
            ours.append(stem)
        for one in ours:
            before = ENDINGS.get(one[len(stem) :].lower(), _NONE)
            first = [rival for rival in rivals if _ending(rival) in before]
            if _ending(name) in before:
                other = first
            elif first:
                continue
            else:
                other = rivals
            if other:
                shared.append((os.path.join(folder, one), other[0]))
            else:
                found.append(one)
        long = name[:_TAKEOUT_NAME] + ".json"
        if len(name) > _TAKEOUT_NAME and long in names.all:
            same = (one for one in names.beginning(name[:_TAKEOUT_NAME]) if one != name)
            other = [one for one in same if is_photo(one) and self._is_there(folder, one)]
            if other:
                shared.append((os.path.join(folder, long), other[0]))
            else:
                found.append(long)
        paths = [os.path.join(folder, one) for one in dict.fromkeys(found)]
        paths = [path for path in paths if path not in self._gone and _is_sidecar(path)]
        return paths, [pair for pair in shared if _is_sidecar(pair[0])]

    def _raw_beside(self, photo: str) -> list[str]:
        """Camera RAW that has the name of a photo but for its ending."""
        folder, name = os.path.split(photo)
        stem = os.path.splitext(name)[0]
        alike = (one for one in self._names(folder).beginning(f"{stem}.") if one != name)
        raw = (one for one in alike if _ending(one) in RAW_SUFFIXES)
        return [one for one in raw if self._is_rival(folder, one, stem)]

    def _is_rival(self, folder: str, name: str, stem: str) -> bool:
        """Whether a file is a photo of that name, and will not be gone."""
        same = os.path.splitext(name)[0] == stem
        return same and is_photo(name) and self._is_there(folder, name)

    def _is_there(self, folder: str, name: str) -> bool:
        path = os.path.join(folder, name)
        return path not in self._gone and os.path.lexists(path)


def renamed(sidecar: str, photo: str, target: str) -> str:
    """What a sidecar is called when its photo is called ``target``."""
    folder, new = os.path.split(target)
    one, old = os.path.basename(sidecar), os.path.basename(photo)
    stem, (short, ending) = os.path.splitext(old)[0], os.path.splitext(new)
    if new == old:
        name = one
    elif one.lower().startswith(old.lower()):
        name = new + one[len(old) :]
    elif one == stem or one.startswith(f"{stem}."):
        name = short + one[len(stem) :]
    elif version := _VERSION.fullmatch(one):
        name = short + version[2] + ending + version[4]
    else:  # of Google Takeout, which cuts names and moves their numbers
        name = new + os.path.splitext(one)[1]
    return os.path.join(folder, name)


def _follows(rest: str) -> bool:
    """Whether a sidecar's name goes on like that behind the whole name of its photo."""
    stem, ending = os.path.splitext(rest.lower())
    if stem.startswith(".") and ending == ".json":
        return _TAKEOUT.startswith(stem)
    return rest.lower() in ENDINGS or rest.lower() == "..json"


def _is_sidecar(path: str) -> bool:
    """A file, or a link, be it to nothing; a film is none."""
    if os.path.islink(path):
        return True
    if not os.path.isfile(path):
        return False
    return not path.lower().endswith(CLIPS) or os.path.getsize(path) <= CLIP


def _ending(name: str) -> str:
    return os.path.splitext(name)[1].lower()
