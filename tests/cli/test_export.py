"""``blurdct export``: what it writes, and what it refuses."""

import shutil
import sys

import onnxruntime
import pytest

from blurdct.export import check, graph
from tests.helpers.commands import call
from tests.helpers.pages import ROOT

SHARP = ROOT / "data" / "sample" / "sharp"
SMALL = ("--model", "laplacian")  # the graph that is made in the shortest time


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Two photographs, and a file that is none."""
    folder = tmp_path_factory.mktemp("photos")
    for name in ("text_page.jpg", "coffee_cup.jpg"):
        shutil.copy(SHARP / name, folder)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no photo")
    return folder


@pytest.fixture(scope="module")
def written(photos, tmp_path_factory):
    """What came of the command, and the file that it wrote."""
    out = tmp_path_factory.mktemp("out") / "blurdct.onnx"
    return call("export", "--out", out, *SMALL, "--photos", photos), out


def test_a_file_is_written_and_says_how_it_compares(photos, written):
    run, out = written
    assert run.status == 1 and len(run.problems) == 1
    assert run.problems[0].startswith(f"{photos / 'broken.jpg'}: ")
    assert run.out.startswith(f"{out}: laplacian, takes luma, 0.")
    assert run.out.endswith(f" in 5 looks at photos of {photos}\n")
    made = onnxruntime.InferenceSession(out)
    assert made.get_modelmeta().custom_metadata_map["model"] == "laplacian"
    again = call("export", "--out", out)
    assert again.status == 2 and again.err == f"blurdct: {out}: exists; --force replaces it\n"


def test_a_file_that_answers_otherwise_is_not_written(photos, written, tmp_path, monkeypatch):
    monkeypatch.setattr(graph, "export", lambda *words: written[1].read_bytes())
    monkeypatch.setitem(check.LIMITS, "luma", -1.0)
    run = call("export", "--out", tmp_path / "a.onnx", *SMALL, "--photos", photos)
    assert run.status == 2
    assert run.problems[-1].startswith("blurdct: laplacian: not written: P differs by ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--out", "a.txt"), "a.txt: expected a file ending in .onnx"),
        (("--out", "no/a.onnx"), "no/a.onnx: no such folder as no; make it first"),
        (("--out", "a.onnx", "--photos", "none"), "--photos none: no folder with photos"),
        (("--out", "a.onnx", "--model", "cnn"), "cnn: takes rgb256, which an export cannot make"),
    ],
)
def test_wrong_use_is_told_in_a_line_before_anything_is_made(words, line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = call("export", *words)
    assert run.status == 2
    assert run.err.startswith(f"blurdct: {line}") and run.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_without_the_extra_a_line_says_how_to_get_it(tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("blurdct.export")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "spox", None)
    run = call("export", "--out", tmp_path / "a.onnx")
    assert run.status == 2
    assert run.err.startswith("blurdct: export needs more than the core install: ")
    assert "[train]" in run.err and run.err.count("\n") == 1
