"""A repository of somebody else's, with pictures in it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.helpers.pages import ROOT

SAMPLE = ROOT / "data" / "sample"
WHO = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "A test"), ("EMAIL", "test@example.org"))
}
SETTINGS = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM")


def git(folder: Path, *words: str) -> str:
    """Standard output of git, which reads no settings of whoever runs the tests."""
    environment = {**os.environ, **WHO, **dict.fromkeys(SETTINGS, os.devnull)}
    done = subprocess.run(
        ["git", "-C", str(folder), *words], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def theirs(tmp_path) -> Path:
    """``pictures/sharp.jpg``, ``pictures/soft, by 10 %.jpg``, and a text that is no picture."""
    folder = tmp_path / "theirs"
    (folder / "pictures").mkdir(parents=True)
    shutil.copy(SAMPLE / "sharp" / "pagoda.jpg", folder / "pictures" / "sharp.jpg")
    shutil.copy(
        SAMPLE / "blurred" / "pagoda_gaussian.jpg", folder / "pictures" / "soft, by 10 %.jpg"
    )
    (folder / "notes.txt").write_text("no picture\n", encoding="utf-8")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    return folder
