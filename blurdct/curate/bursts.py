"""When photographs were taken -> bursts of the same scene.

Source:
    Capture time: EXIF 2.32 (CIPA DC-008-2019), 4.6.6 F: DateTimeOriginal, SubSecTimeOriginal,
    OffsetTimeOriginal.
"""

import re
from collections.abc import Sequence
from datetime import datetime

import numpy as np

from ..errors import ImageError
from ..images.decode import FORMATS
from ..images.files import check_regular
from ..scan.items import check_is_file

_EPOCH = datetime(1970, 1, 1)
_HEIF = (".heic", ".heif", ".hif")
# EXIF tags
_MAKE, _MODEL, _IFD, _TIME, _SUBSEC, _OFFSET, _SERIAL = 271, 272, 34665, 36867, 37521, 36881, 42033

Moment = tuple[tuple[str, ...], float]  # camera; seconds, comparable for the same camera


def moment(path: str) -> Moment | None:
    """When a photo was taken, and by which camera; None if it does not tell.

    Times with and without a known time zone do not compare, so that counts as another camera.

    Raises:
        ImageError: There is no such file, or it may not be read.
    """
    from PIL import Image

    check_is_file(path)
    try:
        check_regular(path, path)
        if path.lower().endswith(_HEIF):
            import pillow_heif

            pillow_heif.register_heif_opener()
        formats = [*FORMATS, "JPEG", "MPO", *(["HEIF"] if "HEIF" in Image.OPEN else [])]
        with Image.open(path, formats=formats) as image:
            tags = image.getexif()
            more = tags.get_ifd(_IFD)
    except OSError as error:
        if isinstance(error, (FileNotFoundError, PermissionError)):
            raise ImageError(f"{path}: cannot be read ({error.strerror})") from error
        return None
    except Exception:  # the parser of hostile bytes may raise anything
        return None
    try:
        taken = datetime.strptime(_word(more.get(_TIME))[:19], "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None
    time = (taken - _EPOCH).total_seconds()
    if (part := _word(more.get(_SUBSEC))).isdecimal():
        time += float(f"0.{part}")
    zone = re.fullmatch(r"([+-])(\d\d):(\d\d)", _word(more.get(_OFFSET)))
    if zone:
        time -= float(f"{zone[1]}1") * (3600 * int(zone[2]) + 60 * int(zone[3]))
    camera = (_word(tags.get(_MAKE)), _word(tags.get(_MODEL)), _word(more.get(_SERIAL)))
    return (*camera, "zone" if zone else ""), time


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


def _word(value: object) -> str:
    return value.strip("\0 ") if isinstance(value, str) else ""
