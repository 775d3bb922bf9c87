"""One file per trainable model, and one registry."""

from typing import TYPE_CHECKING

from ..utils.lazy import exports

if TYPE_CHECKING:
    from .base import Backend as Backend
    from .registry import (
        BACKENDS as BACKENDS,
        backend as backend,
        completed as completed,
        parse_name as parse_name,
        seeded as seeded,
    )

_HOMES = {
    "base": ("Backend",),
    "registry": ("BACKENDS", "backend", "completed", "parse_name", "seeded"),
}
__getattr__, __dir__, __all__ = exports(__name__, _HOMES)
