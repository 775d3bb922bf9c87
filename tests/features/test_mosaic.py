from pathlib import Path

import cv2
import numpy as np
import pytest

from blurdct.config import ReadConfig
from blurdct.features.screening.mosaic import comb, is_mosaic
from blurdct.images.reader import read_luma
from tests.helpers import toys

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "sample"
SHARP = sorted((SAMPLE / "sharp").glob("*.jpg"))


def squares(path: Path, cell: int) -> np.ndarray:
    """A photo in squares of so many pixels, about 512x384."""
    luma = read_luma(path, ReadConfig(640))
    small = cv2.resize(luma, (512 // cell, 384 // cell), interpolation=cv2.INTER_AREA)
    return np.kron(small, np.ones((cell, cell), np.uint8))


def as_jpeg(luma: np.ndarray, quality: int) -> np.ndarray:
    return cv2.imdecode(cv2.imencode(".jpg", luma, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 0)


AFTER = {
    "as it is": lambda luma: luma,
    "JPEG 80": lambda luma: as_jpeg(luma, 80),
    "cropped": lambda luma: luma[5:, 3:],
    "enlarged": lambda luma: cv2.resize(luma, None, fx=1.5, fy=1.5),
    "half dark": lambda luma: luma // 2,
}


@pytest.mark.parametrize("after", AFTER)
@pytest.mark.parametrize("cell", [5, 8, 11, 16, 24, 32, 43, 53, 64])
def test_squares_of_one_grey_level_are_a_mosaic(cell, after):
    paths = [path for path in SHARP if path.stem in ("pagoda", "dog_in_woods", "citrus_slices")]
    assert all(is_mosaic(AFTER[after](squares(path, cell))) for path in paths)


@pytest.mark.parametrize("shape", [(640, 640), (480, 640), (427, 640), (360, 640), (640, 480)])
@pytest.mark.parametrize("cell", [24, 40, 64, 80])
def test_squares_over_a_blurred_photo_are_one_up_to_an_eighth_of_its_side(cell, shape):
    for path in sorted((SAMPLE / "blurred").glob("*.jpg"))[::4]:
        luma = cv2.resize(read_luma(path, ReadConfig(640)), shape[::-1])
        rows, columns = (-(-side // cell) for side in shape)
        small = cv2.resize(luma, (columns, rows), interpolation=cv2.INTER_AREA)
        whole = np.kron(small, np.ones((cell, cell), np.uint8))[: shape[0], : shape[1]]
        assert is_mosaic(as_jpeg(whole, 80))


def test_blocks_of_coarse_jpeg_over_a_blurred_photo_are_none():
    for path in sorted((SAMPLE / "blurred").glob("*.jpg")):
        coarse = as_jpeg(read_luma(path, ReadConfig(320)), 15)
        assert not is_mosaic(coarse)
        assert not is_mosaic(cv2.resize(coarse, None, fx=2, fy=2))


@pytest.mark.parametrize("path", sorted(SAMPLE.glob("*/*.jpg")), ids=lambda path: path.stem)
def test_a_photo_is_none_sharp_or_blurred_and_after_coarse_jpeg(path):
    luma = read_luma(path, ReadConfig(640))
    assert not is_mosaic(luma)
    assert not is_mosaic(as_jpeg(luma, 20))


@pytest.mark.parametrize("size", [64, 96, 128, 200])
def test_a_thumbnail_is_none(size):
    for path in sorted(SAMPLE.glob("*/*.jpg")):
        assert not is_mosaic(read_luma(path, ReadConfig(size)))


def test_a_scene_of_chance_is_none():
    for seed in range(20):
        for sigma in (0.5, 1, 2):
            scene = cv2.GaussianBlur(toys.scene(seed), (0, 0), sigma)
            assert not is_mosaic(scene)
            assert not is_mosaic(np.tile(scene, (2, 2)))


def test_a_few_lines_of_a_drawing_are_no_mosaic():
    drawing = np.full((342, 512), 245, np.uint8)
    cv2.rectangle(drawing, (100, 60), (400, 280), 120, 1)
    cv2.rectangle(drawing, (330, 250), (390, 270), 60, -1)
    assert not is_mosaic(drawing)


def test_oblongs_are_none_as_a_table_has_them():
    rng = np.random.default_rng(0)
    levels = rng.integers(0, 256, (24, 16)).astype(np.uint8)
    assert is_mosaic(np.kron(levels, np.ones((16, 16), np.uint8)))
    assert not is_mosaic(np.kron(levels, np.ones((16, 24), np.uint8)))


def test_the_comb_tells_the_side_of_the_squares():
    found = comb(squares(SHARP[0], 12))
    assert found.period == pytest.approx(12, rel=0.01)
    assert found.height == pytest.approx(1, abs=0.02)


def test_nothing_is_no_mosaic_at_any_size():
    for shape in ((16, 16), (16, 600), (64, 64), (480, 640)):
        assert not is_mosaic(np.full(shape, 77, np.uint8))
