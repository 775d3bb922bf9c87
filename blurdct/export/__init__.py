"""A bundle -> one ONNX file: pixels in, verdict out, with nothing of blurdct around it."""

from typing import TYPE_CHECKING

from ..utils.lazy import exports

if TYPE_CHECKING:
    from .check import Check as Check, compare as compare
    from .graph import FORMS as FORMS, export as export

_HOMES = {"graph": ("FORMS", "export"), "check": ("Check", "compare")}
__getattr__, __dir__, __all__ = exports(__name__, _HOMES)
