"""Plain values -> a JSON file that people can read and git can compare."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from .atomic import replacing


def write_json(report: dict[str, Any], path: Path) -> None:
    """The report for programs; numbers that are not defined become null."""
    text = json.dumps(_clean(report), indent=1, allow_nan=False)
    # rows of numbers on one line; no string of JSON has a line break in it
    text = re.sub(r"\[\n[-\d.e,\s]+\]", lambda found: " ".join(found[0].split()), text)
    with replacing(path) as temporary:
        temporary.write_text(text + "\n")


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _clean(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(one) for one in value]
    if isinstance(value, float):
        return round(value, 6) if np.isfinite(value) else None
    return value
