"""What a machine of the cluster says of itself; sent there as source, so it needs nothing of ours.

Only the standard library is imported here: also where blurdct is missing, or another version, the
answer must come.
"""

import os
import platform
import socket
from collections.abc import Sequence
from importlib import metadata
from typing import Any

# What verdicts depend on, to the last digit.
LIBRARIES = ("numpy", "onnxruntime", "opencv-python-headless", "pillow", "pyarrow")


def look(sources: Sequence[str], folder: str, token: str) -> dict[str, Any]:
    """This machine's name, the versions it has, and which of those places it sees.

    Args:
        sources: Local ones, as the user named them.
        folder: The one that relative names are seen from.
        token: A file that the driver wrote beside the results; empty if there is none to see.
    """
    return {
        "name": socket.gethostname(),
        "versions": versions(),
        "missing": [name for name in sources if not os.path.lexists(os.path.join(folder, name))],
        "shared": not token or os.path.isfile(token),
    }


def versions() -> dict[str, str]:
    """Of Python, of this package and of what it decodes and counts with; empty if not there."""
    found = {"Python": ".".join(platform.python_version_tuple()[:2]), "blurdct": ""}
    try:
        import blurdct

        found["blurdct"] = blurdct.__version__
    except ImportError:
        pass
    try:
        from blurdct.kernel.choice import name as kernel_name

        found["kernel"] = kernel_name()
    except Exception:  # of another version; or of a variable that asks for what there is not
        found["kernel"] = ""
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = ""
    return found
