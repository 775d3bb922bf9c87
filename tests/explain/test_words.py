"""Sentences say what the numbers say."""

from dataclasses import replace

import pytest

from blurdct.explain.places import Place
from blurdct.explain.words import among, called, percent, score, sentences


def test_the_first_sentence_is_the_verdict_and_the_last_one_the_place_that_decides(explained):
    first, second, *_, last = sentences(explained)
    assert first == "This photo is called sharp, but that is not sure: look at it yourself."
    assert second.startswith(f"Its score is {score(explained.prediction.probability)},")
    without = score(explained.reasons.places[0].without)
    expected = f"without A the photo would be called blurred, with a score of {without}."
    assert last == f"One place decides: {expected}"


def test_where_no_place_decides_it_says_between_what_the_score_stays(explained):
    windows = [Place((0, 1), (0, 1), 0.1, p) for p in (0.2, 0.31, 0.25)]
    reasons = replace(explained.reasons, places=[], windows=windows)
    *_, last = sentences(replace(explained, reasons=reasons))
    assert last.endswith("the score stays between 20 and 31.")


def test_what_speaks_for_and_against_is_named_with_how_it_compares(explained):
    reasons = explained.reasons
    parts = {**dict.fromkeys(reasons.parts, 0.0), ("full", "med_freq"): -3.0}
    parts |= {("half", "high_freq"): 2.0}
    numbers = {**reasons.numbers, "high med_freq_energy": 99.0}
    told = " ".join(
        sentences(replace(explained, reasons=replace(reasons, parts=parts, numbers=numbers)))
    )
    strongest = "medium detail at full size, which is stronger than in all blurred photographs"
    assert f"What speaks for sharp most is {strongest}." in told
    assert "Against it speaks most fine detail at half size." in told


def test_a_place_is_called_by_the_threshold_of_the_verdict(explained):
    place = Place((0, 1), (0, 1), 0.1, 0.4)
    assert called(place, explained.prediction) == "sharp"
    assert called(place, replace(explained.prediction, threshold=0.3)) == "blurred"


@pytest.mark.parametrize(
    ("share", "text", "many"),
    [
        (0, "0%", "no"),
        (0.004, "under 1%", "under 1% of"),
        (0.5, "50%", "50% of"),
        (0.997, "over 99%", "over 99% of"),
        (1, "100%", "all"),
    ],
)
def test_only_what_is_all_or_nothing_is_called_that(share, text, many):
    assert (percent(share), among(share)) == (text, many)
