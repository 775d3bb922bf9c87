"""Markup, style and scripts stand in files of their own, not in Python."""

import ast
import re
from pathlib import Path

import pytest

import blurdct

PACKAGE = Path(blurdct.__file__).parent

# Whole formats that are written element by element, and no pages.
EXCEPTIONS = {
    "curate/xmp.py": "XMP: a few elements, put into a sidecar that others wrote",
    "evaluation/figures.py": "SVG: what Matplotlib drew is made to fit into a page",
    "video/plot.py": "SVG: a plot, computed point by point",
}
FOREIGN = re.compile(
    r"""
    </?[a-z][\w:-]*(\s[^<>]*=[^<>]*|\s*/)?>  # a tag; usage lines hold <NAME> in capitals
    | <(div|svg|span|script|style|input|image|img|td|th|tr|a)\s
    | </ | <!--
    | [{;]\s*[a-z-]+\s*:\s*[^;{}"']+;  # a declaration of CSS
    | \b(document|window)\.\w+ | =>\s*{ | \bconst\s+\w+\s*=
    """,
    re.VERBOSE,
)


def foreign(source: str) -> list[str]:
    """Text in a Python source that is of another language; documentation may speak of it."""
    tree = ast.parse(source)
    told = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    texts = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):  # what is computed may be anything
            parts = [one.value if isinstance(one, ast.Constant) else "x" for one in node.values]
            texts.append("".join(map(str, parts)))
        elif isinstance(node, ast.Constant) and id(node) not in told:
            value = node.value.decode("latin-1") if isinstance(node.value, bytes) else node.value
            texts += [value] if isinstance(value, str) else []
    return [text for text in texts if FOREIGN.search(text)]


FILES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("name", FILES)
def test_python_holds_no_markup_style_or_script(name):
    found = foreign((PACKAGE / name).read_text(encoding="utf-8"))
    assert bool(found) == (name in EXCEPTIONS), found


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ('x = "<div>"', 1),
        ('x = "a<br>b"', 1),
        ("x = f'<p>{x}</p>'", 1),
        ("x = f'<td{kind}>'", 1),
        ("x = '<td class=\"a\">'", 1),
        ('x = b"<x:meta/>"', 1),
        ('x = "p { color: red; }"', 1),
        ('x = "const a = 1;"', 1),
        ('x = "document.title"', 1),
        ('"""Says <b>this</b>."""', 0),
        ('x = "expected <PATH>, got 3 < 5 and 5 > 3; see: that"', 0),
        ('x = f"{number:,} of {{name: 1}}"', 0),
        ('x = "image/svg+xml"', 0),
    ],
)
def test_the_check_tells_other_languages_from_words(source, count):
    assert bool(foreign(source)) == bool(count)
