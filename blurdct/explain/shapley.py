"""What each part of a photo's numbers adds to its log odds; together they are the whole answer.

A part is taken away by giving its numbers the values of a typical photograph. What that changes
depends on which others were taken away before; the mean over all orders, which is exact here, as
all sets of parts are tried, is the part's contribution (Shapley value).

Sources:
    Shapley, A value for n-person games, Contributions to the Theory of Games II, 1953,
    doi:10.1515/9781400881970-018; for models, with reference values in place of what is absent:
    Lundberg, Lee, NIPS 2017, arXiv:1705.07874.
"""

import math
from collections.abc import Callable, Hashable, Mapping
from itertools import product

import numpy as np

Odds = Callable[[np.ndarray], np.ndarray]  # (n, 350) numbers -> (n,) log odds of blurred
MOST = 12  # parts: every set of them is a row for the model


def contributions(
    odds: Odds, row: np.ndarray, references: np.ndarray, parts: Mapping[Hashable, np.ndarray]
) -> tuple[float, dict[Hashable, float]]:
    """Where the count starts, and what each part adds to that: above 0 it speaks for blurred.

    Args:
        odds: The model.
        row: The photo's numbers, shape (n,).
        references: Numbers of typical photographs, shape (k, n): the result is the mean over them.
        parts: Name -> which numbers are of it, shape (n,), bool; each number is of one part.

    Returns:
        The mean log odds of the references, and by name the contributions, log odds. Their sum is
        the photo's own log odds.

    Raises:
        ValueError: A number that is of no part or of two, or over ``MOST`` parts.
    """
    masks = np.array(list(parts.values()))
    if not (masks.sum(axis=0) == 1).all():
        raise ValueError("expected each number to be of one part")
    count = len(masks)
    if count > MOST:
        raise ValueError(f"expected at most {MOST} parts, got {count}")
    present = np.array(list(product((False, True), repeat=count)))  # (2**count, count)
    own = present @ masks  # which numbers are the photo's, (2**count, n)
    rows = np.where(own[:, None], row, references[None])  # (2**count, k, n)
    told = odds(rows.reshape(-1, len(row))).reshape(len(own), -1).mean(axis=1)
    sizes = present.sum(axis=1)
    weights = np.array([1 / (count * math.comb(count - 1, size)) for size in range(count)])
    found = {}
    for number, name in enumerate(parts):
        absent = np.flatnonzero(~present[:, number])
        with_it = absent + 2 ** (count - 1 - number)  # ``product`` counts the last one fastest
        found[name] = float(weights[sizes[absent]] @ (told[with_it] - told[absent]))
    return float(told[0]), found
