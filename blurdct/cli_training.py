"""``blurdct train`` and its siblings, for people with photographs of their own."""

import json
from pathlib import Path
from typing import Annotated

import typer

from . import printing
from .cli_checks import (
    check_out,
    command,
    copies_for,
    doubt,
    gather,
    learnable,
    prepare,
    remark,
    say,
)
from .cli_shared import (
    ALL_READ,
    SOME_UNREAD,
    BundleOut,
    Checkpoints,
    Copies,
    Device,
    MaxFnr,
    MaxFpr,
    Model,
    Photos,
    Processes,
    ReportOut,
    Seed,
    note,
)
from .config import ReadConfig, TrainConfig
from .errors import ConfigError


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
    from .comparison import learn, views_of
    from .evaluating import found_rows, labels_of
    from .models import parse_name, seeded
    from .models.fitting import circumstances
    from .progress import bar
    from .summaries import learnt as learnt_lines

    registered, parameters = parse_name(name)
    check_out(out, "bundle.json")
    labels_of(photos)
    if storage and not trials:
        raise ConfigError("--storage is for trials: give their number by --trials")
    if trials:
        from .tuning import best_parameters, check, tune

        check(registered, storage, workers or 1)
    pictures = prepare([registered], device, checkpoints, weights)
    # an interval of one judgement will do where one takes hours
    config = TrainConfig(shuffles=1 if pictures else TrainConfig.shuffles, seed=seed)
    if seed:
        parameters = seeded(registered, parameters, seed)
    synth = copies_for([registered], copies, seed)
    found = gather(photos, views_of([name]), workers, synth, learning=True)
    data = learnable(found, config)
    with circumstances(device=device, checkpoints=checkpoints, weights=weights, progress=bar):
        if trials:
            rest = data.select((data.table["split"] != "test").to_numpy())
            study = tune(rest, registered, trials, config, storage, bar, workers or 1, parameters)
            parameters = {**best_parameters(study), **parameters}
            printing.write(f"best of {trials} trials: {json.dumps(parameters)}")
        learnt = learn(data, registered, parameters, config, progress=bar)
    learnt.bundle.save(out)
    summary, own = learnt.report, found_rows(data)
    doubt(data.y[own], data.groups[own], config, summary["real"]["roc_auc"], summary["interval"])
    copied, scenes = int((data.table["kind"] != "").sum()), len(set(data.groups[own]))
    say(learnt_lines(name, summary, copied, scenes, out))
    raise typer.Exit(SOME_UNREAD if found.bad else ALL_READ)


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
) -> None:
    """Say how good models are on labelled photos; nothing is learnt.

    Accuracy, precision, recall, F1 and FPR (sharp photos called blurred) are those at score 50.
    Photos that a model learnt from flatter it: take others.

    \b
    Examples:
      blurdct evaluate dct-xgb --photos mine/
      blurdct evaluate dct-xgb my-model --photos mine/ --out report

    \b
    Exit status: 0 every photo was read, 1 some could not be read, 2 wrong use.
    """
    from .bundle import load
    from .detector import LABELS
    from .evaluating import evaluate, labels_of, write_report
    from .progress import bar
    from .summaries import judged, plain

    if out:
        check_out(out)
    labels_of(photos, both=out is not None)
    loaded = {name: load(name) for name in dict.fromkeys(models)}
    found = evaluate(loaded, photos, workers, bar)
    remark(found.photos)
    if out and len(set(found.y)) < 2:
        raise ConfigError("the report needs sharp and blurred photographs, and one kind is left")
    rows = [found.numbers(name) for name in loaded]
    say(map(plain, rows) if as_json else judged(rows, LABELS))
    if out:
        write_report(found, loaded, out)
        note(f"the report is {out / 'report.html'}")
    raise typer.Exit(SOME_UNREAD if found.photos.bad else ALL_READ)


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
    from .comparison import compare, views_of
    from .evaluating import found_rows, labels_of
    from .models import BACKENDS, parse_name
    from .models.fitting import circumstances
    from .progress import bar
    from .summaries import judged

    wanted = list(dict.fromkeys(names or BACKENDS))
    registered = [parse_name(name)[0] for name in wanted]
    check_out(out)
    labels_of(photos)
    prepare(registered, device, checkpoints)
    config = TrainConfig(folds=folds, shuffles=shuffles, seed=seed)
    synth = copies_for(registered, copies, seed)
    found = gather(photos, views_of(wanted), workers, synth, learning=True)
    data = learnable(found, config)
    with circumstances(device=device, checkpoints=checkpoints, progress=bar):
        report = compare(data, wanted, out, config, files=found.places, force=force, progress=bar)
    best, own = next(iter(report["models"].values())), found_rows(data)
    doubt(data.y[own], data.groups[own], config, best["real"]["roc_auc"], best["interval"])
    rows = report["models"].items()
    say(judged([{"model": name, **one["real"], "interval": one["interval"]} for name, one in rows]))
    printing.write(f"the report is {out / 'report.html'}")
    raise typer.Exit(SOME_UNREAD if found.bad else ALL_READ)


@command
def calibrate(
    photos: Photos,
    out: BundleOut,
    max_fpr: MaxFpr = TrainConfig.max_fpr,
    max_fnr: MaxFnr = TrainConfig.max_fnr,
    model: Model = None,
    workers: Processes = None,
    seed: Seed = 0,
) -> None:
    """Fit scores and label limits of a model to photos of your own; the model itself stays.

    \b
    Example:
      blurdct calibrate --photos mine/ --max-fpr 0.05 --out my-model

    \b
    Exit status: 0 done, 1 done, but some photos could not be read, 2 wrong use.
    """
    from .bundle import DEFAULT, load
    from .calibrating import LEAST_SCALE, calibrate
    from .evaluating import labels_of
    from .summaries import calibrated

    name = DEFAULT if model is None else model
    bundle = load(name)
    check_out(out, "bundle.json")
    labels_of(photos)
    config = TrainConfig(max_fpr=max_fpr, max_fnr=max_fnr, seed=seed)
    found = gather(photos, bundle.views, workers, read=ReadConfig(bundle.size))
    y, groups = found.table["label"].to_numpy(int), found.table["group"].to_numpy(object)
    made = calibrate(bundle, found.inputs, y, groups, config)
    made.bundle.save(out)
    doubt(y, groups, config)
    if made.bundle.calibration.scale <= LEAST_SCALE:
        note("the model does not tell these photographs apart: all get about the same score")
    if made.after["calibration_error"] > made.before["calibration_error"]:
        note("scores of photographs that it did not see are farther from the truth than before")
    say(calibrated(made.before, made.after, made.bundle, out))
    raise typer.Exit(SOME_UNREAD if found.bad else ALL_READ)


COMMANDS = (train, evaluate, compare, calibrate)
