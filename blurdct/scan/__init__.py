"""What a user names -> rows of results."""

from typing import TYPE_CHECKING

from ..utils.lazy import exports

if TYPE_CHECKING:
    from .cluster.engine import scan_on_ray as scan_on_ray
    from .items import Item as Item, open_photo as open_photo
    from .run import Summary as Summary, scan as scan
    from .sources import photographs as photographs

_HOMES = {
    "cluster.engine": ("scan_on_ray",),
    "run": ("Summary", "scan"),
    "sources": ("photographs",),
    "items": ("Item", "open_photo"),
}
__getattr__, __dir__, __all__ = exports(__name__, _HOMES)
