"""One file per trainable model, and one registry."""

from typing import TYPE_CHECKING

from ..utils.lazy import exports

if TYPE_CHECKING:
    from .base import (
        Backend as Backend,
        TrainingRows as TrainingRows,
        completed as completed,
    )
    from .registry import (
        BACKENDS as BACKENDS,
        backend as backend,
        parse_name as parse_name,
        seeded as seeded,
    )

_HOMES = {
    "base": ("Backend", "TrainingRows", "completed"),
    "registry": ("BACKENDS", "backend", "parse_name", "seeded"),
}
__getattr__, __dir__, __all__ = exports(__name__, _HOMES)
