import numpy as np
import pytest
import scipy.stats

from blurdct.features.bands import BANDS, FEATURES, STATISTICS, band_statistics
from blurdct.features.blocks import unfold
from blurdct.features.dct import block_dct, zigzag


@pytest.fixture
def coefficients() -> np.ndarray:
    """40 blocks' coefficients that fall off with frequency, skewed; shape (64, 40), float64."""
    rng = np.random.default_rng(0)
    sizes = 200 / (1 + np.arange(64))[:, None]
    return sizes * (rng.exponential(size=(64, 40)) - 0.7)


def statistic(values, name):
    """One statistic of each band: rows as in ``BANDS``."""
    return values[[FEATURES.index(f"{band}_{name}") for band in BANDS]]


def test_band_cuts_fall_between_diagonals_and_cover_all_but_dc():
    diagonal = [sum(divmod(index, 8)) for index in zigzag()]
    spans = [{diagonal[rank] for rank in range(64)[ranks]} for ranks in BANDS.values()]
    assert spans == [set(range(1, 5)), set(range(5, 9)), set(range(9, 15))]
    ranks = [rank for band in BANDS.values() for rank in range(64)[band]]
    assert ranks == list(range(1, 64))


def test_there_are_eighteen_features_band_by_band():
    assert len(FEATURES) == 18
    assert FEATURES[:7] == (
        "low_freq_mean",
        "low_freq_std",
        "low_freq_energy",
        "low_freq_kurt",
        "low_freq_skew",
        "low_freq_entropy",
        "med_freq_mean",
    )
    assert FEATURES[-1] == "high_freq_entropy"


def test_moments_and_entropy_agree_with_scipy(coefficients):
    values = band_statistics(coefficients)
    for row, band in enumerate(coefficients[ranks] for ranks in BANDS.values()):
        expected = {
            "mean": np.abs(band).mean(axis=0),
            "std": band.std(axis=0),
            "energy": (band**2).sum(axis=0),
            "kurt": scipy.stats.kurtosis(band),
            "skew": scipy.stats.skew(band),
            "entropy": scipy.stats.entropy(band**2),
        }
        assert tuple(expected) == STATISTICS
        for name, numbers in expected.items():
            np.testing.assert_allclose(
                statistic(values, name)[row], numbers, rtol=1e-7, atol=1e-8, err_msg=name
            )


def test_float32_stays_float32_and_close(coefficients):
    values = band_statistics(coefficients.astype(np.float32))
    assert values.dtype == np.float32
    np.testing.assert_allclose(values, band_statistics(coefficients), rtol=1e-3, atol=1e-3)


def test_entropy_is_largest_where_energy_is_even():
    even = np.where(np.arange(64) % 2, 3.0, -3.0)[:, None]
    lone = np.zeros((64, 1))
    lone[[5, 20, 50]] = 9.0
    counts = [ranks.stop - ranks.start for ranks in BANDS.values()]
    np.testing.assert_allclose(
        statistic(band_statistics(even), "entropy")[:, 0], np.log(counts), rtol=1e-9
    )
    np.testing.assert_allclose(statistic(band_statistics(lone), "entropy"), 0, atol=1e-9)


def test_brightness_counts_for_nothing(coefficients):
    brighter = coefficients.copy()
    brighter[0] += 500
    np.testing.assert_array_equal(band_statistics(brighter), band_statistics(coefficients))


def test_contrast_scales_amounts_and_leaves_shapes(coefficients):
    values, doubled = band_statistics(coefficients), band_statistics(2 * coefficients)
    powers = {"mean": 1, "std": 1, "energy": 2, "kurt": 0, "skew": 0, "entropy": 0}
    assert tuple(powers) == STATISTICS
    for name, power in powers.items():
        np.testing.assert_allclose(
            statistic(doubled, name), 2**power * statistic(values, name), rtol=1e-7, atol=1e-8
        )


def test_a_negative_has_the_opposite_skew_and_nothing_else(coefficients):
    values, negative = band_statistics(coefficients), band_statistics(-coefficients)
    for name in STATISTICS:
        sign = -1 if name == "skew" else 1
        np.testing.assert_allclose(statistic(negative, name), sign * statistic(values, name))


def test_a_block_means_the_same_alone_and_in_a_batch(coefficients):
    alone = [band_statistics(coefficients[:, [n]]) for n in range(coefficients.shape[1])]
    np.testing.assert_allclose(
        np.concatenate(alone, axis=1), band_statistics(coefficients), rtol=1e-9, atol=1e-9
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("level", [0, 1, 77, 128, 255])
def test_a_constant_block_is_zero_and_finite(level, dtype):
    values = band_statistics(block_dct(np.full((64, 3), level, dtype)))
    assert np.isfinite(values).all()
    np.testing.assert_allclose(values, 0, atol=1e-3)
    for name in ("std", "kurt", "skew", "entropy"):
        assert not statistic(values, name).any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_faintest_and_the_strongest_blocks_are_finite(dtype):
    rng = np.random.default_rng(0)
    faint = np.full((64, 64), 128)
    np.fill_diagonal(faint, 129)  # one pixel differs by one level
    strong = rng.choice([0, 255], (64, 64))
    stripes = np.tile([0, 255], 32)[:, None].repeat(2, axis=1)
    for pixels in (faint, strong, stripes):
        values = band_statistics(block_dct(pixels.astype(dtype)))
        assert np.isfinite(values).all()
        assert (statistic(values, "entropy") > -1e-3).all()
        assert (statistic(values, "kurt") > -2.001).all()  # no distribution has less


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numpy_and_torch_agree(coefficients, dtype):
    torch = pytest.importorskip("torch")
    given = coefficients.astype(dtype)
    values = band_statistics(torch.tensor(given))
    assert values.dtype == getattr(torch, dtype)
    np.testing.assert_allclose(values.numpy(), band_statistics(given), rtol=1e-3, atol=1e-3)


def test_no_blocks_give_no_statistics():
    assert band_statistics(np.zeros((64, 0))).shape == (18, 0)


@pytest.mark.parametrize("shape", [(), (64,), (8, 8), (63, 5), (5, 64), (64, 5, 1)])
def test_anything_but_a_stack_of_coefficients_is_refused(shape):
    with pytest.raises(ValueError, match=r"expected shape \(64, N\), got"):
        band_statistics(np.zeros(shape))


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.complex128])
def test_coefficients_that_are_no_floats_are_refused(dtype):
    with pytest.raises(ValueError, match="expected floating point, got"):
        band_statistics(np.ones((64, 3), dtype))


def test_the_coefficients_come_back_as_they_were(coefficients):
    before = coefficients.copy()
    band_statistics(coefficients)
    np.testing.assert_array_equal(coefficients, before)


def test_real_texture_has_less_energy_the_higher_the_band(texture):
    values = band_statistics(block_dct(unfold(texture).astype(np.float64)))
    low, med, high = statistic(values, "mean").mean(axis=1)
    assert low > med > high > 0
