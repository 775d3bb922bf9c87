"""A map of block statistics -> 350 numbers about a photo, of the cells that can tell.

Sharpness is a property of edges. Paper, sky and studio ground have none, and a mean over the whole
photo says how much of it is ground. So a cell counts only if it has *evidence*: something that
could be sharp or blurred, seen at a quarter of the photo's size, where its blur hardly shows. What
counts as something goes by the photo's own strongest cells.

Of these cells, per channel, the mean and that of the highest tenth; and how a cell's energies
differ from one band to the next, and from the photo to its half and quarter, as quantiles: scenes
look alike at all scales, so that such differences tell blur from scene.

Sources:
    Scale invariance of natural scenes: Field, JOSA A 4, 1987, doi:10.1364/JOSAA.4.002379.
"""

from functools import cache
from itertools import product

import numpy as np

from ..kernel import calls
from ..kernel.choice import compiled
from .bands import BANDS
from .block_map import CHANNELS, DIRECTIONS, SCALES, SECTORS

RANGE = 4.0  # of the logarithm of energy, below the photo's strong cells, that is evidence still
STRONG = 0.95  # quantile of the cells that is compared with
QUANTILES = (0.1, 0.5, 0.95)  # of differences
THIRD = 0.34  # of the cells with evidence: those with most of it, that spread is taken over
FLOOR = 0.05  # quantile of all cells that stands for noise

KEPT = [number for number, name in enumerate(CHANNELS[:-1]) if not name.endswith("_skew")]
_SIZES = ("", *(f"{scale}_" for scale in SCALES))
_AT = [[CHANNELS.index(size + sector) for sector in SECTORS] for size in _SIZES]
ENERGY = CHANNELS.index("quarter_low_freq_energy")  # what evidence goes by
_LUMA = CHANNELS.index("luma")
_NOISE = [CHANNELS.index(f"{name}_energy") for name in ("high_freq", "med_freq", "half_high_freq")]


def _difference_table() -> dict[str, tuple[int, int]]:
    """What is compared with what: rows of ``_energies``, by the name of their difference."""
    full, half, quarter = sizes = ("full", *SCALES)
    low, medium, high = BANDS
    rows = {(size, sector): row for row, (size, sector) in enumerate(product(sizes, SECTORS))}
    rows |= {one: row for row, one in enumerate(product(sizes, BANDS), start=len(rows))}
    scales = ((full, half), (half, quarter))
    named = {f"{one}-{other} {sector}": ((one, sector), (other, sector))
             for one, other in scales for sector in SECTORS}  # fmt: skip
    for size, (one, other) in product(sizes, ((high, medium), (medium, low))):
        for direction in DIRECTIONS:
            of = (size, f"{one}_{direction}"), (size, f"{other}_{direction}")
            named[f"{size} {one}-{other} {direction}"] = of
    named |= {f"{one}-{other} {band}": ((one, band), (other, band))
              for one, other in scales for band in BANDS}  # fmt: skip
    named[f"{full} {high}-{half} {low}"] = (full, high), (half, low)
    named[f"{full} {medium}-{quarter} {low}"] = (full, medium), (quarter, low)
    return {name: (rows[one], rows[other]) for name, (one, other) in named.items()}


_COMPARED = _difference_table()
DIFFERENCES = tuple(_COMPARED)
WHOLE = (
    *("evidence", "cells", "strong", "middling", "noise high", "noise med", "noise half"),
    *("luma of evidence", "luma", "contrast"),
)
SUMMARY = (
    *(f"{part} {CHANNELS[number]}" for part in ("mean", "high") for number in KEPT),
    *(f"{quantile:g} {name}" for quantile in QUANTILES for name in DIFFERENCES),
    *(f"spread {name}" for name in DIFFERENCES),
    *WHOLE,
)


def has_evidence(energy: np.ndarray) -> np.ndarray:
    """Which cells show something that could be sharp or blurred: shape (h, w), bool.

    Args:
        energy: Shape (h, w), the channel ``ENERGY`` of ``map_blocks``, or ``quarter_energy``.
    """
    found: np.ndarray = energy >= _quantile(np.sort(energy, axis=None), STRONG) - RANGE
    return found


def _quantile(rising: np.ndarray, share: float) -> np.float32:
    """As ``np.quantile`` of sorted numbers, which takes longer and has ``numpy.ma`` imported."""
    place = share * (len(rising) - 1)
    low = int(place)
    part = rising[low : low + 2]
    found: np.float32 = part[0] + (part[-1] - part[0]) * np.float32(place - low)
    return found


def summarise(cells: np.ndarray) -> np.ndarray:
    """A map in 350 numbers.

    Args:
        cells: Shape (92, h, w), as ``map_blocks`` gives it, without padding.

    Returns:
        Shape (350,), float32, finite, named by ``SUMMARY``. ``mean`` and ``high`` are of channels
        over the cells with evidence, and over their highest tenth (at least one cell); differences
        are of the logarithms of energies, quantiles over the cells with evidence, ``spread`` their
        standard deviation over the third with most of it; ``evidence`` is the share of cells that
        have some, ``cells`` the logarithm of how many there are.
    """
    if compiled() and cells.dtype == np.float32 and cells.flags.c_contiguous:
        return calls.summarise(cells, len(SUMMARY), *_tables())
    every, told = cells.reshape(len(cells), -1), cells[:, has_evidence(cells[ENERGY])]
    energy = told[ENERGY]
    rising = np.sort(told[KEPT], axis=1)
    tenth = max(1, rising.shape[1] // 10)
    means = (rising.mean(axis=1), rising[:, -tenth:].mean(axis=1))
    apart = _differences(told)
    # faster than np.quantile, whose values in between tell no more
    ordered = np.sort(apart, axis=1)
    at = [round(quantile * (ordered.shape[1] - 1)) for quantile in QUANTILES]
    third = np.argsort(-energy, kind="stable")[: max(1, round(THIRD * len(energy)))]
    noise = np.sort(every[_NOISE], axis=1)[:, round(FLOOR * (every.shape[1] - 1))]
    levels, luma = np.sort(every[ENERGY]), every[_LUMA]
    whole = (
        *(len(energy) / every.shape[1], np.log(every.shape[1])),
        *(_quantile(levels, share) for share in (STRONG, 0.5)),
        *noise,
        *(told[_LUMA].mean(), luma.mean(), luma.std()),
    )
    parts = (*means, ordered[:, at].T.ravel(), apart[:, third].std(axis=1), whole)
    return np.concatenate([np.asarray(part, np.float32) for part in parts])


def _differences(cells: np.ndarray) -> np.ndarray:
    """(92, n) -> (44, n), as in ``DIFFERENCES``."""
    sectors = cells[np.ravel(_AT)]
    ways = np.exp(sectors).reshape(len(_SIZES) * len(BANDS), len(DIRECTIONS), -1)
    rows = np.concatenate([sectors, np.log(ways.mean(axis=1))])
    one, other = np.transpose(list(_COMPARED.values()))
    return np.asarray(rows[one] - rows[other])


@cache
def _tables() -> tuple[np.ndarray, ...]:
    """What the kernel's ``summarise`` goes by."""
    numbers = (KEPT, list(_COMPARED.values()), np.ravel(_AT), (ENERGY, _LUMA, *_NOISE))
    limits = np.array([STRONG, RANGE, FLOOR, THIRD, *QUANTILES])
    return (*(np.array(one, np.int32) for one in numbers), limits)
