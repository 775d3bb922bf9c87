"""Luma -> 18 features (or a map of them), in cache-sized strips."""

from collections.abc import Iterator
from typing import Any

from ..kernel import calls
from .array_api import array_namespace
from .bands import FEATURES, band_statistics
from .blocks import SIZE, block_evidence, grid, unfold
from .dct import block_dct

__all__ = ["FEATURES", "block_statistics", "coefficient_strips", "image_features"]

# Blocks worked on at once. 64 float32 coefficients of 1,024 blocks are 256 kB, so that the working
# set stays in a core's cache while calls are few enough not to count.
STRIP_BLOCKS = 1024


def image_features(luma: Any, strip_blocks: int = STRIP_BLOCKS) -> Any:
    """The 18 numbers that describe a photo: each statistic's mean over its blocks.

    A block counts as ``blocks.block_evidence`` says, so that paper and sky, which have nothing to
    be blurred, hardly do.

    Args:
        luma: Shape (H, W), grey levels 0..255, at least 8x8. NumPy array or torch tensor.
        strip_blocks: About how many blocks to hold at once; the result hardly depends on it.

    Returns:
        Shape (18,), float64, in the order of ``FEATURES``; library and device as given. Finite.

    Raises:
        ValueError: Not two axes, or smaller than one block.
    """
    if luma.ndim != 2:
        raise ValueError(f"expected shape (H, W), got {tuple(luma.shape)}")
    if calls.takes(luma):
        weights = block_evidence(luma)
        return calls.weighted(luma, weights) / weights.sum(dtype="float64")
    xp = array_namespace(luma)
    weights = xp.reshape(xp.astype(block_evidence(luma), xp.float64), (-1,))
    weights = weights / xp.sum(weights)
    total: Any = 0
    start = 0
    for coefficients in coefficient_strips(luma, strip_blocks):
        statistics = xp.astype(band_statistics(coefficients), xp.float64)
        end = start + statistics.shape[1]
        total = total + statistics @ weights[start:end]
        start = end
    return total


def block_statistics(luma: Any, strip_blocks: int = STRIP_BLOCKS) -> Any:
    """The same 18 statistics for every block, as a small picture.

    Args:
        luma: As for ``image_features``.
        strip_blocks: As for ``image_features``.

    Returns:
        Shape (18, H // 8, W // 8), float32, channels in the order of ``FEATURES``.

    Raises:
        ValueError: Not two axes, or smaller than one block.
    """
    if calls.takes(luma):
        shape = (len(FEATURES), *grid(*luma.shape))
        return calls.describe(luma)[: len(FEATURES)].reshape(shape)
    xp = array_namespace(luma)
    strips = map(band_statistics, coefficient_strips(luma, strip_blocks))
    statistics = xp.concat(list(strips), axis=1)
    return xp.reshape(statistics, (len(FEATURES), *grid(*luma.shape)))


def coefficient_strips(luma: Any, strip_blocks: int = STRIP_BLOCKS) -> Iterator[Any]:
    """The DCT of a few rows of blocks after the other.

    Args:
        luma: As for ``image_features``.
        strip_blocks: As for ``image_features``.

    Yields:
        Shape (64, n), float32, as ``features.dct.block_dct`` gives them, blocks in raster order.

    Raises:
        ValueError: Not two axes, or smaller than one block.
    """
    if luma.ndim != 2:
        raise ValueError(f"expected shape (H, W), got {tuple(luma.shape)}")
    xp = array_namespace(luma)
    rows, columns = grid(*luma.shape)
    step = max(1, strip_blocks // columns)
    for top in range(0, rows, step):
        strip = luma[top * SIZE : min(top + step, rows) * SIZE, :]
        yield block_dct(xp.astype(unfold(strip), xp.float32))
