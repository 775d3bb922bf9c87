"""How the C library keeps memory between photographs, in processes that are this project's own."""

import os
import sys
from contextlib import suppress

# glibc hands the end of its heap back whenever twice its largest block is free there, and each
# photo's arrays have the system map and clear the same pages again: a fifth of the time of a photo.
# With limits of its own a process keeps this much; blocks from the second on are always returned.
KEPT = 32 << 20  # bytes, free at the end of the heap
LARGE = 16 << 20  # bytes of one block, such as a photo of 16 megapixels in grey
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of mallopt(3)
_ASKED = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")


def keep_memory() -> bool:
    """Have this process keep memory for the next photo; whether the C library can be told so.

    What the user said by the environment stays. Call it where the process is a command's or a
    worker's, not in a program that only uses the package.
    """
    if not sys.platform.startswith("linux") or any(name in os.environ for name in _ASKED):
        return False
    import ctypes  # which NumPy imports, too

    with suppress(OSError, AttributeError):  # another C library
        mallopt = ctypes.CDLL(None).mallopt
        return bool(mallopt(_MMAP_THRESHOLD, LARGE) and mallopt(_TRIM_THRESHOLD, KEPT))
    return False
