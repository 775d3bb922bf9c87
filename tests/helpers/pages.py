"""README and documentation as tests see them: pages, and the blocks of code in them."""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    path.relative_to(ROOT).as_posix(): path
    for path in [
        *(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "SECURITY", "CHANGELOG")),
        ROOT / "data" / "README.md",
        *sorted((ROOT / "docs").rglob("*.md")),
    ]
}
FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\S*)[^\n]*\n(?P<text>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
NOT_RUN = re.compile(r"<!-- not run: (.+?) -->\s*$")


class Block(NamedTuple):
    """One block of code.

    Attributes:
        page: Path from the root.
        line: Where it begins.
        language: What its fence says.
        text: What is in it.
        not_run: Why the tests leave it alone; empty if they run it.
    """

    page: str
    line: int
    language: str
    text: str
    not_run: str


@cache
def text_of(page: str) -> str:
    return PAGES[page].read_text(encoding="utf-8")


@cache
def blocks() -> tuple[Block, ...]:
    """All blocks of all pages, in order."""
    found = []
    for page in PAGES:
        text = text_of(page)
        for match in FENCE.finditer(text):
            before = text[: match.start()]
            remark = NOT_RUN.search(before)
            reason = remark.group(1) if remark else ""
            line = before.count("\n") + 1
            found.append(Block(page, line, match["language"], match["text"], reason))
    return tuple(found)


def prose(page: str) -> str:
    """A page without its blocks of code."""
    return FENCE.sub("", text_of(page))
