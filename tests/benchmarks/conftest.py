"""Benchmarks run on little, into a temporary folder, and what they say there is checked."""

import json
import runpy
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from blurdct.features.photo import Photo
from blurdct.inference.detector import Detector
from tests.benchmarks.pages import check, tables
from tests.helpers import toys

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = ROOT / "benchmarks"
SCENES = 6


@dataclass
class Answer:
    """The files that a benchmark left."""

    page: str
    figures: dict[str, Any]


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    """Benchmarks import each other's helpers by their bare names, as scripts do."""
    monkeypatch.syspath_prepend(BENCHMARKS)


@pytest.fixture
def run(monkeypatch, capsys) -> Callable[..., tuple[list[str], list[str]]]:
    """Run a benchmark in this process, keeping nothing: its lines of output and of errors."""

    def answer(name: str, *words: object) -> tuple[list[str], list[str]]:
        script = str(BENCHMARKS / f"{name}.py")
        monkeypatch.setattr(sys, "argv", [script, "--no-record", *map(str, words)])
        runpy.run_path(script, run_name="__main__")
        out, err = capsys.readouterr()
        return out.splitlines(), err.splitlines()

    return answer


@pytest.fixture
def refusal(run, capsys) -> Callable[..., str]:
    """The one line that a benchmark ends with when the user's input is wrong."""

    def answer(name: str, *words: object) -> str:
        with pytest.raises(SystemExit) as caught:
            run(name, *words)
        assert capsys.readouterr().out == ""
        message = caught.value.code
        assert isinstance(message, str) and "\n" not in message
        return message.removeprefix("error: ")

    return answer


@pytest.fixture
def bench(monkeypatch, capsys, tmp_path) -> Callable[..., Answer]:
    """Run a benchmark and check that its two files agree with each other and say whence they are.

    ``apart``: in a process of its own, as one must be that starts processes from its functions.
    """

    def answer(name: str, *words: object, apart: bool = False) -> Answer:
        results = tmp_path / "results"
        line = [str(BENCHMARKS / f"{name}.py"), *map(str, words), "--out", str(results)]
        if apart:
            done = subprocess.run(
                [sys.executable, *line], capture_output=True, text=True, check=True, cwd=ROOT
            )
            out = done.stdout
        else:
            monkeypatch.setattr(sys, "argv", line)
            runpy.run_path(line[0], run_name="__main__")
            out = capsys.readouterr().out
        assert {path.name for path in results.iterdir()} == {f"{name}.md", f"{name}.json"}
        page = (results / f"{name}.md").read_text(encoding="utf-8")
        text = (results / f"{name}.json").read_text(encoding="utf-8")
        assert str(tmp_path) not in page + text
        figures = json.loads(text)
        check(page, figures)
        if not any("FOLDER/" in line for line in page.splitlines() if line.startswith("|")):
            assert tables(out) == tables(page)
        return Answer(page, figures)

    return answer


@pytest.fixture(scope="session")
def photos(tmp_path_factory) -> Path:
    """Photographs of 64 pixels, sharp and blurred."""
    return toys.save_photos(tmp_path_factory.mktemp("photos") / "small", SCENES)


@pytest.fixture(scope="session")
def models(tmp_path_factory) -> tuple[Path, Path]:
    """Two toys: the second sees photographs at 16 pixels, and has other thresholds."""
    folder = tmp_path_factory.mktemp("models")
    one = toys.bundle()
    one.save(folder / "one")
    replace(one, size=16, thresholds=replace(one.thresholds, decision=0.6)).save(folder / "two")
    return folder / "one", folder / "two"


class Asked(NamedTuple):
    """What a detector says of a picture; ``probability`` where that is unknown, too."""

    probability: float
    shown: str


def asked(detector: Detector, picture) -> Asked:
    photo = Photo(picture, detector.config)
    return Asked(detector.probability(photo), detector.judge(photo, "")[0].shown)
