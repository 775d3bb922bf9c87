"""``blurdct undo``: a journal -> everything back where it was."""

from pathlib import Path
from typing import Annotated

import typer

from ..acting import follow
from ..checks import command


@command
def undo(
    journal: Annotated[Path, typer.Argument(metavar="JOURNAL", help="As filter or best named it.")],
) -> None:
    """Undo what filter or best did: put every photo back.

    Copies, links and sidecars that were made are removed if nobody changed them
    since. What took a photo's old name meanwhile stays, and so does the photo
    then; a line says so. It may be cut short and run again.

    \b
    Example:
      blurdct undo blurred/blurdct-move-20260101-120000.journal.jsonl

    \b
    Exit status: 0 all is as it was, 1 some is not (lines say why), 2 wrong use.
    """
    from ...curate import undo

    raise typer.Exit(follow(undo.undo_journal(journal), "undo", False, None))
