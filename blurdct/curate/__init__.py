"""Rows of results -> photographs picked, grouped, moved, and put back."""

from typing import TYPE_CHECKING

from ..utils.lazy import exports

if TYPE_CHECKING:
    from .actions import Step as Step, carry as carry, tag as tag
    from .bursts import group_bursts as group_bursts, moment as moment
    from .journal import Journal as Journal
    from .near_duplicates import (
        group_duplicates as group_duplicates,
        perceptual_hash as perceptual_hash,
    )
    from .ranking import (
        Candidate as Candidate,
        Place as Place,
        candidates as candidates,
        ranked as ranked,
    )
    from .selection import (
        Cut as Cut,
        from_p as from_p,
        max_fpr as max_fpr,
        pick as pick,
        survey as survey,
        worst as worst,
    )
    from .undo import undo_journal as undo_journal

_HOMES = {
    "selection": ("Cut", "from_p", "max_fpr", "pick", "survey", "worst"),
    "actions": ("Step", "carry", "tag"),
    "ranking": ("Candidate", "Place", "candidates", "ranked"),
    "bursts": ("group_bursts", "moment"),
    "near_duplicates": ("group_duplicates", "perceptual_hash"),
    "journal": ("Journal",),
    "undo": ("undo_journal",),
}
__getattr__, __dir__, __all__ = exports(__name__, _HOMES)
