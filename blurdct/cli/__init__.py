"""The command ``blurdct``: one file per command, and what commands share."""

from typing import TYPE_CHECKING

from ..utils.lazy import exports

if TYPE_CHECKING:
    from .app import main as main

_HOMES = {
    "app": ("main",),
}
__getattr__, __dir__, __all__ = exports(__name__, _HOMES)
