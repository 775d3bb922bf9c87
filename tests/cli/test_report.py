"""``blurdct report``: what it writes, and what it says about wrong use."""

import os

import pytest

from blurdct import results
from tests.helpers import toys
from tests.helpers.commands import Run, call
from tests.helpers.rows import failed, row


@pytest.fixture
def scanned(tmp_path, monkeypatch):
    """A folder with results of two photographs that are there, one that is not, and an error."""
    monkeypatch.chdir(tmp_path)
    toys.save_photos(tmp_path / "in", 1)
    rows = [
        row("in/sharp/00.png", 0.1),
        row("in/blurred/00.png", 0.9),
        row("in/gone.png", 0.5),
        failed("in/bad.png", "in/bad.png: empty file"),
    ]
    results.write("r.csv", rows)
    results.write("r.parquet", rows)
    return tmp_path


def report(*words: str) -> Run:
    return call("report", *words)


@pytest.mark.parametrize("name", ["r.csv", "r.parquet"])
def test_the_page_is_written_and_a_line_says_so(scanned, name):
    run = report(name, "--out", "page.html")
    assert (run.status, run.out, run.err) == (0, "page.html: 4 photos, 0.0 MB\n", "")
    text = (scanned / "page.html").read_text(encoding="utf-8")
    assert text.count('class="shot"') == 4  # two photographs, in two galleries each
    assert "no such file" in text and "in/gone.png" in text and "in/bad.png" in text


def test_a_page_that_is_there_is_replaced_whole_or_not_at_all(scanned):
    (scanned / "page.html").write_text("former")
    (scanned / "bad.csv").write_text("path\na.jpg\n")
    run = report("bad.csv", "--out", "page.html")
    assert run.status == 2 and "page.html: exists; --force replaces it" in run.err
    run = report("bad.csv", "--out", "page.html", "--force")
    assert run.status == 2 and "probability" in run.err
    assert (scanned / "page.html").read_text() == "former"
    assert report("r.csv", "--out", "page.html", "--force").status == 0
    assert (scanned / "page.html").read_text() != "former"
    assert sorted(os.listdir(scanned)) == ["bad.csv", "in", "page.html", "r.csv", "r.parquet"]


def test_the_galleries_are_as_long_as_asked_for(scanned):
    results.write("r.csv", [row(f"{n}.jpg", n / 100) for n in range(100)])
    report("r.csv", "--out", "page.html", "--photos", "7")
    text = (scanned / "page.html").read_text(encoding="utf-8")
    for name in ("worst", "best"):
        section = text.partition(f'<section id="{name}">')[2].partition("</section>")[0]
        assert section.count("<figure") == 7


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["r.csv"], "--out"),
        (["r.csv", "--out", "page.parquet"], "ending in .html"),
        (["missing.csv", "--out", "page.html"], "missing.csv"),
        (["in", "--out", "page.html"], "made by: blurdct scan in --out results.csv"),
        (["r.txt", "--out", "page.html"], "expected a file ending in"),
        (["r.csv", "--out", "page.html", "--photos", "0"], "--photos"),
        (["r.csv", "--out", "page.html", "--model", "no-such"], "no-such"),
        (["r.csv", "--out", "page.html", "--model", "dct-xgb"], "makes no map"),
    ],
)
def test_wrong_use_is_one_line_and_status_2(scanned, words, message):
    run = report(*words)
    assert (run.status, run.out) == (2, "")
    assert run.err.count("\n") == 1
    assert message in run.err
    assert not (scanned / "page.html").exists()


def test_a_place_that_cannot_be_written_is_one_line(scanned):
    run = report("r.csv", "--out", "r.csv/page.html")
    assert run.status == 2
    assert run.err == "blurdct: r.csv/page.html: no such folder as r.csv; make it first\n"
    assert report("r.csv", "--out", "new/page.html").status == 2 and not (scanned / "new").exists()


def test_help_shows_an_example():
    run = report("--help")
    assert run.status == 0
    assert "blurdct report results.parquet --out report.html" in run.out
