"""Milliseconds that a prediction takes, model against model, in one run."""

import json
import time
from collections.abc import Mapping, Sequence
from itertools import cycle, islice
from pathlib import Path

import numpy as np

from ..errors import ImageError
from ..inference.bundle import Bundle, load
from ..inference.detector import Detector
from ..parallel.cores import cores
from ..utils import json_files
from ..utils.stage import Stage, digest as file_digest
from .learn import folder_name

TIMED, UNTIMED = 120, 48  # photos for the time per photo, after those in which workers start
ROUNDS = 3  # of timing


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


def measured_times(
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
        json_files.write_json(dict(zip(names, medians.tolist(), strict=True)), times)
        step.finish(times)
    return dict(json.loads(times.read_text()))
