"""Pictures -> files of every kind, and how near what comes back is."""

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
