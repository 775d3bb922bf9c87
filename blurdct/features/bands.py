"""Coefficients -> 18 statistics per block: three frequency bands, six statistics of each.

Blur empties the high bands first, so these statistics are the evidence every feature model sees.
One step of the flow: ``dct.block_dct`` -> ``band_statistics`` -> ``extract.image_features``.

Sources:
    Zigzag order: ITU-T T.81 (1992), A.3.6.
    Block DCT as evidence of blur: Marichal, Ma, Zhang, ICIP 1999, doi:10.1109/ICIP.1999.822923.
"""

from functools import cache
from typing import Any

import numpy as np

from .array_api import array_namespace, constant
from .blocks import SIZE

# Zigzag ranks. Rank 0 (DC) is brightness and belongs to no band; the cuts fall between diagonals:
# row + column is 1..4 in low, 5..8 in med, 9..14 in high.
BANDS = {"low_freq": slice(1, 15), "med_freq": slice(15, 43), "high_freq": slice(43, 64)}
STATISTICS = ("mean", "std", "energy", "kurt", "skew", "entropy")
FEATURES = tuple(f"{band}_{statistic}" for band in BANDS for statistic in STATISTICS)

# Grey levels squared: a band of no larger variance is flat. It is about what one pixel of a block
# leaves that differs from the others by one grey level, and far from the rounding of float32, which
# leaves up to 1e-4 grey levels in a constant block.
FLAT = 1e-3


def band_statistics(coefficients: Any) -> Any:
    """Describe every band of every block.

    Args:
        coefficients: Orthonormal DCT-II of N blocks in zigzag order, shape (64, N), floating point,
            in grey levels (pixels in 0..255). NumPy array or torch tensor, on any device.

    Returns:
        Shape (18, N), rows as in ``FEATURES``; library, dtype and device as given. mean (of the
        absolute coefficients) and std are in grey levels, energy (sum of squares) in grey levels
        squared, kurt is excess kurtosis, entropy that of the energy's distribution over the band
        in nats. In a flat band std, kurt, skew and entropy are 0, never NaN.

    Raises:
        ValueError: The first axis is not the 64 coefficients of an 8x8 block, or they are integers.
    """
    if coefficients.ndim != 2 or coefficients.shape[0] != SIZE * SIZE:
        raise ValueError(f"expected shape ({SIZE * SIZE}, N), got {tuple(coefficients.shape)}")
    xp = array_namespace(coefficients)
    if not xp.isdtype(coefficients.dtype, "real floating"):
        raise ValueError(f"expected floating point, got {coefficients.dtype}")
    average, count = _band_weights(xp, coefficients.dtype, coefficients.device)
    power = coefficients * coefficients
    mean = average @ coefficients  # (3, N), a row per band, and so are all that follow
    second = average @ power
    third = average @ (power * coefficients)
    fourth = average @ (power * power)
    # mean of e log e over the energies e: the entropy without a division per coefficient
    e_log_e = average @ (power * xp.log(power + 1e-12))
    magnitude = average @ xp.abs(coefficients)

    energy = second * count
    square = mean * mean
    variance = second - square
    textured = xp.astype(variance > FLAT, variance.dtype)  # 0 in a flat band, else 1
    variance = xp.clip(variance, FLAT, None)
    std = xp.sqrt(variance)
    skew = (third - mean * (3 * second - 2 * square)) / (variance * std) * textured
    kurt = fourth - 4 * mean * third + square * (6 * second - 3 * square)
    kurt = (kurt / (variance * variance) - 3) * textured
    entropy = xp.log(xp.clip(energy, FLAT, None)) - e_log_e / xp.clip(second, FLAT, None)
    entropy = entropy * textured
    std = std * textured

    rows = xp.stack([magnitude, std, energy, kurt, skew, entropy], axis=1)  # (3, 6, N)
    return xp.reshape(rows, (len(FEATURES), coefficients.shape[1]))


@cache
def _band_weights(xp: Any, dtype: Any, where: Any) -> tuple[Any, Any]:
    """The mean over each band's ranks as a matrix (3, 64), and the ranks in each band (3, 1)."""
    members = np.zeros((len(BANDS), SIZE * SIZE))
    for row, ranks in zip(members, BANDS.values(), strict=True):
        row[ranks] = 1
    counts = members.sum(axis=1, keepdims=True)
    return (
        constant(xp, members / counts, dtype, where),
        constant(xp, counts, dtype, where),
    )
