"""Tables as pages and Markdown take them: what each cell shows, and what it is sorted by."""

from dataclasses import dataclass
from typing import NamedTuple


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
