"""The map of block statistics: what it shows, and that orientation plays no part."""

import cv2
import numpy as np
import pytest

from blurdct.features.bands import BANDS, FEATURES
from blurdct.features.block_map import (
    CHANNELS,
    DIRECTIONS,
    SECTORS,
    map_blocks,
    quarter_energy,
)
from blurdct.features.extract import block_statistics
from blurdct.features.orientation import canonical, from_canonical, to_canonical

SHAPES = [(64, 96), (96, 64), (72, 104), (61, 83), (8, 8), (16, 200), (200, 17)]


def photo(shape=(64, 96), seed=0):
    """Noise on a slope of light, so that every orientation differs."""
    rng = np.random.default_rng(seed)
    slope = np.add.outer(np.linspace(0, 60, shape[0]), np.linspace(120, 0, shape[1]))
    return np.clip(slope + rng.normal(40, 20, shape), 0, 255).astype(np.uint8)


def channel(cells, name):
    return cells[CHANNELS.index(name)]


def orientations(luma):
    for turned in (luma, luma.T):
        for rows in (turned, turned[::-1]):
            yield from (rows, rows[:, ::-1])


@pytest.mark.parametrize("shape", SHAPES)
def test_a_photo_mirrored_or_turned_gives_the_same_cells(shape):
    expected = map_blocks(photo(shape))
    assert np.isfinite(expected).all() and expected.shape[0] == len(CHANNELS) == 92
    for luma in orientations(photo(shape)):
        np.testing.assert_array_equal(map_blocks(np.ascontiguousarray(luma)), expected)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_map_goes_back_to_how_the_photo_lies(shape):
    for luma in orientations(photo(shape)):
        np.testing.assert_array_equal(from_canonical(canonical(luma), luma), luma)
        np.testing.assert_array_equal(
            to_canonical(from_canonical(canonical(luma), luma), luma), canonical(luma)
        )


def test_a_cell_is_the_mean_of_its_four_blocks():
    luma = canonical(photo())
    blocks = block_statistics(luma)
    kurt = FEATURES.index("low_freq_kurt")
    four = blocks[kurt].reshape(blocks.shape[1] // 2, 2, -1, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(map_blocks(luma)[kurt], four, rtol=1e-4, atol=1e-5)
    energy = FEATURES.index("high_freq_energy")
    four = np.log1p(blocks[energy]).reshape(blocks.shape[1] // 2, 2, -1, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(map_blocks(luma)[energy], four, rtol=1e-4, atol=1e-5)


def test_an_odd_row_of_blocks_makes_a_cell_of_its_own():
    luma = canonical(photo((40, 64)))
    cells = map_blocks(luma)
    blocks = block_statistics(luma)
    high, wide = ((extent // 8 + 1) // 2 for extent in luma.shape)
    assert cells.shape[1:] == (high, wide)
    single = blocks[3, -1] if luma.shape[0] == 40 else blocks[3, :, -1]
    last = cells[3, -1] if luma.shape[0] == 40 else cells[3, :, -1]
    np.testing.assert_allclose(last, single.reshape(-1, 2).mean(axis=1), rtol=1e-4)


def test_light_is_the_mean_of_the_cell():
    luma = canonical(photo())
    expected = cv2.resize(
        luma.astype(np.float32), None, fx=1 / 16, fy=1 / 16, interpolation=cv2.INTER_AREA
    )
    np.testing.assert_allclose(channel(map_blocks(luma), "luma"), expected / 255, atol=1e-5)


@pytest.mark.parametrize(("across", "expected"), [(True, "across"), (False, "down")])
def test_stripes_show_in_their_direction_alone(across, expected):
    wave = 100 + 50 * np.sin(np.arange(64) * 2.2)
    luma = np.tile(wave, (64, 1)) if across else np.tile(wave[:, None], (1, 64))
    luma = luma.astype(np.uint8)
    luma[:, 0] += 40 if across else 0  # the light at the left: it lies as it is
    luma[0] += 0 if across else 40
    cells = map_blocks(luma)
    lying = expected if np.array_equal(canonical(luma), luma) else "across"
    energy = {
        name: sum(channel(cells, f"{band}_{name}").mean() for band in BANDS) for name in DIRECTIONS
    }
    assert max(energy, key=energy.get) == lying
    assert sorted(energy.values())[1] < 0.2 * energy[lying]


def test_the_largest_block_of_a_cell_is_no_smaller_than_their_mean():
    cells = map_blocks(photo())
    for sector in SECTORS:
        assert (channel(cells, f"{sector}_max") >= channel(cells, sector) - 1e-5).all()


def test_detail_that_only_the_full_size_has_is_not_there_at_half_of_it():
    checks = (np.indices((128, 128)).sum(axis=0) % 2 * 200).astype(np.uint8)
    cells = map_blocks(checks)
    assert channel(cells, "high_freq_energy").min() > 8
    assert channel(cells, "half_high_freq_energy").max() < 1e-3


def test_scales_lie_over_the_same_cells():
    luma = np.full((128, 256), 100, np.uint8)
    luma[:, :128] = 140  # the light at the left
    rng = np.random.default_rng(1)
    luma[32:64, 32:64] = rng.integers(60, 220, (4, 4)).repeat(8, 0).repeat(8, 1)
    cells = map_blocks(luma)
    assert np.array_equal(canonical(luma), luma)
    for name in ("low_freq_energy", "half_low_freq_energy", "quarter_low_freq_energy"):
        strong = channel(cells, name) > 5
        strong[:, 7:9] = False  # the step in the middle
        assert set(zip(*(line.tolist() for line in np.nonzero(strong)), strict=True)) <= {
            (row, column) for row in (2, 3) for column in (2, 3)
        }


@pytest.mark.parametrize("shape", [*SHAPES, (31, 33), (640, 427), (9, 640), (8, 15), (479, 640)])
def test_the_energy_at_a_quarter_is_that_channel_of_the_map(shape):
    luma = photo(shape)
    for picture in (luma, luma[::-1], np.full(shape, 128, np.uint8)):
        found = quarter_energy(picture)
        np.testing.assert_array_equal(
            found, channel(map_blocks(picture), "quarter_low_freq_energy")
        )
        assert found.dtype == np.float32


@pytest.mark.parametrize("make", [map_blocks, quarter_energy])
@pytest.mark.parametrize("shape", [(7, 64), (8, 8, 3)])
def test_what_is_no_photo_is_refused(make, shape):
    with pytest.raises(ValueError, match="expected"):
        make(np.zeros(shape, np.uint8))
