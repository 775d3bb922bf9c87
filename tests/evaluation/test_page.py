import base64
import re
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest

from blurdct.evaluation.page import html, markdown, write_html, write_markdown
from blurdct.evaluation.tables import sections
from blurdct.images.thumbnail import thumbnail_jpeg
from blurdct.utils.html import asset, policy
from tests.helpers import toys
from tests.helpers.browser import column, opened
from tests.helpers.toy_reports import NOISE, TABLES, comparison

pytestmark = pytest.mark.filterwarnings("error")

SCRIPT = asset("blurdct.utils", "page.js")
VOID = {"meta", "img", "br"}
HOSTILE = "\"><script>alert(1)</script>'&amp;<img src=x onerror=alert(1)>"


class Page(HTMLParser):
    """The elements of a page; fails where they are not nested."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict]] = []
        self.text = ""
        self.inside: dict[str, str] = {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        assert len(dict(attributes)) == len(attributes), tag
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data
        where = self.open[-1] if self.open else ""
        self.inside[where] = self.inside.get(where, "") + data

    def named(self, tag: str) -> list[dict]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def full():
    return comparison(toys.table(40))


@pytest.fixture(scope="module")
def text(full):
    return html(full)


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def tables_of(text: str) -> list[list[list[str]]]:
    """Every Markdown table of a text as rows of cells; fails where one is not well formed."""
    tables, rows = [], []
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            assert line.endswith("|")
            rows.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
        elif rows:
            assert len({len(row) for row in rows}) == 1
            assert all(re.fullmatch("-{3,}", cell) for cell in rows[1])
            assert len(rows) > 2
            tables.append(rows)
            rows = []
    return tables


# Markdown


@pytest.mark.parametrize("name", TABLES)
def test_markdown_has_whole_tables_whatever_the_data_lack(name, tmp_path):
    report = comparison(TABLES[name]())
    write_markdown(report, tmp_path / "report.md")
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert text == markdown(report)
    assert text.startswith("# Comparison of 3 models\n")
    found = tables_of(text)
    assert len(found) == len(sections(report))
    for table, section in zip(found, sections(report), strict=True):
        assert len(table) == 2 + len(section.rows)


def test_markdown_of_one_model_is_headed_by_its_name():
    assert markdown(comparison(toys.table(40), {"tree": 1.0})).startswith("# tree\n")


def test_every_model_is_in_every_markdown_table(full):
    for table in tables_of(markdown(full)):
        cells = {cell for row in table for cell in row}
        assert len(cells & set(NOISE)) >= len(NOISE) - ("verdict" in cells)


@pytest.mark.parametrize("name", ["a | b", "two\nlines", "a\\", "<script>", "x\n\n# y"])
def test_no_name_breaks_a_markdown_table_or_becomes_markup(name):
    table = toys.table(40).replace({"street": name, "album": name + "!"})
    text = markdown(comparison(table, {"tree": 1.0, name: 2.0}))
    assert len(tables_of(text)) == 11
    assert "<script" not in text
    assert len(re.findall("^# ", text, re.MULTILINE)) == 1


# HTML


@pytest.mark.parametrize("models", [NOISE, {"tree": 1.0}])
@pytest.mark.parametrize(
    "name", ["no copies, no source of sharp ones alone", "sources of one label each", "odd names"]
)
def test_a_page_is_well_formed_whatever_the_data_lack(name, models, tmp_path):
    report = comparison(TABLES[name](), models)
    write_html(report, tmp_path / "report.html")
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert len(page.named("table")) == len(sections(report))
    assert len(page.named("details")) == len(report["models"])
    ids = [one["id"] for _, one in page.elements if "id" in one]
    assert len(ids) == len(set(ids))
    links = [one["href"][1:] for one in page.named("a")]
    assert set(links) <= set(ids) and len(links) == len(page.named("table")) + 2


def test_a_page_holds_every_cell_of_every_table(full, page):
    cells = [one for tag, one in page.elements if tag in {"td", "th"} and "data-value" in one]
    expected = [cell for section in sections(full) for row in section.rows for cell in row]
    assert len(cells) == len(expected)
    for found, cell in zip(cells, expected, strict=True):
        assert found["data-value"] == ("" if cell.value is None else str(cell.value))
        assert cell.text in page.text


def test_every_column_can_be_sorted_with_the_keyboard(full, page):
    heads = sum(len(section.head) for section in sections(full))
    assert len(page.named("button")) == heads
    assert all(one["type"] == "button" for one in page.named("button"))


def test_a_heading_sorts_its_column_numbers_falling_at_first_and_names_rising(full, tmp_path):
    write_html(full, tmp_path / "report.html")
    section = sections(full)[0]
    with opened(tmp_path / "report.html") as page:
        heads = page.locator("#table-0 thead th")
        area = section.head.index("ROC AUC")
        numbers = [row[area].text for row in section.rows]
        for way in ("descending", "ascending"):
            heads.nth(area).locator("button").click()
            assert heads.nth(area).get_attribute("aria-sort") == way
            assert column(page, "#table-0", area + 1) == sorted(numbers, reverse=way[0] == "d")
        heads.nth(0).locator("button").click()
        assert column(page, "#table-0", 1) == sorted(full["models"])
        assert heads.nth(area).get_attribute("aria-sort") is None
        cost = next(n for n, one in enumerate(sections(full)) if one.title == "Cost")
        for _ in range(2):  # what was not measured stays below
            page.locator(f"#table-{cost} thead button").nth(1).click()
            assert column(page, f"#table-{cost}", 2) == ["1.25", "-", "-"]


def test_a_page_asks_no_other_host_and_runs_its_own_script_alone(page, text):
    assert "http:" not in text and "https:" not in text and "//" not in text.split("<script")[0]
    for _, one in page.elements:
        for name in ("src", "href", "xlink:href", "srcset", "data", "action"):
            assert one.get(name, "#").startswith(("#", "data:image/jpeg;base64,"))
        assert not [name for name in one if name.startswith("on")]
    assert page.named("link") == [] and page.named("iframe") == []
    assert len(page.named("script")) == 1 and page.inside["script"] == SCRIPT
    assert page.named("meta")[-1]["content"] == policy(SCRIPT)


def test_names_are_never_markup():
    table = toys.table(40).replace({"street": HOSTILE, "album": HOSTILE + "2"})
    table["path"] = HOSTILE + table["path"]
    report = comparison(table, {HOSTILE: 1.0, "tree": 3.0})
    page = Page(html(report, {}))
    assert len(page.named("script")) == 1
    assert page.named("img") == []
    assert page.inside["script"] == SCRIPT
    for where in ("button", "summary", "th", "bdi", "figcaption", "a", "p"):
        assert HOSTILE in page.inside[where], where


@pytest.mark.parametrize(
    ("name", "shown"),
    [("a\u202egpj.exe", "a\\u202egpj.exe"), ("a\x00b", "a\\x00b"), ("a\udcffb", "a\\udcffb")],
)
def test_names_that_would_hide_or_break_something_are_spelt_out(full, name, shown, tmp_path):
    photo = {"path": name, "source": name, "label": 0, "p": 0.9}
    one = full["models"]["dct-xgb"] | {"worst": [photo]}
    report = full | {"models": full["models"] | {"dct-xgb": one}}
    write_html(report, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert name not in text and text.count(shown) == 2


def test_photographs_are_shown_where_there_is_a_picture_and_named_all():
    report = comparison(toys.table(40), {"tree": 3.0})
    worst = report["models"]["tree"]["worst"]
    assert len(worst) == 12
    page = Page(html(report, {worst[0]["path"]: b"jpeg", "another.jpg": b"x"}))
    pictures = [one["src"] for one in page.named("img")]
    assert pictures == ["data:image/jpeg;base64," + base64.b64encode(b"jpeg").decode()]
    assert page.inside["div"].count("no picture") == 11
    assert len(page.named("figure")) == 12
    for photo in worst:
        assert photo["path"] in page.inside["bdi"]


def test_a_model_that_is_never_wrong_has_no_gallery():
    page = Page(html(comparison(toys.table(40), {"tree": 0.0})))
    assert page.named("figure") == [] and "It gets none wrong." in page.text


def test_the_same_report_gives_the_same_page(full, text):
    assert html(full, {"of another report": b"jpeg"}) == text


@pytest.mark.slow
def test_a_page_of_twelve_models_with_pictures_stays_small():
    report = comparison(toys.table(60), {f"model {n}": 1 + n / 4 for n in range(12)})
    paths = {one["path"] for model in report["models"].values() for one in model["worst"]}
    noise = np.random.default_rng(0).integers(0, 256, (640, 640, 3), dtype=np.uint8)
    done, photo = cv2.imencode(".jpg", cv2.GaussianBlur(noise, (0, 0), 3))
    jpeg = thumbnail_jpeg(photo.tobytes())
    assert done and len(jpeg) > 3000
    assert len(html(report, dict.fromkeys(paths, jpeg))) < 2_500_000
