"""Completion as bash asks for it."""

import os
import shlex
import shutil
import subprocess
import sys

import pytest

from tests.helpers.pages import ROOT


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes_commands_and_names_of_models(tmp_path):
    program = tmp_path / "blurdct"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m blurdct "$@"\n')
    program.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    script = (
        'eval "$(_BLURDCT_COMPLETE=source_bash blurdct)"\n'
        'ask() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()\n'
        '_blurdct_completion blurdct; echo "${COMPREPLY[@]}"; }\n'
        "ask blurdct expl; ask blurdct predict --model be; complete -p blurdct"
    )
    done = subprocess.run(
        ["bash", "-c", script],
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines() == [
        "explain",
        "best",
        "complete -o default -F _blurdct_completion blurdct",
    ], done.stderr
