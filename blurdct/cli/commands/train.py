"""``blurdct train``: labelled photographs -> a model, and how good it is on what it did not see."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ...config import TrainConfig
from ...errors import ConfigError
from .. import output
from ..checks import check_new, check_out, command
from ..options import (
    ALL_READ,
    SOME_UNREAD,
    BundleOut,
    Checkpoints,
    Copies,
    Device,
    Force,
    Photos,
    Processes,
    Seed,
)
from ..training_checks import copies_for, doubt, learnable, load_labelled, prepare, say


@command
def train(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="The kind of model, with parameters if wanted: resnet18:task=level"
        ),
    ],
    photos: Photos,
    out: BundleOut,
    trials: Annotated[
        int, typer.Option(min=0, metavar="N", help="Search for parameters by so many trials.")
    ] = 0,
    storage: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Keep the trials in sqlite:///FILE, journal:FILE or a database, to go on or share "
            "them.",
        ),
    ] = None,
    workers: Processes = None,
    copies: Copies = True,
    weights: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Published weights that a network starts from."),
    ] = None,
    device: Device = None,
    checkpoints: Checkpoints = None,
    seed: Seed = 0,
    force: Force = False,
) -> None:
    """Train a model on photos of your own, and judge it by photos that it did not see.

    \b
    Examples:
      blurdct train dct-xgb --photos mine/ --out my-model
      blurdct train dct-xgb --photos mine/ --trials 50 --out my-model
      blurdct train resnet18:task=level --photos mine/ --out my-network
      blurdct predict photo.jpg --model my-model

    \b
    Exit status: 0 done, 1 done, but some photos could not be read, 2 wrong use.
    """
    from ...datasets.manifest import list_labelled
    from ...evaluation.caveats import found_rows
    from ...evaluation.learn import learn_model, tuned, views_of
    from ...models.nn.fit_context import in_context
    from ...models.registry import parse_name, seeded
    from ...utils.progress import bar
    from .. import summaries

    registered, parameters = parse_name(name)
    check_out(out, "bundle.json")
    check_new(out, force, "bundle.json")
    listed = list_labelled(photos)
    if storage and not trials:
        raise ConfigError("--storage is for trials: give their number by --trials")
    if trials:
        from ...training.tuning import check

        check(registered, storage, workers or 1)
    pictures = prepare([registered], device, checkpoints, weights)
    # an interval of one judgement will do where one takes hours
    config = TrainConfig(shuffles=1 if pictures else TrainConfig.shuffles, seed=seed)
    if seed:
        parameters = seeded(registered, parameters, seed)
    synth = copies_for([registered], copies, seed)
    found = load_labelled(photos, views_of([name]), workers, synth, learning=True, listed=listed)
    data = learnable(found, config)
    with in_context(device=device, checkpoints=checkpoints, weights=weights, progress=bar):
        if trials:
            parameters, _ = tuned(
                data, registered, trials, config, storage, workers or 1, bar, parameters
            )
            output.write(f"best of {trials} trials: {json.dumps(parameters)}")
        learnt = learn_model(data, registered, parameters, config, progress=bar)
    learnt.bundle.save(out)
    summary, own = learnt.report, found_rows(data)
    doubt(data.y[own], data.groups[own], config, summary["real"]["roc_auc"], summary["interval"])
    copied, scenes = int((data.table["kind"] != "").sum()), len(set(data.groups[own]))
    say(summaries.learnt(name, summary, copied, scenes, out))
    raise typer.Exit(SOME_UNREAD if found.bad else ALL_READ)
