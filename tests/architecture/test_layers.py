"""The package's import rule, checked against the source."""

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.helpers.layers import (
    FACES,
    INSIDE,
    MODULES,
    PLACES,
    ROOT,
    imported,
    imports_of,
    room,
)

# What the core install lacks, by the extra that brings it, and the rooms that may need it.
NEEDS = {
    "train": ("datasets", "models", "training", "evaluation", "sklearn", "torch", "export"),
    "serve": ("service",),
}
HEAVY = ("torch", "sklearn", "pandas", "xgboost", "scipy", "fastapi", "onnx", "optuna", "uvicorn")

APART = {room for rooms in NEEDS.values() for room in rooms}


def against_the_rule(module: str, names: set[str]) -> list[str]:
    """Those imports of a module that the place of its room forbids."""
    line, step = PLACES[room(module)]
    wrong = []
    for name in sorted(names - {""}):
        there = room(name)
        if there == room(module):
            continue
        other = PLACES.get(there)
        if other is None or not (other[0] < line or (other[0] == line and other[1] < step)):
            wrong.append(name)
    return wrong


@pytest.mark.parametrize("module", INSIDE)
def test_every_room_has_its_place_and_imports_along_the_rule(module):
    assert room(module) in PLACES, f"{module} is in no line: give its room a place in RULE"
    assert not against_the_rule(module, imports_of(module))


@pytest.mark.parametrize("module", INSIDE)
def test_nothing_but_a_command_needs_an_extra_that_is_not_its_own(module):
    own = next((rooms for rooms in NEEDS.values() if room(module) in rooms), ())
    # inside its function a command may
    names = imports_of(module, at_start=module.startswith("cli."))
    assert not {name for name in names if room(name) in APART and room(name) not in own}


def test_there_is_no_circle_between_modules():
    # faces hand on names of their own modules, and only when asked
    graph = {
        name: {other for other in imports_of(name) if other in MODULES and other not in FACES}
        for name in INSIDE
        if name not in FACES
    }
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@pytest.mark.parametrize(
    ("module", "source", "wrong"),
    [
        ("features.bands", "from .dct import zigzag", []),
        ("images.reader", "from ..features.dct import zigzag", ["features.dct"]),
        ("images.reader", "from ..features import dct", ["features.dct"]),
        ("images.reader", "import blurdct.features", ["features"]),
        ("images.reader", "from blurdct import features, errors", ["features"]),
        ("images.reader", "def later():\n    from ..scan import run", ["scan.run"]),
        ("images.reader", "from .. import __version__", []),
        ("images.reader", "from ..nowhere import nothing", ["nowhere"]),
        ("metrics", "from .datasets.manifest import rows", ["datasets.manifest"]),
        ("inference.bundle", "from ..features import FEATURES", []),
        ("inference.bundle", "from ..models.base import Backend", ["models.base"]),
        ("inference.bundle", "from ..datasets.manifest import rows", ["datasets.manifest"]),
        ("models.tree", "from .base import Backend\nfrom ..metrics import roc_auc", []),
        ("models.tree", "from ..training.train import train_model", ["training.train"]),
        ("models.nn.recipe", "from ...errors import ConfigError", []),
        ("torch", "from .features.bands import FEATURES", []),
        ("features.bands", "from ..torch import LUMA", ["torch"]),
        ("cli.app", "from ..service.thrift import server", []),
        ("inference.detector", "from ..service.engine import Engine", ["service.engine"]),
    ],
)
def test_the_check_sees_an_import_against_the_rule(module, source, wrong):
    assert against_the_rule(module, imported(source, module, is_package=False)) == wrong


def test_relative_imports_of_a_package_start_at_itself():
    assert imported("from .base import x\nfrom ..errors import y", "models", is_package=True) == {
        "models.base",
        "errors",
    }
    assert imported("from .base import x", "models.tree", is_package=False) == {"models.base"}


def test_what_stands_in_functions_is_not_imported_at_the_start():
    source = "import blurdct.config\nif TYPE_CHECKING:\n    import blurdct.scan\n"
    source += "def later():\n    import blurdct.models\n"
    assert imported(source, "cli.app", False, at_start=True) == {"config"}


@pytest.mark.parametrize("folder", sorted(name for name in FACES if name))
def test_a_face_says_the_duty_of_its_folder_in_its_first_line(folder):
    text = MODULES[folder].read_text(encoding="utf-8")
    first = (ast.get_docstring(ast.parse(text)) or "").splitlines()[0]
    assert first.endswith(".") and len(first) > 20
    assert len(text.splitlines()) <= 40


def test_no_module_is_over_300_lines_and_no_folder_crowded():
    long = {
        name: count
        for name, path in MODULES.items()
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 300
    }
    assert not long
    sizes = {folder: len(list(MODULES[folder].parent.glob("*.py"))) - 1 for folder in FACES}
    roomy = {"models": 20, "cli.commands": 20}  # one file a model, one file a command
    assert not {
        name: count for name, count in sizes.items() if count > roomy.get(name, 12) and name
    }


def test_core_rooms_are_imported_without_anything_of_the_extras():
    core = [name for name in INSIDE if room(name) not in APART]
    code = f"""
import importlib, sys
for name in {HEAVY}:
    sys.modules[name] = None  # an import of it is an ImportError
for name in {core}:
    importlib.import_module("blurdct." + name)
print(len({core}))
"""
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    assert int(answer.stdout) == len(core)
