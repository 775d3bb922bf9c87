"""``.pre-commit-hooks.yaml``, run by pre-commit itself, without a network."""

import os
import shutil
import subprocess
import sys
import sysconfig

import pytest

from tests.gates.conftest import git
from tests.helpers.pages import ROOT

FILES = ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml", "docs/man/blurdct.1")


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    """A repository with the package and the hook, but for models and a kernel nobody asks for."""
    folder = tmp_path_factory.mktemp("ours")
    leave = shutil.ignore_patterns("__pycache__", "cnn", "lcnet", "stacking", "tree")
    shutil.copytree(ROOT / "blurdct", folder / "blurdct", ignore=leave)
    (folder / "docs" / "man").mkdir(parents=True)
    for name in FILES:
        shutil.copy(ROOT / name, folder / name)
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "All")
    return folder


@pytest.mark.slow
def test_the_hook_stops_a_blurred_picture_and_lets_others_pass(ours, theirs, tmp_path):
    environment = {
        **os.environ,
        "PRE_COMMIT_HOME": str(tmp_path / "home"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        # what it installs needs is there: that of the tests
        "PYTHONPATH": sysconfig.get_path("purelib"),
        "PIP_NO_DEPS": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # sic: pip takes it for the value of build-isolation
        "PIP_NO_INDEX": "1",
    }
    commit = git(ours, "rev-parse", "HEAD").strip()
    (theirs / ".pre-commit-config.yaml").write_text(
        f"repos:\n- repo: {ours}\n  rev: {commit}\n  hooks: [{{id: blurred-pictures}}]\n"
    )

    def run(*files):
        words = (sys.executable, "-m", "pre_commit", "run", "--files", *files)
        return subprocess.run(words, cwd=theirs, env=environment, capture_output=True, text=True)

    done = run("pictures/sharp.jpg", "notes.txt")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Passed" in done.stdout

    done = run("pictures/sharp.jpg", "pictures/soft, by 10 %.jpg", "notes.txt")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "exit code: 3" in done.stdout
    assert "\tblurred\tpictures/soft, by 10 %.jpg" in done.stdout
    assert "sharp.jpg" not in done.stdout and "notes.txt" not in done.stdout

    assert "(no files to check)Skipped" in run("notes.txt").stdout
