"""The README is run: its commands and its Python, on a small photo; its tables and map are held."""

import contextlib
import io
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from blurdct import results

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
SAMPLE = ROOT / "data" / "sample"


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


COMMANDS = [
    line.partition("  #")[0].strip()
    for block in blocks("sh")
    for line in block.splitlines()
    if "blurdct " in line
]
STAGES = [
    line.partition("  #")[0].strip()
    for block in blocks("sh")
    for line in block.splitlines()
    if line.startswith("python tools/")
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A place with ``photo.jpg`` and the folders that the README speaks of."""
    place = tmp_path_factory.mktemp("readme")
    for name in ("photos", "more"):
        (place / name).mkdir()
        shutil.copy(SAMPLE / "sharp" / "coffee_cup.jpg", place / name / "cup.jpg")
    shutil.copy(SAMPLE / "sharp" / "pagoda.jpg", place / "photo.jpg")
    for name in ("data/run/models/dct-xgb", "own"):
        shutil.copytree(ROOT / "blurdct" / "weights" / "dct-xgb", place / name)
    found = [{"path": "photo.jpg", "probability": 0.9, "score": 90.0, "label": "medium"}]
    results.write(place / "results.parquet", found)
    clip = cv2.VideoWriter(str(place / "clip.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, (160, 120))
    for number in range(30):
        clip.write(np.random.default_rng(number).integers(0, 256, (120, 160, 3), np.uint8))
    clip.release()
    for label in ("sharp", "blurred"):
        (place / "mine" / label).mkdir(parents=True)
        for path in sorted((SAMPLE / label).iterdir())[:8]:
            shutil.copy(path, place / "mine" / label / path.name)
    return place


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_readme_runs(folder, command):
    line = command.replace("blurdct ", f"{sys.executable} -m blurdct ", 1)
    if "scan" in command and "--resume" not in command:
        (folder / "results.parquet").unlink(missing_ok=True)
    done = subprocess.run(line, shell=True, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    # eight photographs of each label are few, and learning says so
    learns = re.match("blurdct (train|calibrate|compare) ", command) is not None
    assert ("too few to trust" in done.stderr) == learns, done.stderr
    if not re.match("blurdct (scan|filter|best|video) ", command):  # they say what was done
        assert done.stdout and (learns or not done.stderr)


def test_the_python_of_the_readme_runs(folder, monkeypatch):
    monkeypatch.chdir(folder)
    code, *_ = blocks("python")
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(code, "README.md", "exec"), {})
    assert "unreadable: missing.jpg: no such file" in output.getvalue()
    assert "high_freq_entropy" in output.getvalue()


def test_the_readme_names_every_stage_in_order():
    scripts = list(dict.fromkeys(line.split()[1] for line in STAGES))
    assert scripts == [f"tools/{path.name}" for path in sorted((ROOT / "tools").glob("[1-7]_*.py"))]


@pytest.mark.parametrize("line", STAGES)
def test_the_options_of_a_stage_in_the_readme_exist(line):
    words = line.split()[1:]
    done = subprocess.run(
        [sys.executable, *words[:1], "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert all(word in done.stdout for word in words if word.startswith("--"))


QUOTED = {
    "dct-xgb": (
        *("Real photographs", "By source", "By threshold", "Sharp photographs called blurred"),
        *("Synthetic blur: ROC AUC", "Synthetic blur: found at .5", "Labels"),
    ),
    "best": ("Real photographs", "By source", "Labels", "Sharp photographs called blurred"),
    "comparison": ("Real photographs", "By source", "At equal false positives", "Cost"),
}


@pytest.mark.parametrize(
    ("folder", "title"), [(folder, title) for folder, titles in QUOTED.items() for title in titles]
)
def test_the_readme_quotes_the_committed_reports(folder, title):
    report = (ROOT / "benchmarks" / "results" / "models" / folder / "report.md").read_text()
    section = report.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    assert len(rows) > 2
    assert "\n".join(rows) in README


def test_every_subcommand_stands_in_the_readme():
    from blurdct.cli.app import app

    names = {command.name or command.callback.__name__ for command in app.registered_commands}
    assert names
    assert all(f"blurdct {name}" in README for name in names)


def test_the_map_carries_the_first_line_of_every_module():
    package = ROOT / "blurdct"
    for path in sorted(package.rglob("*.py")):
        name = path.relative_to(package).as_posix()
        if name in {"__init__.py", "__main__.py"}:
            continue
        first = path.read_text().splitlines()[0].strip('"').rstrip(".")
        assert f"| `{name}` | {first} |" in README


def test_files_and_pictures_of_the_readme_exist():
    places = re.findall(r"\]\(([^)#:]+)\)", README)
    places += re.findall(r"`((?:data|tools)/[\w./]+\.\w+)`", README)
    assert places
    assert [place for place in places if not (ROOT / place).exists()] == []
