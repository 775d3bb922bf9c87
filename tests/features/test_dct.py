import numpy as np
import pytest
from scipy.fft import dctn

from blurdct.features.dct import block_dct, dct_matrix, zigzag


@pytest.fixture
def blocks() -> np.ndarray:
    """Pixels of 50 blocks, shape (64, 50), float64."""
    return np.random.default_rng(0).uniform(0, 255, (64, 50))


def test_zigzag_visits_every_coefficient_once_along_the_diagonals():
    assert sorted(zigzag()) == list(range(64))
    diagonals = [row + column for row, column in (divmod(index, 8) for index in zigzag())]
    assert diagonals == sorted(diagonals)


def test_zigzag_starts_and_ends_as_in_t81():
    assert zigzag()[:15] == (0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4)
    assert zigzag()[-6:] == (61, 54, 47, 55, 62, 63)


def test_zigzag_moves_to_a_neighbour_each_time():
    cells = np.array([divmod(index, 8) for index in zigzag()])
    assert np.abs(np.diff(cells, axis=0)).max() == 1


def test_the_matrix_is_orthonormal():
    np.testing.assert_allclose(dct_matrix() @ dct_matrix().T, np.eye(64), atol=1e-14)


def test_the_matrix_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        dct_matrix()[0, 0] = 1


def test_coefficients_agree_with_scipy(blocks):
    for block, coefficients in zip(blocks.T, block_dct(blocks).T, strict=True):
        expected = dctn(block.reshape(8, 8), norm="ortho").ravel()[list(zigzag())]
        np.testing.assert_allclose(coefficients, expected, atol=1e-10)


def test_the_first_coefficient_is_eight_times_the_mean(blocks):
    np.testing.assert_allclose(block_dct(blocks)[0], 8 * blocks.mean(axis=0))


def test_energy_is_kept(blocks):
    np.testing.assert_allclose((block_dct(blocks) ** 2).sum(axis=0), (blocks**2).sum(axis=0))


def test_float32_stays_float32_and_close(blocks):
    coefficients = block_dct(blocks.astype(np.float32))
    assert coefficients.dtype == np.float32
    np.testing.assert_allclose(coefficients, block_dct(blocks), atol=2e-3)


def test_a_block_means_the_same_alone_and_in_a_batch(blocks):
    alone = np.concatenate([block_dct(blocks[:, [n]]) for n in range(50)], axis=1)
    np.testing.assert_allclose(alone, block_dct(blocks), atol=1e-10)


def test_no_blocks_give_no_coefficients():
    assert block_dct(np.zeros((64, 0))).shape == (64, 0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numpy_and_torch_agree(blocks, dtype):
    torch = pytest.importorskip("torch")
    pixels = blocks.astype(dtype)
    coefficients = block_dct(torch.tensor(pixels))
    assert coefficients.dtype == getattr(torch, dtype)
    np.testing.assert_allclose(coefficients.numpy(), block_dct(pixels), atol=2e-3)


@pytest.mark.parametrize("shape", [(), (64,), (8, 8), (63, 5), (5, 64), (64, 5, 1), (5, 8, 8)])
def test_anything_but_a_stack_of_blocks_is_refused(shape):
    with pytest.raises(ValueError, match=r"expected shape \(64, N\), got"):
        block_dct(np.zeros(shape))


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.bool_, np.complex128])
def test_pixels_that_are_no_floats_are_refused(dtype):
    with pytest.raises(ValueError, match="expected floating point, got"):
        block_dct(np.zeros((64, 3), dtype))


def test_the_blocks_come_back_as_they_were(blocks):
    before = blocks.copy()
    block_dct(blocks)
    np.testing.assert_array_equal(blocks, before)
