"""Every number is of one size, one band, one direction."""

import pytest

from blurdct.explain.parts import band_of, direction_of, members, size_of
from blurdct.features.summary import SUMMARY


@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("mean low_freq_energy", ("full", "low_freq", "none")),
        ("high half_med_freq_across", ("half", "med_freq", "across")),
        ("mean med_freq_down_max", ("full", "med_freq", "down")),
        ("0.95 full-half high_freq_diagonal", ("full", "high_freq", "diagonal")),
        ("0.1 half-quarter low_freq", ("half", "low_freq", "none")),
        ("spread quarter med_freq-low_freq down", ("quarter", "med_freq", "down")),
        ("spread full med_freq-quarter low_freq", ("full", "med_freq", "none")),
        ("0.5 full high_freq-half low_freq", ("full", "high_freq", "none")),
        ("evidence", ("whole", "whole", "whole")),
        ("mean luma", ("whole", "whole", "whole")),
    ],
)
def test_a_name_says_what_a_number_is_of(name, of):
    assert name in SUMMARY
    assert (size_of(name), band_of(name), direction_of(name)) == of


@pytest.mark.parametrize("part_of", [size_of, band_of, direction_of])
def test_parts_leave_nothing_out_and_do_not_overlap(part_of):
    masks = list(members(part_of).values())
    assert sum(mask.astype(int) for mask in masks).tolist() == [1] * len(SUMMARY)
    assert 4 <= len(masks) <= 5
