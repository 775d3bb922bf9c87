"""A JPEG file -> its header, without a library; and its pixels, by OpenCV.

OpenCV can decode JPEG at a half, a quarter or an eighth of its size.

Sources:
    Markers: ITU-R T.81 (1992), B. Pictures behind the first: CIPA DC-007 (2009), 5.2.3.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np
from PIL import Image

from ...errors import ImageError
from .jpeg_scans import are_all_there, unfinished
from .pages import Decoded, first_shown, which

START = b"\xff\xd8\xff"
DAMAGED = "truncated or damaged image data"
ORIENTATION = 274  # EXIF tag
ON_SIDE = (5, 6, 7, 8)  # its values under which width and height change places

_SEGMENTS = 10_000  # before the pixels: of full ones there are fewer in the largest file
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # markers
_JPEG_LS = 0xF7
_LOSSLESS = frozenset((0xC3, 0xC7, 0xCB, 0xCF))
_PROGRESSIVE = frozenset((0xC2, 0xC6, 0xCA, 0xCE))
_ALONE = frozenset((0x01, *range(0xD0, 0xD9)))  # without a length
_EXIF, _PICTURES = b"Exif\0\0", b"MPF\0"
_SCAN = b"\xff\xda"
_HUFFMAN = frozenset((0xC0, 0xC1, 0xC2))  # frames that are packed so and can be read
_MANY = 100  # pictures of a file

_REDUCED = {  # in colour or not -> by how much -> flag
    False: {
        1: cv2.IMREAD_GRAYSCALE,
        2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
        4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
        8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
    },
    True: {
        1: cv2.IMREAD_COLOR,
        2: cv2.IMREAD_REDUCED_COLOR_2,
        4: cv2.IMREAD_REDUCED_COLOR_4,
        8: cv2.IMREAD_REDUCED_COLOR_8,
    },
}


@dataclass(frozen=True)
class Header:
    """What a JPEG file says before its pixels.

    Attributes:
        size: Width and height as stored, pixels.
        colours: Components.
        bits: Of a sample.
        frame: The marker that says how it is packed.
        scans: How often the decoder goes over the picture.
        exif: EXIF, or nothing.
        pixels: Where its first scan begins.
        ids: Of its components, the first that of luma.
        others: Where further pictures of the same size begin, as a camera with two lenses writes.
    """

    size: tuple[int, int]
    colours: int
    bits: int
    frame: int
    scans: int
    exif: bytes
    pixels: int
    ids: bytes
    others: tuple[int, ...]

    @property
    def lies_on_side(self) -> bool:
        """Whether EXIF says that width and height change places when it is upright."""
        try:
            exif = Image.Exif()  # not ``getexif``, which asks XMP as well: OpenCV does not
            exif.load(self.exif)
            return exif.get(ORIENTATION) in ON_SIDE
        except Exception:  # damaged EXIF turns nothing
            return False


def header(data: bytes, label: str, start: int = 0) -> Header:
    """The header of a JPEG file.

    Args:
        data: The file.
        label: What errors call it.
        start: Where it begins.

    Raises:
        ImageError: It is damaged, or JPEG-LS.
    """
    found: tuple[int, ...] = ()
    ids, exif, pictures, at = b"", b"", 0, start + 2
    for _ in range(_SEGMENTS):
        at = data.find(b"\xff", at)
        while data[at + 1 : at + 2] == b"\xff":  # filling
            at += 1
        segment = data[at : at + 4]
        if at < 0 or len(segment) < 4:
            break
        marker = segment[1]
        if marker in _ALONE or marker == 0:
            at += 2
            continue
        length = int.from_bytes(segment[2:], "big")
        if marker in _FRAMES and at + 10 <= len(data):
            bits, height, width, colours = struct.unpack_from(">BHHB", data, at + 4)
            found = (width, height, colours, bits, marker)
            ids = data[at + 10 : at + 10 + 3 * colours : 3]
        elif marker == _JPEG_LS:
            raise ImageError(f"{label}: JPEG-LS is not supported")
        elif marker == 0xE1 and not exif and data.startswith(_EXIF, at + 4):
            exif = data[at + 4 : at + 2 + length]
        elif marker == 0xE2 and data.startswith(_PICTURES, at + 4):
            pictures = at + 8
        elif marker == 0xDA:
            if not found:
                break
            width, height, colours, bits, frame = found
            once = frame not in _PROGRESSIVE and data[at + 4 : at + 5] == bytes([colours])
            scans = 1 if once else data.count(_SCAN, at)
            head = Header((width, height), colours, bits, frame, scans, exif, at, ids, ())
            if not pictures or start:
                return head
            return Header(**{**vars(head), "others": _others(data, pictures, head)})
        at += 2 + length
    raise ImageError(f"{label}: {DAMAGED}")


def decode_jpeg(
    data: bytes, label: str, colour: bool, reduction: Callable[[int, int], int]
) -> Decoded:
    """A JPEG file's picture, upright.

    Args:
        data: The file.
        label: What errors call it.
        colour: Red, green and blue, or luma.
        reduction: By how much, 1, 2, 4 or 8, a picture of such a width and height may be shrunk.

    Raises:
        ImageError: It is damaged.
    """
    head = header(data, label)
    starts = (0, *head.others)
    read = partial(_picture, data, label, colour, reduction)
    if len(starts) == 1:
        return read(0)
    number, found = first_shown(
        lambda number: read(starts[number]), range(len(starts)), lambda found: found.pixels
    )
    return Decoded(found.pixels, found.size, which(number + 1, len(starts), "picture"))


def _picture(
    data: bytes, label: str, colour: bool, reduction: Callable[[int, int], int], start: int
) -> Decoded:
    head = header(data, label, start)
    factor = reduction(*head.size)
    file = data[start:]
    if head.frame in _HUFFMAN:
        if head.scans == 1:
            file = unfinished(data, start, head.pixels)
        elif not are_all_there(data, head.pixels, head.ids):
            raise ImageError(f"{label}: {DAMAGED}")
    pixels: Any = cv2.imdecode(np.frombuffer(file, np.uint8), _REDUCED[colour][factor])
    if pixels is None:
        if head.frame in _LOSSLESS:
            raise ImageError(f"{label}: lossless JPEG is not supported")
        if head.bits != 8:
            raise ImageError(f"{label}: JPEG of {head.bits} bits is not supported")
        raise ImageError(f"{label}: {DAMAGED}")
    size = head.size[::-1] if _is_turned(head, pixels.shape[1::-1], factor) else head.size
    return Decoded(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB) if colour else pixels, size)


def _is_turned(head: Header, shown: tuple[int, ...], factor: int) -> bool:
    """Whether OpenCV, turning a JPEG upright, let width and height change places.

    Args:
        head: The JPEG file's.
        shown: Width and height that came out, pixels.
        factor: By how much the JPEG library shrank it; it rounds up.
    """
    width, height = (-(-side // factor) for side in head.size)
    if width != height:
        return shown != (width, height)
    return head.size[0] != head.size[1] and head.lies_on_side  # sizes no longer tell


def _others(data: bytes, base: int, first: Header) -> tuple[int, ...]:
    """Where the other pictures begin that the index at ``base`` names and that are no aids.

    Phones keep maps of brightness and of depth there: smaller, or without colours.
    """
    starts = []
    try:
        order = "<" if data[base : base + 2] == b"II" else ">"
        (folder,) = struct.unpack_from(order + "I", data, base + 4)
        (count,) = struct.unpack_from(order + "H", data, base + folder)
        for place in range(base + folder + 2, base + folder + 2 + 12 * min(count, _MANY), 12):
            tag, _, length, entries = struct.unpack_from(order + "HHII", data, place)
            if tag != 0xB002:
                continue
            for at in range(base + entries + 16, base + entries + min(length, 16 * _MANY), 16):
                (offset,) = struct.unpack_from(order + "I", data, at + 8)
                if data.startswith(START, base + offset):
                    other = header(data, "", base + offset)
                    if (other.size, other.colours) == (first.size, first.colours):
                        starts.append(base + offset)
    except (struct.error, ImageError):
        pass
    return tuple(starts)
