"""One photo -> why it is called sharp or blurred, as numbers and as a page."""

from typing import TYPE_CHECKING

from ..utils.lazy import exports

if TYPE_CHECKING:
    from .page import write_page as write_page
    from .places import Place as Place
    from .reasons import (
        Explanation as Explanation,
        Reasons as Reasons,
        explain_photo as explain_photo,
    )
    from .typical import Typical as Typical, typical_photographs as typical_photographs

_HOMES = {
    "reasons": ("Explanation", "Reasons", "explain_photo"),
    "places": ("Place",),
    "typical": ("Typical", "typical_photographs"),
    "page": ("write_page",),
}
__getattr__, __dir__, __all__ = exports(__name__, _HOMES)
