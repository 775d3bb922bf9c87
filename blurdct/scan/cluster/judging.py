"""A worker of the cluster: a part of the photographs -> its file, and what to count of it.

The worker itself decodes nothing. It has a process of its own that does, as each core has in a
scan of one machine: what that dies of, or takes too long for, costs one row.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ...inference.workers import in_worker
from ...parallel.crash_safe_pool import crew_answers
from ...parallel.crew import Crew
from ...results import Row, write
from ...utils.parts.folder import PartFolder
from ..items import Item, batches
from ..run import Summary, tallied
from ..worker import CHUNK, Job as Numbered, judge_each, prepare, row_of
from .job import Job
from .listing import END, as_table
from .on_gpu import prepare_on_gpu
from .parts import Part, from_bytes


@dataclass
class Judged:
    """What is known of a part in the end.

    Attributes:
        name: Of its file.
        summary: Its counts.
    """

    name: str
    summary: Summary = field(default_factory=Summary)


class Judge:
    """One worker; Ray Data calls it with one part at a time."""

    def __init__(self, job: Job) -> None:
        """Load nothing yet; the process that judges does, when there is something to judge."""
        self._job = job
        self._folder = PartFolder(job.out)
        main = sys.modules["__main__"]  # Ray's, which a process of ours must not import again
        main.__file__ = None
        main.__spec__ = None
        how, given = partial(in_worker, judge_each), (job.setup, job.facts)
        ready = prepare_on_gpu if job.gpu else prepare
        self._crew = Crew(how, 1, job.timeout, ready, given)

    def __call__(self, batch: Any) -> Any:
        """A table of one row -> one of one row: the part's number, and a ``Judged``."""
        import pickle

        (number,), (data,) = (batch.column(name).to_pylist() for name in ("number", "data"))
        if number != END:
            with self._job.at_home():
                data = pickle.dumps(self.judged(from_bytes(data)))
        return as_table(number, data)

    def judged(self, part: Part) -> Judged:
        """Write the part's file, unless it is there and may stay.

        Raises:
            BlurdctError: It cannot be written; workers die as they start.
        """
        job, name = self._job, part.name
        found = Judged(name)
        known = self._known(name) if job.resume else {}
        found.summary.kept = len(known)
        numbered = enumerate(part.items)
        unknown = (one for one in numbered if one[1].path not in known)
        rows = dict(self._rows(unknown))
        at = {number: known.get(item.path) for number, item in enumerate(part.items)}
        whole = (
            row for number in range(len(part.items)) if (row := rows.get(number) or at[number])
        )
        counted = tallied(whole, found.summary, job.columns)
        if rows:
            self._folder.put(name, lambda path: write(path, counted, job.columns))
        else:
            for _ in counted:
                pass
        found.summary.photos = len(part.items)
        return found

    def _known(self, name: str) -> dict[str, Row]:
        """Rows that need not be made again, by path."""
        try:
            if not self._folder.has(name):
                return {}
            rows = {row["path"]: row for row in self._folder.rows(name)}
        except ValueError:  # damaged, so that all of it is done again
            return {}
        again = self._job.again
        return {path: row for path, row in rows.items() if not (again and row["error"])}

    def _rows(self, jobs: Iterator[Numbered]) -> Iterator[tuple[int, Row]]:
        facts = self._job.facts

        def lost(job: Numbered, reason: str) -> tuple[int, Row]:
            return job[0], row_of(job[1], facts, reason)

        broken: list[tuple[int, Row]] = []

        def whole() -> Iterator[Numbered]:
            for number, item in jobs:
                if item.error:
                    broken.append((number, row_of(item, facts, item.error)))
                else:
                    yield number, item

        few = batches(whole(), CHUNK, _item)
        yield from crew_answers(self._crew, few, lost, 1)
        yield from broken


def _item(job: Numbered) -> Item:
    return job[1]
