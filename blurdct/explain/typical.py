"""What is typical of sharp and of blurred photographs: medians of all numbers, spreads of some.

Of photographs that the shipped models learnt from; ``docs/generate_typical.py`` made the file.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from ..features.bands import BANDS
from ..features.block_map import DIRECTIONS
from ..features.summary import SUMMARY
from .parts import FULL, SIZES

FILE = "typical.json"
STEPS = tuple(round(0.05 * step, 2) for step in range(21))  # quantiles that are kept of a spread

# The numbers that a page shows: how strong detail is in the sharpest tenth of what shows something.
# Of energies, log(1 + grey levels squared).
DETAIL = {
    (size, band): f"high {'' if size == FULL else f'{size}_'}{band}_energy"
    for size in SIZES
    for band in reversed(BANDS)
}
# Where blur of a few pixels shows most by direction.
DIRECTED = {
    (size, band, direction): f"high {'' if size == FULL else f'{size}_'}{band}_{direction}"
    for size, band in ((FULL, "med_freq"), ("half", "high_freq"))
    for direction in DIRECTIONS
}
SHOWN = (*DETAIL.values(), *DIRECTED.values())


@dataclass(frozen=True)
class Typical:
    """Numbers of photographs of one label.

    Attributes:
        photos: How many there were.
        medians: Of each number, shape (350,), as in ``SUMMARY``.
        spreads: Of those in ``SHOWN`` the quantiles in ``STEPS``, ascending.
    """

    photos: int
    medians: np.ndarray
    spreads: dict[str, tuple[float, ...]]

    def share_below(self, name: str, value: float) -> float:
        """The share of these photographs whose number is less, 0..1, from between two quantiles.

        Args:
            name: Out of ``SHOWN``.
            value: A photo's own.
        """
        return float(np.interp(value, self.spreads[name], STEPS))


@cache
def typical_photographs() -> dict[str, Typical]:
    """``sharp`` and ``blurred`` -> what is typical of such photographs."""
    text = resources.files(__package__).joinpath("assets", FILE).read_text(encoding="utf-8")
    kept = json.loads(text)
    return {
        label: Typical(
            kept["photos"][label],
            np.array([kept["medians"][name][column] for name in SUMMARY], np.float32),
            {name: tuple(kept["spreads"][name][label]) for name in SHOWN},
        )
        for column, label in enumerate(("sharp", "blurred"))
    }
