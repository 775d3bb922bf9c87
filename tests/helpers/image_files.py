"""Pictures -> files of every kind, and how near what comes back is."""

import struct
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from blurdct.errors import ImageError
from blurdct.images.reader import read_luma

ORIENTATION = 0x0112  # EXIF tag

# How an upright picture is stored under each EXIF orientation.
STORED = {
    1: lambda upright: upright,
    2: np.fliplr,
    3: lambda upright: np.rot90(upright, 2),
    4: np.flipud,
    5: lambda upright: upright.swapaxes(0, 1),
    6: lambda upright: np.rot90(upright, 1),
    7: lambda upright: np.rot90(upright, 2).swapaxes(0, 1),
    8: lambda upright: np.rot90(upright, 3),
}


def encode(picture, kind="PNG", **options) -> bytes:
    """Pixels or a Pillow image -> the bytes of a file."""
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def difference(first, second) -> float:
    """Mean absolute difference, grey levels."""
    assert first.shape == second.shape
    return float(np.abs(first.astype(int) - second).mean())


def refusal(source, **options) -> str:
    """The message ``read_luma`` refuses a photo with, known to be one line."""
    with pytest.raises(ImageError) as caught:
        read_luma(source, **options)
    message = str(caught.value)
    assert message.splitlines() == [message]
    return message


def tiff(size, data: bytes, bits: int, kind: int, channels: int = 1) -> bytes:
    """A plain TIFF file of any samples.

    Args:
        size: Height and width.
        data: The samples, row by row.
        bits: Of one.
        kind: SampleFormat: 1 whole numbers, 2 signed ones, 3 floating point, 6 complex.
        channels: 1 or 3.
    """
    height, width = size
    values = struct.pack(f"<{2 * channels}H", *[bits] * channels, *[kind] * channels)
    behind = 8 + 2 + 12 * 10 + 4
    places = (behind, behind + 2 * channels) if channels > 1 else (bits, kind)
    tags = [
        *((256, 4, 1, width), (257, 4, 1, height), (258, 3, channels, places[0]), (259, 3, 1, 1)),
        *((262, 3, 1, 1 if channels == 1 else 2), (273, 4, 1, behind + len(values))),
        *((277, 3, 1, channels), (278, 4, 1, height), (279, 4, 1, len(data))),
        (339, 3, channels, places[1]),
    ]
    folder = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return b"II*\0" + struct.pack("<I", 8) + folder + bytes(4) + values + data
