"""Sources -> a stream of parts for Ray Data, listed by one task, no faster than they are judged."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from ..lost_places import LostPlaces
from ..sources import lists_among, photographs
from .job import Job
from .parts import as_bytes, in_parts
from .seen import once_each

END = -1  # number of the last row, which is no part


@dataclass
class Listed:
    """What became of the list.

    Attributes:
        parts: How many.
        found: Photographs that are no mere errors of a search.
        remarks: A line for each place with nothing in it.
        errors: What could not be searched, where nothing was found.
        skipped: What was passed over, by reasons.
        lost: Places that may have had photographs once.
    """

    parts: int = 0
    found: int = 0
    remarks: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)


def photograph_source(job: Job) -> Any:
    """The photographs of a scan, for Ray Data; a row has a part's number and the part."""
    from ray.data import Datasource, ReadTask
    from ray.data.block import BlockMetadata

    class Photographs(Datasource):
        def estimate_inmemory_data_size(self) -> int | None:
            return None  # nobody knows before it is listed

        def get_read_tasks(self, *_: Any, **__: Any) -> list[Any]:
            nothing = dict.fromkeys(("num_rows", "size_bytes", "input_files", "exec_stats"))
            return [ReadTask(lambda: listed_rows(job), BlockMetadata(**nothing))]

    return Photographs()


def listed_rows(job: Job) -> Iterator[Any]:
    """A table of one row for each part, and last of all one with a ``Listed``."""
    import pickle

    told = Listed()
    places = LostPlaces()
    lists = lists_among(job.sources)
    with ExitStack() as stack:
        stack.enter_context(job.at_home())
        if job.spool:
            before = sys.stdin
            sys.stdin = stack.enter_context(open(job.spool, encoding="utf-8"))
            stack.callback(setattr, sys, "stdin", before)
        items = photographs(
            job.sources,
            job.column,
            job.null,
            empty=told.remarks.append,
            exclude=job.exclude,
            skipped=lambda why: told.skipped.update([why]),
            lost=lambda place: told.lost.append(place),
        )
        for part in in_parts(once_each(places.noted(items, lists), job.sources)):
            told.parts += 1
            told.found += sum(not item.searched for item in part.items)
            if not told.found:
                told.errors += [item.error for item in part.items]
            yield as_table(part.number, as_bytes(part))
    if places:
        told.lost.append("a source")
    yield as_table(END, pickle.dumps(told))


def as_table(number: int, data: bytes) -> Any:
    """One row of what goes through Ray Data, by Arrow."""
    import pyarrow

    return pyarrow.table(
        {"number": [number], "data": pyarrow.array([data], pyarrow.large_binary())}
    )
