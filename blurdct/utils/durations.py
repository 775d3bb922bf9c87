"""Spans of time as people write them -> seconds."""

import re

from ..errors import ConfigError

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "": 1.0}


def seconds(text: str) -> float:
    """``2s``, ``500ms``, ``1.5`` (seconds), ``2min`` -> seconds.

    Raises:
        ConfigError: None of these.
    """
    found = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)\s*([a-z]*)", text.strip())
    if not found or found[2] not in _UNITS:
        raise ConfigError(f"expected a time such as 2s or 500ms, got {text!r}")
    return float(found[1]) * _UNITS[found[2]]
