"""``blurdct calibrate``: scores that become true, a model that stays."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from blurdct.inference import bundle
from blurdct.metrics import logit
from tests.helpers.own_models import BUNDLE, SCENES, answers, call, names

pytestmark = pytest.mark.usefixtures("one_core")


def test_calibration_moves_the_scores_and_leaves_the_model(mine, model, tmp_path):
    run = call(
        "calibrate --model {model} --photos {mine} --out {out} --max-fpr 0.25 --force",
        model=model,
        mine=mine,
        out=tmp_path / "out",
    )
    assert run.status == 0 and names(tmp_path / "out") == BUNDLE
    old, new = bundle.load(model), bundle.load(tmp_path / "out")
    assert (tmp_path / "out" / "model.onnx").read_bytes() == (model / "model.onnx").read_bytes()
    assert new.calibration != old.calibration and new.thresholds != old.thresholds
    about = new.training.pop("calibrated")
    same = replace(new, calibration=old.calibration, thresholds=old.thresholds)
    assert same == old
    assert (about["photos"], about["blurred"], about["groups"]) == (2 * SCENES, SCENES, SCENES)

    (_, before, _), (_, after, labels) = answers(model, mine), answers(tmp_path / "out", mine)
    raw = (logit(before) - old.calibration.offset) / old.calibration.scale
    moved = new.calibration.scale * raw + new.calibration.offset
    np.testing.assert_allclose(logit(after), moved, atol=1e-4)
    np.testing.assert_array_equal(labels == "blurred", after >= new.thresholds.sure_blurred)
    np.testing.assert_array_equal(labels == "sharp", after < new.thresholds.sure_sharp)
    at = new.thresholds
    line = f"surely sharp below P {at.sure_sharp:.3f}, surely blurred from {at.sure_blurred:.3f}"
    assert line in run.out


def test_scores_that_are_far_off_become_true(mine, model, tmp_path):
    good = bundle.load(model)
    off = bundle.Calibration(good.calibration.scale, good.calibration.offset + 4)
    replace(good, calibration=off).save(tmp_path / "off")
    places = {"off": tmp_path / "off", "mine": mine}
    words = "calibrate --model {off} --photos {mine} --out {off}"
    run = call(words, **places)
    assert run.status == 2 and "exists; --force replaces it" in run.err
    run = call(f"{words} --force", **places)
    assert run.status == 0
    # a logistic fit has the mean of what it was fitted to: half of the photographs are blurred
    _, p, _ = answers(tmp_path / "off", mine)
    assert np.mean(p) == pytest.approx(0.5, abs=1e-3)
    before, after = (
        line.split() for line in run.out.splitlines() if line.startswith(("before", "after"))
    )
    assert before[1] == "0.500" and float(before[3]) > float(after[3])


@pytest.mark.parametrize(
    ("option", "value", "label"), [("--max-fpr", 0, "blurred"), ("--max-fnr", 1, "sharp")]
)
def test_limits_keep_to_the_share_of_false_answers(mine, model, tmp_path, option, value, label):
    shares = {}
    for limit in (0, 0.1, 0.25, 0.5):
        words = (
            f"calibrate --model {{model}} --photos {{mine}} --out {{out}} {option} {limit} --force"
        )
        assert call(words, model=model, mine=mine, out=tmp_path / "out").status == 0
        y, _, labels = answers(tmp_path / "out", mine)
        shares[limit] = np.mean(labels[y == value] == label)
    assert all(share <= limit for limit, share in shares.items())
    assert shares[0] < shares[0.25] < shares[0.5]  # and uses it


def test_calibrate_takes_the_usual_model_if_none_is_named(mine, tmp_path):
    assert call("calibrate --photos {mine} --out {out}", mine=mine, out=tmp_path / "o").status == 0
    made, usual = bundle.load(tmp_path / "o"), bundle.load()
    assert made.graph == usual.graph and made.calibration != usual.calibration


def test_a_calibration_that_is_worse_on_other_scenes_is_not_saved_unless_told(
    mine, model, tmp_path
):
    places = {"model": model, "mine": mine, "out": tmp_path / "out"}
    words = "calibrate --model {model} --photos {mine} --out {out}"  # which it was calibrated on
    run = call(words, **places)
    assert run.status == 1 and not (tmp_path / "out").exists()
    assert run.err.splitlines()[-1].startswith("blurdct: not saved: ")
    assert "--force" in run.err and "use it" not in run.out
    before, after = (
        line.split() for line in run.out.splitlines() if line.startswith(("before", "after"))
    )
    assert float(after[3]) > float(before[3]) or float(after[1]) < float(before[1])
    run = call(f"{words} --force", **places)
    assert run.status == 0 and "use it" in run.out and names(tmp_path / "out") == BUNDLE


@pytest.mark.parametrize("option", ["--max-fpr", "--max-fnr"])
def test_limits_that_are_asked_for_are_fitted_to_scores_that_fit_already(
    mine, model, tmp_path, option
):
    run = call(
        f"calibrate --model {{model}} --photos {{mine}} --out {{out}} {option} 0.25",
        model=model,
        mine=mine,
        out=tmp_path / "out",
    )
    assert run.status == 0 and "are kept, as new ones are worse" in run.err and "use it" in run.out
    old, new = bundle.load(model), bundle.load(tmp_path / "out")
    assert new.calibration == old.calibration and new.thresholds != old.thresholds
    before, after = (
        line.split()[1:5] for line in run.out.splitlines() if line.startswith(("before", "after"))
    )
    assert before == after  # all that comes of P
    y, p, labels = answers(tmp_path / "out", mine)
    value, label = (0, "blurred") if option == "--max-fpr" else (1, "sharp")
    assert 0.01 < np.mean(labels[y == value] == label) <= 0.25
    np.testing.assert_array_equal(p, answers(model, mine)[1])


def test_calibrate_needs_nothing_that_the_core_install_lacks(mine, tmp_path):
    code = f"""
import sys
for name in ("torch", "sklearn", "scipy", "pandas", "tqdm", "onnx", "xgboost", "matplotlib"):
    sys.modules[name] = None
from blurdct.cli.app import main
main(["calibrate", "--photos", {str(mine)!r}, "--out", {str(tmp_path / "out")!r}, "--force"])
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert names(tmp_path / "out") == BUNDLE | {"map.onnx", "blur.onnx"}
