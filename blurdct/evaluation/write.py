"""A report on models -> its files."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..config import TrainConfig
from ..images.thumbnail import thumbnail_jpeg
from ..inference.bundle import Bundle
from ..training.out_of_fold import OutOfFold
from ..training.training_set import build_training_set
from ..utils import json_files
from . import figures, model_comparison, model_report, page, schema
from .evaluate import Evaluated


def write_comparison(report: schema.Report, files: Mapping[str, Path], out: Path) -> None:
    """``report.json``, ``.md``, ``.html`` and ``.png``.

    Args:
        report: On one model or more.
        files: By the path of a row, where its image is; the page shows those that models err on.
        out: A folder.
    """
    json_files.write_json(report, out / "report.json")
    page.write_markdown(report, out / "report.md")
    wrong = {photo["path"] for model in report["models"].values() for photo in model["worst"]}
    known = {path: files[path] for path in wrong if path in files}
    small = {path: jpeg for path, file in known.items() if (jpeg := thumbnail_jpeg(file))}
    page.write_html(report, out / "report.html", small)
    figures.draw(report, out / "report.png")


def write_report(found: Evaluated, models: Mapping[str, Bundle], out: Path) -> None:
    """The files of ``write_comparison`` on models that are there already.

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
    write_comparison(whole, found.photos.places, out)
