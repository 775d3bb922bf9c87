"""What a table of text may have lost on its way: the end of it, or its encoding; and rows twice."""

import os
from array import array
from collections.abc import Iterator, Set
from typing import Any

from .text_files import CUT


def other_cells(path: str | os.PathLike[str], row: dict[Any, Any], filled: Set[str]) -> str:
    """What is wrong with the number of a row's cells, in words; empty if nothing is.

    Args:
        path: The CSV file that it is of.
        row: As ``csv.DictReader`` makes it: None where the row ends before the header does.
        filled: Columns in which no row is empty. Of others some spreadsheets leave out the cells at
            the end of a row where all of them are empty.
    """
    missing = {name for name, cell in row.items() if cell is None}
    if any(row.get(None, ())):
        return "has more cells than the header has names"
    cut = bool(missing) and not _ends_with_a_line(path)
    if not cut and filled.isdisjoint(missing):
        return ""
    return f"has {len(row) - len(missing)} of {len(row)} cells{f'; {CUT}' if cut else ''}"


def repeats(hashes: "array[int]") -> Iterator[tuple[int, int]]:
    """Pairs of rows with one hash, from 0, the earlier first; by the later one."""
    import numpy as np

    found = np.array(hashes)
    order = np.argsort(found, kind="stable")
    same = np.flatnonzero(found[order][1:] == found[order][:-1])
    for later, earlier in sorted((int(order[at + 1]), int(order[at])) for at in same):
        yield earlier, later


def other_encoding(name: str) -> str:
    """What to say of the name of a file that is no UTF-8; empty if it is, or such a file is here.

    Raises:
        ValueError: Spelled as Western Windows programs spell it, it is the name of a file that is
            here: so it was not the name that was odd. As names are bytes, it else may be right.
    """
    try:
        name.encode()
        return ""
    except UnicodeEncodeError:
        raw = name.encode("utf-8", "surrogateescape")
    if "::" in name or "://" in name or os.path.lexists(name):  # within others, nobody looks
        return ""
    if os.path.lexists(raw.decode("cp1252", "replace")):
        raise ValueError("is in Latin-1, not UTF-8, as the file of that name shows; save it anew")
    return "has a path that is no UTF-8, and no such file is here; is the table in Latin-1?"


def _ends_with_a_line(path: str | os.PathLike[str]) -> bool:
    with open(path, "rb") as file:
        file.seek(-min(4, os.path.getsize(path)), os.SEEK_END)  # a letter of UTF-32 has four bytes
        return file.read().rstrip(b"\0")[-1:] in (b"\n", b"\r")
