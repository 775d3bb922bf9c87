"""The README is short, and its figures are those that a benchmark wrote."""

import re

from tests.helpers.pages import ROOT, prose, text_of

README = "README.md"
ACCURACY = ROOT / "benchmarks" / "results" / "accuracy.md"


def rows(text: str) -> dict[str, list[str]]:
    """Of the tables in a text: first cell -> the others; of the first cell the model's name."""
    found = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and re.search(r"\d\.\d", line):
            name = re.search(r"dct-xgb|dct-fusion|[Ll]aplacian", cells[0])
            found[name.group().lower() if name else cells[0]] = cells[1:]
    return found


def test_the_readme_is_read_on_a_screen_and_a_half():
    text = text_of(README)
    assert len(text.encode()) <= 8192
    assert len(text.splitlines()) <= 110


def test_the_figures_of_the_readme_are_those_of_the_benchmark():
    ours, measured = rows(text_of(README)), rows(ACCURACY.read_text(encoding="utf-8"))
    assert set(ours) == {"dct-xgb", "dct-fusion", "laplacian"}
    for name, cells in ours.items():
        assert cells, name
        assert set(cells) <= set(measured[name]), name


def test_the_readme_leads_to_every_guide():
    text = prose(README)
    led = set(re.findall(r"\]\(docs/guides/([\w-]+)\.md\)", text))
    guides = {path.stem for path in (ROOT / "docs" / "guides").glob("*.md")}
    assert guides - led == {"predict", "security"}  # of what is shown, and from the index


def test_the_picture_of_the_terminal_fetches_nothing():
    picture = (ROOT / "docs" / "figures" / "terminal.svg").read_text(encoding="utf-8")
    assert "font-face" not in picture
    assert set(re.findall(r'(?:href|src|url)\W+(https?:[^"\s)]+)', picture)) == set()
    assert all(
        word in picture for word in ("sharp", "blurred", "sharp?", "doubtful", "photographs")
    )
