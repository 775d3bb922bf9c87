"""The array library that an array belongs to: NumPy or torch.

Source: Python array API standard 2023.12, https://data-apis.org/array-api/.
"""

from contextlib import nullcontext
from typing import Any

import numpy as np


def array_namespace(array: Any) -> Any:
    """The standard's functions for this array.

    NumPy 2.1 has them itself; for others array-api-compat is asked, which is imported only then,
    since it costs a short command a tenth of a second.
    """
    if isinstance(array, np.ndarray):
        return np
    import array_api_compat

    return array_api_compat.array_namespace(array)


def constant(xp: Any, values: np.ndarray, dtype: Any, where: Any) -> Any:
    """An array to be kept; torch in inference mode would make one that bars gradients for good."""
    with xp.inference_mode(False) if hasattr(xp, "inference_mode") else nullcontext():
        return xp.asarray(values, dtype=dtype, device=where)
