"""File, bytes or array -> pixels."""

from typing import TYPE_CHECKING

from ..utils.lazy import exports

if TYPE_CHECKING:
    from .decode import MIN_SIDE as MIN_SIDE
    from .files import find_photos as find_photos, is_photo as is_photo
    from .reader import (
        Source as Source,
        read_least as read_least,
        read_luma as read_luma,
        read_rgb as read_rgb,
        read_sized as read_sized,
    )

_HOMES = {
    "reader": ("Source", "read_least", "read_luma", "read_rgb", "read_sized"),
    "files": ("find_photos", "is_photo"),
    "decode": ("MIN_SIDE",),
}
__getattr__, __dir__, __all__ = exports(__name__, _HOMES)
