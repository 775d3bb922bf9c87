import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st

from blurdct.features.bands import FEATURES
from blurdct.features.blocks import block_evidence, grid, unfold
from blurdct.features.extract import image_features


def test_blocks_come_in_raster_order_with_their_pixels_row_by_row(texture):
    blocks = unfold(texture)
    assert blocks.shape == (64, 16 * 24)
    expected = [
        texture[top : top + 8, left : left + 8].ravel()
        for top in range(0, 128, 8)
        for left in range(0, 192, 8)
    ]
    np.testing.assert_array_equal(blocks.T, expected)


@given(height=st.integers(8, 40), width=st.integers(8, 40))
def test_the_remainder_at_the_right_and_the_bottom_is_cropped(texture, height, width):
    rows, columns = grid(height, width)
    assert (rows, columns) == (height // 8, width // 8)
    whole = unfold(texture[: rows * 8, : columns * 8])
    np.testing.assert_array_equal(unfold(texture[:height, :width]), whole)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_the_dtype_stays(texture, dtype):
    blocks = unfold(texture.astype(dtype))
    assert blocks.dtype == dtype
    np.testing.assert_array_equal(blocks, unfold(texture))


def test_numpy_and_torch_cut_alike(texture):
    torch = pytest.importorskip("torch")
    blocks = unfold(torch.tensor(texture[:50, :70]))
    assert blocks.dtype == torch.uint8
    np.testing.assert_array_equal(blocks.numpy(), unfold(texture[:50, :70]))


@pytest.mark.parametrize("shape", [(), (64,), (16, 16, 3), (1, 16, 16)])
def test_anything_but_two_axes_is_refused(shape):
    with pytest.raises(ValueError, match=r"expected shape \(H, W\), got"):
        unfold(np.zeros(shape))


@pytest.mark.parametrize("shape", [(0, 0), (7, 100), (100, 7), (0, 8)])
def test_a_picture_smaller_than_a_block_is_refused(shape):
    with pytest.raises(ValueError, match=f"at least 8x8 pixels, got {shape[0]}x{shape[1]}"):
        unfold(np.zeros(shape))
    with pytest.raises(ValueError, match="at least 8x8"):
        grid(*shape)


def test_the_picture_comes_back_as_it_was(texture):
    picture = texture[:24, :32].copy()
    blocks = unfold(picture)
    np.testing.assert_array_equal(picture, texture[:24, :32])
    assert not np.shares_memory(blocks, picture)


# What a block counts


@pytest.fixture
def subject(texture):
    """A texture of 64x64 pixels in the middle of grey paper: (256, 320) uint8."""
    paper = np.full((256, 320), 200, np.uint8)
    paper[96:160, 128:192] = texture[:64, :64]
    return paper


def test_blocks_at_edges_count_and_paper_hardly_does(subject):
    weights = block_evidence(subject)
    assert weights.shape == (32, 40) and weights.max() == pytest.approx(1, abs=1e-5)
    inside = weights[12:20, 16:24]
    away = np.ones_like(weights, bool)
    away[11:21, 15:25] = False  # neighbours of the subject see it
    assert np.median(inside) > 0.3 and weights[away].max() < 0.01


def test_ground_around_a_subject_changes_its_features_little(subject, texture):
    alone, framed = image_features(texture[:64, :64]), image_features(subject)
    energy = [FEATURES.index(f"{band}_energy") for band in ("low_freq", "med_freq", "high_freq")]
    assert (np.abs(np.log(framed / alone))[energy] < 0.7).all()  # a plain mean: 3


def test_blur_moves_evidence_little(texture):
    soft = cv2.GaussianBlur(texture, (0, 0), 1.5)
    sharp, blurred = block_evidence(texture).ravel(), block_evidence(soft).ravel()
    assert np.corrcoef(sharp, blurred)[0, 1] > 0.9


@pytest.mark.parametrize("shape", [(8, 8), (8, 90), (90, 8), (17, 33), (64, 64)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_picture_without_edges_has_a_mean_of_all_blocks(shape, level):
    weights = block_evidence(np.full(shape, level, np.uint8))
    assert weights.shape == (shape[0] // 8, shape[1] // 8)
    assert (weights > 0).all() and np.ptp(weights) == 0


def test_mirroring_and_turning_move_evidence_with_the_picture(texture):
    for turned in (np.fliplr, np.flipud, np.rot90):
        np.testing.assert_allclose(
            block_evidence(np.ascontiguousarray(turned(texture))),
            turned(block_evidence(texture)),
            rtol=1e-6,
        )


def test_torch_has_the_same_evidence_one_by_one_and_in_a_batch(texture):
    pictures = [texture, texture[::-1].copy()]
    expected = [block_evidence(picture) for picture in pictures]
    batch = block_evidence(torch.from_numpy(np.stack(pictures)))
    np.testing.assert_allclose(batch.numpy(), expected, rtol=1e-6)
    np.testing.assert_allclose(block_evidence(torch.tensor(texture)), expected[0], rtol=1e-6)


@pytest.mark.parametrize("shape", [(64,), (1, 2, 64, 64), (7, 64), (64, 7)])
def test_what_has_no_blocks_is_refused(shape):
    with pytest.raises(ValueError, match="expected"):
        block_evidence(np.zeros(shape, np.uint8))
