"""Contributions are shares of a whole, whatever the model."""

import numpy as np
import pytest

from blurdct.explain.shapley import contributions

ROW, REFERENCES = np.array([3.0, 1.0, 2.0, 5.0]), np.array([[0.0, 0.0, 0.0, 0.0], [1, 1, 1, 1]])
PARTS = {
    "first": np.array([True, False, False, False]),
    "middle": np.array([False, True, True, False]),
    "last": np.array([False, False, False, True]),
}


def test_of_a_sum_each_part_has_what_it_adds():
    weights = np.array([1.0, -2.0, 0.5, 0.0])
    start, found = contributions(lambda rows: rows @ weights, ROW, REFERENCES, PARTS)
    mean = REFERENCES.mean(axis=0)
    assert start == pytest.approx(mean @ weights)
    for name, mask in PARTS.items():
        assert found[name] == pytest.approx((weights * (ROW - mean))[mask].sum())
    assert found["last"] == 0


def test_parts_that_act_together_share_what_they_do_and_all_is_shared_out():
    start, found = contributions(lambda rows: rows[:, 0] * rows[:, 3], ROW, REFERENCES[:1], PARTS)
    assert found["first"] == pytest.approx(found["last"]) == pytest.approx(7.5)
    assert start + sum(found.values()) == pytest.approx(15)


def test_three_parts_have_the_published_weights():
    # worth of a set of parts, by which of them are the photo's: a majority of three decides
    def odds(rows):
        own = np.stack([rows[:, 0] == 3, rows[:, 1] == 1, rows[:, 3] == 5])
        return (own.sum(axis=0) >= 2).astype(float)

    _, found = contributions(odds, ROW, REFERENCES[:1], PARTS)
    assert found == pytest.approx(dict.fromkeys(PARTS, 1 / 3))


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"one": PARTS["first"]}, "each number to be of one part"),
        ({**PARTS, "again": PARTS["first"]}, "each number to be of one part"),
        ({n: np.arange(13) == n for n in range(13)}, "at most 12 parts, got 13"),
    ],
)
def test_numbers_in_no_part_or_two_and_too_many_parts_are_refused(parts, reason):
    row = np.zeros(len(next(iter(parts.values()))))
    with pytest.raises(ValueError, match=reason):
        contributions(lambda rows: rows[:, 0], row, row[None], parts)
