"""Luma -> 8x8 blocks; the one place that crops."""

from typing import Any

from .array_api import array_namespace

SIZE = 8  # side of a block, pixels


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
