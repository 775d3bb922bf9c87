"""Our own models, trained anew without the scenes that they are asked about."""

import zlib
from pathlib import Path
from typing import Any

import numpy as np
from _rivals import Kept, tree_digest
from _rivals_photos import Picture
from kinds import PARTS, SIZES, TABLES

from blurdct.config import ReadConfig, TrainConfig
from blurdct.datasets.splits import folds
from blurdct.errors import ConfigError
from blurdct.features.inputs import photo_inputs
from blurdct.inference.bundle import load
from blurdct.inference.calibration import decide
from blurdct.training.cross_validation import fit_rows
from blurdct.training.sources import from_table
from blurdct.training.training_set import deciding, with_extra


def unseen(
    name: str, tables: Path, pictures: list[Picture], cache: Path
) -> dict[str, dict[str, Any]]:
    """What a model says of pictures, by key, that learnt from nothing of their scenes.

    Five models, each without a fifth of the scenes, copies and all; calibration and threshold are
    taken from what the other four say of photographs that they did not see.

    Raises:
        ConfigError: A scene is in no table, so nobody knows which model has seen it.
    """
    table = tables / TABLES[load(name).views[0]]
    files = (Path(__file__), table)
    parts = [tree_digest(), *(f"{zlib.crc32(one.read_bytes()):08x}" for one in files)]
    kept = Kept(cache / "answers", f"{name} trained anew", " ".join(parts))
    if any(one.key not in kept.said for one in pictures):
        for key, answer in judged(name, table, pictures).items():
            kept.add(key, answer)
    return kept.said


def judged(name: str, table: Path, pictures: list[Picture]) -> dict[str, dict[str, Any]]:
    """The same, of models that are trained now."""
    bundle = load(name)
    view = bundle.views[0]
    config = TrainConfig()
    data = from_table(table, bundle.views, config)
    source, group = (data.table[column].to_numpy(str) for column in ("source", "group"))
    strange = {one.group for one in pictures} - set(group)
    if strange:
        raise ConfigError(f"{min(strange)!r} is no group in {table}")
    read = ReadConfig(size=SIZES[view])
    decisive, counted = deciding(data)
    raw, fold_of, models = np.zeros(len(group)), np.zeros(len(group), int), []
    for number, (_, judge) in enumerate(folds(group, source, PARTS)):
        fold_of[judge] = number
        learn = (data.weights > 0) & ~np.isin(np.arange(len(group)), judge)
        rows = with_extra(data, learn, data.groups[judge])
        models.append(fit_rows(rows, bundle.backend, bundle.parameters))
        raw[judge] = models[-1].predict_proba(data.take(judge))
    home = dict(zip(group, fold_of, strict=True))
    said = {}
    for number, model in enumerate(models):
        others = decisive & (fold_of != number)
        calibration, limits = decide(data.y[others], raw[others], config, counted[others])
        here = [one for one in pictures if home[one.group] == number]
        if here:
            inputs = np.stack([photo_inputs(one.path, [view], read)[view] for one in here])
            p = calibration(model.predict_proba({view: inputs}))
            for one, value in zip(here, p, strict=True):
                blurred = bool(value >= limits.decision)
                said[one.key] = {"blur": float(value), "blurred": blurred}
    return said
