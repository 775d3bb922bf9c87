"""What the commands say alike."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from blurdct.cli.options import error_line
from blurdct.errors import ModelError
from blurdct.inference import bundle
from blurdct.models.registry import BACKENDS
from tests.helpers.commands import call

ROOT = Path(__file__).parents[2]
PHOTO = str(ROOT / "data" / "sample" / "sharp" / "pagoda.jpg")
CORE = """
import sys
for name in "torch sklearn pandas xgboost scipy fastapi onnx optuna uvicorn matplotlib".split():
    sys.modules[name] = None  # an import of it is an ImportError
from blurdct.cli import main
main(sys.argv[1:])
"""


@pytest.mark.parametrize("command", ["predict", "map", "scan"])
def test_the_name_of_a_model_that_can_be_trained_says_how(command, tmp_path):
    out = [] if command == "predict" else ["--out", tmp_path / "out.csv"]
    run = call(command, PHOTO, *out, "--model", "resnet18:epochs=3")
    assert (run.status, run.out) == (2, "")
    assert run.err == (
        "blurdct: resnet18:epochs=3 is not part of this install; make it by: "
        "blurdct train resnet18:epochs=3 --photos DIR --out resnet18\n"
    )


def test_any_other_name_says_what_there_is():
    run = call("predict", PHOTO, "--model", "resnet19")
    assert (run.status, run.out) == (2, "")
    names = ", ".join([*bundle.NAMES, *bundle.shipped()])
    assert run.err == (
        f"blurdct: no model 'resnet19': neither a bundle's folder nor one of {names}\n"
    )


def test_every_backend_that_is_not_shipped_says_how(monkeypatch, tmp_path):
    monkeypatch.setattr(bundle, "SHIPPED", tmp_path)
    for name in BACKENDS:
        with pytest.raises(ModelError) as caught:
            bundle.load(name)
        assert f"blurdct train {name} --photos DIR" in error_line(caught.value)


def test_the_core_install_says_how_too():
    words = ("predict", PHOTO, "--model", "resnet18")
    done = subprocess.run(
        [sys.executable, "-c", CORE, *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "make it by: blurdct train resnet18" in done.stderr and done.stderr.count("\n") == 1
