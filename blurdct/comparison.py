"""Backends side by side: each judged on the same folds, trained, timed; one report on all."""

import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np

from . import figures, pages, report
from .bundle import Bundle, load
from .config import ReadConfig, TrainConfig
from .detector import Detector
from .errors import ImageError
from .examples import Examples, data_digest
from .models import backend, parse_name, seeded
from .models.fitting import circumstances, fitting
from .pool import cores
from .progress import Progress, silent
from .stage import Stage
from .stage import digest as file_digest
from .training import OutOfFold, cross_validate, judge_unseen, train
from .tuning import best_parameters, tunable, tune
from .views import VIEWS

TIMED, UNTIMED = 120, 48  # photos for the time per photo, after those in which workers start
ROUNDS = 3  # of timing


def views_of(names: Sequence[str]) -> list[str]:
    """What these backends eat, each view once."""
    found = (view for name in names for view in backend(parse_name(name)[0]).views)
    return list(dict.fromkeys(found))


def compare(
    data: Examples,
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
) -> report.Report:
    """Judge, train, time and report on backends; what is done already is not done again.

    Args:
        data: With the views of all of them.
        names: Out of the registry, with parameters if wanted (``resnet18:task=level``).
        out: Gets ``models/NAME``, a bundle with its own ``report.json``; and of all of them
            ``report.json``, ``report.md``, ``report.html`` and ``report.png``.
        config: How to train and judge.
        read: How the photographs were read.
        files: Where the image of a row's path is: for the time per photo and for thumbnails;
            without them there are none.
        trials: Optuna trials for each backend that has something to tune.
        storage: See ``tuning.tune``.
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
        published = fitting().weights
        if published and published.is_file() and _pictures(backend(registered).views):
            settings["weights"] = file_digest(published)
        step = Stage(own / "learnt.json", settings, name=name)
        if step.begin(force=force):
            own_parameters = dict(given)
            if trials > 0 and tunable(registered):
                tuned = _tuned(data, registered, trials, config, storage, workers, progress, given)
                own_parameters = {**tuned, **given}
            learnt = learn(data, registered, own_parameters, config, read, progress)
            learnt.bundle.save(own)
            report.write_json(learnt.report, own / "report.json")
            step.finish(*(own / file for file in ("bundle.json", "model.onnx", "report.json")))
        models[name] = json.loads((own / "report.json").read_text())
    originals = data.table["path"][data.table["kind"] == ""]
    photos = [files[path] for path in originals if path in files]
    for name, each in _times(names, photos, out, force).items():
        models[name]["cost"]["ms_per_photo"] = each
    whole = report.compare(models, data, config)
    report.write_json(whole, out / "report.json")
    pages.write_markdown(whole, out / "report.md")
    wrong = {photo["path"] for model in whole["models"].values() for photo in model["worst"]}
    known = {path: files[path] for path in sorted(wrong) if path in files}
    small = {path: jpeg for path, file in known.items() if (jpeg := pages.thumbnail(file))}
    pages.write_html(whole, out / "report.html", small)
    figures.draw(whole, out / "report.png")
    return whole


@dataclass(frozen=True)
class Learnt:
    """A model that was judged and trained.

    Attributes:
        bundle: Ready to be saved.
        judged: What models that saw none of a row's scene said to it.
        report: See ``report.evaluate``.
    """

    bundle: Bundle
    judged: OutOfFold
    report: report.Report


def learn(
    data: Examples,
    name: str,
    parameters: Mapping[str, Any] | None = None,
    config: TrainConfig = TrainConfig(),
    read: ReadConfig = ReadConfig(),
    progress: Progress = silent,
) -> Learnt:
    """Judge one backend by grouped cross-validation, train it on everything.

    Args:
        data: With its views, and others too.
        name: Out of the registry.
        parameters: Instead of the backend's defaults.
        config: As for ``compare``, like the rest.
    """
    data, parameters = data.suited(name), dict(parameters or {})
    judged = cross_validate(data, name, parameters, config, progress)
    spent: list[float] = []  # by networks, also in an earlier run that this one goes on with
    with circumstances(progress=progress, spent=spent):
        start = time.perf_counter()
        bundle, model = train(data, name, parameters, config, read, judged)
        seconds = sum(spent) or time.perf_counter() - start
    pictures = _pictures(bundle.views)
    # a network for every source that is left out would take as long as another comparison
    unseen = None if pictures else judge_unseen(data, name, parameters, bundle.calibration)
    cost = {
        "weights_mb": len(bundle.graph) / 1e6,
        "ms_per_photo": None,
        "train_seconds": seconds,
        "device": _device(pictures),
    }
    found = report.evaluate(data, judged, bundle, unseen, cost, model)
    return Learnt(bundle, judged, found)


def milliseconds_per_photo(bundle: Bundle, photos: Sequence[Path]) -> float | None:
    """Time from file to verdict with a process on every core, all photos over their number.

    None if some of them cannot be read.
    """
    step = max(1, len(photos) // (TIMED + UNTIMED))
    answers = Detector(bundle).predict_many(islice(cycle(photos[::step]), TIMED + UNTIMED), cores())
    failed = sum(isinstance(one, ImageError) for one in islice(answers, UNTIMED))
    start = time.perf_counter()
    failed += sum(isinstance(one, ImageError) for one in answers)
    return None if failed else 1000 * (time.perf_counter() - start) / TIMED


def folder_name(name: str) -> str:
    """A model's name as that of a folder."""
    return re.sub(r"[^\w.=-]+", "_", name)


def _times(
    names: Sequence[str], photos: Sequence[Path], out: Path, force: bool
) -> Mapping[str, float | None]:
    """Milliseconds a photo, of all models in one run, so that they can be compared."""
    if not photos:
        return dict.fromkeys(names)
    folders = {name: out / "models" / folder_name(name) for name in names}
    graphs = {name: file_digest(own / "model.onnx") for name, own in folders.items()}
    settings = {"models": graphs, "photos": [str(path) for path in photos], "cores": cores()}
    step = Stage(out / "timed.json", settings, name="time per photo")
    times = out / "times.json"
    if step.begin(force=force):
        bundles = {name: load(own) for name, own in folders.items()}
        rounds = [
            [milliseconds_per_photo(bundle, photos) for bundle in bundles.values()]
            for _ in range(ROUNDS)
        ]
        medians = np.median(np.array(rounds, dtype=float), axis=0)
        if np.isnan(medians).any():
            return dict.fromkeys(names)
        report.write_json(dict(zip(names, medians.tolist(), strict=True)), times)
        step.finish(times)
    return dict(json.loads(times.read_text()))


def _tuned(
    data: Examples,
    name: str,
    trials: int,
    config: TrainConfig,
    storage: str | None,
    workers: int,
    progress: Progress,
    fixed: dict[str, Any],
) -> dict[str, Any]:
    unseen_by_test = data.select((data.table["split"] != "test").to_numpy())
    study = tune(unseen_by_test, name, trials, config, storage, progress, workers, fixed)
    best = best_parameters(study)
    print(f"{name}: best of {len(study.trials)} trials: ROC AUC {study.best_value:.4f}, {best}")
    return best


def _pictures(views: Sequence[str]) -> bool:
    """Whether a network is trained on what a model with these views eats."""
    return any(len(VIEWS[view].shape) > 1 for view in views)


def _device(pictures: bool) -> str:
    if not pictures:
        return f"CPU, {cores()} cores"
    from .models.devices import device_name

    return device_name()
