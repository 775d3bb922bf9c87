"""A whole collection -> a folder of Parquet parts, by all machines of a Ray cluster.

One task lists the photographs, part by part, and no faster than they are judged; workers take a
part each, fetch its photographs, judge them, and write the part's file. What comes back is counts.
So the driver and the object store hold little, however many photographs there are.

Sources:
    Ray Data: docs.ray.io/en/latest/data; actors that die, and nodes, are replaced by Ray itself.
"""

import os
import pickle
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from glob import has_magic
from typing import Any

from ...config import ReadConfig
from ...errors import BlurdctError, ConfigError
from ...results import COLUMNS
from ...utils.parts.folder import PartFolder
from ..items import Item
from ..path_lists import STDIN
from ..remote import filesystem, is_url
from ..run import Summary, check_numbers
from ..skipping import some
from ..sources import AT, photographs
from ..tables import column_of, is_table, kinds_of
from ..worker import setup_of
from . import record
from .connecting import connected, need_ray
from .job import Job
from .listing import END, Listed
from .nodes import check_nodes
from .on_gpu import has_use
from .streaming import judged_parts


def scan_on_ray(
    sources: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    address: str | None = None,
    gpus: int = 0,
    model: str | os.PathLike[str] | None = None,
    size: int | None = None,
    threshold: float | None = None,
    max_fpr: float | None = None,
    max_pixels: int = ReadConfig.max_pixels,
    column: str | None = None,
    null: bool = False,
    exclude: Sequence[str] = (),
    workers: int | None = None,
    timeout: float | None = None,
    resume: bool = False,
    force: bool = False,
    watch: Callable[[int], object] = lambda done: None,
) -> Summary:
    """Judge all photographs of a collection on a cluster; rows are those of ``scan.scan``.

    Whatever ends it early, the parts that are there stay, and ``resume`` makes the others.

    Args:
        sources: As for ``scan.scan``; every machine must see them.
        out: Folder of parts, on a disk that all machines share, or its URL; see ``results.read``.
        address: Of the cluster: ``auto``, ``HOST:PORT``; None for what RAY_ADDRESS says, else for
            one of this machine, for as long as the scan takes.
        gpus: Workers with a GPU each, which make the model's inputs by torch; 0 for workers with a
            core each.
        model: As for ``scan.scan``, with ``size``, ``threshold``, ``max_fpr`` and ``max_pixels``.
        column: Of a table among the sources, the one with paths.
        null: The list on standard input is separated by null bytes.
        exclude: Patterns of what is passed over.
        workers: Of them, at most; None for one per core of the cluster.
        timeout: Seconds that a photo may take.
        resume: Go on with a scan that was ended early; or, if it is complete, do the parts whose
            photographs are new or have changed, and what could not be read.
        force: Begin anew, whatever is there.
        watch: Called with how many are done, now and then.

    Raises:
        ConfigError: As by ``scan.scan``; no Ray, no cluster at the address, other versions there;
            sources or a folder of results that a machine does not see.
        BlurdctError: The disk is full, or the like; the parts so far are safe.
    """
    begun = time.perf_counter()
    if isinstance(sources, (str, os.PathLike)):
        sources = [sources]
    named = tuple(os.fspath(source) for source in sources)
    place = _checked(out, workers, gpus, timeout, resume, force)
    need_ray()
    photographs(named, column, null)  # wrong use is told at once
    setup, facts = setup_of(model, size, threshold, max_fpr, max_pixels)
    if gpus and not has_use(setup[0].views):
        takes = ", ".join(setup[0].views)
        raise ConfigError(f"--gpus: {facts['model']} takes {takes}, which no GPU makes here")
    folder = PartFolder(place)
    with _spooled(named) as spool:
        columns = {**COLUMNS, **_of_tables(named, column)}
        given = (named, place, setup, facts, column, null, tuple(exclude), columns)
        job = Job(*given, timeout, resume, gpu=bool(gpus), spool=spool)
        # what could not be read is tried again by who goes on with a complete scan
        job = replace(job, again=record.begin(folder, job, resume, force))
        try:
            with connected(address, gpus or workers) as ray:
                local = [name for name in named if _is_local(name)]
                _check_gpus(ray, gpus)
                check_nodes(local, job.folder, "" if is_url(place) else place)
                summary, names = _run(ray, job, workers, gpus, watch)
        except BaseException:
            record.leave(folder)
            raise
    for name in _others(place, names):
        folder.remove(name)
    summary.seconds = time.perf_counter() - begun
    record.finish(folder, job, len(names), summary)
    return summary


def _checked(
    out: str | os.PathLike[str],
    workers: int | None,
    gpus: int,
    timeout: float | None,
    resume: bool,
    force: bool,
) -> str:
    """The folder of results, absolute; refused is what cannot be done in the end."""
    place = os.fspath(out)
    if os.path.isfile(place) or place.lower().endswith((".csv", ".jsonl")):
        raise ConfigError(f"{place}: --engine ray writes a folder of Parquet parts; name a folder")
    if workers is not None and gpus:
        raise ConfigError("--workers and --gpus: one or the other")
    if gpus < 0:
        raise ConfigError(f"gpus: expected 0 or more, got {gpus}")
    check_numbers(workers, timeout, resume, force)
    if is_url(place):
        filesystem(place)
        return place
    place = os.path.abspath(place)
    parent = os.path.dirname(place)
    if not os.path.isdir(parent):
        raise ConfigError(f"{out}: no such folder as {parent}; make it first")
    return place


def _check_gpus(ray: Any, gpus: int) -> None:
    there = int(ray.cluster_resources().get("GPU", 0))
    if gpus > there:
        raise ConfigError(f"--gpus {gpus}: the cluster has {there}, as ray status says")


def _is_local(name: str) -> bool:
    return not (is_url(name) or name == STDIN or has_magic(name) or name.startswith(AT))


@contextmanager
def _spooled(sources: Sequence[str]) -> Iterator[str]:
    """A file of what comes on standard input, which the task that lists has not; or ""."""
    if STDIN not in sources:
        yield ""
        return
    with tempfile.NamedTemporaryFile(prefix="blurdct-stdin-") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
        file.flush()
        yield file.name


def _of_tables(sources: Sequence[str], column: str | None) -> dict[str, type]:
    """Columns that tables among the sources have beside paths, and their kinds: all parts' own."""
    rows = (more for name in sources if is_table(name) for _, more in column_of(name, column or ""))
    return kinds_of(rows)


def _run(
    ray: Any, job: Job, workers: int | None, gpus: int, watch: Callable[[int], object]
) -> tuple[Summary, set[str]]:
    """Have all parts made; what there is to count, and the names of their files."""
    summary, names = Summary(), set[str]()
    listed: Listed | None = None
    for number, data in judged_parts(ray, job, workers, gpus):
        found = pickle.loads(data)
        if number == END:
            listed = found
            continue
        names.add(found.name)
        summary.photos += found.summary.photos
        summary.kept += found.summary.kept
        summary.labels += found.summary.labels
        summary.doubtful += found.summary.doubtful
        watch(summary.photos)
    if listed is None or listed.parts != len(names):
        raise BlurdctError(f"{job.out}: Ray lost a part; --resume makes it")
    summary.skipped, summary.remarks = listed.skipped, listed.remarks
    if not listed.found and not job.resume:
        nothing = (Item(error, error=error, searched=True) for error in listed.errors)
        some(nothing, listed.remarks, listed.skipped)
    if listed.lost and job.resume and _others(job.out, names):
        raise BlurdctError(
            f"{listed.lost[0]}: is empty or cannot be searched now, and {job.out} has parts that "
            "are not in this list; they stay as they were"
        )
    return summary, names


def _others(out: str, names: set[str]) -> list[str]:
    """Parts in the folder that are not of this list."""
    return [name for name in PartFolder(out).names() if name not in names]
