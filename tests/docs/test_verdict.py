"""What pages say a verdict is, is what the shipped models do; no page speaks of labels of old."""

import json
import re

import pytest

from blurdct import Detector
from blurdct.inference.bundle import NAMES, load, named
from blurdct.inference.thresholds import VERDICTS, verdict_index
from tests.docs.test_reference import table
from tests.helpers.pages import PAGES, ROOT, text_of

GUIDE = "docs/guides/predict.md"
RULE = "| P(blurred) | `label` | `sure` | the command prints |\n"
# They name old labels to say what became of them, or that figures were measured in those days.
OF_OLD = ("CHANGELOG.md", "docs/changelog.md", "docs/results/scale.md")


def test_the_rule_has_the_limits_of_the_default_model_and_says_what_it_says():
    rows = table(GUIDE, RULE)
    at = load().thresholds
    limits = [float(number) for cell in rows for number in re.findall(r"\d\.\d+", cell)]
    assert limits == [round(one, 3) for one in (at.sure_sharp, at.decision, at.sure_blurred)]
    told = [cells[2].strip("` |") for cells in list(rows.values())[:-1]]
    assert told == list(VERDICTS)
    inside = [0, *limits]
    assert [VERDICTS[verdict_index(p + 1e-3, at)] for p in inside] == told
    labels = [(cells[0].strip("`"), cells[1] == "true") for cells in rows.values()]
    assert labels[:-1] == [(one.rstrip("?"), not one.endswith("?")) for one in told]
    assert labels[-1] == ("unknown", False)


@pytest.mark.parametrize(
    ("threshold", "p", "shown"), [(0.3, 0.4, "blurred?"), (0.95, 0.9, "sharp?")]
)
def test_a_moved_threshold_does_to_a_p_what_the_guide_says(threshold, p, shown):
    text = " ".join(text_of(GUIDE).split())
    assert re.search(rf"`--threshold {threshold}` (a photo|one) of P \{str(p)[1:]} is `", text)
    at = load().thresholds.at(threshold)
    assert VERDICTS[verdict_index(p, at)] == shown
    assert f"`{shown}`" in text


@pytest.mark.parametrize("name", NAMES)
def test_the_shares_that_the_guide_names_are_known_to_the_model(name):
    text = " ".join(text_of(GUIDE).split())
    (listed,) = re.findall(r"A model knows that for ([\d., and]+) %", text)
    shares = [float(one) / 100 for one in re.findall(r"[\d.]+\d|\d", listed)]
    assert list(load(name).known_fprs) == pytest.approx(shares)


def test_pages_name_the_default_that_python_and_commands_have(monkeypatch):
    monkeypatch.delenv("BLURDCT_MODEL", raising=False)
    assert Detector.load().model == named() == NAMES["best"]
    claims = re.compile(r"`(dct-[\w-]+)`[^.|\n]{0,24}\bthe default\b")
    found = {page: claims.findall(text_of(page)) for page in PAGES}
    assert set().union(*found.values()) == {NAMES["best"]}


def test_the_figures_of_the_limits_page_are_those_of_the_benchmark():
    figures = json.loads((ROOT / "benchmarks/results/kinds.json").read_text(encoding="utf-8"))
    of = {row[0]: row for row in figures["tables"][0]["rows"]}  # best, collections unseen
    text = " ".join(text_of("docs/explanation/limits.md").split())
    assert f"{of['all'][1]} sharp photographs of eight kinds" in text
    for kind, words in (
        ("all", "{:.1f} % are called blurred, {:.1f} % surely so"),
        ("food, closeup", "close-ups {:.1f} % and {:.1f} %"),
    ):
        assert words.format(*(100 * share for share in of[kind][2:4])) in text
    assert of["documents"][2] == 0 and "of documents none" in text
    readme = " ".join(text_of("README.md").split())
    assert f"`best` calls {100 * of['all'][2]:.1f} % blurred" in readme
    told = "it finds all copies of them that are out of focus by .4 %"
    assert of["all"][6] == 1 and told in readme


@pytest.mark.parametrize("page", sorted(set(PAGES) - set(OF_OLD)))
def test_no_page_speaks_of_labels_of_old(page):
    text = text_of(page)
    old = re.findall(
        r"`medium`|`clear`|\tclear\t|\tmedium\t|label(?:led)? (?:clear|medium)\b", text
    )
    if page == "docs/reference/results-file.md":
        text, _, after = text.partition("## Old files")
        old = re.findall("`medium`|`clear`", text + after.partition("\n## ")[2])
    if page == "docs/reference/bundle.md":
        old = re.findall("`medium`", text)
    assert old == []
    # a P over 1 stands only where it is shown how that is refused
    scores = re.findall(r"^.*(?:--threshold |[?&]threshold=)[1-9]\d.*\n.*$", text, re.MULTILINE)
    assert [lines for lines in scores if "did you mean" not in lines] == []
