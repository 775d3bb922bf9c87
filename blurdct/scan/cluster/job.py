"""What every process of a scan on a cluster is told."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from ...inference.facts import Facts
from ..remote import ALLOWED


@dataclass(frozen=True)
class Job:
    """The scan.

    Attributes:
        sources: As the user named them.
        out: The folder of parts, absolute, or its URL.
        setup: What makes the detector; see ``scan.worker.setup_of``.
        facts: What its answers go by.
        column: Of a table among the sources, the one with paths.
        null: Lists are separated by null bytes.
        exclude: Patterns of what is passed over.
        columns: Of every row, and their kinds.
        timeout: Seconds that a photo may take.
        resume: Parts that are there are left as they are.
        again: Of parts that are there, what could not be read is tried again.
        gpu: Whether workers have one.
        folder: The current one, which relative paths are seen from.
        hosts: That web servers may lead to.
        spool: File with what came on standard input; empty if nothing did.
    """

    sources: tuple[str, ...]
    out: str
    setup: tuple[Any, ...]
    facts: Facts
    column: str | None
    null: bool
    exclude: tuple[str, ...]
    columns: dict[str, type]
    timeout: float | None = None
    resume: bool = False
    again: bool = False
    gpu: bool = False
    spool: str = ""
    folder: str = field(default_factory=os.getcwd)
    hosts: str = field(default_factory=lambda: os.environ.get(ALLOWED, ""))

    @contextmanager
    def at_home(self) -> Iterator[None]:
        """This process as the driver was when it began: its folder, its hosts.

        A folder that is not here is no error: where every source is a URL nobody needs it.
        """
        before, hosts = os.getcwd(), os.environ.get(ALLOWED)
        with suppress(OSError):
            os.chdir(self.folder)
        os.environ[ALLOWED] = self.hosts
        try:
            yield
        finally:
            with suppress(OSError):
                os.chdir(before)
            if hosts is None:
                os.environ.pop(ALLOWED, None)
            else:
                os.environ[ALLOWED] = hosts
