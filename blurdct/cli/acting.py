"""What ``filter`` and ``best`` have in common: options, lists of paths, and what became of each."""

import errno
import os
import shlex
import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import ConfigError
from ..utils import text
from . import output
from .checks import check_out
from .options import ALL_READ, SOME_UNREAD, note

if TYPE_CHECKING:
    from ..curate.actions import Step
    from ..curate.journal import Journal

PAST = {"copy": "copied", "move": "moved", "link": "linked", "tag": "tagged", "undo": "put back"}

To = Annotated[Path | None, typer.Option(metavar="DIR", help="Folder to copy, move or link into.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]
Null = Annotated[
    bool, typer.Option("--null", "-0", help="List paths null-separated, for xargs -0.")
]


def check_use(action: str, to: Path | None, null: bool) -> None:
    """Refuse options that do not go together, and a folder that cannot be written to.

    Raises:
        ConfigError: Any of it.
    """
    if action in ("list", "tag"):
        if to:
            raise ConfigError(f"--to is for copies, moves and links, not for --action {action}")
    elif not to:
        raise ConfigError(f"--action {action} needs a folder: --to DIR")
    else:
        check_out(to)
    if null and action != "list":
        raise ConfigError("--null is for lists of paths, not for --action " + action)


def print_paths(paths: Iterable[str], null: bool) -> None:
    """Paths on standard output, byte for byte unless someone looks."""
    terminal = sys.stdout is not None and sys.stdout.isatty()
    for path in paths:
        if null:
            output.write(path, end="\0")
        else:
            output.write(text.visible(path) if terminal else path)


def journal_in(folder: Path, action: str, dry_run: bool) -> "Journal | nullcontext[None]":
    """A new journal in that folder, which is made; none, and no folder, for a dry run."""
    from ..curate.journal import Journal

    if dry_run:
        return nullcontext()
    os.makedirs(folder, exist_ok=True)
    return Journal(folder, action)


def follow(steps: "Iterator[Step]", action: str, dry_run: bool, journal: "Journal | None") -> int:
    """Take all steps and print each; the exit status. That nobody reads it any more ends nothing.

    A reader that went away is no failure; a full disk that took a part of the lines is one.
    """
    done = left = along = 0
    finished, lost = False, _Lost()
    try:
        for step in steps:
            along += step.sidecars
            if step.target:
                done += 1
                lost.write("\t".join(map(text.visible, (step.path, step.target))))
            if step.problem:
                left += 1
                output.note(f"{step.path}: {step.problem}")
            if step.remark:
                output.note(f"{step.path}: {step.remark}")
        finished = True
    finally:  # whatever broke it off, what was done can be undone
        if finished or done or left:
            words = f"{done:,}; left alone: {left:,}"
            words += f"; sidecars: {along:,}" if along else ""
            if action == "undo" and not (done or left):
                words += "; all is as it was already"
            note(f"{'would be ' if dry_run else ''}{PAST[action]}: {words}")
        if journal and journal.used:
            note(f"to undo this: blurdct undo {shlex.quote(str(journal.path))}")
    if lost.reason:
        note(f"cannot write the output ({lost.reason})")
    return SOME_UNREAD if left or lost.reason else ALL_READ


class _Lost:
    """What writes lines that nothing hangs on, such as those about an action.

    Attributes:
        reason: Why some could not be written though somebody wants them; empty otherwise.
    """

    def __init__(self) -> None:
        self.reason = ""

    def write(self, line: str) -> None:
        """Write a line to standard output, if that can be done."""
        try:
            output.write(line)
        except output.OutputError as error:
            number, why = error.args
            self.reason = self.reason or ("" if number == errno.EPIPE else why)
