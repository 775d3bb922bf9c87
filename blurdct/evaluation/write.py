"""A report on models -> its files."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..config import TrainConfig
from ..images import thumbnail
from ..inference.bundle import Bundle
from ..training.out_of_fold import OutOfFold
from ..training.training_set import build_training_set
from ..utils import json_files
from . import figures, model_comparison, model_report, page
from .evaluate import Evaluated


def write_report(found: Evaluated, models: Mapping[str, Bundle], out: Path) -> None:
    """``report.json``, ``.md``, ``.html`` and ``.png``, as of a comparison of backends.

    Raises:
        ConfigError: Photographs of one label only.
    """
    config, data = TrainConfig(shuffles=1), build_training_set(found.photos.table, inputs={})
    # nothing is learnt, so every photo counts, of whatever source
    every = np.ones(len(data.y))
    data = replace(data, real=every > 0, weights=every)
    reports = {}
    for name, model in models.items():
        p, label = found.p[name][None], found.labels[name][None]
        cost = {"weights_mb": len(model.graph) / 1e6}
        reports[name] = model_report.report_on(data, OutOfFold(p, p, label), model, cost=cost)
        reports[name]["test"] = None  # nobody knows which scenes the model was tuned on
    whole = model_comparison.side_by_side(reports, data, config)
    whole["about"]["folds"] = 0
    json_files.write_json(whole, out / "report.json")
    page.write_markdown(whole, out / "report.md")
    wrong = {photo["path"] for model in whole["models"].values() for photo in model["worst"]}
    files = zip(found.photos.table["path"], found.photos.files, strict=True)
    small = {
        path: jpeg for path, file in files if path in wrong and (jpeg := thumbnail.thumbnail(file))
    }
    page.write_html(whole, out / "report.html", small)
    figures.draw(whole, out / "report.png")
