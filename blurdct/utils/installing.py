"""How to get a library that is missing or does not load, in the words of a shell.

What it takes to find out is imported when somebody lacks one.

Sources:
    Where a package was installed from: PEP 610, direct_url.json.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

from ..errors import ModelError

NAME = __name__.partition(".")[0]
ROOT = Path(__file__).resolve().parents[2]  # of a checkout, or where packages are installed

WHEEL = "opencv-python-headless"  # needs nothing of the system but its C and C++ libraries
# What opencv-python, with its windows, expects beside -> the package of Debian and Ubuntu.
SYSTEM = {
    "libGL.so": "libgl1",
    "libGLX": "libgl1",
    "libGLdispatch": "libgl1",
    "libX11": "libx11-6",
    "libglib-2.0": "libglib2.0-0",
    "libgthread-2.0": "libglib2.0-0",
    "libxcb": "libxcb1",
}


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
    return " ".join([install_command(), *map(_quoted, _what(extra))])


def about_opencv(error: BaseException) -> ModelError | None:
    """The one line that an error comes to if it means that there is no working OpenCV; or None."""
    words = str(error).partition("\n")[0]
    if isinstance(error, ImportError):
        if error.name == "cv2" and WHEEL in words:
            return ModelError(words)  # said already
        if (error.name or "").partition(".")[0] != "cv2" and "OpenCV" not in words:
            return None
        what = f"cannot be loaded ({words})"
        if isinstance(error, ModuleNotFoundError):
            what = "is missing"
    elif isinstance(error, AttributeError) and "module 'cv2' has no attribute" in words:
        what = f"is there in part ({words})"
    else:
        return None
    # also where pip believes that it is there: uninstalling one wheel takes the other's files
    ways = [f"{install_command()} --force-reinstall --no-deps {WHEEL}"]
    ways += [f"on Debian and Ubuntu apt install {SYSTEM[lib]}" for lib in SYSTEM if lib in words][
        :1
    ]
    return ModelError(f"OpenCV {what}: {', or '.join(ways)}")


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


def install_command() -> str:
    """The pip of this Python and its command, by its short name where a shell would find it."""
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
