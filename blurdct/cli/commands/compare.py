"""``blurdct compare``: labelled photographs -> models side by side, by one protocol."""

from typing import Annotated

import typer

from ...config import TrainConfig
from .. import output
from ..checks import check_out, command
from ..options import (
    ALL_READ,
    SOME_UNREAD,
    Checkpoints,
    Copies,
    Device,
    Photos,
    Processes,
    ReportOut,
    Seed,
)
from ..training_checks import copies_for, doubt, learnable, load_labelled, prepare, say


@command
def compare(
    photos: Photos,
    out: ReportOut,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Kinds of model, as for train; all if left out."),
    ] = None,
    folds: Annotated[int, typer.Option(min=2, metavar="N", help="Of the cross-validation.")] = 5,
    shuffles: Annotated[
        int, typer.Option(min=1, metavar="N", help="Cross-validations with other folds.")
    ] = 1,
    workers: Processes = None,
    copies: Copies = True,
    device: Device = None,
    checkpoints: Checkpoints = None,
    seed: Seed = 0,
    force: Annotated[bool, typer.Option("--force", help="Do again what is done.")] = False,
) -> None:
    """Train and judge several kinds of model on photos of your own; report which is best.

    What an interrupted comparison has finished is not done again.

    \b
    Examples:
      blurdct compare dct-xgb laplacian --photos mine/ --out report
      blurdct compare --photos mine/ --checkpoints state/ --out report

    \b
    Exit status: 0 done, 1 done, but some photos could not be read, 2 wrong use.
    """
    from ...datasets.manifest import list_labelled
    from ...evaluation.caveats import found_rows
    from ...evaluation.compare import compare_models
    from ...evaluation.learn import views_of
    from ...models.nn.fit_context import in_context
    from ...models.registry import BACKENDS, parse_name
    from ...utils.progress import bar
    from ..summaries import judged

    wanted = list(dict.fromkeys(names or BACKENDS))
    registered = [parse_name(name)[0] for name in wanted]
    check_out(out)
    listed = list_labelled(photos)
    prepare(registered, device, checkpoints)
    config = TrainConfig(folds=folds, shuffles=shuffles, seed=seed)
    synth = copies_for(registered, copies, seed)
    found = load_labelled(photos, views_of(wanted), workers, synth, learning=True, listed=listed)
    data = learnable(found, config)
    with in_context(device=device, checkpoints=checkpoints, progress=bar):
        report = compare_models(
            data, wanted, out, config, files=found.places, force=force, progress=bar
        )
    best, own = next(iter(report["models"].values())), found_rows(data)
    doubt(data.y[own], data.groups[own], config, best["real"]["roc_auc"], best["interval"])
    rows = report["models"].items()
    say(judged([{"model": name, **one["real"], "interval": one["interval"]} for name, one in rows]))
    output.write(f"the report is {out / 'report.html'}")
    raise typer.Exit(SOME_UNREAD if found.bad else ALL_READ)
