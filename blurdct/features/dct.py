"""Blocks -> orthonormal DCT-II coefficients in zigzag order.

Sources:
    DCT-II of 8x8 blocks and zigzag order: ITU-T T.81 (1992), A.3.3 and A.3.6.
"""

from functools import cache
from math import cos, pi, sqrt
from typing import Any

import numpy as np

from .array_api import array_namespace, constant
from .blocks import SIZE


@cache
def zigzag(size: int = SIZE) -> tuple[int, ...]:
    """Row-major index of each coefficient, lowest frequency first; a permutation."""
    cells = [(row, column) for row in range(size) for column in range(size)]
    # Even diagonals climb to the right, odd ones descend to the left.
    cells.sort(key=lambda cell: (sum(cell), cell[1 - sum(cell) % 2]))
    return tuple(row * size + column for row, column in cells)


@cache
def dct_matrix() -> np.ndarray:
    """The 2-D DCT of a block as one matrix, shape (64, 64), float64, orthonormal.

    Rows are coefficients in zigzag order, columns the pixels of the block row by row.
    """
    line = np.array(
        [
            [
                sqrt((1 if k == 0 else 2) / SIZE) * cos(pi * (2 * n + 1) * k / (2 * SIZE))
                for n in range(SIZE)
            ]
            for k in range(SIZE)
        ]
    )
    matrix = np.kron(line, line)[list(zigzag())]
    matrix.setflags(write=False)
    return matrix


@cache
def _matrix_like(xp: Any, dtype: Any, where: Any) -> Any:
    return constant(xp, dct_matrix().copy(), dtype, where)


def block_dct(blocks: Any) -> Any:
    """Transform every block.

    Args:
        blocks: Pixels of N blocks as ``features.blocks.unfold`` gives them, shape (64, N), floating
            point, grey levels 0..255. NumPy array or torch tensor, on any device.

    Returns:
        Shape (64, N), grey levels, rows in zigzag order (row 0, the DC, is 8 times the block's
        mean); library, dtype and device as given.

    Raises:
        ValueError: The first axis is not the 64 pixels of a block, or the pixels are integers.
    """
    if blocks.ndim != 2 or blocks.shape[0] != SIZE * SIZE:
        raise ValueError(f"expected shape ({SIZE * SIZE}, N), got {tuple(blocks.shape)}")
    xp = array_namespace(blocks)
    if not xp.isdtype(blocks.dtype, "real floating"):
        raise ValueError(f"expected floating point, got {blocks.dtype}")
    return _matrix_like(xp, blocks.dtype, blocks.device) @ blocks
