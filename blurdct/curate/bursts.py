"""When photographs were taken -> bursts of the same scene.

Sources:
    Capture time: EXIF 2.32 (CIPA DC-008-2019), 4.6.6 F: DateTimeOriginal, SubSecTimeOriginal,
    OffsetTimeOriginal. In XMP: exif:DateTimeOriginal, photoshop:DateCreated (Metadata Working
    Group, Guidelines 2.0, 5.1: both are when the photo was taken; the other dates of EXIF and XMP
    tell when a file was made or changed, which all photographs of an export have in common).
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from xml.etree import ElementTree

import numpy as np

from ..errors import ImageError
from .metadata import tiff
from .metadata.reader import Metadata, read_metadata

_EPOCH = datetime(1970, 1, 1)
_DATES = (
    "{http://ns.adobe.com/exif/1.0/}DateTimeOriginal",
    "{http://ns.adobe.com/photoshop/1.0/}DateCreated",
)
_CAMERA = ("{http://ns.adobe.com/tiff/1.0/}Make", "{http://ns.adobe.com/tiff/1.0/}Model")
# With seconds; EXIF has colons in the date and no zone.
_TIME = re.compile(
    r"(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d):(\d\d)(\.\d+)?\s*(Z|[+-]\d\d:\d\d)?"
)
_COARSE = re.compile(r"\d{4}(-\d\d){0,2}(T\d\d:\d\d(Z|[+-]\d\d:\d\d)?)?")  # without seconds
_ZONE = re.compile(r"([+-])(\d\d):(\d\d)")

Moment = tuple[tuple[str, ...], float]  # camera; seconds, comparable for the same camera


class UnreadableTimeError(ImageError):
    """There may be a capture time in a photo, but it cannot be read."""


def moment(path: str) -> Moment | None:
    """When a photo was taken, and by which camera; None if it does not tell.

    EXIF says it, in whichever directory the time stands, or else XMP. Times with and without a
    known time zone do not compare, so that counts as another camera.

    Raises:
        UnreadableTimeError: A time is there that is none, or the file is none of a photo.
        ImageError: There is no such file, or it may not be read.
    """
    found = read_metadata(path)
    if not found.known:
        raise UnreadableTimeError(f"{path}: its capture time cannot be read (no image)")
    camera = (found.text(tiff.MAKE), found.text(tiff.MODEL))
    serial = found.text(tiff.SERIAL) or found.text(tiff.OWN_SERIAL)
    text = found.text(tiff.TIME)
    if not _says_nothing(text):
        time, zone = _seconds(path, text, found.text(tiff.SUBSEC), found.text(tiff.OFFSET))
    else:
        xmp = dict(_properties(found))
        text = next((xmp[name] for name in _DATES if xmp.get(name)), "")
        if not text or _COARSE.fullmatch(text):
            return None
        time, zone = _seconds(path, text)
        make, model = (own or xmp.get(name, "") for own, name in zip(camera, _CAMERA, strict=True))
        camera = make, model
    return (*camera, serial, zone), time


def _seconds(path: str, text: str, fraction: str = "", offset: str = "") -> tuple[float, str]:
    """A time in seconds, and ``zone`` if its zone was known, so that it is UTC."""
    parts = _TIME.match(text)
    try:
        if not parts:
            raise ValueError
        taken = datetime(*map(int, parts.groups()[:6]))  # type: ignore[arg-type]
    except ValueError:
        raise UnreadableTimeError(
            f"{path}: its capture time cannot be read ({text[:40]!r})"
        ) from None
    time = (taken - _EPOCH).total_seconds()
    if parts[7]:
        time += float(parts[7])
    elif fraction.isdecimal():
        time += float(f"0.{fraction}")
    known = _ZONE.fullmatch("+00:00" if parts[8] == "Z" else parts[8] or offset)
    if known:
        time -= float(f"{known[1]}1") * (3600 * int(known[2]) + 60 * int(known[3]))
    return time, "zone" if known else ""


def group_bursts(moments: Sequence[Moment | None], gap: float) -> np.ndarray:
    """Which photographs were taken in one go.

    Args:
        moments: Of n photographs, as ``moment`` gives them.
        gap: Seconds, at most, between one photo of a burst and the next of the same camera; the
            burst itself may last longer.

    Returns:
        Number of the burst, shape (n,). A photo without a time is alone.
    """
    labels = np.arange(len(moments))
    known = [(m, i) for i, m in enumerate(moments) if m is not None]
    known.sort()
    for ((camera, time), i), ((other, before), j) in zip(known[1:], known, strict=False):
        # times have six digits before the point and more: a gap of .1 s must not fail by rounding
        if camera == other and time - before <= gap + 1e-6:
            labels[i] = labels[j]
    return labels


def _says_nothing(text: str) -> bool:
    """Whether a time of EXIF is left blank, as the standard has it, or zero, as cameras do."""
    return not re.search("[1-9]|[^0 :]", text)


def _properties(found: Metadata) -> Iterator[tuple[str, str]]:
    """The simple properties of XMP, the first packet's last, so that they count."""
    for packet in reversed(found.packets):
        try:
            root = ElementTree.fromstring(packet)
        except (ElementTree.ParseError, ValueError):
            continue
        for element in root.iter():
            yield from element.items()
            if element.text and element.text.strip():
                yield element.tag, element.text.strip()
