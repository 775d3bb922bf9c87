"""The package's modules, what each imports, and the rule that this follows."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "blurdct"

# A room is a folder of the package, or a module beside them. It imports from lines above its own;
# on its own line only from what an arrow leads from.
RULE = """
errors -> config _version metrics
utils parallel kernel -> results
images
features -> torch
inference datasets
scan video service models export
curate report explain training
evaluation sklearn
cli
"""

LINES = [[part.split() for part in line.split("->")] for line in RULE.strip().splitlines()]
PLACES = {
    room: (line, step)
    for line, steps in enumerate(LINES)
    for step, rooms in enumerate(steps)
    for room in rooms
}


def module_name(path: Path) -> str:
    """``blurdct/models/base.py`` -> ``models.base``; an ``__init__.py`` has its folder's name."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}
FACES = {name for name, path in MODULES.items() if path.name == "__init__.py"}
INSIDE = sorted(set(MODULES) - {"", "__main__"})


def room(module: str) -> str:
    """The folder or top module that a module belongs to."""
    return module.partition(".")[0]


def imported(source: str, module: str, is_package: bool, at_start: bool = False) -> set[str]:
    """Modules of the package that a source imports; "" is the package itself.

    Args:
        source: Python.
        module: Its name below the package.
        is_package: Whether it is an ``__init__.py``.
        at_start: Only what is imported with the module, not inside functions or for type checkers.
    """
    tree = ast.parse(source)
    nodes = list(_at_start(tree) if at_start else ast.walk(tree))
    names = set()
    home = ["blurdct", *module.split(".")] if module else ["blurdct"]
    for node in nodes:
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


def _at_start(node):
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        yield child
        yield from _at_start(child)


def imports_of(module: str, at_start: bool = False) -> set[str]:
    path = MODULES[module]
    return imported(path.read_text(encoding="utf-8"), module, module in FACES, at_start)
