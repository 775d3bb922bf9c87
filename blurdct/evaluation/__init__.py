"""Models -> figures: evaluate, compare, tables, pages."""

from typing import TYPE_CHECKING

from ..utils.lazy import exports

if TYPE_CHECKING:
    from .compare import compare_models as compare_models
    from .evaluate import evaluate_model as evaluate_model
    from .learn import views_of as views_of
    from .write import write_report as write_report

_HOMES = {
    "evaluate": ("evaluate_model",),
    "compare": ("compare_models",),
    "learn": ("views_of",),
    "write": ("write_report",),
}
__getattr__, __dir__, __all__ = exports(__name__, _HOMES)
