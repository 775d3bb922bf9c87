"""Probabilities on the scale on which they add up."""

import numpy as np


def logit(probability: np.ndarray) -> np.ndarray:
    """Log odds, float64, shape as given; P of 0 and 1 count as 1e-7 from them, so it is finite."""
    clipped = np.clip(np.asarray(probability, np.float64), 1e-7, 1 - 1e-7)
    return np.log(clipped / (1 - clipped))
