"""Our own models, trained anew without the scenes that they are asked about."""

import json
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from _rivals import tree_digest
from _rivals_photos import Picture
from kinds import PARTS, SIZES, TABLES

from blurdct.config import ReadConfig, TrainConfig
from blurdct.datasets.splits import folds
from blurdct.errors import ConfigError
from blurdct.features.inputs import photo_inputs
from blurdct.inference.bundle import Bundle, load
from blurdct.inference.calibration import decide
from blurdct.training.cross_validation import fit_rows
from blurdct.training.sources import from_table
from blurdct.training.training_set import TrainingSet, deciding, with_extra
from blurdct.utils.json_files import write_json


class Fold(NamedTuple):
    """What a model says that learnt from all scenes but those of a fold; not calibrated."""

    raw: list[float]  # of the table's rows of the fold
    said: dict[str, float]  # of pictures of its scenes, by key


def unseen(
    name: str, tables: Path, pictures: list[Picture], cache: Path
) -> dict[str, dict[str, Any]]:
    """What a model says of pictures, by key, that learnt from nothing of their scenes.

    Five models, each without a fifth of the scenes, copies and all; calibration and threshold are
    taken from what the other four say of photographs that they did not see. What each says is kept.

    Raises:
        ConfigError: A scene is in no table, so nobody knows which model has seen it.
    """
    bundle = load(name)
    table = tables / TABLES[bundle.views[0]]
    config = TrainConfig()
    data = from_table(table, bundle.views, config)
    source, group = (data.table[column].to_numpy(str) for column in ("source", "group"))
    strange = {one.group for one in pictures} - set(group)
    if strange:
        raise ConfigError(f"{min(strange)!r} is no group in {table}")
    files = (Path(__file__), table)
    depends = tree_digest() + "".join(f"{zlib.crc32(one.read_bytes()):08x}" for one in files)
    raw, fold_of = np.zeros(len(group)), np.zeros(len(group), int)
    heard: list[dict[str, float]] = []
    for number, (_, judge) in enumerate(folds(group, source, PARTS)):
        path = cache / "folds" / f"{name}-{number}-{depends}.json"
        fold_of[judge] = number
        scenes = set(group[judge])
        fold = kept(path, bundle, data, judge, [one for one in pictures if one.group in scenes])
        raw[judge] = fold.raw
        heard.append(fold.said)
    decisive, counted = deciding(data)
    said = {}
    for number, some in enumerate(heard):
        others = decisive & (fold_of != number)
        calibration, limits = decide(data.y[others], raw[others], config, counted[others])
        for key, p in zip(some, calibration(np.array(list(some.values()))), strict=True):
            said[key] = {"blur": float(p), "blurred": bool(p >= limits.decision)}
    return said


def kept(
    path: Path, bundle: Bundle, data: TrainingSet, judge: np.ndarray, pictures: list[Picture]
) -> Fold:
    """A fold out of its file; or what a model says that is trained now, which the file then has."""
    if path.exists():
        fold = Fold(**json.loads(path.read_text(encoding="utf-8")))
        if all(one.key in fold.said for one in pictures):
            return fold
    view = bundle.views[0]
    read = ReadConfig(size=SIZES[view])
    learn = (data.weights > 0) & ~np.isin(np.arange(len(data.y)), judge)
    rows = with_extra(data, learn, data.groups[judge])
    model = fit_rows(rows, bundle.backend, bundle.parameters)
    said = {}
    if pictures:
        inputs = np.stack([photo_inputs(one.path, [view], read)[view] for one in pictures])
        p = model.predict_proba({view: inputs})
        said = {one.key: float(value) for one, value in zip(pictures, p, strict=True)}
    fold = Fold(model.predict_proba(data.take(judge)).tolist(), said)
    write_json(fold._asdict(), path)
    return fold
