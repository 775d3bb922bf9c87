"""What the structure of a file says before it is decoded: sizes, scans, pages."""

from typing import TYPE_CHECKING

from ...utils.lazy import exports

if TYPE_CHECKING:
    from . import jpeg as jpeg, pages as pages, png as png

_HOMES: dict[str, tuple[str, ...]] = {}
__getattr__, __dir__, __all__ = exports(__name__, _HOMES)
