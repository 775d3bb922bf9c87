"""The package's import layers, held as data and checked against the source."""

import ast
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "blurdct"

# A line is read from left to right along its arrows; a module imports from lines above its own and
# from steps left of its own. A star stands for any name that no other entry spells out.
LAYERS = """
errors progress -> config files -> pool stage -> crew sturdy
arrays formats -> images -> patches -> dct -> bands -> features evidence torch -> cells -> views
results walking -> lists remote ledger -> sources archives -> collection samples
bundle -> detector -> heatmap sizes frames video video_plot judging -> scan
transfer sidecar -> journal selection -> moving grouping -> undoing
metrics dataset partial -> synth tables -> perturb sheets shards -> copies -> gathering
models.base models.fitting -> models -> models.boosting models.contrasts models.graphs
models.lesson -> models.checkpoints models.devices -> models.torch_training
models.network -> models.* -> models.fusion models.dct_fusion
examples calibrating -> training studies -> tuning sklearn
report -> sections figures page_style -> pages gallery
gallery_pictures gallery_tables gallery_style -> gallery_page -> comparison evaluating summaries
printing
service.settings service.logs service.schema service.pictures service.answers
service.thrift_idl service.listening
service.metrics service.engine service.processes
service.bodies service.outer service.thrift_wire
service.asking service.thrift_server service.thrift_client -> service.app
service.running service.thrift
cli_shared -> cli_checks -> cli_acting -> cli_best cli_serve
cli_client cli_filter cli_map cli_report cli_scan cli_sizes cli_training cli_video -> cli
"""

# Modules that no layer holds: the package's own face and its way in.
FREE = {"", "__main__", "service"}

STEPS = [[step.split() for step in line.split("->")] for line in LAYERS.strip().splitlines()]
PLACES = {
    name: (layer, step)
    for layer, steps in enumerate(STEPS)
    for step, names in enumerate(steps)
    for name in names
}


def place(module: str) -> tuple[int, int] | None:
    """Layer and step of a module such as ``models.fusion``; None if the list lacks it."""
    if module in PLACES:
        return PLACES[module]
    return next((PLACES[name] for name in PLACES if fnmatchcase(module, name)), None)


def module_name(path: Path) -> str:
    """``blurdct/models/base.py`` -> ``models.base``; an ``__init__.py`` has its folder's name."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imported(source: str, module: str, is_package: bool) -> set[str]:
    """Modules of the package that a source imports, anywhere in it; "" is the package itself."""
    names = set()
    home = ["blurdct", *module.split(".")] if module else ["blurdct"]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            up = node.level - is_package
            base = home[: len(home) - up] if node.level else []
            base = ".".join([*base, *(node.module or "").split(".")]).strip(".")
            # ``from . import x`` may name a module or something inside the package.
            within = {f"{base}.{alias.name}" for alias in node.names}
            modules = {name for name in within if name.removeprefix("blurdct.") in MODULES}
            names |= modules
            if modules != within:
                names.add(base)
    ours = {name for name in names if name.split(".")[0] == "blurdct"}
    return {name.removeprefix("blurdct").removeprefix(".") for name in ours}


def against_the_flow(module: str, names: set[str]) -> list[str]:
    """Those imports of a module that its place in the layers forbids."""
    layer, step = place(module)
    wrong = []
    for name in sorted(names - FREE):
        other = place(name)
        if other is None or not (other[0] < layer or (other[0] == layer and other[1] < step)):
            wrong.append(name)
    return wrong


@pytest.mark.parametrize("module", sorted(set(MODULES) - FREE))
def test_every_module_has_its_place_and_imports_along_the_flow(module):
    assert place(module), f"{module} is in no layer: give it a place in LAYERS and in STYLE.md"
    path = MODULES[module]
    names = imported(path.read_text(encoding="utf-8"), module, path.name == "__init__.py")
    assert not against_the_flow(module, names)


@pytest.mark.parametrize(
    ("module", "source", "wrong"),
    [
        ("bands", "from .dct import zigzag", []),
        ("dct", "from .bands import BANDS", ["bands"]),
        ("dct", "from . import bands", ["bands"]),
        ("dct", "import blurdct.bands", ["bands"]),
        ("dct", "from blurdct import bands, errors", ["bands"]),
        ("dct", "def later():\n    from .features import image_features", ["features"]),
        ("dct", "from . import __version__", []),
        ("dct", "from .nowhere import nothing", ["nowhere"]),
        ("metrics", "from .dataset import rows", ["dataset"]),
        ("synth", "from .tables import build", ["tables"]),
        ("tables", "from .dataset import rows", []),
        ("bundle", "from .features import FEATURES", []),
        ("bundle", "from .models.base import Backend", ["models.base"]),
        ("models.trees", "from .base import Backend\nfrom ..metrics import auc", []),
        ("models.trees", "from .networks import Net", ["models.networks"]),
        ("models.fusion", "from .trees import Trees\nfrom . import backend", []),
        ("models.trees", "from ..training import train", ["training"]),
        ("cli", "from .service.thrift import serve", []),
        ("detector", "from .service.engine import Engine", ["service.engine"]),
    ],
)
def test_the_check_sees_an_import_against_the_flow(module, source, wrong):
    assert against_the_flow(module, imported(source, module, is_package=False)) == wrong


def test_relative_imports_of_a_package_start_at_itself():
    assert imported("from .base import x\nfrom ..errors import y", "models", is_package=True) == {
        "models.base",
        "errors",
    }
    assert imported("from .base import x", "models.trees", is_package=False) == {"models.base"}


@pytest.mark.parametrize("module", ["features", "images"])
def test_reading_and_describing_photos_loads_nothing_that_trains(module):
    heavy = ("torch", "xgboost", "sklearn", "pandas", "scipy", "optuna")
    code = f"import sys, blurdct.{module}; print([m for m in {heavy} if m in sys.modules])"
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"
