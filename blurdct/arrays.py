"""The array library that an array belongs to: NumPy or torch.

Source: Python array API standard 2023.12, https://data-apis.org/array-api/.
"""

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
