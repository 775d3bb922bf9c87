"""A bundle -> one ONNX file: pixels in, verdict out, with nothing of blurdct around it."""

from typing import TYPE_CHECKING

from ..utils.lazy import exports

if TYPE_CHECKING:
    from .check import (
        Check as Check,
        at_sizes as at_sizes,
        compare as compare,
        drawn as drawn,
    )
    from .graph import FORMS as FORMS, OUTPUTS as OUTPUTS, export as export

_HOMES = {
    "graph": ("FORMS", "OUTPUTS", "export"),
    "check": ("Check", "at_sizes", "compare", "drawn"),
}
__getattr__, __dir__, __all__ = exports(__name__, _HOMES)
