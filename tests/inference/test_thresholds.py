import numpy as np
import pytest

from blurdct.errors import ConfigError
from blurdct.inference.thresholds import VERDICTS, Thresholds, check_threshold, verdict_index

P = (0.0, 0.1, 0.2, 0.49, 0.5, 0.7, 0.8, 1.0)


def verdicts(*limits):
    return [VERDICTS[index] for index in verdict_index(np.array(P), Thresholds(*limits))]


def test_a_photo_is_blurred_from_half_on_and_doubtful_between_the_limits():
    expected = ["sharp", "sharp", "sharp?", "sharp?", "blurred?", "blurred?", "blurred", "blurred"]
    assert verdicts(0.2, 0.8) == expected


def test_another_decision_moves_the_label_and_makes_nothing_sure():
    assert verdicts(0.2, 0.8, 0.1) == ["sharp", *["blurred?"] * 5, "blurred", "blurred"]
    assert verdicts(0.2, 0.8, 0.9) == ["sharp", "sharp", *["sharp?"] * 5, "blurred"]


@pytest.mark.parametrize("limits", [(0.2, 0.8), (0.5, 0.5), (0.0, 0.0), (0.0, 1.0), (1.0, 1.0)])
@pytest.mark.parametrize("decision", [0.0, 0.3, 0.5, 0.9, 1.0])
def test_more_blur_is_never_a_sharper_verdict(limits, decision):
    found = verdict_index(np.linspace(0, 1, 1001), Thresholds(*limits, decision))
    assert (np.diff(found) >= 0).all()
    assert (found[np.linspace(0, 1, 1001) >= decision] >= 2).all()


def test_one_p_gets_what_many_get_in_their_shape():
    p = np.array(P).reshape(2, 4)
    found = verdict_index(p, Thresholds(0.2, 0.8))
    assert found.shape == p.shape
    assert [verdict_index(one, Thresholds(0.2, 0.8)) for one in P] == found.ravel().tolist()


HINTS = {
    80: "; did you mean 0.80?",
    1.5: "; did you mean 0.015?",
    -1: "",
    101: "",
    float("nan"): "",
}


@pytest.mark.parametrize(("given", "hint"), HINTS.items())
def test_a_score_in_place_of_a_p_is_refused_with_the_p_that_it_may_mean(given, hint):
    with pytest.raises(ConfigError) as caught:
        check_threshold(given)
    assert str(caught.value) == f"threshold: expected P(blurred) from 0 to 1, got {given:g}{hint}"


def test_a_p_and_none_are_no_errors():
    for given in (None, 0, 0.5, 1):
        check_threshold(given)
