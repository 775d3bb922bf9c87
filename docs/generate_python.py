"""The page about the Python that others may call, written from what the public modules hand out.

Sphinx puts the docstrings where the page says ``automodule``.

Example: python docs/generate_python.py
"""

import importlib
import inspect
from pathlib import Path
from types import ModuleType

from _generated import write_or_check

PAGE = Path(__file__).parent / "reference" / "python.md"
PUBLIC = """blurdct blurdct.errors blurdct.config blurdct.images blurdct.features blurdct.inference
    blurdct.results blurdct.scan blurdct.curate blurdct.report blurdct.explain blurdct.video
    blurdct.metrics blurdct.datasets blurdct.models blurdct.export blurdct.training
    blurdct.evaluation blurdct.sklearn blurdct.torch""".split()
TRAIN = "metrics datasets models export training evaluation sklearn torch".split()
HEAD = """# Python

<!-- Written by docs/generate_python.py from what the modules hand out; run it after a change. -->

What may be called. All other modules may move without notice. `blurdct` and its packages load what
is asked for and no more: `import blurdct` takes milliseconds.
"""


def main() -> None:
    """Write the page; with --check only say whether it is up to date."""
    write_or_check(PAGE, page(), __doc__)


def page() -> str:
    """The whole page, Markdown; each thing is described where it is met first."""
    met: dict[int, str] = {}
    parts = [HEAD]
    for name in PUBLIC:
        module = importlib.import_module(name)
        here = {one: getattr(module, one) for one in handed_out(module)}
        again = [one for one, value in here.items() if id(value) in met]
        first = [one for one in here if one not in again]
        met |= {id(here[one]): name for one in first}
        parts.append(section(name, first, again, met, here))
    return "\n".join(parts).rstrip() + "\n"


def handed_out(module: ModuleType) -> list[str]:
    """Names of what a public module offers: ``__all__``, else what it defines itself."""
    if hasattr(module, "__all__"):
        return list(module.__all__)
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isfunction(value) or inspect.isclass(value))
        and value.__module__ == module.__name__
    ] + [name for name in vars(module) if name == "COLUMNS"]


def section(
    name: str, first: list[str], again: list[str], met: dict[int, str], here: dict[str, object]
) -> str:
    """One module: what it has of its own, and what is described elsewhere on the page."""
    lines = [f"## `{name}`", ""]
    if name.rpartition(".")[2] in TRAIN:
        lines += ["Needs the extra `train`.", ""]
    described = [one for one in first if inspect.getmodule(here[one]) is not None]
    listed = [f"   :members: {', '.join(described)}"] if described else []
    constants = [constant(name, one, here[one]) for one in first if one not in described]
    body = "\n".join([f".. automodule:: {name}", *listed, "", *constants]).rstrip()
    lines += [f"```{{eval-rst}}\n{body}\n```", ""]
    if again:
        homes = sorted({met[id(here[one])] for one in again})
        words = ", ".join(f"`{one}`" for one in again)
        lines += [f"Also here: {words}, of {', '.join(f'`{home}`' for home in homes)}.", ""]
    return "\n".join(lines)


def constant(module: str, name: str, value: object) -> str:
    """One that is no function and no class: what it holds; of a dict, its keys."""
    held = ", ".join(map(str, value)) if isinstance(value, (dict, tuple)) else str(value)
    return f".. py:data:: {module}.{name}\n\n   ``{held}``\n"


if __name__ == "__main__":
    main()
