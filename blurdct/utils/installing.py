"""How to get the libraries that only some people need, in the words of a shell.

What it takes to find out is imported when somebody lacks one.

Sources:
    Where a package was installed from: PEP 610, direct_url.json.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

NAME = __name__.partition(".")[0]
ROOT = Path(__file__).resolve().parents[2]  # of a checkout, or where packages are installed


def install_hint(extra: str, error: ImportError | None = None) -> str:
    """The command that installs an extra into the Python that runs, from where this package came.

    Args:
        extra: As in pyproject.toml.
        error: What the missing library raised. If it is there and does not load, no command
            helps, and that is what is said.
    """
    if error is not None and not isinstance(error, ModuleNotFoundError):
        words = str(error).partition("\n")[0]
        return f"a library that is installed, but cannot be loaded ({words})"
    return " ".join([_pip(), *map(_quoted, _what(extra))])


def _what(extra: str) -> list[str]:
    """What pip is to install."""
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    came_from = _direct_url()
    editable = came_from.get("dir_info", {}).get("editable", False)
    if (ROOT / "pyproject.toml").is_file():
        return [*(["-e"] if editable else []), f"{ROOT}[{extra}]"]
    url = str(came_from.get("url", ""))
    if url.startswith("file:"):
        path = Path(url2pathname(urlsplit(url).path))
        if "vcs_info" not in came_from and path.exists():
            return [*(["-e"] if editable else []), f"{path}[{extra}]"]
        if not path.exists():
            url = ""  # the folder of a build, as in an image
    if url:
        return [f"{NAME}[{extra}] @ {_url(came_from, url)}"]
    # from an index, or from nowhere that is still there: the libraries themselves have an index
    return _requirements(extra) or [f"{NAME}[{extra}]"]


def _url(came_from: dict[str, Any], url: str) -> str:
    """The URL as pip takes it, of the very commit."""
    if vcs := came_from.get("vcs_info"):
        url = f"{vcs['vcs']}+{url}@{vcs['commit_id']}"
    if folder := came_from.get("subdirectory"):
        url = f"{url}#subdirectory={folder}"
    return url


def _direct_url() -> dict[str, Any]:
    """What the installer wrote about where the package came from; empty if it came by an index."""
    from importlib import metadata

    try:
        text = metadata.distribution(NAME).read_text("direct_url.json")
        found = json.loads(text or "{}")
    except (metadata.PackageNotFoundError, OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _requirements(extra: str) -> list[str]:
    """The libraries of an extra, as the package's own metadata list them."""
    from importlib import metadata

    try:
        lines = metadata.requires(NAME) or []
    except metadata.PackageNotFoundError:
        return []
    parts = [line.partition(";") for line in lines]
    of_extra = re.compile(rf"extra\s*==\s*['\"]{re.escape(extra)}['\"]")
    return [name.strip() for name, _, marker in parts if of_extra.search(marker)]


def _pip() -> str:
    """The pip of this Python, by its short name where a shell would find it."""
    import shutil
    import sysconfig
    from importlib.util import find_spec

    if find_spec("pip") is None:
        return f"pip --python {_quoted(sys.executable)} install"
    found = shutil.which("pip")
    if found and Path(found).parent == Path(sysconfig.get_path("scripts")):
        return "pip install"
    return f"{_quoted(sys.executable)} -m pip install"


def _quoted(word: str) -> str:
    """As a shell takes it."""
    if sys.platform == "win32":
        return f'"{word}"' if re.search(r"[^\w.:\\/-]", word) else word
    import shlex

    return shlex.quote(word)
