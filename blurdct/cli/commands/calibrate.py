"""``blurdct calibrate``: labelled photographs -> a model that fits them better, not learnt anew."""

import typer

from ...config import ReadConfig, TrainConfig
from ..checks import check_new, check_out, command
from ..options import (
    ALL_READ,
    SOME_UNREAD,
    BundleOut,
    Force,
    MaxFnr,
    MaxFpr,
    Model,
    Photos,
    Processes,
    Seed,
    note,
)
from ..training_checks import doubt, load_labelled, say


@command
def calibrate(
    photos: Photos,
    out: BundleOut,
    max_fpr: MaxFpr = TrainConfig.max_fpr,
    max_fnr: MaxFnr = TrainConfig.max_fnr,
    model: Model = None,
    workers: Processes = None,
    seed: Seed = 0,
    force: Force = False,
) -> None:
    """Fit scores and label limits of a model to photos of your own; the model itself stays.

    \b
    Example:
      blurdct calibrate --photos mine/ --max-fpr 0.05 --out my-model

    \b
    Exit status: 0 done, 1 done, but some photos could not be read, 2 wrong use.
    """
    from ...datasets.manifest import list_labelled
    from ...inference.bundle import load, named
    from ...training.calibration import LEAST_SCALE, calibrate
    from ..summaries import calibrated

    name = named(model)
    bundle = load(name)
    check_out(out, "bundle.json")
    check_new(out, force, "bundle.json")
    listed = list_labelled(photos)
    config = TrainConfig(max_fpr=max_fpr, max_fnr=max_fnr, seed=seed)
    found = load_labelled(
        photos, bundle.views, workers, read=ReadConfig(bundle.size), listed=listed
    )
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
