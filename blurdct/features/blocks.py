"""Luma -> 8x8 blocks, and what each counts; the one place that crops.

Sharpness is a property of edges, and paper, sky and studio ground have none. Blur leaves a block's
brightness alone, if it is not much wider than the block: where neighbours differ there is an edge,
sharp or not.
"""

from typing import Any

from ..kernel import calls
from .array_api import array_namespace

SIZE = 8  # side of a block, pixels
STRONG = 0.99  # quantile of the blocks that the evidence of the others is compared with
LEAST = 1e-6  # so that a photo without any edge has a mean, too


def grid(height: int, width: int) -> tuple[int, int]:
    """Rows and columns of whole blocks in a photo of this size; what is left over is cropped.

    Raises:
        ValueError: Not even one block fits.
    """
    rows, columns = height // SIZE, width // SIZE
    if rows == 0 or columns == 0:
        raise ValueError(f"expected at least {SIZE}x{SIZE} pixels, got {height}x{width}")
    return rows, columns


def unfold(luma: Any) -> Any:
    """Cut a picture into blocks side by side, without overlap.

    Args:
        luma: Shape (H, W), grey levels 0..255, any real dtype. NumPy array or torch tensor.

    Returns:
        Shape (64, N), dtype and device as given: the pixels of each block row by row, the blocks
        in raster order, N = (H // 8) * (W // 8).

    Raises:
        ValueError: Not two axes, or smaller than one block.
    """
    if luma.ndim != 2:
        raise ValueError(f"expected shape (H, W), got {tuple(luma.shape)}")
    rows, columns = grid(*luma.shape)
    xp = array_namespace(luma)
    cells = luma[: rows * SIZE, : columns * SIZE]
    cells = xp.reshape(cells, (rows, SIZE, columns, SIZE))
    return xp.reshape(xp.permute_dims(cells, (1, 3, 0, 2)), (SIZE * SIZE, rows * columns))


def block_evidence(luma: Any) -> Any:
    """The weight of each block.

    Args:
        luma: Shape (H, W) or (N, H, W), grey levels 0..255, a side of 8 or more. NumPy array or
            torch tensor.

    Returns:
        Shape (..., H // 8, W // 8), floating point, over 0, up to 1: the root of the largest
        difference in mean grey level to one of the eight neighbours, as a part of that of the
        photo's strong blocks.

    Raises:
        ValueError: Other axes, or smaller than one block.
    """
    if luma.ndim not in (2, 3):
        raise ValueError(f"expected shape (H, W) or (N, H, W), got {tuple(luma.shape)}")
    rows, columns = grid(*luma.shape[-2:])
    if calls.takes(luma):
        return calls.weigh(luma, STRONG, LEAST)
    xp = array_namespace(luma)
    whole, before = luma[..., : rows * SIZE, : columns * SIZE], luma.shape[:-2]
    # rows first, which lie side by side in memory
    sums = xp.reshape(whole, (*before, rows, SIZE, columns * SIZE))
    # whole numbers of 16 bits hold eight bytes, and are summed twice as fast
    sums = xp.sum(sums, axis=-2, dtype=xp.int16 if luma.dtype == xp.uint8 else xp.float32)
    sums = xp.reshape(sums, (*before, rows, columns, SIZE))
    means = xp.sum(sums, axis=-1, dtype=xp.float32) / SIZE**2
    differences = xp.zeros_like(means)
    for down, across in ((0, 1), (1, 0), (1, 1), (1, -1)):
        _compare(xp, differences, means, down, across)
    rising = xp.sort(xp.reshape(differences, (*before, rows * columns)), axis=-1)
    strong = rising[..., round(STRONG * (rows * columns - 1))][..., None, None]
    share = xp.clip(differences / xp.clip(strong, LEAST, None), 0, 1)
    return xp.sqrt(share + LEAST)


def _compare(xp: Any, differences: Any, means: Any, down: int, across: int) -> None:
    """Raise ``differences`` to that of each block and of its neighbour in that direction."""
    high, wide = means.shape[-2:]
    here = (..., slice(0, high - down), slice(max(0, -across), wide - max(0, across)))
    there = (..., slice(down, high), slice(max(0, across), wide - max(0, -across)))
    apart = xp.abs(means[here] - means[there])
    for side in (here, there):
        differences[side] = xp.maximum(differences[side], apart)
