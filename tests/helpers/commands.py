"""A command of blurdct, run in the process of the tests."""

import contextlib
import io
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from blurdct.cli.app import main

SUMMARY = re.compile(r"blurdct: [0-9,]+ photographs?\b.* in [0-9.,]+ s(; skipped: .*)?$")


class Run(NamedTuple):
    """What came of one command."""

    status: int
    out: str
    err: str

    @property
    def problems(self) -> list[str]:
        """The lines on standard error, but for the one that says in the end what was judged."""
        return [line for line in self.err.splitlines() if not SUMMARY.match(line)]

    @property
    def files(self) -> list[str]:
        """Names of what ``map`` wrote, in the order of the lines."""
        return [Path(line.split("\t")[3]).name for line in self.out.splitlines()]


def call(*words: str | Path) -> Run:
    """Run a command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.raises(SystemExit) as stop,
    ):
        main([str(word) for word in words])
    assert isinstance(stop.value.code, int)
    return Run(stop.value.code, out.getvalue(), err.getvalue())
