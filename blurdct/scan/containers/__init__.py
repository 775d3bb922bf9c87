"""Zip and tar archives -> their members and the bytes of each, within limits of memory."""

from typing import TYPE_CHECKING

from ...utils.lazy import exports

if TYPE_CHECKING:
    from . import tars as tars, zips as zips

_HOMES: dict[str, tuple[str, ...]] = {}
__getattr__, __dir__, __all__ = exports(__name__, _HOMES)
