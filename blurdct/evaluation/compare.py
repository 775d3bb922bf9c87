"""Backends side by side: each judged on the same folds, trained, timed; one report on all."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from ..config import ReadConfig, TrainConfig
from ..models.nn.fit_context import current_context
from ..models.registry import backend, parse_name, seeded
from ..training.training_set import TrainingSet, data_digest
from ..training.tuning import best_parameters, tunable
from ..utils import json_files
from ..utils.progress import Progress, silent
from ..utils.stage import Stage, digest as file_digest
from . import model_comparison, schema
from .learn import folder_name, learn_model, looks_at_pictures, tuned
from .timing import measured_times
from .write import write_comparison


def compare_models(
    data: TrainingSet,
    names: Sequence[str],
    out: Path,
    config: TrainConfig = TrainConfig(),
    read: ReadConfig = ReadConfig(),
    files: Mapping[str, Path] = {},
    trials: int = 0,
    storage: str | None = None,
    workers: int = 1,
    force: bool = False,
    progress: Progress = silent,
) -> schema.Report:
    """Judge, train, time and report on backends; what is done already is not done again.

    Args:
        data: With the inputs of all of them.
        names: Out of the registry, with parameters if wanted (``resnet18:task=level``).
        out: Gets ``models/NAME``, a bundle with its own ``report.json``; and of all of them
            ``report.json``, ``report.md``, ``report.html`` and ``report.png``.
        config: How to train and judge.
        read: How the photographs were read.
        files: Where the image of a row's path is: for the time per photo and for thumbnails;
            without them there are none.
        trials: Optuna trials for each backend that has something to tune.
        storage: See ``training.tuning.tune``.
        workers: Processes that tune.
        force: Do all of it again.
        progress: Wraps trials and folds.
    """
    models = {}
    for name in names:
        own = out / "models" / folder_name(name)
        registered, given = parse_name(name)
        if config.seed:
            given = seeded(registered, given, config.seed)
        settings = {
            "name": registered,
            "parameters": {**backend(registered)().parameters, **given},
            "train": asdict(config),
            "trials": trials,
            "size": read.size,
            "data": data_digest(data.suited(registered)),
        }
        published = current_context().weights
        if published and published.is_file() and looks_at_pictures(backend(registered).views):
            settings["weights"] = file_digest(published)
        step = Stage(own / "learnt.json", settings, name=name)
        if step.begin(force=force):
            own_parameters = dict(given)
            if trials > 0 and tunable(registered):
                own_parameters, study = tuned(
                    data, registered, trials, config, storage, workers, progress, given
                )
                found = f"ROC AUC {study.best_value:.4f}, {best_parameters(study)}"
                print(f"{registered}: best of {len(study.trials)} trials: {found}")
            learnt = learn_model(data, registered, own_parameters, config, read, progress)
            learnt.bundle.save(own)
            json_files.write_json(learnt.report, own / "report.json")
            step.finish(*(own / file for file in ("bundle.json", "model.onnx", "report.json")))
        models[name] = json.loads((own / "report.json").read_text())
    originals = data.table["path"][data.table["kind"] == ""]
    photos = [files[path] for path in originals if path in files]
    for name, each in measured_times(names, photos, out, force).items():
        models[name]["cost"]["ms_per_photo"] = each
    whole = model_comparison.side_by_side(models, data, config)
    write_comparison(whole, files, out)
    return whole
