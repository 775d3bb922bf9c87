"""Rows of results -> photographs picked, grouped, moved, and put back."""

from typing import TYPE_CHECKING

from ..utils.lazy import exports

if TYPE_CHECKING:
    from .actions import carry as carry, tag as tag
    from .bursts import group_bursts as group_bursts
    from .journal import Journal as Journal
    from .near_duplicates import group_duplicates as group_duplicates
    from .ranking import candidates as candidates, ranked as ranked
    from .selection import pick as pick, survey as survey
    from .undo import undo_journal as undo_journal

_HOMES = {
    "selection": ("pick", "survey"),
    "actions": ("carry", "tag"),
    "ranking": ("candidates", "ranked"),
    "bursts": ("group_bursts",),
    "near_duplicates": ("group_duplicates",),
    "journal": ("Journal",),
    "undo": ("undo_journal",),
}
__getattr__, __dir__, __all__ = exports(__name__, _HOMES)
