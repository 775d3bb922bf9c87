"""A command of blurdct, run in the process of the tests."""

import contextlib
import io
from pathlib import Path
from typing import NamedTuple

import pytest

from blurdct.cli.app import main


class Run(NamedTuple):
    """What came of one command."""

    status: int
    out: str
    err: str

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
