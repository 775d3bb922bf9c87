import subprocess
import sys

import cv2
import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays

from blurdct.features.bands import FEATURES, STATISTICS, band_statistics
from blurdct.features.blocks import block_evidence, unfold
from blurdct.features.dct import block_dct
from blurdct.features.extract import block_statistics, image_features

pictures = arrays(np.uint8, st.tuples(st.integers(8, 40), st.integers(8, 40)))


def rows(*names: str) -> list[int]:
    """Where the features stand that end in one of the statistics' names."""
    return [n for n, feature in enumerate(FEATURES) if feature.rsplit("_", 1)[1] in names]


def test_features_are_each_statistics_mean_over_blocks_by_their_evidence(texture):
    statistics = band_statistics(block_dct(unfold(texture).astype(np.float64)))
    weights = block_evidence(texture).ravel()
    features = image_features(texture)
    assert features.shape == (18,)
    assert features.dtype == np.float64
    expected = np.average(statistics, axis=1, weights=weights)
    np.testing.assert_allclose(features, expected, rtol=1e-4, atol=1e-4)
    assert weights.std() > 0.1  # or any mean would do


@pytest.mark.parametrize("strip_blocks", [1, 7, 24, 50, 2048, 10**9])
def test_features_and_map_are_the_same_whatever_the_strips(texture, strip_blocks):
    picture = texture[:125, :190]  # with a remainder on both sides
    statistics = block_statistics(picture, strip_blocks)
    assert statistics.shape == (18, 15, 23)
    assert statistics.dtype == np.float32
    np.testing.assert_allclose(statistics, block_statistics(picture), rtol=1e-3, atol=1e-3)
    weights = block_evidence(picture).ravel().astype(np.float64)
    expected = np.average(statistics.reshape(18, -1), axis=1, weights=weights)
    np.testing.assert_allclose(image_features(picture, strip_blocks), expected, rtol=1e-9)
    np.testing.assert_allclose(image_features(picture), expected, rtol=1e-4, atol=1e-5)


def test_a_map_shows_each_block_where_it_lies(texture):
    statistics = block_statistics(texture)
    for row, column in ((0, 0), (0, 23), (15, 0), (7, 11)):
        block = texture[row * 8 : row * 8 + 8, column * 8 : column * 8 + 8]
        np.testing.assert_allclose(
            statistics[:, row, column], image_features(block), rtol=1e-3, atol=1e-3
        )


def test_the_remainder_counts_for_nothing(texture):
    painted = texture.copy()
    painted[120:] = 0
    painted[:, 184:] = 255
    np.testing.assert_array_equal(
        image_features(painted[:127, :191]), image_features(texture[:120, :184])
    )


def test_more_blur_leaves_less_high_band_energy(texture):
    blurred = [cv2.GaussianBlur(texture, (0, 0), sigma) for sigma in (0.5, 1, 2, 4)]
    features = np.array([image_features(luma) for luma in (texture, *blurred)])
    for name in ("high_freq_mean", "high_freq_std", "high_freq_energy", "med_freq_energy"):
        assert (np.diff(features[:, FEATURES.index(name)]) < 0).all()


def test_blur_takes_more_from_higher_bands(texture):
    sharp, blurred = image_features(texture), image_features(cv2.GaussianBlur(texture, (0, 0), 1))
    low, med, high = (blurred / sharp)[rows("energy")]
    assert 1 > low > med > high


@given(luma=pictures)
def test_any_picture_has_eighteen_finite_features(luma):
    features = image_features(luma)
    assert features.shape == (18,)
    assert np.isfinite(features).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("level", [0, 1, 128, 254, 255])
def test_a_flat_picture_has_features_of_zero(level, dtype):
    features = image_features(np.full((24, 32), level, dtype))
    np.testing.assert_allclose(features, 0, atol=1e-3)


def test_black_and_white_has_finite_features():
    half = np.zeros((32, 36), np.uint8)
    half[:, 20:] = 255  # an edge in the middle of a block
    checks = np.indices((32, 32)).sum(axis=0) % 2 * 255
    for luma in (half, checks.astype(np.uint8)):
        features = image_features(luma)
        assert np.isfinite(features).all()
        assert features[FEATURES.index("low_freq_energy")] > 0
    assert features[FEATURES.index("high_freq_energy")] > 0


@given(luma=pictures)
def test_transposing_changes_nothing(luma):
    # A band is whole diagonals, and transposing swaps coefficients along them.
    height, width = (side // 8 * 8 for side in luma.shape)
    luma = luma[:height, :width]
    np.testing.assert_allclose(
        image_features(luma.T.copy()), image_features(luma), rtol=1e-3, atol=1e-3
    )


@pytest.mark.parametrize("turned", [np.rot90, np.fliplr, np.flipud, lambda luma: np.rot90(luma, 2)])
def test_turning_and_mirroring_only_flip_the_signs_of_coefficients(texture, turned):
    before, after = image_features(texture), image_features(np.ascontiguousarray(turned(texture)))
    blind = rows("mean", "energy", "entropy")  # statistics that see no sign
    np.testing.assert_allclose(after[blind], before[blind], rtol=1e-3)
    nearly = rows("std")  # sees the coefficients' mean, small beside their spread
    np.testing.assert_allclose(after[nearly], before[nearly], rtol=0.03)


def test_brightness_counts_for_nothing_and_contrast_scales(texture):
    dim = texture // 2
    np.testing.assert_allclose(
        image_features(dim + np.uint8(100)), image_features(dim), rtol=1e-3, atol=1e-3
    )
    before, after = image_features(dim), image_features(dim * np.uint8(2))
    factors = {"mean": 2, "std": 2, "energy": 4, "kurt": 1, "skew": 1, "entropy": 1}
    assert tuple(factors) == STATISTICS
    np.testing.assert_allclose(after, before * ([*factors.values()] * 3), rtol=2e-3, atol=1e-3)


def test_the_dtype_of_the_luma_does_not_matter(texture):
    expected = image_features(texture.astype(np.float64))
    for dtype in (np.uint16, np.int32, np.float32):
        np.testing.assert_array_equal(image_features(texture.astype(dtype)), expected)
    np.testing.assert_allclose(image_features(texture), expected, rtol=1e-4, atol=1e-5)


def test_numpy_and_torch_agree(texture):
    torch = pytest.importorskip("torch")
    luma = torch.tensor(texture)
    features, statistics = image_features(luma, 100), block_statistics(luma, 100)
    assert features.dtype == torch.float64
    assert statistics.dtype == torch.float32
    np.testing.assert_allclose(features.numpy(), image_features(texture), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(statistics.numpy(), block_statistics(texture), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("describe", [image_features, block_statistics])
def test_anything_but_a_grey_picture_of_a_block_or_more_is_refused(describe):
    for shape in ((), (64,), (16, 16, 3)):
        with pytest.raises(ValueError, match=r"expected shape \(H, W\), got"):
            describe(np.zeros(shape, np.uint8))
    for shape in ((7, 100), (100, 7), (0, 0)):
        with pytest.raises(ValueError, match="expected at least 8x8 pixels, got"):
            describe(np.zeros(shape, np.uint8))


def test_the_picture_comes_back_as_it_was(texture):
    for picture in (texture.copy(), texture.astype(np.float32)):
        before = picture.copy()
        image_features(picture)
        block_statistics(picture)
        np.testing.assert_array_equal(picture, before)


def test_importing_the_package_takes_no_memory_but_for_its_code():
    code = """
import tracemalloc, numpy, cv2, onnxruntime
tracemalloc.start()
import blurdct.features.extract, blurdct.features.block_map, blurdct.images.reader
from blurdct import Detector
print(tracemalloc.get_traced_memory()[1])
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(run.stdout) < 12_000_000
