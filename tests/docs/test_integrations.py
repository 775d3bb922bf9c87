"""The README's recipes for other people's tools are run, where the tool is installed."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import cv2
import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "data" / "sample"
SECTION = (ROOT / "README.md").read_text().partition("\n## In other people's tools\n")[2]
SECTION = SECTION.partition("\n## ")[0]


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)


# by the library that a recipe is for: the last one imported before the package's own
RECIPES = {
    re.findall(r"^(?:import|from) (\w+)", block.partition("from blurdct")[0], re.MULTILINE)[
        -1
    ]: block
    for block in blocks("python")
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A place with ``photo.jpg`` and the folders that the recipes speak of."""
    place = tmp_path_factory.mktemp("recipes")
    (place / "photos").mkdir()
    for label in ("sharp", "blurred"):
        (place / "mine" / label).mkdir(parents=True)
        for path in sorted((SAMPLE / label).iterdir())[:4]:
            shutil.copy(path, place / "mine" / label / path.name)
        shutil.copy(path, place / "photos" / f"{label}.jpg")
    shutil.copy(path, place / "photo.jpg")
    return place


def test_there_is_a_recipe_for_each_tool():
    assert list(RECIPES) == ["pandas", "sklearn", "torch", "datasets", "fiftyone"]


SEEN = {
    "pandas": "missing.jpg: no such file",
    "sklearn": "{'blurfeatures__size': ",
    "torch": "tensor(",
    "datasets": "[",
    "fiftyone": "blurred",
}


@pytest.mark.parametrize("tool", SEEN)
def test_a_recipe_runs(folder, tool):
    if find_spec(tool) is None:
        pytest.skip(f"not run: {tool} is not installed")
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "HF_HOME": str(folder / "cache"),
        "HF_HUB_OFFLINE": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", RECIPES[tool]],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert SEEN[tool] in done.stdout


def test_the_gate_lets_sharp_pictures_pass_and_stops_at_a_blurred_one(tmp_path):
    (hook,) = blocks("yaml")
    (entry,) = re.findall(r"^ +entry: (.*)$", hook, re.MULTILINE)
    assert f"`{entry} docs/images`" in SECTION
    sharp = cv2.imread(str(SAMPLE / "sharp" / "pagoda.jpg"))
    (tmp_path / "docs" / "images").mkdir(parents=True)
    command = [sys.executable, "-m", *shlex.split(entry), "docs/images"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for name, picture, status in (
        ("sharp.jpg", sharp, 0),
        ("blurred.jpg", cv2.GaussianBlur(sharp, (0, 0), 12), 3),
    ):
        cv2.imwrite(str(tmp_path / "docs" / "images" / name), picture)
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True)
        assert done.returncode == status, done.stderr
