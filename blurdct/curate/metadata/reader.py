"""A photo's file -> what it says of its capture, of stars and of keywords.

Sources:
    Datasets: IPTC-NAA, Information Interchange Model 4.2, 1.6, 2:25 (keywords). Image resource
    1028 holds them: Adobe, Photoshop File Formats.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field

from ...errors import ImageError
from ...images.files import check_regular
from ...scan.items import check_is_file
from ...utils.text import reason
from . import tiff
from .containers import blocks
from .source import Source
from .tiff import Directory

_RESOURCE, _DATASETS, _KEYWORD = b"8BIM", 1028, b"\x1c\x02\x19"


@dataclass
class Metadata:
    """What a file says beside its pixels.

    Attributes:
        known: Whether its format is.
        directories: Of EXIF: what counts first comes first.
        packets: Of XMP: the first one counts.
        datasets: Of IPTC, as they stand in the file.
    """

    known: bool = True
    directories: list[Directory] = field(default_factory=list)
    packets: list[bytes] = field(default_factory=list)
    datasets: list[bytes] = field(default_factory=list)

    def text(self, tag: int) -> str:
        """The first text that a tag of EXIF holds; empty if none does."""
        texts = (one[tag].text for one in self.directories if tag in one)
        return next((text for text in texts if text), "")

    @property
    def stars(self) -> int | None:
        """1..5 as EXIF says; None for none."""
        found = (one[tiff.RATING].number for one in self.directories if tiff.RATING in one)
        return next((stars for stars in found if 1 <= stars <= 5), None)

    @property
    def keywords(self) -> list[str]:
        """Those of IPTC, and those that Windows puts into EXIF; each once."""
        words = [word for data in self.datasets for word in _iptc_keywords(data)]
        for one in self.directories:
            if tiff.WORDS in one:
                text = one[tiff.WORDS].data.decode("utf-16-le", "ignore").strip("\0")
                words += text.split(";")
        return list(dict.fromkeys(word.strip() for word in words if word.strip()))


def read_metadata(path: str | os.PathLike[str]) -> Metadata:
    """What a photo's file says; what is damaged in it is left out.

    Raises:
        ImageError: No such file, no regular one, or not to be read.
    """
    path = os.fspath(path)
    check_is_file(path)
    try:
        check_regular(path, path)
        with open(path, "rb") as file:
            source = Source(file)
            known, found = blocks(source)
            metadata = Metadata(known)
            for kind, block in found:
                _add(metadata, kind, block)
            return metadata
    except ImageError:
        raise
    except FileNotFoundError as error:
        raise ImageError(f"{path}: no such file") from error
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        raise ImageError(f"{path}: cannot be read ({reason(error)})") from error


def _add(to: Metadata, kind: str, block: Source) -> None:
    if kind == "exif":
        own = tiff.directories(block)
        to.directories += own
        for one in own:
            if tiff.XMP in one:
                _add(to, "xmp", Source.of(one[tiff.XMP].data))
            if tiff.IPTC in one:
                _add(to, "iptc", Source.of(one[tiff.IPTC].data))
            if tiff.PHOTOSHOP in one:
                _add(to, "8bim", Source.of(one[tiff.PHOTOSHOP].data))
    elif kind == "8bim":
        to.datasets += _resources(block.all())
    elif data := block.all().strip(b"\0 \r\n\t"):
        (to.packets if kind == "xmp" else to.datasets).append(data)


def _resources(data: bytes) -> Iterator[bytes]:
    """The datasets among image resources."""
    at = 0
    while data[at : at + 4] == _RESOURCE and len(data) >= at + 12:
        which = int.from_bytes(data[at + 4 : at + 6], "big")
        name = data[at + 6] + 1
        start = at + 6 + name + name % 2
        length = int.from_bytes(data[start : start + 4], "big")
        if which == _DATASETS:
            yield data[start + 4 : start + 4 + length]
        at = start + 4 + length + length % 2


def _iptc_keywords(data: bytes) -> Iterator[str]:
    at = 0
    while data[at : at + 1] == b"\x1c":
        length = int.from_bytes(data[at + 3 : at + 5], "big")
        if length >= 0x8000:  # longer ones say first how long their length is; none is a keyword
            return
        if data[at : at + 3] == _KEYWORD:
            word = data[at + 5 : at + 5 + length]
            try:
                yield word.decode()
            except UnicodeDecodeError:
                yield word.decode("latin-1")
        at += 5 + length
