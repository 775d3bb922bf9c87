"""Pixels -> numbers: blocks, DCT, bands, features, maps of blocks, model inputs."""

from typing import TYPE_CHECKING

from ..utils.lazy import exports

if TYPE_CHECKING:
    from .bands import (
        BANDS as BANDS,
        FEATURES as FEATURES,
        STATISTICS as STATISTICS,
        band_statistics as band_statistics,
    )
    from .extract import (
        block_statistics as block_statistics,
        coefficient_strips as coefficient_strips,
        image_features as image_features,
    )

_HOMES = {
    "bands": ("BANDS", "FEATURES", "STATISTICS", "band_statistics"),
    "extract": ("block_statistics", "coefficient_strips", "image_features"),
}
__getattr__, __dir__, __all__ = exports(__name__, _HOMES)
