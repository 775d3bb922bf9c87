"""Samples of 16 bits -> 8 bits, however many of the 16 are in use.

Cameras and microscopes deliver 10, 12 or 14 bits, and many programs store those as they are: white
is 4095 then, not 65535. The file does not say so.
"""

import numpy as np

DEPTHS = (8, 10, 12, 14, 16)  # bits in use
STRIP = 64  # rows


def used_depth(wide: np.ndarray) -> int:
    """Bits that samples make use of: the least of 8, 10, 12, 14 and 16 that holds them all."""
    most = int(wide.max(initial=0))
    return next(depth for depth in DEPTHS if most < 1 << depth)


def narrow(wide: np.ndarray, depth: int | None = None) -> np.ndarray:
    """uint16 -> uint8, stretched by the depth in use: at 12 bits 4095 becomes 255.

    Args:
        wide: Shape (H, W), (H, W, 3) or (H, W, 4), uint16. The colours have one depth, alpha its
            own.
        depth: Bits in use, if that is known.

    Returns:
        The same shape; each sample rounded to the nearest level.
    """
    if wide.ndim == 3 and wide.shape[2] == 4:
        return np.concatenate([narrow(wide[..., :3]), narrow(wide[..., 3])[..., None]], axis=2)
    top = (1 << (depth or used_depth(wide))) - 1
    levels = ((np.arange(1 << 16, dtype=np.uint32) * 255 + top // 2) // top).astype(np.uint8)
    narrowed = np.empty(wide.shape, np.uint8)
    for row in range(0, len(wide), STRIP):  # at once, it would take eight bytes a sample more
        narrowed[row : row + STRIP] = levels[wide[row : row + STRIP]]
    return narrowed


def stretched_from(wide: np.ndarray, depth: int) -> tuple[str, ...]:
    """A note for people where samples of 16 bits were stretched by a depth of fewer."""
    if depth >= 16:
        return ()
    used = int(wide.max(initial=0)).bit_length()
    return (f"stretched from {depth} bits" + (f", {used} of them in use" if used < depth else ""),)
