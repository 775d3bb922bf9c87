"""``blurdct calibrate``: labelled photographs -> a model that fits them better, not learnt anew."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ...config import ReadConfig, TrainConfig
from ...errors import BlurdctError, ConfigError
from .. import output
from ..checks import check_new, check_out, command
from ..options import (
    ALL_READ,
    SOME_UNREAD,
    BundleOut,
    MaxFnr,
    MaxFpr,
    Model,
    Photos,
    Processes,
    Seed,
    note,
)
from ..training_checks import doubt, say


@command
def calibrate(
    photos: Photos,
    out: BundleOut,
    max_fpr: MaxFpr = None,
    max_fnr: MaxFnr = None,
    model: Model = None,
    workers: Processes = None,
    seed: Seed = 0,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Replace what is there, and save it even if it is worse than the model was.",
        ),
    ] = False,
) -> None:
    """Fit scores and label limits of a model to photos of your own; the model itself stays.

    What the new scores are worth is found out on photos that they were not
    fitted to, in five parts by scene. If more verdicts are wrong there, or P is
    farther from the truth, nothing is saved; or, with --max-fpr or --max-fnr,
    the limits alone are fitted, to the scores as they were.

    \b
    Example:
      blurdct calibrate --photos mine/ --max-fpr 0.05 --out my-model

    \b
    Exit status: 0 done, 1 done, but some photos could not be read, or not saved,
    2 wrong use.
    """
    import numpy as np

    from ...datasets.extraction import read_inputs
    from ...images.labelled import UNLABELLED, check_labels, list_rows
    from ...inference.bundle import load, named
    from ...inference.calibration import LEAST_SCALE, calibrate
    from ..summaries import calibrated

    bundle = load(named(model))
    check_out(out, "bundle.json")
    check_new(out, force, "bundle.json")
    rows = list_rows(photos)
    known = [row for row in rows if row["label"] is not None]
    check_labels(photos, {row["label"] for row in known})
    shares = {"max_fpr": max_fpr, "max_fnr": max_fnr}
    asked: dict[str, Any] = {name: share for name, share in shares.items() if share is not None}
    config = TrainConfig(**asked, seed=seed)
    inputs, readable, bad = read_inputs(
        [Path(photos, row["path"]) for row in known],
        bundle.views,
        ReadConfig(bundle.size),
        workers,
        lambda items, total, _: output.with_bar(iter(items), total),
    )
    for line in bad:
        output.note(line)
    if unlabelled := len(rows) - len(known):
        note(f"without a label, and left out: {unlabelled} of the photographs")
    if not readable.any():
        raise ConfigError(f"{photos}: {UNLABELLED}; {len(bad)} cannot be read, such as {bad[0]}")
    read = [row for row, good in zip(known, readable, strict=True) if good]
    y = np.array([row["label"] for row in read], int)
    groups = np.array([row["group"] for row in read], object)
    made = calibrate(bundle, inputs, y, groups, config)
    if made.worse and asked and not force:
        note(f"scores of {named(model)} are kept, as new ones are worse on other scenes")
        made = calibrate(bundle, inputs, y, groups, config, keep_scores=True)
    doubt(y, groups, config)
    if made.bundle.calibration.scale <= LEAST_SCALE:
        note("the model does not tell these photographs apart: all get about the same score")
    saved = force or not made.worse
    if saved:
        made.bundle.save(out)
    say(calibrated(made.before, made.after, made.bundle, out if saved else None))
    if not saved:
        raise BlurdctError(
            f"not saved: on photographs that they were not fitted to, new scores are worse than "
            f"those of {named(model)}, which may serve you as it is; --force saves them"
        )
    raise typer.Exit(SOME_UNREAD if bad else ALL_READ)
