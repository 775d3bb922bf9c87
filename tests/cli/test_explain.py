"""``blurdct explain``: one photo, one page, one line."""

import shutil

import pytest

from tests.helpers.commands import call
from tests.helpers.pages import ROOT

PHOTO = ROOT / "data" / "sample" / "sharp" / "pagoda.jpg"


def test_it_writes_the_page_and_says_what_predict_says(tmp_path):
    photo, out = tmp_path / "photo.jpg", tmp_path / "page.html"
    shutil.copy(PHOTO, photo)
    done = call("explain", photo, "--out", out)
    assert (done.status, done.err) == (0, "")
    assert done.out == call("predict", photo).out.rstrip("\n") + f"\t{out}\n"
    assert "Why photo.jpg is called sharp" in out.read_text(encoding="utf-8")
    again = call("explain", photo, "--out", out)
    assert again.status == 2 and "exists; --force replaces it" in again.err


@pytest.mark.parametrize(
    ("words", "status", "reason"),
    [
        ([PHOTO.parent, "--out", "page.html"], 2, "more than one photo, and a page is about one"),
        (["nothing.jpg", "--out", "page.html"], 1, "nothing.jpg: no such file"),
        ([__file__, "--out", "page.html"], 1, "test_explain.py: not an image"),
        ([PHOTO, "--out", "page.txt"], 2, "page.txt: expected a file ending in .html or .htm"),
        ([PHOTO, "--out", "page.html", "--model", "fast"], 2, "dct-xgb does not judge by"),
        ([PHOTO, "--out", "no/page.html"], 2, "no such folder as no; make it first"),
    ],
)
def test_what_cannot_be_explained_is_one_line_and_no_page(
    tmp_path, monkeypatch, words, status, reason
):
    monkeypatch.chdir(tmp_path)
    done = call("explain", *words)
    assert done.status == status
    (line,) = done.err.splitlines()
    assert reason in line
    assert list(tmp_path.iterdir()) == []
