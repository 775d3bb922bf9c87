"""What is wrong with a command line: one line with the option, what was given, what is allowed."""

import os
import subprocess
import sys

import pytest

from blurdct.cli.app import COMMANDS
from tests.helpers.commands import call


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("predict a --threshold 0,5", "--threshold: expected a number, got 0,5; did you mean 0.5?"),
        ("scan a --out r.csv --threshold 50%", "got 50%; did you mean 0.5?"),
        ("filter r.csv --threshold half", "--threshold: expected a number, got half"),
        ("predict a --threshold 50", "from 0 to 1, got 50; did you mean 0.50?"),
        (
            "predict a --max-fpr 5",
            "--max-fpr: expected a number from 0 to 0.5, got 5; did you mean",
        ),
        ("predict a --max-fpr 1%", "got 1%; did you mean 0.01?"),
        ("predict a --workers 0", "--workers: expected a whole number of 1 or more, got 0"),
        ("predict a --max-pixels 1,000,000", "got 1,000,000; did you mean 1000000?"),
        ("filter r.csv --rating 7", "--rating: expected a whole number from -1 to 5, got 7"),
        ("filter r.csv --label medium", "unknown, error, got 'medium' (medium is now unsure)"),
        ("filter r.csv --label clear", "got 'clear' (clear is now sharp)"),
        ("filter r.csv --label blured", "got 'blured'; did you mean blurred?"),
        ("filter r.csv --label x", "--label: expected blurred, sharp, unsure, unknown, error, got"),
        (
            "predict a --only medium",
            "--only: expected blurred, sharp, unsure, unknown, got 'medium'",
        ),
        ("predict a --fail-on medium", "got 'medium' (medium is now unsure)"),
        ("serve --http :99999", "--http: expected HOST:PORT, or :PORT for this computer alone"),
        ("serve --thrift :99999", "a port of 0 to 65535, got :99999"),
        ("serve --http nowhere.invalid:80", "cannot listen on nowhere.invalid:80 (no such host)"),
    ],
)
def test_a_value_that_is_not_allowed_names_option_value_and_what_is(line, message):
    run = call(*line.split())
    assert (run.status, run.out, run.err.count("\n")) == (2, "", 1)
    assert message in run.err and "Invalid" not in run.err


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "models"])
def test_an_empty_argument_is_named_by_every_command(command):
    run = call(command, "")
    line = "blurdct: argument 1 is empty (''); is a variable not set?\n"
    assert run == (2, "", line)


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["scan", "a", "--out", ""], "--out ''"),
        (["scan", "a", "--out="], "--out="),
        (["predict", "a.jpg", ""], "argument 2 is"),
        (["predict", "--", ""], "argument 2 is"),
    ],
)
def test_an_empty_word_is_named_wherever_it_stands(words, what):
    run = call(*words)
    assert run.status == 2 and run.err.startswith(f"blurdct: {what}") and run.out == ""


def test_a_file_whose_name_looks_like_an_empty_option_may_be_named(tmp_path):
    run = call("predict", "--", "--out=")
    assert run.status == 1 and run.err == "--out=: no such file\n"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "nothing in it"),
        (b" \n", "nothing in it"),
        (b"caf\xe9", "cannot be read (not UTF-8)"),
        (None, "no such file"),
    ],
)
def test_a_token_file_that_has_none_is_told_in_plain_words(tmp_path, data, why):
    pytest.importorskip("fastapi")
    file = tmp_path / "token"
    if data is not None:
        file.write_bytes(data)
    assert call("serve", "--token-file", file).err == f"blurdct: --token-file {file}: {why}\n"


def test_the_missing_folder_of_a_file_is_not_made_by_any_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.jpg", "a.mp4", "r.csv"):
        (tmp_path / name).touch()
    for line in (
        "scan a.jpg --out no/r.csv",
        "report r.csv --out no/r.html",
        "video a.mp4 --out no/v.csv",
        "video a.mp4 --out v.csv --plot no/v.svg",
    ):
        run = call(*line.split())
        assert run.status == 2 and "no such folder as no; make it first\n" in run.err
    assert sorted(os.listdir(tmp_path)) == ["a.jpg", "a.mp4", "r.csv"]


def test_a_line_about_usage_needs_no_image_libraries():
    code = "import sys; from blurdct.cli.app import main\ntry: main(['predict', '--size', 'x'])\n"
    code += "finally: print({'cv2', 'numpy', 'onnxruntime'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout == "set()\n" and "expected a whole number of 16 or more" in run.stderr


BROKEN = {"{": "is no JSON", "[]": "holds no JSON object", '{"a": ' + "[" * 200_000: "too deep"}


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_bundle_is_told_in_plain_words(tmp_path, text):
    (tmp_path / "bundle.json").write_text(text)
    run = call("predict", "a.jpg", "--model", tmp_path)
    assert run.status == 2 and run.err.count("\n") == 1
    assert run.err.startswith(f"blurdct: {tmp_path}: not a bundle (") and BROKEN[text] in run.err


def test_a_token_that_is_too_short_is_told_with_its_file(tmp_path):
    pytest.importorskip("fastapi")
    (tmp_path / "token").write_text("short")
    told = call("serve", "--token-file", tmp_path / "token").err
    assert told.startswith(f"blurdct: --token-file {tmp_path / 'token'}: expected 8 or more")


def test_a_server_that_is_not_there_is_told_in_plain_words():
    pytest.importorskip("aiohttp")
    told = call("predict", "http://127.0.0.1:9/a.jpg").err
    assert told == "http://127.0.0.1:9/a.jpg: cannot be read (nothing answers there)\n"
