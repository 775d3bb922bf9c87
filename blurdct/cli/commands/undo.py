"""``blurdct undo``: a journal -> everything back where it was."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from ...errors import ConfigError
from ..acting import follow
from ..checks import command
from ..options import ALL_READ, note

SHOWN = 5  # folders


@command
def undo(
    journal: Annotated[Path, typer.Argument(metavar="JOURNAL", help="As filter or best named it.")],
    within: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DIR",
            help="Also undo what lies in DIR, where a folder of the journal leads by now; one of "
            "blurdct's first versions names no folders, and needs it.",
        ),
    ] = None,
) -> None:
    """Undo what filter or best did: put every photo back.

    Copies, links and sidecars that were made are removed if nobody changed them
    since. What took a photo's old name meanwhile stays, and so does the photo
    then; a line says so. It may be cut short and run again.

    A journal names the folders that it is about; standard error says them. In and
    below them undo does what the journal says, so undo no journal of others.
    Outside of them nothing is touched, even where a link leads there.

    \b
    Example:
      blurdct undo blurred/blurdct-move-20260101-120000.journal.jsonl

    \b
    Exit status: 0 all is as it was, 1 some is not (lines say why), 2 wrong use.
    """
    from ...curate import undo

    if why := undo.nothing_to_undo(journal):
        note(f"{journal}: nothing to undo: {why}")
        raise typer.Exit(ALL_READ)
    folders = undo.folders_of(journal) or [str(path) for path in within or ()]
    if not folders and (about := undo.folders_within(journal)):
        ways = " ".join(f"--within {shlex.quote(one)}" for one in about[:SHOWN])
        more = ", and others" if len(about) > SHOWN else ""
        raise ConfigError(
            f"{journal}: a journal of an earlier blurdct, which names no folders; if what it did "
            f"lies in these, say so: {ways}{more}"
        )
    more = f" and {len(folders) - SHOWN:,} more" if len(folders) > SHOWN else ""
    note(f"undoes what lies in {', '.join(folders[:SHOWN])}{more}")
    raise typer.Exit(follow(undo.undo_journal(journal, within or ()), "undo", False, None))
