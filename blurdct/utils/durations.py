"""Spans of time as people write them -> seconds."""

import re

from ..errors import ConfigError

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "": 1.0}


def seconds(text: str) -> float:
    """``2s``, ``500ms``, ``1.5`` (seconds), ``2min`` -> seconds.

    Raises:
        ConfigError: None of these.
    """
    number, unit = number_and_unit(text) or (0.0, "none")
    if unit not in _UNITS:
        raise ConfigError(f"expected a time such as 2s, 500ms, 2min or 1h, got {text!r}")
    return number * _UNITS[unit]


def number_and_unit(text: str) -> tuple[float, str] | None:
    """``1.5 S`` -> 1.5 and ``s``; the unit may be missing, and is any word; None for the rest."""
    found = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)\s*([a-z]*)", text.strip().lower())
    return (float(found[1]), found[2]) if found else None
