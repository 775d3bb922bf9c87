"""``action.yml``, its steps run as GitHub's runner runs those of a composite action."""

import os
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.helpers.pages import ROOT

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))


class Runner:
    """What GitHub does with a composite action, as far as this one needs it.

    Steps run one by one in the workspace until one fails; expressions are filled in where they may
    stand; ``uses`` is only noted. ``python`` is the one of the tests, and ``pip install`` is noted
    too: what it would install is there already.
    """

    def __init__(self, workspace: Path, place: Path) -> None:
        self.workspace, self.used, self.installed = workspace, [], []
        self.summary, self.output = place / "summary.md", place / "output.txt"
        self._pip = place / "pip.txt"
        programs = place / "programs"
        programs.mkdir(parents=True)
        for file in (self.summary, self.output, self._pip):
            file.touch()
        shim = programs / "python"
        own = shlex.quote(sys.executable)
        shim.write_text(
            "#!/bin/bash\n"
            f'if [[ $1 == -m && $2 == pip ]]; then printf "%s\\n" "$*" >> {self._pip}; exit; fi\n'
            f'exec {own} "$@"\n'
        )
        shim.chmod(0o755)
        self._environment = {
            **os.environ,
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_OUTPUT": str(self.output),
        }

    def run(self, **given: str) -> subprocess.CompletedProcess[str]:
        """The last step that ran."""
        given = {name.replace("_", "-"): value for name, value in given.items()}
        assert set(given) <= set(ACTION["inputs"])
        inputs = {name: given.get(name, one["default"]) for name, one in ACTION["inputs"].items()}
        done = None
        for step in ACTION["runs"]["steps"]:
            if "uses" in step:
                self.used.append((step["uses"], self._filled(step["with"], inputs)))
                continue
            assert step["shell"] == "bash"
            assert "${{" not in step["run"]  # an input there would be read as a command
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
                cwd=self.workspace,
                env={**self._environment, **self._filled(step.get("env", {}), inputs)},
                capture_output=True,
                text=True,
            )
            if done.returncode:
                break
        assert done is not None
        self.installed = self._pip.read_text().splitlines()
        return done

    @property
    def outputs(self) -> dict[str, str]:
        """What the action hands on."""
        lines = self.output.read_text(encoding="utf-8").splitlines()
        known = dict(line.split("=", 1) for line in lines)
        step = r"\$\{\{ steps\.judge\.outputs\.(\w+) \}\}"
        return {
            name: known[re.fullmatch(step, one["value"])[1]]
            for name, one in ACTION["outputs"].items()
        }

    @staticmethod
    def _filled(values: dict[str, Any], inputs: dict[str, str]) -> dict[str, str]:
        return {
            name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: inputs[found[1]], value)
            for name, value in values.items()
        }


@pytest.fixture
def runner(theirs, tmp_path) -> Runner:
    return Runner(theirs, tmp_path / "runner")


def test_a_blurred_picture_fails_the_job_and_is_named_where_people_look(runner):
    done = runner.run(paths="pictures", python_version="3.12")
    assert done.returncode == 3
    (mark, count) = done.stdout.splitlines()
    expected = r"::error file=pictures/soft%2C by 10 %25\.jpg,title=Blurred pictures::blurred, .*"
    assert re.fullmatch(expected + r"by about \d+ pixels: score 9\d\.\d of 100", mark)
    assert count == "2 judged, 1 failed"
    assert runner.outputs == {"judged": "2", "failed": "1"}
    told = runner.summary.read_text(encoding="utf-8")
    assert "2 judged: 1 blurred, 1 sharp; 1 failed." in told
    first, second = re.findall(r"^\| pictures.*$", told, re.MULTILINE)
    assert "soft, by 10 %.jpg" in first and "**blurred**" in first
    assert second.startswith("| pictures/sharp.jpg | 0.3 | sharp |")
    assert runner.used == [("actions/setup-python@v5", {"python-version": "3.12"})]
    assert runner.installed == [f"-m pip install --quiet {ROOT}"]


@pytest.mark.parametrize(
    ("given", "judged"),
    [
        ({"paths": "pictures/sharp.jpg\npictures/sharp.jpg\n", "fail_on": "blurred,unsure"}, "2"),
        ({"exclude": "soft*\n"}, "1"),
        ({"fail_on": "", "max_fpr": "0.001"}, "2"),
    ],
)
def test_inputs_say_what_passes(runner, given, judged):
    done = runner.run(**given)
    assert done.returncode == 0, done.stdout + done.stderr
    assert runner.outputs == {"judged": judged, "failed": "0"}


@pytest.mark.parametrize(
    ("given", "status", "told"),
    [
        ({"paths": "$(touch here) ; `touch here`"}, 1, "no such file"),
        ({"fail_on": "blurry"}, 2, "--fail-on: expected blurred, unsure, unknown"),
    ],
)
def test_what_is_wrong_is_told_and_no_input_is_a_command(runner, given, status, told):
    done = runner.run(**given)
    assert done.returncode == status
    assert any(told in line for line in done.stdout.splitlines() if line.startswith("::error "))
    assert not (runner.workspace / "here").exists()


def test_the_table_keeps_names_as_text_and_counts_what_it_has_no_room_for():
    judge = runpy.run_path(str(ROOT / ".github" / "judge.py"))
    plain = {"sure": True, "reason": "", "blur": None}
    rows = [
        {"path": f"{n}|<img src=x>[c](d)`e`\n.jpg", "score": 90.0, "label": "blurred", **plain}
        for n in range(120)
    ]
    told = judge["summary"](rows, rows[:110], ["x: empty file"])
    assert "\\|\\<img src=x\\>\\[c\\]\\(d\\)\\`e\\`\N{REPLACEMENT CHARACTER}.jpg | 90.0 |" in told
    assert told.count("\n| ") == 102
    assert "And 20 more." in told and "- x: empty file" in told


def test_what_cannot_be_judged_passes_no_gate_unless_nothing_is_to_fail():
    judge = runpy.run_path(str(ROOT / ".github" / "judge.py"))
    row = {"label": "unknown", "sure": False, "reason": "black", "score": None, "blur": None}
    assert judge["fails"](row, {"unsure"}) and not judge["fails"](row, set())
    assert judge["told"](row) == "cannot be judged: black"
