"""Which code runs, who says so, and what happens without a compiler."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from blurdct.errors import ConfigError
from blurdct.features.extract import image_features
from blurdct.kernel import calls, choice

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def asked(monkeypatch):
    """Sets what the environment asks for; afterwards it is as it was."""

    def ask(name):
        monkeypatch.setenv(choice.VARIABLE, name)
        choice.compiled.cache_clear()

    yield ask
    monkeypatch.undo()
    choice.compiled.cache_clear()
    choice.compiled()


@pytest.mark.skipif(sys.platform == "win32", reason="it has no kernel")
@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")
def test_where_there_is_a_compiler_there_is_a_kernel(asked):
    asked("")
    assert choice.name() in choice.LANES, "run: python setup.py build_ext --inplace"


def test_numpy_is_there_for_the_asking(asked):
    asked("numpy")
    assert choice.compiled() is None and choice.name() == "numpy"
    assert not calls.takes(np.zeros((64, 64), np.uint8))
    assert image_features(np.zeros((64, 64), np.uint8)).shape == (18,)


@pytest.mark.parametrize("wanted", choice.LANES)
def test_what_is_asked_for_is_what_runs_or_is_refused(asked, wanted):
    asked(wanted)
    try:
        choice.compiled()
    except ConfigError as error:
        assert "no kernel was built here" in str(error) or wanted in str(error)
    else:
        assert choice.name() == wanted


def test_a_name_that_there_is_not_is_refused_before_a_photo_is_read():
    photo = ROOT / "data" / "sample" / "sharp" / "pagoda.jpg"
    found = subprocess.run(
        [sys.executable, "-m", "blurdct", "predict", photo],
        env={**os.environ, choice.VARIABLE: "avx1024"},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert (found.returncode, found.stdout) == (2, "")
    line = "BLURDCT_KERNEL: expected one of avx512, avx2, baseline, numpy, got 'avx1024'"
    assert found.stderr == f"blurdct: {line}\n"


@pytest.mark.skipif(sys.platform == "win32", reason="it has no kernel")
def test_without_a_compiler_the_build_goes_on_without_the_kernel(tmp_path):
    words = ("build_ext", "--build-lib", tmp_path / "lib", "--build-temp", tmp_path / "temp")
    found = subprocess.run(
        [sys.executable, "setup.py", *words],
        env={**os.environ, "CC": "no-such-compiler"},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stderr
    assert "no-such-compiler" in found.stdout + found.stderr
    assert not list(tmp_path.rglob("_compiled*.so"))
