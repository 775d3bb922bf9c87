"""A clip -> scores over time, and its sharpest frames."""

from typing import TYPE_CHECKING

from ..utils.lazy import exports

if TYPE_CHECKING:
    from .clip import Clip as Clip, Frame as Frame, Step as Step, step as step
    from .frames import (
        COLUMNS as COLUMNS,
        save_frames as save_frames,
        score as score,
        sharpest as sharpest,
    )
    from .plot import plot_scores as plot_scores

_HOMES = {
    "clip": ("Clip", "Frame", "Step", "step"),
    "frames": ("COLUMNS", "save_frames", "score", "sharpest"),
    "plot": ("plot_scores",),
}
__getattr__, __dir__, __all__ = exports(__name__, _HOMES)
