"""``benchmarks/_measure.py``: turns, ratios, pictures."""

import cv2
import numpy as np
import pytest


def test_contenders_take_turns_and_the_first_rounds_are_not_counted():
    import _measure

    calls: list[str] = []

    def call(name):
        return lambda: calls.append(name) or len(calls)

    answers = _measure.in_turns({"a": call("a"), "b": call("b")}, 2, warm_up=1)
    assert calls == ["a", "b"] * 3
    assert answers == {"a": [3, 5], "b": [4, 6]}


def test_the_median_ratio_is_that_of_the_rounds_not_of_the_medians():
    import _measure

    ours, theirs = [1.0, 20.0, 3.0], [2.0, 10.0, 1.0]
    assert _measure.ratios(ours, theirs) == [0.5, 2.0, 3.0]
    assert _measure.median_ratio(ours, theirs) == 2.0
    with pytest.raises(ValueError, match="zip"):
        _measure.ratios(ours, theirs[:2])


@pytest.mark.parametrize("shape", [(20, 30), (20, 30, 3)])
def test_a_picture_is_continued_by_its_mirror_images_and_never_cut(shape):
    import _measure

    picture = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    whole = _measure.continued(picture, 50, 10)
    assert whole.shape[:2] == (50, 30)
    np.testing.assert_array_equal(whole[20:40], picture[::-1])
    np.testing.assert_array_equal(whole[40:], picture[:10])


def test_a_jpeg_has_the_colours_of_its_picture(rgb):
    import _measure

    data = np.frombuffer(_measure.jpeg(rgb, 95), np.uint8)
    again = cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    assert np.abs(again.astype(int) - rgb).mean() < 6
    data = np.frombuffer(_measure.jpeg(rgb[..., 0]), np.uint8)
    assert cv2.imdecode(data, cv2.IMREAD_UNCHANGED).shape == rgb.shape[:2]
