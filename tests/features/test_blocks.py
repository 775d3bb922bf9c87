import numpy as np
import pytest
from hypothesis import given, strategies as st

from blurdct.features.blocks import grid, unfold


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
