"""Typical photographs: what the table in data/ says of them, and what models say of that."""

import runpy

import numpy as np
import pytest

from blurdct.explain.typical import SHOWN, STEPS, typical_photographs
from blurdct.features.summary import SUMMARY
from tests.helpers.pages import ROOT


def test_the_file_is_what_its_script_writes_from_the_table():
    pandas = pytest.importorskip("pandas")
    script = runpy.run_path(str(ROOT / "docs" / "generate_typical.py"))
    text = script["typical"](pandas.read_parquet(script["TABLE"]))
    same = script["TYPICAL"].read_text(encoding="utf-8") == text
    assert same, "out of date; run: python docs/generate_typical.py"


def test_the_typical_sharp_photograph_is_called_sharp_and_the_blurred_one_blurred(detector):
    medians = np.stack([typical_photographs()[label].medians for label in ("sharp", "blurred")])
    sharp, blurred = detector.probabilities({"wide": medians})
    assert sharp < detector.thresholds.sure_sharp
    assert blurred > detector.thresholds.sure_blurred


def test_sharp_photographs_have_more_detail_of_every_size_and_band():
    typical = typical_photographs()
    for name in SHOWN:
        sharp, blurred = (typical[label].spreads[name] for label in ("sharp", "blurred"))
        assert len(sharp) == len(STEPS) and list(sharp) == sorted(sharp)
        middle = STEPS.index(0.5)
        assert sharp[middle] > blurred[middle]
        at = SUMMARY.index(name)
        assert typical["sharp"].medians[at] == pytest.approx(sharp[middle], abs=1e-3)


def test_a_share_is_counted_between_quantiles_and_ends_with_them():
    sharp = typical_photographs()["sharp"]
    name = SHOWN[0]
    least, most = sharp.spreads[name][0], sharp.spreads[name][-1]
    assert sharp.share_below(name, least - 1) == 0
    assert sharp.share_below(name, most + 1) == 1
    assert sharp.share_below(name, sharp.spreads[name][10]) == pytest.approx(0.5)
