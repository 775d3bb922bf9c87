"""An explanation adds up, and says what is known of the photo that it is about."""

import cv2
import numpy as np
import pytest

from blurdct.errors import ModelError
from blurdct.explain import explain_photo
from blurdct.features.photo import Photo
from blurdct.inference.detector import Detector
from blurdct.metrics import logit
from tests.explain.conftest import SAMPLE


def test_parts_and_directions_add_up_to_the_verdict(explained):
    reasons, p = explained.reasons, explained.prediction.probability
    assert reasons.odds == pytest.approx(float(logit(p)), abs=1e-4)
    for split in (reasons.parts, reasons.directions):
        assert reasons.start + sum(split.values()) == pytest.approx(reasons.odds, abs=1e-4)
    assert len(reasons.parts) == 10
    assert set(reasons.directions) == {"across", "diagonal", "down", "none", "whole"}


def test_the_ladybird_before_a_soft_ground_is_what_decides(explained):
    reasons = explained.reasons
    first = reasons.places[0]
    assert explained.prediction.label == "sharp"
    assert first.change < 0 and first.without > 0.5  # without it the photo is blurred
    rows, columns = reasons.influence.shape
    at = np.unravel_index(reasons.influence.argmin(), (rows, columns))
    assert 0.4 < at[0] / rows < 0.8 and at[1] / columns > 0.6


def test_what_counts_is_what_the_verdict_says_that_it_rests_on(explained):
    reasons, prediction = explained.reasons, explained.prediction
    assert reasons.evidence.mean() == pytest.approx(prediction.evidence)
    assert reasons.numbers["evidence"] == pytest.approx(prediction.evidence)
    assert explained.map.shape == reasons.evidence.shape == reasons.influence.shape


@pytest.mark.parametrize("turned", [False, True])
def test_a_camera_that_moves_sideways_takes_away_detail_from_left_to_right(detector, turned):
    rgb = cv2.imread(str(SAMPLE / "sharp" / "pagoda.jpg"))
    kernel = np.full((1, 15), 1 / 15, np.float32)
    moved = cv2.filter2D(rgb, -1, kernel)
    moved, taken, left = (
        (cv2.rotate(moved, cv2.ROTATE_90_CLOCKWISE), "down", "across")
        if turned
        else (moved, "across", "down")
    )
    reasons = explain_photo(detector, moved).reasons
    numbers = reasons.numbers
    for name in ("high med_freq_{}", "high half_high_freq_{}"):
        assert numbers[name.format(taken)] < numbers[name.format(left)] - 1
    assert reasons.directions[taken] > reasons.directions[left]


def test_a_photo_that_shows_nothing_has_no_reasons(detector):
    found = explain_photo(detector, np.full((200, 300), 128, np.uint8), "flat")
    assert found.reasons is None
    assert found.prediction.label == "unknown" and found.prediction.path == "flat"


def test_without_a_frame_the_pictures_are_those_of_the_photo_inside(detector):
    framed = cv2.copyMakeBorder(
        cv2.imread(str(SAMPLE / "sharp" / "pagoda.jpg")), 150, 150, 100, 100, cv2.BORDER_CONSTANT
    )
    found = explain_photo(detector, Photo(framed, detector.config, "framed"))
    assert "frame" in found.prediction.note
    assert found.sides[0] / found.sides[1] == pytest.approx(1.5, abs=0.05)
    assert found.map.shape[1] / found.map.shape[0] == pytest.approx(1.5, abs=0.1)


def test_a_model_that_judges_by_something_else_is_refused_with_one_that_does_not():
    with pytest.raises(ModelError, match="dct-xgb does not judge by .* --model best"):
        explain_photo(Detector.load("dct-xgb"), np.zeros((64, 64), np.uint8))
