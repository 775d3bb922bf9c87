"""Where a figure comes from: machine, versions, commit, command; no path of the machine in it."""

import os
import platform
import shlex
import subprocess
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import cv2

from blurdct.parallel.cores import cores

ROOT = Path(__file__).parents[1]
RESULTS = "benchmarks/results"


def machine() -> dict[str, str | float]:
    """Processor, cores, their load now, memory, system, versions of Python and three libraries."""
    return {
        "processor": _processor(),
        "cores": cores(),
        "load": round(os.getloadavg()[0], 1),
        "memory_gb": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9),
        "system": platform.system(),
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "opencv": cv2.__version__,
        "onnxruntime": version("onnxruntime"),
    }


def commit() -> dict[str, str | bool | None]:
    """Short hash of the commit, and whether the tree differs from it; None where there is no git.

    Results do not count: of several benchmarks in a row, those of the first have just changed.
    """
    head = _git("rev-parse", "--short", "HEAD")
    changes = _git("status", "--porcelain", "--", ".", f":!{RESULTS}")
    return {"commit": head, "changed": None if changes is None else bool(changes)}


def command(script: str, words: Sequence[str]) -> str:
    """What was typed, from the repository's root, with a stand-in for each path outside it."""
    known = stand_ins(words)
    shown = []
    for word in words:
        option, sign, value = word.partition("=") if word.startswith("--") else ("", "", word)
        shown.append(option + sign + known.get(value, value))
    return shlex.join(["python", f"benchmarks/{Path(script).name}", *shown])


def stand_ins(words: Sequence[str]) -> dict[str, str]:
    """The paths among words -> ``data/sample`` in the repository, else ``FOLDER/last-part``."""
    known = {}
    for word in words:
        value = word.partition("=")[2] if word.startswith("--") else word
        if os.sep in value:  # a bare name says nothing about the machine, and may be a model's
            path = Path(os.path.abspath(value))
            inside = path.is_relative_to(ROOT)
            known[value] = str(path.relative_to(ROOT)) if inside else f"FOLDER/{path.name}"
    return known


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(iter(names), platform.processor() or platform.machine())


def _git(*words: str) -> str | None:
    try:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
