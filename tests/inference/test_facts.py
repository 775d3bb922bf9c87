import pytest

from blurdct.config import ReadConfig
from blurdct.inference.bundle import Calibration, load
from blurdct.inference.detector import Detector
from blurdct.inference.facts import facts_of
from tests.helpers import toys


def facts(size=128, threshold=None, name="toy", **changes):
    bundle = toys.bundle(**changes)
    return facts_of(bundle, ReadConfig(size), threshold, name)


@pytest.mark.parametrize(
    "other",
    [
        {"size": 64},
        {"threshold": 0.6},
        {"calibration": Calibration(2.0, 0.0)},
        {"graph": toys.graph(output="probability") + b"\x72\x00"},
        {"map_graph": toys.map_graph()},
        {"blur_graph": toys.blur_graph()},
    ],
)
def test_whatever_changes_an_answer_changes_the_digest(other):
    assert facts(**other)["digest"] != facts()["digest"]


def test_the_name_of_a_model_does_not_change_the_digest():
    assert facts(name="elsewhere/toy")["digest"] == facts()["digest"]
    assert len(facts()["digest"]) == 12


@pytest.mark.parametrize("threshold", [None, 0.05, 0.99])
def test_facts_are_those_of_a_detector_made_with_the_same_arguments(threshold):
    setup = (load("dct-xgb"), ReadConfig(640), threshold, "mine")
    detector, told = Detector(*setup), facts_of(*setup)
    assert (told["model"], told["size"]) == (detector.model, detector.config.size)
    at = detector.thresholds
    assert told["threshold"] == at.decision
    assert (told["sharp below"], told["blurred from"]) == (at.sure_sharp, at.sure_blurred)


def test_what_is_left_out_is_the_bundles_own():
    bundle = load("dct-xgb")
    own = ReadConfig(bundle.size), None, bundle.backend
    assert facts_of(bundle) == facts_of(bundle, *own)
