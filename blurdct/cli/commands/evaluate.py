"""``blurdct evaluate``: labelled photographs -> how right a model is on them."""

from pathlib import Path
from typing import Annotated

import typer

from ...errors import ConfigError
from ..checks import check_new, check_out, command
from ..options import ALL_READ, SOME_UNREAD, Force, Photos, Processes, note
from ..training_checks import remark, say


@command
def evaluate(
    models: Annotated[
        list[str],
        typer.Argument(metavar="MODEL...", help="Names from 'blurdct models', or folders."),
    ],
    photos: Photos,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Folder for a report as of compare.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON object for each model.")
    ] = False,
    workers: Processes = None,
    force: Force = False,
) -> None:
    """Say how good models are on labelled photos; nothing is learnt.

    Accuracy, precision, recall, F1 and FPR (sharp photos called blurred) are those at P .5.
    Photos that a model learnt from flatter it: take others.

    \b
    Examples:
      blurdct evaluate dct-xgb --photos mine/
      blurdct evaluate dct-xgb my-model --photos mine/ --out report

    \b
    Exit status: 0 every photo was read, 1 some could not be read, 2 wrong use.
    """
    from ...datasets.manifest import list_labelled
    from ...evaluation.evaluate import evaluate_model
    from ...evaluation.write import write_report
    from ...inference.bundle import load
    from ...inference.thresholds import VERDICTS
    from ...utils.progress import bar
    from ..summaries import judged, plain

    if out:
        check_out(out)
        check_new(out, force, "report.html")
    listed = list_labelled(photos, both=out is not None)
    loaded = {name: load(name) for name in dict.fromkeys(models)}
    found = evaluate_model(loaded, photos, workers, bar, listed)
    remark(found.photos)
    if out and len(set(found.y)) < 2:
        raise ConfigError("the report needs sharp and blurred photographs, and one kind is left")
    rows = [found.numbers(name) for name in loaded]
    say(map(plain, rows) if as_json else judged(rows, VERDICTS))
    if out:
        write_report(found, loaded, out)
        note(f"the report is {out / 'report.html'}")
    raise typer.Exit(SOME_UNREAD if found.photos.bad else ALL_READ)
