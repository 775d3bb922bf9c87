"""Bytes of a photo -> pixels, in this process or, where decoders are risky, in a confined one.

JPEG, PNG and still WebP of ordinary size are decoded here: their decoders take time and memory by
the pixels that their headers tell. All else goes to a process that may take so much memory and so
long, and answers with what is left at the working size: nested PDF, TIFF and RAW tell nothing of
what they will take. The same function decodes in both.

Sources:
    Header of WebP: RFC 9649, 2.5 to 2.7. Of PNG: W3C, Portable Network Graphics (Third Edition),
    11.2.1; frames: 11.3.6.1.
"""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from ..config import ReadConfig
from ..errors import ImageError
from ..utils.text import reason
from .decode import MIN_SIDE, check_size, decode_by_pillow, is_known
from .files import unread_format
from .formats import kind, unpack
from .resize import resize_by
from .structure import jpeg, png
from .structure.jpeg import DAMAGED, decode_jpeg
from .structure.pages import Decoded

if TYPE_CHECKING:
    from ..parallel.confined import Confined

# Pixels up to which a file is decoded here, and pixels times the scans over them.
ORDINARY = {"JPEG": 64_000_000, "PNG": 25_000_000, "WebP": 25_000_000}
WORK = 500_000_000

LEAST_MEMORY = 512 * 2**20  # bytes that any decoder may take
BYTES_PER_PIXEL = 10  # more that it may take, of the pixel limit

# A variable; with any value all photographs are decoded in this process, without such limits.
HERE = "BLURDCT_DECODE_HERE"


@dataclass(frozen=True)
class Aim:
    """What a picture is decoded for.

    Attributes:
        long: Pixels that its long side is reduced to at most; 0 for none.
        short: Pixels that its short side will be reduced to by the caller; 0 for none.
    """

    long: int = 0
    short: int = 0

    def scale(self, width: int, height: int) -> float:
        """By how much a picture is reduced; the short side not under 16."""
        if self.long:
            wanted = max(self.long / max(width, height), MIN_SIDE / min(width, height))
            return min(1.0, wanted)
        return min(1.0, self.short / min(width, height)) if self.short else 1.0

    def reduction(self, width: int, height: int) -> int:
        """By how much a decoder may shrink: to exactly that scale or to at least twice it."""
        scale = self.scale(width, height)
        for factor in (8, 4, 2):
            if factor * scale == 1 or 2 * factor * scale <= 1:
                return factor
        return 1


def decode(data: bytes, label: str, config: ReadConfig, colour: bool, aim: Aim) -> Decoded:
    """A file's picture, upright, and reduced where ``aim`` tells its long side.

    Args:
        data: The file.
        label: What errors call it; its ending may matter.
        config: Limits.
        colour: Red, green and blue, or luma.
        aim: What for.

    Raises:
        ImageError: No picture, refused, damaged, or more than a decoder may take.
    """
    if _is_ordinary(data, label, config) or _decodes_here():
        try:
            return decode_here(data, label, config, colour, aim)
        except MemoryError as error:
            raise ImageError(f"{label}: not enough memory to read it") from error
    if not (kind(data, label) or is_known(data)):
        what = unread_format(data, label)
        unknown = f"{what} is not supported" if what else "not an image, or of an unknown format"
        raise ImageError(f"{label}: {unknown}")
    return _decode_apart(data, label, config, colour, aim)


def decode_here(data: bytes, label: str, config: ReadConfig, colour: bool, aim: Aim) -> Decoded:
    """The same, in this process and without limits of memory and time; MemoryError passes."""
    return reduced(_decoded(data, label, config, colour, aim), aim)


def reduced(found: Decoded, aim: Aim) -> Decoded:
    """A picture, its long side as ``aim`` tells it."""
    if not aim.long:
        return found
    height, width = found.pixels.shape[:2]
    return Decoded(resize_by(found.pixels, aim.scale(width, height)), found.size, found.notes)


def memory_limit(config: ReadConfig) -> int:
    """Bytes that a decoder of another process may take."""
    return LEAST_MEMORY + BYTES_PER_PIXEL * config.max_pixels


def answering() -> Callable[[dict[str, Any], bytearray], tuple[dict[str, Any], Any]]:
    """What the other process answers with; all that Pillow loads is loaded first."""
    Image.init()  # within a limit it might miss a format, and then for good
    return answer


def answer(words: dict[str, Any], data: bytearray) -> tuple[dict[str, Any], Any]:
    """What the other process does with a question; see ``parallel.confined``."""
    config = ReadConfig(**words["config"])
    try:
        found = decode_here(
            bytes(data), words["label"], config, words["colour"], Aim(**words["aim"])
        )
    except MemoryError:
        raise
    except ImageError as error:
        return {"error": str(error)}, b""
    except Exception as error:  # decoders of hostile bytes raise anything; the photo is lost
        return {"error": f"{words['label']}: {DAMAGED} ({reason(error)})"}, b""
    pixels = np.ascontiguousarray(found.pixels)
    said = {"shape": pixels.shape, "size": found.size, "notes": found.notes}
    return said, pixels.reshape(-1)


def _decoded(data: bytes, label: str, config: ReadConfig, colour: bool, aim: Aim) -> Decoded:
    if data.startswith(jpeg.START):
        check_size(jpeg.header(data, label).size, config, label)
        return decode_jpeg(data, label, colour, aim.reduction)
    unpacked = unpack(data, label, partial(check_size, config=config, label=label))
    if not unpacked:
        if size := webp_size(data):  # Pillow makes room for the picture when it opens one
            check_size(size, config, label)
        return decode_by_pillow(data, label, config, colour)
    picture, size, notes = unpacked
    if isinstance(picture, bytes):
        found = _decoded(picture, label, config, colour, aim)
    else:
        from .arrays import decode_pixels

        found = decode_pixels(picture, label, config, colour)
    return Decoded(found.pixels, size, notes + found.notes)


def _decode_apart(data: bytes, label: str, config: ReadConfig, colour: bool, aim: Aim) -> Decoded:
    from ..parallel.confined import Lost

    question = {"label": label, "config": vars(config), "colour": colour, "aim": vars(aim)}
    memory = memory_limit(config)
    too_much = f"takes more than {memory / 2**30:.1f} GiB of memory to read"
    try:
        words, found = _confined().ask(question, data, memory, config.seconds)
    except MemoryError as error:
        raise ImageError(f"{label}: {too_much}") from error
    except Lost as error:
        why = {
            "time": f"takes more than {config.seconds:g} s to read",
            "memory": too_much,
            "crash": f"crashes its decoder, or {too_much}",
            "start": "the process that decodes it could not be started",
        }
        raise ImageError(f"{label}: {why[str(error)]}") from error
    if "error" in words:
        raise ImageError(words["error"])
    pixels = np.frombuffer(found, np.uint8).reshape(words["shape"])
    width, height = words["size"]
    return Decoded(pixels, (width, height), tuple(words["notes"]))


def _is_ordinary(data: bytes, label: str, config: ReadConfig) -> bool:
    """Whether a photo is decoded in this process.

    Raises:
        ImageError: A header says that it is too large, or too small.
    """
    if data.startswith(jpeg.START):
        head = jpeg.header(data, label)
        check_size(head.size, config, label)
        area = head.size[0] * head.size[1]
        return area <= ORDINARY["JPEG"] and area * head.scans <= WORK
    if size := png.still_size(data):
        what = "PNG"
    elif size := webp_size(data, still=True):
        what = "WebP"
    else:
        return False
    check_size(size, config, label)
    return size[0] * size[1] <= ORDINARY[what]


def webp_size(data: bytes, still: bool = False) -> tuple[int, int] | None:
    """Width and height of a WebP file, pixels; None if it is none, or must be still and is not."""
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or len(data) < 30:
        return None
    chunk, bits = data[12:16], int.from_bytes(data[21:25], "little")
    if chunk == b"VP8X":
        if still and data[20] & 2:
            return None
        return tuple(1 + int.from_bytes(data[at : at + 3], "little") for at in (24, 27))  # type: ignore
    if chunk == b"VP8L":
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if chunk == b"VP8 ":
        return tuple(int.from_bytes(data[at : at + 2], "little") & 0x3FFF for at in (26, 28))  # type: ignore
    return None


def _decodes_here() -> bool:
    """Whether nothing is to be started: so it was said, or there is no interpreter to start."""
    return bool(os.environ.get(HERE) or getattr(sys, "frozen", False))


@cache
def _confined() -> "Confined":
    from ..parallel.confined import Confined

    return Confined(f"{__name__}:answering")
