"""How many processes and threads are worth while; light, as every command looks here first."""

import os

# Environment of a process that judges photographs: a photo is too little work to share, and on a
# busy machine the threads of a matrix product wait for each other longer than they work.
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def cores() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
