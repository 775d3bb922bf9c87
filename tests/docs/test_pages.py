"""What README and documentation tell to type is typed: commands, Python, settings."""

import contextlib
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
import tomllib
import urllib.request
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest

from blurdct import results
from blurdct.config import SynthConfig, from_dict
from tests.helpers.pages import PAGES, ROOT, Block, blocks, prose

SAMPLE = ROOT / "data" / "sample"
LANGUAGES = {"sh", "console", "python", "yaml", "toml", "text"}
RUN = [block for block in blocks() if not block.not_run]
INTEGRATIONS, GATES = "docs/guides/integrations.md", "docs/guides/gates.md"
SERVICE = "127.0.0.1:8000"  # as pages name it; the tests' own has another port

# By page, why its blocks are left alone. Whoever adds one adds it here, too.
NOT_RUN = {
    "README.md": ["the tests run them", "the wheel's test installs it"],
    "CONTRIBUTING.md": ["the tests run them"],
    "docs/guides/anywhere.md": ["the tests build it and open it in a browser"],
    "docs/guides/integrations.md": ["it wants Java", "it brings a database server along"],
    "docs/guides/scale.md": [
        "no cluster runs in the tests of pages",
        "no cluster runs in the tests of pages",
        "it makes machines that cost money",
        "it takes a quarter of an hour",
        "it runs until it is stopped, and the tests start it themselves",
        "it needs the server above",
    ],
    "docs/guides/service.md": [
        "the tests start a service of their own",
        "the tests start a service of their own",
        "no container engine runs in the tests",
    ],
    "docs/models/best.md": [
        "it takes half an hour",
        "it needs photographs that are not part of the repository",
    ],
    "docs/models/dct-xgb.md": ["it takes minutes"],
    "docs/quickstart.md": [
        "the tests run them",
        "the wheel's test installs it",
        "it fetches a wheel",
        "it changes files of your shell",
    ],
    "docs/results/accuracy.md": ["it takes minutes"],
}
SEEN = {  # of the output of a recipe for another tool
    "pandas": "missing.jpg: no such file",
    "sklearn": "{'blurfeatures__size': ",
    "torch": "tensor(",
    "datasets": "[",
    "dask": "missing.jpg: no such file",
}
# Of several photographs.
TALLY = re.compile(r"^blurdct: \d+ photographs: .+ in [\d.]+ s\n", re.MULTILINE)


def lines(language: str, start: str) -> list[tuple[str, str]]:
    """Page and command of each line that has the word, remarks left out."""
    return [
        (block.page, line.partition("  #")[0].strip())
        for block in RUN
        if block.language == language
        for line in block.text.splitlines()
        if start in line
    ]


COMMANDS = lines("sh", "blurdct ")
STAGES = lines("sh", "python tools/")
PYTHON = [block for block in RUN if block.language == "python"]
CONSOLE = [block for block in RUN if block.language == "console"]


def name_of(block: Block) -> str:
    return f"{block.page}:{block.line}"


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory):
    """For each page a place with all the files that pages speak of."""
    made: dict[str, Path] = {}

    def answer(page: str) -> Path:
        if page not in made:
            made[page] = tmp_path_factory.mktemp("page")
            furnish(made[page])
        return made[page]

    return answer


def furnish(place: Path) -> None:
    for name in ("photos", "more"):
        (place / name).mkdir()
        shutil.copy(SAMPLE / "sharp" / "coffee_cup.jpg", place / name / "cup.jpg")
    shutil.copy(SAMPLE / "blurred" / "pagoda_gaussian.jpg", place / "photos" / "soft.jpg")
    shutil.copy(SAMPLE / "sharp" / "pagoda.jpg", place / "photo.jpg")
    for name in ("data/run/models/dct-xgb", "own"):
        shutil.copytree(ROOT / "blurdct" / "weights" / "dct-xgb", place / name)
    for name in ("sample", "features.csv"):
        (place / "data" / name).symlink_to(ROOT / "data" / name)
    told = {"probability": 0.95, "score": 95.0, "label": "blurred", "sure": True, "threshold": 0.5}
    found = [{"path": "photo.jpg", **told}]
    for ending in ("parquet", "csv"):
        results.write(place / f"results.{ending}", found)
    clip = cv2.VideoWriter(str(place / "clip.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, (160, 120))
    for number in range(30):
        clip.write(np.random.default_rng(number).integers(0, 256, (120, 160, 3), np.uint8))
    clip.release()
    for label in ("sharp", "blurred"):
        (place / "mine" / label).mkdir(parents=True)
        for path in sorted((SAMPLE / label).iterdir())[:8]:
            shutil.copy(path, place / "mine" / label / path.name)
    for block in PYTHON:  # pages have it saved
        if name := re.match(r"# (\w+\.py)\n", block.text):
            (place / name[1]).write_text(block.text, encoding="utf-8")
    (place / "bin").mkdir()
    program = place / "bin" / "blurdct"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m blurdct "$@"\n')
    program.chmod(0o755)


def environment(place: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PATH": f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "HF_HOME": str(place / "cache"),
        "HF_HUB_OFFLINE": "1",
    }


def typed(line: str, place: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        line, shell=True, cwd=place, env=environment(place), capture_output=True, text=True
    )


def test_every_block_is_in_a_language_that_the_tests_know():
    unknown = [
        f"{name_of(block)}: {block.language!r}"
        for block in blocks()
        if block.language not in LANGUAGES and not block.language.startswith("{")
    ]
    assert unknown == []


def test_the_blocks_that_are_not_run_are_those_named_here():
    left: dict[str, list[str]] = {}
    for block in blocks():
        if block.not_run:
            left.setdefault(block.page, []).append(block.not_run)
    assert left == NOT_RUN
    assert len(COMMANDS) > 40
    assert len(PYTHON) > 12


def test_no_line_of_a_shell_block_is_passed_over():
    known = {line for _, line in [*COMMANDS, *STAGES]}
    shell = [block for block in RUN if block.language == "sh"]
    all_lines = {
        line.partition("  #")[0].strip() for block in shell for line in block.text.splitlines()
    }
    assert all_lines - {""} == known


@pytest.mark.parametrize(("page", "command"), COMMANDS)
def test_a_command_of_a_page_runs(folder_of, page, command):
    place = folder_of(page)
    if "blurdct scan" in command and "--resume" not in command:
        for path in place.glob("results.*"):
            path.unlink()
    if own := re.match(r"blurdct train .*--out (\S+)", command):  # other commands use one, too
        shutil.rmtree(place / own[1], ignore_errors=True)
    done = typed(command, place)
    gate = "--fail-on" in command  # a blurred photo is there
    refused = command.startswith("blurdct calibrate")  # so few photographs teach nothing
    assert ("not saved" in done.stderr) == refused
    assert done.returncode == (3 if gate else 1 if refused else 0), done.stderr
    # eight photographs of each label are few, and learning says so
    learns = re.match("blurdct (train|calibrate|compare) ", command) is not None
    assert ("too few to trust" in done.stderr) == learns, done.stderr
    if not re.match("blurdct (scan|filter|undo|best|video) ", command):  # they say what was done
        quiet = ">" in command
        said = TALLY.sub("", done.stderr)
        assert quiet or (done.stdout and (learns or "--size" in command or not said))


@pytest.mark.parametrize("block", PYTHON, ids=name_of)
def test_the_python_of_a_page_runs(folder_of, block):
    wanted = re.findall(r"^(?:import|from) (\w+)", block.text, re.MULTILINE)
    place = folder_of(block.page)
    unknown = [name for name in wanted if find_spec(name) is None]
    if missing := [name for name in unknown if not (place / f"{name}.py").exists()]:
        pytest.skip(f"not run: {', '.join(missing)} is not installed")
    done = subprocess.run(
        [sys.executable, "-c", block.text],
        cwd=place,
        env=environment(place),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout
    if block.page == INTEGRATIONS:
        seen = [SEEN[name] for name in dict.fromkeys(wanted) if name in SEEN]
        assert seen and all(words in done.stdout for words in seen[-1:])
    if block.page == GATES:  # soft.jpg is refused, in words to act on
        assert re.search(r"blurred by defocus, about \d+ pixels; wait until", done.stdout)


def test_there_is_a_recipe_for_each_tool():
    found = "".join(block.text for block in blocks() if block.page == INTEGRATIONS)
    for tool in (*SEEN, "fiftyone"):
        assert re.search(rf"^(import|from) {tool}\b", found, re.MULTILINE)


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """The address of a service that runs meanwhile."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    words = (sys.executable, "-m", "blurdct", "serve", "--http", address, "--workers", "1")
    log = tmp_path_factory.mktemp("service") / "log"
    with (
        open(log, "w") as output,
        subprocess.Popen(words, cwd=ROOT, stdout=output, stderr=output) as process,
    ):
        try:
            for _ in range(600):
                with contextlib.suppress(OSError):
                    urllib.request.urlopen(f"http://{address}/readyz", timeout=5).close()
                    break
                assert process.poll() is None, log.read_text()
                time.sleep(0.1)
            yield address
        finally:
            process.terminate()


@pytest.mark.parametrize("block", CONSOLE, ids=name_of)
def test_a_session_of_a_page_goes_as_shown(folder_of, block, request):
    place, text = folder_of(block.page), block.text
    if SERVICE in text:
        if shutil.which("curl") is None:
            pytest.skip("not run: curl is not installed")
        text = text.replace(SERVICE, request.getfixturevalue("service"))
    steps = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE)
    assert steps
    for command, shown in steps:
        done = typed(command, place)
        assert done.returncode == 0, done.stderr
        pattern = ".*".join(map(re.escape, shown.strip().split("...")))
        assert re.fullmatch(pattern, done.stdout.strip(), re.DOTALL), done.stdout


def test_the_pages_name_every_stage_in_order():
    (page,) = {"docs/explanation/stages.md"}
    scripts = list(dict.fromkeys(line.split()[1] for where, line in STAGES if where == page))
    assert scripts == [f"tools/{path.name}" for path in sorted((ROOT / "tools").glob("[1-7]_*.py"))]


@pytest.mark.parametrize(("page", "line"), STAGES)
def test_the_options_of_a_stage_exist(page, line):
    words = line.split()[1:]
    done = subprocess.run(
        [sys.executable, *words[:1], "--help"],
        cwd=ROOT,
        env=environment(ROOT),
        capture_output=True,
        text=True,
        check=True,
    )
    assert all(word in done.stdout for word in words if word.startswith("--"))


def test_the_settings_of_a_toml_block_are_known():
    tables = [tomllib.loads(block.text) for block in RUN if block.language == "toml"]
    assert tables
    assert all(from_dict(SynthConfig, table["synth"]) for table in tables)


@pytest.mark.parametrize("page", PAGES)
def test_every_relative_link_and_picture_of_a_page_exists(page):
    places = re.findall(r"\]\(<?([^)<>#:\s]+)(?:#[^)]*)?\)", prose(page))
    missing = [place for place in places if not (PAGES[page].parent / place).exists()]
    assert missing == []


# Files that a page or a file of settings names from the root, and modules of the package.
FILES = re.compile(r"\b((?:benchmarks|blurdct|data|docs|notebooks|tests|tools)/[\w./-]+\.\w+)")
MODULES = re.compile(r"\bfrom (blurdct(?:\.\w+)+) import")
SETTINGS = (
    "Dockerfile",
    "action.yml",
    "compose.yaml",
    ".github/workflows/test.yml",
    ".github/workflows/release.yml",
    "Makefile",
    "pyproject.toml",
)
MADE = ("data/run/", "data/features.npz", "docs/images")


@pytest.mark.parametrize("name", [*PAGES, *SETTINGS])
def test_every_file_and_module_that_is_named_exists(name):
    if name in ("CHANGELOG.md", "docs/changelog.md"):
        return  # it names what is gone
    text = (ROOT / name).read_text(encoding="utf-8")
    files = [one for one in FILES.findall(text) if not one.startswith(MADE)]
    assert [one for one in files if not (ROOT / one).exists()] == []
    assert [one for one in MODULES.findall(text) if find_spec(one) is None] == []
