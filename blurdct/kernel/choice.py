"""Which code makes a photo's numbers: the compiled kernel, with the vectors there are, or NumPy.

The kernel is built with the package wherever a C compiler is; every function that has it has the
same in NumPy as well, which is the reference that tests hold it to.
"""

import importlib
import os
from functools import cache
from typing import Any

from ..errors import ConfigError

VARIABLE = "BLURDCT_KERNEL"  # one of the names below, or ``numpy``; the best there is if not set
# What a kernel is called -> how many numbers one of its vectors holds. ``baseline`` is SSE2 on
# x86 and NEON on ARM.
LANES = {"avx512": 16, "avx2": 8, "baseline": 4}
NUMPY = "numpy"


@cache
def compiled() -> Any:
    """The compiled functions, ready; None where NumPy is to do it.

    Raises:
        ConfigError: The environment asks for what there is not.
    """
    wanted = os.environ.get(VARIABLE, "")
    if wanted == NUMPY:
        return None
    if wanted and wanted not in LANES:
        known = ", ".join((*LANES, NUMPY))
        raise ConfigError(f"{VARIABLE}: expected one of {known}, got {wanted!r}")
    try:
        kernel = importlib.import_module("._compiled", __package__)
    except ImportError as error:
        if not wanted:
            return None
        raise ConfigError(f"{VARIABLE}: no kernel was built here ({error})") from error
    lanes = LANES.get(wanted, max(LANES.values()))
    if kernel.use(lanes) != lanes and wanted:
        raise ConfigError(f"{VARIABLE}: this machine has no {wanted}")
    return kernel


def name() -> str:
    """What makes the numbers: a name of ``LANES``, or ``numpy``."""
    kernel = compiled()
    if kernel is None:
        return NUMPY
    return next(one for one, lanes in LANES.items() if lanes == kernel.lanes())
