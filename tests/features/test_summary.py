"""350 numbers about a photo: of the cells that can tell, and how they differ between bands."""

import cv2
import numpy as np
import pytest

from blurdct.features import summary
from blurdct.features.bands import FEATURES
from blurdct.features.block_map import CHANNELS, SECTORS, map_blocks
from blurdct.features.summary import (
    DIFFERENCES,
    ENERGY,
    KEPT,
    QUANTILES,
    RANGE,
    STRONG,
    SUMMARY,
    WHOLE,
    has_evidence,
    summarise,
)


def scene(shape=(256, 320), seed=0, sigma=0.0):
    """Detail at every scale, more of it to the right; uint8."""
    rng = np.random.default_rng(seed)
    luma = np.zeros(shape)
    for width in (0.6, 2.0, 6.0, 18.0):
        layer = cv2.GaussianBlur(rng.standard_normal(shape), (0, 0), width)
        luma += 12 * layer / layer.std()
    pixels = np.clip(128 + luma * np.linspace(0.3, 1.5, shape[1]), 0, 255).astype(np.uint8)
    return cv2.GaussianBlur(pixels, (0, 0), sigma) if sigma else pixels


def on_white(luma, side=896):
    """The picture in the middle of a white one."""
    whole = np.full((side, side), 255, np.uint8)
    top, left = ((side - extent) // 2 // 32 * 32 for extent in luma.shape)
    whole[top : top + luma.shape[0], left : left + luma.shape[1]] = luma
    return whole


def named(luma) -> dict[str, float]:
    return dict(zip(SUMMARY, summarise(map_blocks(luma)).tolist(), strict=True))


def test_each_of_350_numbers_has_a_name_of_its_own():
    found = summarise(map_blocks(scene()))
    assert (found.shape, found.dtype) == ((350,), np.float32)
    assert len(SUMMARY) == len(set(SUMMARY)) == 350
    assert len(SUMMARY) == 2 * len(KEPT) + (len(QUANTILES) + 1) * len(DIFFERENCES) + len(WHOLE)
    assert np.isfinite(found).all()


def test_evidence_is_what_is_not_far_below_the_strong_cells():
    cells = map_blocks(on_white(scene()))
    energy = cells[ENERGY]
    found = has_evidence(cells[ENERGY])
    assert found.shape == energy.shape and found.dtype == bool
    limit = np.sort(energy.ravel())[int(STRONG * energy.size)] - RANGE
    assert (found[energy > limit + 0.1]).all() and not found[energy < limit - 0.1].any()
    assert 0.05 < found.mean() < 0.4  # of the white nothing
    assert not found[:8].any() and not found[:, :8].any()


def test_white_ground_around_a_photo_changes_its_means_little():
    """A mean over all cells would fall by most of what there is."""
    alone, ground = scene(), on_white(scene())
    one, other = named(alone), named(ground)
    whole = {
        name: [map_blocks(luma)[CHANNELS.index(name)].mean() for luma in (alone, ground)]
        for name in ("high_freq_energy", "half_med_freq_energy", "quarter_low_freq_energy")
    }
    for name, (before, after) in whole.items():
        assert before - after > 3  # logarithms
        assert one[f"mean {name}"] == pytest.approx(other[f"mean {name}"], abs=0.7)
    # the edge between photo and ground is all that is new
    for name in DIFFERENCES:
        assert one[f"0.5 {name}"] == pytest.approx(other[f"0.5 {name}"], abs=0.35), name
    assert other["evidence"] < 0.4 < one["evidence"]
    assert other["cells"] > one["cells"]
    assert other["luma"] > one["luma"] + 0.2
    assert other["luma of evidence"] < other["luma"] - 0.2


def test_means_are_over_cells_with_evidence_and_over_their_highest_tenth():
    cells = map_blocks(on_white(scene((320, 480))))
    told = cells[:, has_evidence(cells[ENERGY])]
    tenth = told.shape[1] // 10
    assert tenth > 1
    found = dict(zip(SUMMARY, summarise(cells), strict=True))
    for number in KEPT:
        values, name = np.sort(told[number].astype(float)), CHANNELS[number]
        assert found[f"mean {name}"] == pytest.approx(values.mean(), rel=1e-4, abs=1e-4)
        assert found[f"high {name}"] == pytest.approx(values[-tenth:].mean(), rel=1e-4, abs=1e-4)


def test_quantiles_and_spread_of_differences_are_those_of_plain_numpy():
    cells = map_blocks(on_white(scene((320, 480))))
    told = cells[:, has_evidence(cells[ENERGY])].astype(float)
    rows = dict(zip(CHANNELS, told, strict=True))
    order = np.argsort(-told[ENERGY], kind="stable")
    third = order[: round(0.34 * len(order))]
    found = dict(zip(SUMMARY, summarise(cells), strict=True))
    expected = {f"full-half {name}": rows[name] - rows[f"half_{name}"] for name in SECTORS}
    expected |= {
        f"half-quarter {name}": rows[f"half_{name}"] - rows[f"quarter_{name}"] for name in SECTORS
    }
    assert expected.keys() < set(DIFFERENCES)
    for name, values in expected.items():
        for quantile in QUANTILES:
            of_numpy = np.quantile(values, quantile, method="nearest")
            assert found[f"{quantile:g} {name}"] == pytest.approx(of_numpy, abs=0.02)
        assert found[f"spread {name}"] == pytest.approx(values[third].std(), rel=1e-3)


def test_a_difference_of_bands_is_of_their_energies_in_all_directions_together():
    cells = map_blocks(scene())
    told = dict(zip(CHANNELS, cells[:, has_evidence(cells[ENERGY])].astype(float), strict=True))

    def energy(band, size=""):
        each = [told[size + sector] for sector in SECTORS if sector.startswith(band)]
        assert len(each) > 1
        return np.log(np.mean(np.exp(each), axis=0))

    found = dict(zip(SUMMARY, summarise(cells), strict=True))
    names = {
        "full-half high_freq": energy("high_freq") - energy("high_freq", "half_"),
        "half-quarter low_freq": energy("low_freq", "half_") - energy("low_freq", "quarter_"),
        "full high_freq-half low_freq": energy("high_freq") - energy("low_freq", "half_"),
        "full med_freq-quarter low_freq": energy("med_freq") - energy("low_freq", "quarter_"),
    }
    for name, values in names.items():
        expected = np.quantile(values, 0.5, method="nearest")
        assert found[f"0.5 {name}"] == pytest.approx(expected, abs=0.02)


def test_more_blur_takes_more_from_the_photo_than_from_its_half():
    told = [named(scene(sigma=sigma)) for sigma in (0, 0.5, 0.8)]
    for name in SECTORS:
        if not name.startswith("low_freq"):
            values = [one[f"0.95 full-half {name}"] for one in told]
            assert (np.diff(values) < -0.1).all(), name


def test_the_numbers_of_one_cell_are_that_cell_without_spread():
    cells = map_blocks(scene((16, 16)))
    found = dict(zip(SUMMARY, summarise(cells), strict=True))
    for number in KEPT:
        for part in ("mean", "high"):
            value = cells[number, 0, 0]
            assert found[f"{part} {CHANNELS[number]}"] == pytest.approx(value, rel=1e-5, abs=1e-6)
    for name in DIFFERENCES:
        assert len({found[f"{quantile:g} {name}"] for quantile in QUANTILES}) == 1
        assert found[f"spread {name}"] == 0
    assert (found["evidence"], found["cells"]) == (1, 0)


@pytest.mark.parametrize("shape", [(64, 96), (8, 8), (300, 17)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_flat_picture_has_finite_numbers(shape, level):
    found = named(np.full(shape, level, np.uint8))
    assert np.isfinite(list(found.values())).all()
    assert found["evidence"] == 1  # nothing is weaker than the rest
    assert found["luma"] == pytest.approx(level / 255, abs=1e-3)
    assert found["contrast"] == pytest.approx(0, abs=1e-3)


def test_a_photo_mirrored_or_turned_gives_the_same_numbers():
    luma = scene((200, 320))
    expected = summarise(map_blocks(luma))
    for turned in (luma[::-1], luma[:, ::-1], luma.T, luma[::-1, ::-1], luma.T[::-1]):
        np.testing.assert_array_equal(summarise(map_blocks(np.ascontiguousarray(turned))), expected)


def test_the_map_stays_as_it_was_given():
    cells = map_blocks(scene((64, 96)))
    before = cells.copy()
    summarise(cells)
    np.testing.assert_array_equal(cells, before)


def test_skewness_is_left_out_of_the_means():
    assert any(name.endswith("_skew") for name in FEATURES)
    assert not any("skew" in name for name in SUMMARY)


@pytest.mark.parametrize("count", [1, 2, 3, 40, 1201])
@pytest.mark.parametrize("share", [0.5, 0.95])
def test_a_quantile_is_numpys(count, share):
    values = np.random.default_rng(count).normal(3, 2, count).astype(np.float32)
    expected = np.quantile(values, share)
    assert summary._quantile(np.sort(values), share) == pytest.approx(expected, rel=1e-6)
