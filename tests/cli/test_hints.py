"""What was given to the wrong command is answered by a sentence that names the right one."""

import zipfile

import pytest

from blurdct import results
from tests.helpers import toys
from tests.helpers.commands import call
from tests.helpers.rows import row


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    toys.save_photos(tmp_path / "in", 1)
    (tmp_path / "my clip.mp4").write_bytes(b"no clip")
    (tmp_path / "photo.jpg").write_bytes(b"no photo")
    with zipfile.ZipFile("mix.zip", "w") as archive:
        archive.write("in/sharp/00.png", "a.png")
        archive.writestr("notes.txt", "words")
    results.write("r.csv", [row("in/sharp/00.png")])


@pytest.mark.parametrize("command", ["filter", "report", "best"])
@pytest.mark.parametrize(
    ("given", "line"),
    [
        ("photo.jpg", "a photo, and no results; they are made by: blurdct scan photo.jpg --out"),
        ("gone.heic", "a photo, and no results; they are made by: blurdct scan gone.heic --out"),
        ("in", "a folder, and no results; they are made by: blurdct scan in --out results.csv"),
        ("mix.zip", "an archive, and no results; they are made by: blurdct scan mix.zip --out"),
        (
            "my clip.mp4",
            "a video, and no results; they are made by: blurdct video 'my clip.mp4' --",
        ),
        (
            "https://a.org/b",
            "a URL, and no results; they are made by: blurdct scan https://a.org/b",
        ),
    ],
)
def test_what_is_no_file_of_results_is_told_how_one_is_made(command, given, line):
    more = {"filter": [], "report": ["--out", "page.html"], "best": ["--by", "burst"]}[command]
    run = call(command, given, *more)
    assert (run.status, run.out) == (2, "")
    assert run.err.startswith(f"blurdct: {given}: {line}") and run.err.count("\n") == 1


@pytest.mark.parametrize("command", ["predict", "features", "map"])
def test_a_video_among_photographs_is_told_which_command_judges_it(command):
    more = ["--out", "maps"] if command == "map" else []
    run = call(command, "my clip.mp4", "in/sharp", *more)
    assert run.status == 1 and "00.png" in run.out
    line = "a video, whose frames are judged by: blurdct video 'my clip.mp4' --out frames.csv"
    assert f"my clip.mp4: {line}\n" in run.err


def test_a_video_in_a_scan_is_a_row_that_says_so():
    assert call("scan", "my clip.mp4", "in", "--out", "out.csv", "--workers", "1").status == 1
    first = next(results.read("out.csv"))
    assert first["path"] == "my clip.mp4"
    assert first["error"].startswith("a video, whose frames are judged by: blurdct video 'my clip")


def test_a_choice_that_is_missing_is_one_sentence():
    run = call("best", "r.csv")
    assert (run.status, run.out) == (2, "")
    line = "--by is missing; expected burst, duplicate (see blurdct best --help)"
    assert run.err == f"blurdct: {line}\n"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("predict", "SOURCE is missing (see blurdct predict --help)"),
        ("scan in", "--out is missing (see blurdct scan --help)"),
        ("evaluate", "MODEL is missing (see blurdct evaluate --help)"),
        ("predict in --threshold", "--threshold needs a value (see blurdct predict --help)"),
        ("predict in --json=yes", "--json takes no value (see blurdct predict --help)"),
        (
            "predict in --sise 3",
            "no option --sise; did you mean --size? (see blurdct predict --help)",
        ),
        ("predict in -x", "no option -x (see blurdct predict --help)"),
        ("models a b", "not expected: a b (see blurdct models --help)"),
        ("help", "no command help (see blurdct --help)"),
        ("predcit", "no command predcit; did you mean predict? (see blurdct --help)"),
    ],
)
def test_what_is_missing_or_too_much_is_said_in_one_plain_line(words, line):
    run = call(*words.split())
    assert (run.status, run.out, run.err) == (2, "", f"blurdct: {line}\n")


@pytest.mark.parametrize("given", ["photo.jpg", "my clip.mp4", "in", "https://a.org/b.jpg"])
def test_a_source_in_place_of_a_command_is_told_the_command(given):
    run = call(given)
    assert (run.status, run.out) == (2, "")
    assert run.err.startswith(f"blurdct: {given}: no command; blurdct predict ")


def test_what_is_neither_a_command_nor_there_is_no_command():
    run = call("predcit")
    assert run.status == 2 and "no command predcit" in run.err


def test_predict_looks_into_an_archive_and_map_into_a_folder():
    assert "mix.zip::a.png" in call("predict", "mix.zip").out
    assert call("map", "in", "--out", "maps").status == 0
