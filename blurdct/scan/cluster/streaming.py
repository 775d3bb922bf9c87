"""The stream of Ray Data: a task that lists, workers that judge, an answer for each part."""

import logging
import warnings
from collections.abc import Iterator
from typing import Any

from ...errors import BlurdctError
from .job import Job
from .judging import Judge
from .listing import photograph_source


def judged_parts(ray: Any, job: Job, workers: int | None, gpus: int) -> Iterator[tuple[int, bytes]]:
    """Have all parts made, by Ray Data; a number and a pickled answer of each, as they are done.

    Args:
        ray: The library, connected.
        job: The scan.
        workers: At most; None for one per core.
        gpus: Instead: workers with a GPU each.

    Raises:
        BlurdctError: What a worker raises; or Ray itself gives up.
    """
    from ray.data import ActorPoolStrategy, DataContext, read_datasource

    most = gpus or workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of settings that are copied along
        context = DataContext.get_current().copy()
    context.enable_progress_bars = context.print_on_execution_start = False
    context.target_min_block_size, context.target_max_block_size = 0, 1  # a row, a part, a block
    here = {
        "ray.io/node-id": ray.get_runtime_context().get_node_id()
    }  # where the sources were named
    pool = ActorPoolStrategy(min_size=1, max_size=most, initial_size=most)
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    with DataContext.current(context):
        parts = read_datasource(
            photograph_source(job),
            override_num_blocks=1,
            num_cpus=0,
            label_selector=here,
        )
        judged = parts.map_batches(
            Judge,
            fn_constructor_args=(job,),
            batch_size=None,
            batch_format="pyarrow",
            compute=pool,
            num_cpus=1,
            num_gpus=1 if gpus else 0,
        )
        try:
            for table in judged.iter_batches(
                batch_size=None, batch_format="pyarrow", prefetch_batches=0
            ):
                columns = (table.column(name).to_pylist() for name in ("number", "data"))
                yield from zip(*columns, strict=True)
        except ray.exceptions.RayError as error:
            raise _ours(error) from error


def _ours(error: BaseException) -> BlurdctError:
    """What went wrong on a machine, as it would be said here."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, BlurdctError):
            return type(cause)(str(cause))
        cause = getattr(cause, "cause", None) or cause.__cause__
    words = [line for line in str(error).splitlines() if line.strip()]
    return BlurdctError(f"Ray: {words[-1] if words else type(error).__name__}")
