"""Photographs and manifests -> rows to learn from."""

from typing import TYPE_CHECKING

from ..utils.lazy import exports

if TYPE_CHECKING:
    from .manifest import collect as collect, list_photos as list_photos
    from .recipes import realistic as realistic, seed as seed
    from .splits import folds as folds, split_of as split_of
    from .synthesis import make_copies as make_copies

_HOMES = {
    "manifest": ("collect", "list_photos"),
    "recipes": ("realistic", "seed"),
    "synthesis": ("make_copies",),
    "splits": ("folds", "split_of"),
}
__getattr__, __dir__, __all__ = exports(__name__, _HOMES)
