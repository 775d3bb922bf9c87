"""Commands for photographs of one's own: how they are called, and what they leave on disk."""

import contextlib
import io
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from blurdct.cli.app import main
from blurdct.evaluation import learn, timing
from blurdct.inference.prediction import shown
from blurdct.parallel import pool

SCENES = 12
BUNDLE = {"bundle.json", "model.onnx"}
REPORT = {"report.json", "report.md", "report.html", "report.png"}

# How each command begins; "{...}" stands for a place.
HEADS = {
    "train": "train laplacian --no-copies",
    "evaluate": "evaluate {model}",
    "compare": "compare laplacian --no-copies",
    "calibrate": "calibrate --force --model {model}",  # it fits these photographs already
}


class Run(NamedTuple):
    """What came of one command."""

    status: int
    out: str
    err: str


def call(words: str, **places: str | Path) -> Run:
    """Run a command in this process; ``{name}`` in a word stands for that place."""
    arguments = [word.format(**places) for word in words.split()]
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.raises(SystemExit) as stop,
    ):
        main(arguments)
    assert isinstance(stop.value.code, int)
    return Run(stop.value.code, out.getvalue(), err.getvalue())


def answers(model: str | Path, folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What ``predict`` says to labelled photographs: y, P and shown labels, in order of paths."""
    lines = call("predict --json --model {model} {folder}", model=model, folder=folder).out
    rows = [json.loads(line) for line in lines.splitlines()]
    y = np.array([int(Path(row["path"]).parent.name == "blurred") for row in rows])
    labels = np.array([shown(row["label"], row["sure"]) for row in rows])
    return y, np.array([row["probability"] for row in rows]), labels


def contents(folder: Path) -> dict[str, bytes | None]:
    """All that is in a folder, by path."""
    found = sorted(folder.rglob("*"))
    return {str(path): path.read_bytes() if path.is_file() else None for path in found}


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@contextlib.contextmanager
def one_core_alone() -> Iterator[None]:
    """No worker processes, which take longer to start than to work here; short timings."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (pool, learn, timing):
            patch.setattr(module, "cores", lambda: 1)
        for count in ("TIMED", "UNTIMED"):
            patch.setattr(timing, count, 2)
        yield


def sourced(mine: Path, folder: Path, source_of: Callable[[str, int], str]) -> Path:
    """A manifest with sources over copies of ``mine``."""
    shutil.copytree(mine, folder)
    rows = ["path,label,group,source"]
    for path in sorted(folder.rglob("*.png")):
        label, scene = int(path.parent.name == "blurred"), int(path.stem)
        source = source_of(path.parent.name, scene)
        rows.append(f"{path.relative_to(folder).as_posix()},{label},{scene},{source}")
    (folder / "manifest.csv").write_text("\n".join(rows) + "\n")
    return folder
