"""Photographs and manifests -> rows to learn from."""

from typing import TYPE_CHECKING

from ..utils.lazy import exports

if TYPE_CHECKING:
    from .blur_kernels import KERNELS as KERNELS
    from .loading import (
        LabelledImages as LabelledImages,
        load_folder as load_folder,
        load_table as load_table,
    )
    from .manifest import (
        collect as collect,
        list_photos as list_photos,
        read_csv as read_csv,
        telling as telling,
        write_csv as write_csv,
    )
    from .perturbations import PERTURBATIONS as PERTURBATIONS
    from .recipes import RECIPES as RECIPES, recipe as recipe
    from .splits import folds as folds, split_of as split_of
    from .synthesis import locate as locate, make_copies as make_copies

_HOMES = {
    "manifest": ("collect", "list_photos", "read_csv", "telling", "write_csv"),
    "loading": ("LabelledImages", "load_folder", "load_table"),
    "synthesis": ("locate", "make_copies"),
    "recipes": ("RECIPES", "recipe"),
    "blur_kernels": ("KERNELS",),
    "perturbations": ("PERTURBATIONS",),
    "splits": ("folds", "split_of"),
}
__getattr__, __dir__, __all__ = exports(__name__, _HOMES)
