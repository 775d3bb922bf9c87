"""How a fit goes about its work: device, checkpoints, progress. Nothing of it is in the model."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...utils.progress import Progress, silent


@dataclass(frozen=True)
class FitContext:
    """How a fit goes about its work.

    Attributes:
        device: ``cuda`` or ``cpu``; None for CUDA where there is some.
        checkpoints: Folder in which networks keep their state, so that an interrupted fit goes on
            and one that was finished is not done again; None keeps nothing.
        weights: File of published weights to start from; None for chance.
        progress: Wraps epochs.
        spent: Gets the seconds that each network took, those of interrupted runs included.
    """

    device: str | None = None
    checkpoints: Path | None = None
    weights: Path | None = None
    progress: Progress = silent
    spent: list[float] | None = None


USUAL = FitContext()

_now: ContextVar[FitContext] = ContextVar("fit_context", default=USUAL)


def current_context() -> FitContext:
    """The one that holds here and now."""
    return _now.get()


@contextmanager
def in_context(**changes: Any) -> Iterator[FitContext]:
    """Another context within a ``with`` block."""
    token = _now.set(replace(_now.get(), **changes))
    try:
        yield _now.get()
    finally:
        _now.reset(token)
