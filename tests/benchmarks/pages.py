"""Pages of results, as text -> their tables; and whether a page and its figures say the same."""

import re
from typing import Any


def check(page: str, figures: dict[str, Any]) -> None:
    """A page and its figures say the same, and where they come from."""
    assert page.startswith(f"## {figures['title']}\n\n")
    assert f"`{figures['command']}`" in page.splitlines()[-1]
    assert figures["command"].startswith("python benchmarks/")
    assert figures["date"] in page and str(figures["commit"] or "without git") in page
    if "machine" in figures:
        assert {
            "processor",
            "cores",
            "load",
            "memory_gb",
            "python",
            "numpy",
            "opencv",
            "onnxruntime",
        } <= {*figures["machine"]}
        assert all(str(value) in page.splitlines()[-1] for value in figures["machine"].values())
    shown = tables(page)
    assert shown
    assert [table[0] for table in shown] == [table["columns"] for table in figures["tables"]]
    for table, kept in zip(shown, figures["tables"], strict=True):
        for cells, values in zip(table[1:], kept["rows"], strict=True):
            for cell, value in zip(cells, values, strict=True):
                assert agree(cell, value), (cell, value)


def agree(cell: str, value: Any) -> bool:
    """Whether a cell of a page is that value, as far as its decimals go."""
    if value is None or isinstance(value, str):
        return cell == (value or "-")
    if isinstance(value, list):
        shown = [one for one in cell.split(", ") if one != "..."]
        return len(shown) == min(5, len(value)) and all(map(agree, shown, value))
    if not re.fullmatch(r"-?[\d.,]+%?", cell):
        return False
    digits = cell.rstrip("%").replace(",", "")
    step = 10.0 ** -len(digits.partition(".")[2]) / (100 if cell.endswith("%") else 1)
    return abs(number(cell) - value) <= 0.51 * step + 1e-6


def tables(text: str) -> list[list[list[str]]]:
    """Cells of every Markdown table; the first row of each has its columns."""
    found: list[list[list[str]]] = []
    before = ""
    for line in text.splitlines():
        if line.startswith("|"):
            if not before.startswith("|"):
                found.append([])
            found[-1].append([cell.strip() for cell in line.split("|")[1:-1]])
        before = line
    return [[table[0], *table[2:]] for table in found]


def rows(lines: list[str]) -> list[list[str]]:
    """Cells of every row of Markdown tables, columns left out."""
    return [row for table in tables("\n".join(lines)) for row in table[1:]]


def number(cell: str) -> float:
    """A cell as a number; a percentage as a share."""
    return float(cell.rstrip("%").replace(",", "")) / (100 if cell.endswith("%") else 1)
