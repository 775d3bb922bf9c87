"""The reference says all there is, and nothing else: commands, Python, settings, layout, models."""

import ast
import dataclasses
import importlib
import inspect
import re
import shlex
import shutil
import subprocess
import sys

import pytest
import typer

from blurdct import results
from blurdct.cli.app import application
from blurdct.config import ReadConfig, SynthConfig, TrainConfig
from blurdct.features.inputs import INPUTS
from blurdct.inference.bundle import FORMAT, Bundle, shipped
from blurdct.inference.detector import Prediction
from blurdct.models.registry import BACKENDS
from blurdct.service import settings
from tests.helpers.layers import LINES, MODULES, PACKAGE, RULE
from tests.helpers.pages import ROOT, blocks, text_of

CLI, PYTHON = "docs/reference/cli.md", "docs/reference/python.md"
CONFIGURATION, ARCHITECTURE = "docs/reference/configuration.md", "docs/explanation/architecture.md"
OVERVIEW, TRAINABLE = "docs/models/overview.md", "docs/models/trainable.md"
GROUP = typer.main.get_command(application())
COMMANDS = GROUP.commands
EXAMPLES = [
    (name, line.strip())
    for name, command in COMMANDS.items()
    for line in command.help.splitlines()
    if line.startswith("  ") and f"blurdct {name}" in line
]
ROOMS = [room for steps in LINES for step in steps for room in step]


def table(page: str, heading: str) -> dict[str, list[str]]:
    """The rows of the first table after a text: first cell without its ticks -> the rest."""
    after = text_of(page).partition(heading)[2]
    lines = re.search(r"(?:^\|.*\n)+", after, re.MULTILINE)
    assert lines, f"{page}: no table after {heading!r}"
    rows = [line.strip("| \n").split(" | ") for line in lines.group().splitlines()]
    return {cells[0].strip("`"): cells[1:] for cells in rows if not cells[0].startswith("---")}


@pytest.mark.parametrize("script", ["generate_cli.py", "generate_python.py", "generate_man.py"])
def test_a_generated_page_is_what_its_script_writes(script):
    words = (sys.executable, str(ROOT / "docs" / script), "--check")
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_manual_page_is_set_without_a_warning_and_has_every_command():
    page = (ROOT / "docs" / "man" / "blurdct.1").read_text(encoding="utf-8")
    assert re.findall(r"^\.SS (\S+)$", page, re.MULTILINE) == list(COMMANDS)
    assert all(line.startswith((".", "\\&")) or line[:1] not in ".'" for line in page.splitlines())
    if shutil.which("groff") is None:
        pytest.skip("not set: groff is not installed")
    words = ("groff", "-ww", "-man", "-Tutf8", "-")
    done = subprocess.run(words, input=page, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "blurdct predict --fail-on blurred upload.jpg" in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_stands_in_its_section(name):
    section = text_of(CLI).partition(f"\n## `blurdct {name}`\n")[2].partition("\n## ")[0]
    spelled = [
        one
        for parameter in COMMANDS[name].params
        if parameter.param_type_name == "option"
        for one in (*parameter.opts, *parameter.secondary_opts)
    ]
    assert f"blurdct {name} [OPTIONS]" in section
    assert [one for one in [*spelled, "--help"] if f"`{one}`" not in section] == []


def test_every_command_has_an_example_in_its_help():
    assert {name for name, _ in EXAMPLES} == set(COMMANDS)


@pytest.mark.parametrize(("name", "line"), EXAMPLES)
def test_an_example_of_a_help_is_understood(name, line):
    words = shlex.split(re.split(r" (?:[|>]|&&) ", line.partition(f"blurdct {name} ")[2])[0])
    context = COMMANDS[name].make_context(name, words, resilient_parsing=False)
    assert context.command.name == name


def public_modules() -> list[str]:
    return re.findall(r"^## `(blurdct[\w.]*)`$", text_of(PYTHON), re.MULTILINE)


def test_the_reference_of_python_has_every_public_module():
    lazy = {f"blurdct.{name}" for name in MODULES if name and "." not in name}
    hidden = {f"blurdct.{name}" for name in ("cli", "kernel", "parallel", "service", "utils")}
    alone = {"blurdct.__main__", "blurdct._version"}
    assert set(public_modules()) == {"blurdct", *lazy} - hidden - alone


@pytest.mark.parametrize("name", public_modules())
def test_all_that_a_public_module_hands_out_stands_in_its_section(name):
    section = text_of(PYTHON).partition(f"\n## `{name}`\n")[2].partition("\n## ")[0]
    module = importlib.import_module(name)
    offered = getattr(module, "__all__", None) or [
        one
        for one, value in vars(module).items()
        if getattr(value, "__module__", "") == name
        and not one.startswith("_")
        and (inspect.isfunction(value) or inspect.isclass(value))
    ]
    assert offered
    assert [one for one in offered if not re.search(rf"\b{one}\b", section)] == []


@pytest.mark.parametrize("kind", [ReadConfig, SynthConfig, TrainConfig])
def test_every_setting_stands_in_the_reference_with_its_default(kind):
    known = table(CONFIGURATION, f"| `{kind.__name__}` | default | meaning |\n")
    assert list(known) == [field.name for field in dataclasses.fields(kind)]
    for field in dataclasses.fields(kind):
        assert known[field.name][0].strip('"') == str(field.default)


def test_every_variable_of_the_service_stands_in_the_reference():
    fields = getattr(settings.Settings, "model_fields", None) or {
        field.name for field in dataclasses.fields(settings.Settings)
    }
    known = table(CONFIGURATION, "| variable | option | default | meaning |\n")
    assert set(known) == {f"BLURDCT_{name.upper()}" for name in fields}
    options = {one for parameter in COMMANDS["serve"].params for one in parameter.opts}
    named = {one for cells in known.values() for one in re.findall(r"`(--[\w-]+)`", cells[0])}
    assert named <= options


def test_every_column_of_results_stands_in_the_reference():
    assert list(table("docs/reference/results-file.md", "meaning |\n")) == list(results.COLUMNS)


def test_every_field_of_a_verdict_stands_in_the_guide():
    fields = {field.name for field in dataclasses.fields(Prediction)}
    assert set(table("docs/guides/predict.md", "| field | meaning |\n")) == fields


def test_every_key_of_a_bundle_stands_in_the_reference():
    keys = {field.name for field in dataclasses.fields(Bundle)} - {
        "graph",
        "map_graph",
        "blur_graph",
    }
    known = table("docs/reference/bundle.md", "| key | meaning |\n")
    assert set(known) == {"format", *keys}
    assert f": {FORMAT}." in known["format"][0]


def test_every_model_input_stands_in_the_reference():
    known = table("docs/reference/bundle.md", "| name | what of a photo |\n")
    assert {one for name in known for one in re.findall(r"\w+", name)} == set(INPUTS)


def test_every_model_stands_in_the_overview_and_has_its_card():
    listed = table(OVERVIEW, "| name | what | shipped |\n")
    names = {one for cell in listed for one in re.findall(r"(?<![:\w-])[a-z][\w-]+", cell)}
    assert set(BACKENDS) <= names
    yes = {cell for cell, rest in listed.items() if rest[-1].strip(" |") == "yes"}
    assert {re.search(r"[\w-]+", cell).group() for cell in yes} == set(shipped())
    for cell in yes:
        card = re.search(r"\((.+\.md)\)", cell).group(1)
        text = (ROOT / "docs" / "models" / card).read_text(encoding="utf-8")
        assert "Licence" in text
    assert all(f"`{name}`" in text_of(TRAINABLE) for name in set(BACKENDS) - set(shipped()))


def test_the_architecture_page_has_the_import_rule():
    texts = [block.text for block in blocks() if block.page == ARCHITECTURE]
    assert texts == [RULE.lstrip("\n")]


def test_the_architecture_page_has_the_first_line_of_every_package():
    known = table(ARCHITECTURE, "| package | duty |\n")
    first = {}
    for room in ROOMS:
        path = MODULES[room]
        told = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        first[room] = [told.splitlines()[0].rstrip(".").replace("``", "`")]
    assert known == first


def test_the_walks_of_the_architecture_page_are_five_steps_each_along_files_that_exist():
    walks = text_of(ARCHITECTURE).partition("\n## Four walks\n")[2].split("\n### ")[1:]
    assert len(walks) == 4
    for walk in walks:
        assert re.findall(r"^(\d)\. ", walk, re.MULTILINE) == list("12345")
        files = re.findall(r"`([\w/]+\.py)`", walk)
        assert len(files) >= 8
        assert [file for file in files if not (PACKAGE / file).is_file()] == []
