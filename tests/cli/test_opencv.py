"""Where OpenCV cannot be loaded, every command says so in one line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from blurdct.cli.app import COMMANDS
from blurdct.results import COLUMNS, write

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "data" / "sample"

GL = "libGL.so.1: cannot open shared object file: No such file or directory"
# What is wrong with it -> the module in its place, and what the line has.
BROKEN = {
    "missing": ("raise ModuleNotFoundError(\"No module named 'cv2'\", name='cv2')", "is missing"),
    "libraries": (f"raise ImportError({GL!r}, name='cv2')", f"cannot be loaded ({GL})"),
    "numpy": ("raise ImportError('numpy.core.multiarray failed to import', name='cv2')", "numpy"),
    "configuration": ("raise ImportError('OpenCV loader: missing configuration')", "loader"),
    "half": (None, "is there in part"),  # a folder without a module
}

# Each command as far as the photographs; those that need none of OpenCV do what they do.
LINES = {
    "predict": "predict {sharp}",
    "features": "features {sharp}",
    "models": "models",
    "scan": "scan {sharp} --out {new}.csv",
    "filter": "filter {results} --threshold 50",
    "undo": "undo {results}",
    "best": "best {results} --by burst",
    "report": "report {results} --out {new}.html",
    "video": "video {clip} --out {new}.csv",
    "map": "map {photo} --out {new}.png",
    "train": "train laplacian --photos {sample} --out {new}",
    "evaluate": "evaluate laplacian --photos {sample} --out {new}",
    "compare": "compare laplacian --photos {sample} --out {new}",
    "calibrate": "calibrate --photos {sample} --out {new}",
    "explain": "explain {photo} --out {new}.html",
    "export": "export --out {new}.onnx",
    "serve": "serve --http :0 --workers 1 --model dct-xgb",
    "client": "client {sample} --thrift :1",
}
WITHOUT = {"models", "filter", "undo", "client"}

CODE = """
import contextlib, io, json, sys
from blurdct.cli.app import main

def call(words):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(words)
        except SystemExit as end:
            return end.code, err.getvalue()

if __name__ == "__main__":
    print(json.dumps({name: call(words) for name, words in json.loads(sys.argv[1]).items()}))
"""


@pytest.fixture
def places(tmp_path):
    photo = SAMPLE / "sharp" / "pagoda.jpg"
    row = {name: "" if kind is str else None for name, kind in COLUMNS.items()}
    write(tmp_path / "results.csv", [{**row, "path": str(photo), "error": "damaged"}])
    (tmp_path / "clip.mp4").write_bytes(b"\0" * 64)
    names = {"sample": SAMPLE, "sharp": SAMPLE / "sharp", "photo": photo, "new": tmp_path / "new"}
    return {**names, "results": tmp_path / "results.csv", "clip": tmp_path / "clip.mp4"}


@pytest.mark.parametrize("kind", BROKEN)
def test_every_command_says_so_in_one_line(kind, places, tmp_path):
    assert set(LINES) == set(COMMANDS)
    code, words = BROKEN[kind]
    (tmp_path / "cv2").mkdir()
    if code:
        (tmp_path / "cv2" / "__init__.py").write_text(code)
    script = tmp_path / "call.py"
    script.write_text(CODE)
    lines = {name: line.format(**places).split() for name, line in LINES.items()}
    if kind == "half":  # an empty folder gives way to a package that comes later on the path
        lines = {name: line for name, line in lines.items() if name != "serve"}
        script.write_text(
            f"import sys, types; sys.modules['cv2'] = types.ModuleType('cv2')\n{CODE}"
        )
    run = subprocess.run(
        [sys.executable, script, json.dumps(lines)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0 and not run.stderr, run.stderr
    answers = json.loads(run.stdout)
    for name, (status, told) in answers.items():
        assert "Traceback" not in told
        if name not in WITHOUT:
            *before, line = told.splitlines()
            assert status == 2, (name, told)
            assert not any("OpenCV" in one for one in before), name
            assert line.startswith("blurdct: OpenCV ") and words in line, name
            assert "opencv-python-headless" in line
            assert ("apt install libgl1" in line) == (kind == "libraries")


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize(
    "line",
    [
        "from blurdct import Detector",
        "import blurdct; blurdct.read_luma",
        "from blurdct.images import read_luma",
        "from blurdct.sklearn import BlurFeatures",
    ],
)
def test_python_says_what_to_install_too(kind, line, tmp_path):
    code, words = BROKEN[kind]
    (tmp_path / "cv2").mkdir()
    if code:
        (tmp_path / "cv2" / "__init__.py").write_text(code)
    else:
        line = f"import sys, types; sys.modules['cv2'] = types.ModuleType('cv2'); {line}"
    run = subprocess.run(
        [sys.executable, "-c", line],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])},
        capture_output=True,
        text=True,
        timeout=60,
    )
    last = run.stderr.splitlines()[-1]
    assert run.returncode == 1 and last.startswith("ImportError: OpenCV "), run.stderr
    assert words in last and "opencv-python-headless" in last
