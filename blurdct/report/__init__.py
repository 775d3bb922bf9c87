"""Rows of results -> one HTML page."""

from typing import TYPE_CHECKING

from ..utils.lazy import exports

if TYPE_CHECKING:
    from .page import write_report as write_report
    from .summary import Summary as Summary, summarize as summarize

_HOMES = {
    "page": ("write_report",),
    "summary": ("Summary", "summarize"),
}
__getattr__, __dir__, __all__ = exports(__name__, _HOMES)
