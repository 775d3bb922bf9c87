"""Other sizes: which pixels count, how many there are, and what is left as it was."""

import cv2
import numpy as np
import pytest

from blurdct.images.resize import resize_by, resize_to, resize_within


def test_what_is_reduced_is_the_mean_of_what_falls_together(rgb):
    rgb = rgb[: rgb.shape[0] // 4 * 4, : rgb.shape[1] // 4 * 4]
    height, width = (side // 4 for side in rgb.shape[:2])
    means = rgb.reshape(height, 4, width, 4, 3).mean(axis=(1, 3))
    for small in (resize_to(rgb, width, height), resize_by(rgb, 0.25, enlarge=cv2.INTER_CUBIC)):
        assert np.abs(small - means).max() <= 0.5


def test_where_a_side_grows_it_is_interpolated_as_asked_for(rgb):
    height, width = rgb.shape[:2]
    linear = cv2.resize(rgb, (2 * width, height // 2), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_array_equal(resize_to(rgb, 2 * width, height // 2), linear)
    cubic = cv2.resize(rgb, (2 * width, 2 * height), interpolation=cv2.INTER_CUBIC)
    np.testing.assert_array_equal(resize_by(rgb, 2, enlarge=cv2.INTER_CUBIC), cubic)
    assert np.any(cubic != resize_by(rgb, 2))


@pytest.mark.parametrize(
    ("shape", "longest", "expected"),
    [
        ((300, 450), 240, (160, 240)),
        ((450, 300, 3), 240, (240, 160, 3)),
        ((2000, 16), 160, (160, 1)),
        ((5000, 3), 160, (160, 1)),
        ((160, 90), 160, (160, 90)),
        ((30, 20, 3), 160, (30, 20, 3)),
    ],
)
def test_the_long_side_is_cut_to_a_limit_and_the_other_one_follows(shape, longest, expected):
    pixels = np.zeros(shape, np.uint8)
    found = resize_within(pixels, longest)
    assert found.shape == expected
    assert (found is pixels) == (shape == expected)


def test_no_side_gets_below_the_least():
    pixels = np.zeros((20, 400, 3), np.uint8)
    assert resize_by(pixels, 0.1, least=16).shape == (16, 40, 3)
    assert resize_by(pixels, 1.0, least=16) is pixels


def test_the_given_size_is_always_a_new_array():
    pixels = np.zeros((20, 30), np.uint8)
    same = resize_to(pixels, 30, 20)
    assert not np.shares_memory(same, pixels)
    np.testing.assert_array_equal(same, pixels)
