"""Which places of a photo decide: what its log odds would be without them.

A window slides over the photo; the cells under it are left out of the summary, and the model is
asked again. So it is counted what the model would say of the rest, not guessed: nothing is painted
over, as that would make edges of its own.

Source:
    Occlusion by a sliding window: Zeiler, Fergus, ECCV 2014, doi:10.1007/978-3-319-10590-1_53.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from ..features.summary import SUMMARY, summarise

PARTS = 3  # windows fit into each axis of a photo
STEPS = 3  # of a window along an axis, until the next begins where it ended
MOST = 2  # places of either kind
LEAST = 0.5  # log odds, the odds by 1.6: a place that moves them less is not worth a name
_CELLS = SUMMARY.index("cells")


@dataclass(frozen=True)
class Place:
    """A window of a photo.

    Attributes:
        rows: First row of cells, and the one behind the last.
        columns: Likewise.
        change: How much it adds to the log odds of the photo: above 0 it speaks for blurred.
        without: P(blurred) of the photo without it, 0..1.
    """

    rows: tuple[int, int]
    columns: tuple[int, int]
    change: float
    without: float

    def meets(self, other: "Place") -> bool:
        """Whether the two have cells in common."""
        pairs = ((self.rows, other.rows), (self.columns, other.columns))
        return all(mine[0] < its[1] and its[0] < mine[1] for mine, its in pairs)


def windows(
    cells: np.ndarray, whole: float, odds: Callable[[np.ndarray], np.ndarray]
) -> list[Place]:
    """All windows of a photo; none where there is nothing beside one, as in a single cell.

    Args:
        cells: Shape (92, h, w), as ``features.block_map.map_blocks`` gives it.
        whole: Log odds of the photo.
        odds: The model: (n, 350) numbers -> (n,) log odds of blurred.
    """
    height, width = cells.shape[1:]
    spans, rows = [], []
    for top, left in product(_starts(height), _starts(width)):
        span = (top, top + _side(height)), (left, left + _side(width))
        kept = np.ones((height, width), bool)
        kept[slice(*span[0]), slice(*span[1])] = False
        if not kept.any():
            continue
        row = summarise(cells[:, kept][:, None])
        row[_CELLS] = np.log(height * width)  # the photo is as large as it was
        spans.append(span)
        rows.append(row)
    if not rows:
        return []
    told = odds(np.stack(rows))
    return [
        Place(*span, whole - float(left), float(1 / (1 + np.exp(-left))))
        for span, left in zip(spans, told, strict=True)
    ]


def influence(places: list[Place], shape: tuple[int, int]) -> np.ndarray:
    """What each cell's windows add to the log odds, on average: shape (h, w); 0 without windows."""
    total, count = np.zeros(shape), np.zeros(shape)
    for place in places:
        at = slice(*place.rows), slice(*place.columns)
        total[at] += place.change
        count[at] += 1
    return (total / np.maximum(count, 1)).astype(np.float32)


def deciding(places: list[Place]) -> list[Place]:
    """Those that change most, for blurred and for sharp, none over another; strongest first."""
    picked: list[Place] = []
    for sign in (1, -1):
        picked += list(_strongest(places, sign, picked))
    return sorted(picked, key=lambda place: -abs(place.change))


def _strongest(places: list[Place], sign: int, taken: list[Place]) -> Iterator[Place]:
    found: list[Place] = []
    for place in sorted(places, key=lambda place: -sign * place.change):
        if sign * place.change < LEAST or len(found) == MOST:
            return
        if not any(place.meets(other) for other in (*taken, *found)):
            found.append(place)
            yield place


def _side(extent: int) -> int:
    return -(-extent // PARTS)


def _starts(extent: int) -> list[int]:
    """Where windows begin along an axis, the last so that it ends with the photo."""
    last = extent - _side(extent)
    step = max(1, _side(extent) // STEPS)
    return sorted({*range(0, last, step), last})
