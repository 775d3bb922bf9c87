import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, strategies as st

from blurdct.datasets.masks import cell_labels, held_out, read_mask, read_pairs
from blurdct.errors import ConfigError, ImageError
from blurdct.features.block_map import CHANNELS, map_blocks
from blurdct.features.orientation import canonical, to_canonical

DATA = Path(__file__).parents[2] / "data"
GREY = np.full((40, 60), 90, np.uint8)


def save_pairs(folder: Path, *stems: str) -> Path:
    for place, ending in (("image", ".jpg"), ("mask", ".png")):
        (folder / place).mkdir(parents=True)
        for stem in stems:
            cv2.imwrite(str(folder / place / f"{stem}{ending}"), GREY)
    return folder


# Pairs


def test_each_photo_comes_with_the_mask_of_its_name(tmp_path):
    save_pairs(tmp_path, "b", "a", "c.d")
    (tmp_path / "image" / "b.jpg").rename(tmp_path / "image" / "b.JPG")
    pairs = read_pairs(tmp_path)
    assert [stem for stem, _, _ in pairs] == ["a", "b", "c.d"]
    assert pairs[1][1:] == (tmp_path / "image" / "b.JPG", tmp_path / "mask" / "b.png")


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (lambda folder: (folder / "mask" / "a.png").unlink(), "a.jpg: there is no mask"),
        (lambda folder: (folder / "image" / "a.jpg").unlink(), "a.png: there is no photo"),
        (lambda folder: cv2.imwrite(str(folder / "mask" / "a.bmp"), GREY), "same name"),
        (lambda folder: (folder / "mask").rename(folder / "masks"), "mask: no such folder"),
    ],
)
def test_a_folder_without_pairs_is_one_line_that_says_what_is_wrong(tmp_path, break_it, words):
    save_pairs(tmp_path, "a", "b")
    break_it(tmp_path)
    with pytest.raises(ConfigError, match=words) as caught:
        read_pairs(tmp_path)
    assert "\n" not in str(caught.value)


def test_an_empty_folder_has_no_pairs(tmp_path):
    with pytest.raises(ConfigError, match="no photographs found"):
        read_pairs(save_pairs(tmp_path))


def test_white_is_blurred_in_masks_of_one_channel_and_of_three(tmp_path):
    grey = np.repeat(np.uint8([[0, 100, 200, 255]]), 16, axis=0).repeat(4, axis=1)
    for name, pixels in {"grey": grey, "colour": np.dstack([grey] * 3)}.items():
        cv2.imwrite(str(tmp_path / f"{name}.png"), pixels)
        np.testing.assert_array_equal(read_mask(tmp_path / f"{name}.png"), grey >= 200)
    with pytest.raises(ImageError, match="no such file"):
        read_mask(tmp_path / "missing.png")


# Names held out


def test_names_are_held_out_by_their_hash_whatever_their_order():
    stems = [f"photo{number}" for number in range(50)]
    chosen = held_out(stems, 7)
    assert chosen == held_out(stems[::-1] + stems[:9], 7) == sorted(chosen)
    digests = {stem: hashlib.sha256(stem.encode()).hexdigest() for stem in stems}
    rest = set(stems) - set(chosen)
    assert max(digests[stem] for stem in chosen) < min(digests[stem] for stem in rest)
    assert held_out(stems, 51) == sorted(stems)


def test_the_committed_list_is_of_a_hundred_names_and_says_how_they_were_chosen():
    first, *stems = (DATA / "partial_test.txt").read_text().splitlines()
    assert first.startswith("# ")
    assert "SHA-256" in first
    assert len(stems) == 100
    assert stems == held_out(stems)
    # 100 of 409 have the smallest hashes, so the largest of them is about a quarter of the range
    last = max(int(hashlib.sha256(stem.encode()).hexdigest()[:8], 16) for stem in stems)
    assert 0.18 < last / 2**32 < 0.31


# Labels of cells


def mean_of_cells(mask: np.ndarray) -> list[list[float]]:
    """The definition, in loops."""
    rows, columns = (8 * (side // 8) for side in mask.shape)
    top, left = (side % 8 // 2 for side in mask.shape)
    inside = mask[top : top + rows, left : left + columns]
    return [
        [inside[top : top + 16, left : left + 16].mean() for left in range(0, columns, 16)]
        for top in range(0, rows, 16)
    ]


@given(height=st.integers(8, 70), width=st.integers(8, 70), seed=st.integers(0, 99))
def test_a_cell_is_the_share_of_blurred_pixels_among_its_blocks(height, width, seed):
    mask = np.random.default_rng(seed).random((height, width)) < 0.5
    labels = cell_labels(mask, mask.shape)
    assert labels.dtype == np.float32
    np.testing.assert_allclose(labels, mean_of_cells(mask), atol=1e-6)


def test_a_larger_mask_is_reduced_as_the_photo_is():
    small = np.random.default_rng(0).random((64, 96)) < 0.3
    large = small.repeat(3, axis=0).repeat(3, axis=1)
    expected = cell_labels(small, small.shape)
    np.testing.assert_allclose(cell_labels(large, (64, 96)), expected, atol=1e-5)


@pytest.mark.parametrize("turns", range(8))
@pytest.mark.parametrize("shape", [(64, 96), (71, 93), (90, 45), (40, 46)])
def test_cells_lie_where_a_model_sees_them_however_the_photo_is_turned(shape, turns):
    # flat and light in one corner, noise elsewhere: a cell without detail is all of the corner
    noise = np.random.default_rng(0).integers(-3, 4, shape)
    mask = np.zeros(shape, bool)
    mask[: shape[0] * 3 // 5, : shape[1] // 2] = True
    luma = np.where(mask, 250, 20 + noise).astype(np.uint8)
    mask, luma = (np.rot90(one, turns % 4) for one in (mask, luma))
    mask, luma = (one[::-1] if turns > 3 else one for one in (mask, luma))
    detail = map_blocks(luma)[CHANNELS.index("high_freq_energy")]
    labels = cell_labels(to_canonical(mask, luma), canonical(luma).shape)
    assert labels.shape == detail.shape
    np.testing.assert_array_equal(labels == 1, detail < 1e-3)
    assert 0 < np.mean(labels == 1) < 1


@pytest.mark.parametrize(
    ("mask", "shape"),
    [
        (np.zeros((40, 60)), (40, 60)),
        (np.zeros((40, 60, 3), bool), (40, 60)),
        (np.zeros((40, 60), bool), (60, 40)),
        (np.zeros((40, 60), bool), (4, 6)),
    ],
)
def test_what_is_no_mask_of_the_photo_is_refused(mask, shape):
    with pytest.raises(ValueError, match="expected|is not of a photo"):
        cell_labels(mask, shape)
