"""Cells of tables: what each shows and is sorted by on a page, and what one in a file means."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

_KINDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
_TRUTH = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}


class Cell(NamedTuple):
    """What a cell shows, and what its column is sorted by (None: nothing to sort by)."""

    text: str
    value: float | str | None


@dataclass(frozen=True)
class Section:
    """A table with what it means; each row as long as ``head``, and named by its first cell."""

    title: str
    note: str
    head: tuple[str, ...]
    rows: list[list[Cell]]

    @property
    def columns(self) -> list[tuple[str, bool]]:
        """Each heading, and whether numbers stand below it."""
        made = []
        for number, name in enumerate(self.head):
            words = any(isinstance(row[number].value, str) for row in self.rows)
            made.append((name, number > 0 and not words))
        return made


def typed(value: Any, kind: type) -> Any:
    """A cell as its column's kind; ``nan``, which pandas puts where nothing is, is nothing.

    Args:
        value: As a file has it; what is missing or empty is None, or "" of texts.
        kind: str, int, float or bool.

    Raises:
        ValueError: It is something else, which the message says.
    """
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return "" if kind is str else None
    try:
        if kind is str:
            value.encode("utf-8", "surrogateescape")  # what no name or terminal can hold
            return value
        if kind is bool:
            return _TRUTH[str(value).lower()]
        return _whole(value) if kind is int else _not_nan(float(value))
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"expected {_KINDS[kind]}, got {value!a:.60}") from error


def _whole(value: Any) -> int | None:
    """Programs that know no whole number beside empty cells write ``4032.0``."""
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            value = float(value)
    number = _not_nan(value)
    if number is None or number == int(number):
        return None if number is None else int(number)
    raise ValueError


def _not_nan(number: float) -> float | None:
    return None if math.isnan(number) else number
