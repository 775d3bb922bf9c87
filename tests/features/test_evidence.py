from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, strategies as st

from blurdct.datasets.blur_kernels import disk
from blurdct.features.evidence import LIMITS, REASONS, contrast, missing
from blurdct.images.reader import read_luma
from blurdct.images.transparency import TRANSPARENT

HEIGHT, WIDTH = 342, 512
DOWN, ACROSS = np.mgrid[0:HEIGHT, 0:WIDTH] / np.array([HEIGHT, WIDTH])[:, None, None]
ROUND = (ACROSS - 0.5) ** 2 + (DOWN - 0.5) ** 2


def luma(picture: np.ndarray, noise: float = 0.0, quality: int | None = None) -> np.ndarray:
    """A picture of grey levels as a camera would have it; (H, W) uint8."""
    picture = picture + noise * np.random.default_rng(0).standard_normal(picture.shape)
    pixels = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
    if quality is None:
        return pixels
    return read_luma(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes())


def scene(seed: int = 0) -> np.ndarray:
    """Overlapping boxes of any size and grey level; (342, 512) float64."""
    rng = np.random.default_rng(seed)
    picture = np.full((HEIGHT, WIDTH), 120.0)
    for _ in range(60):
        (left, width), (top, height) = (
            (rng.integers(0, side), rng.integers(8, side // 2)) for side in (WIDTH, HEIGHT)
        )
        picture[top : top + height, left : left + width] = rng.uniform(10, 245)
    return picture


def night() -> np.ndarray:
    """Five small lights, sharp, on black."""
    picture = np.full((HEIGHT, WIDTH), 5.0)
    for x, y in ((60, 50), (200, 210), (333, 101), (420, 301), (480, 77)):
        picture += 200 * (np.hypot(ACROSS * WIDTH - x, DOWN * HEIGHT - y) < 2.5)
    return picture


def page() -> np.ndarray:
    """Two lines of small print."""
    picture = np.full((HEIGHT, WIDTH), 235, np.uint8)
    for line in (60, 72):
        words = "the quick brown fox jumps over the lazy dog"
        cv2.putText(picture, words, (30, line), cv2.FONT_HERSHEY_SIMPLEX, 0.3, 30.0, 1, cv2.LINE_AA)
    return picture.astype(float)


def sand() -> np.ndarray:
    """Grains of one to four pixels on a flat ground, 12 grey levels deep."""
    rng = np.random.default_rng(3)
    grains = [
        cv2.GaussianBlur(rng.standard_normal((HEIGHT, WIDTH)), (0, 0), s) for s in (0.5, 1, 2)
    ]
    return 150 + 12 * sum(grain / grain.std() for grain in grains) / np.sqrt(3)


def product() -> np.ndarray:
    """Something small on white."""
    picture = np.full((HEIGHT, WIDTH), 250.0)
    picture[150:182, 240:272] = scene()[:32, :32] / 2
    return picture


def window() -> np.ndarray:
    """A screen: one frame and one button."""
    picture = np.full((HEIGHT, WIDTH), 245, np.uint8)
    cv2.rectangle(picture, (100, 60), (400, 280), 120, 1)
    cv2.rectangle(picture, (330, 250), (390, 270), 60, -1)
    return picture.astype(float)


def hot_pixels() -> np.ndarray:
    rng = np.random.default_rng(1)
    picture = np.full((HEIGHT, WIDTH), 2.0)
    picture[rng.integers(0, HEIGHT, 40), rng.integers(0, WIDTH, 40)] = 255
    return picture


EMPTY = {
    "wall": np.full((HEIGHT, WIDTH), 140.0),
    "slope": 40 + 180 * ACROSS,
    "vignette": 220 / (1 + ROUND) ** 2,
    "sky": 120 + 40 * DOWN + 30 * DOWN**3 - 30 * ROUND,
    "glow": 30 + 120 * np.exp(-ROUND / 0.3),
    "fog": 180 + 0.02 * (scene() - scene().mean()),
    "white frame": 250 + 20 * ACROSS,
}
TELLING = {
    "out of focus": cv2.filter2D(scene(), -1, disk(48)),
    "night": night(),
    "page": page(),
    "sand": sand(),
    "product": product(),
    "dark portrait": 3 + scene() * 0.5 * np.exp(-ROUND / 0.02),
    "snow": 255 - (255 - scene()) * 0.2,
    "window": window(),
}


@pytest.mark.parametrize("noise", [0.0, 4.0, 10.0])
@pytest.mark.parametrize("quality", [None, 40, 70, 95])
@pytest.mark.parametrize("name", EMPTY)
def test_a_picture_without_edges_says_nothing_noise_or_not(name, quality, noise):
    assert missing(luma(EMPTY[name], noise, quality)) in REASONS.values()


@pytest.mark.parametrize("name", EMPTY)
def test_reducing_a_noisy_picture_adds_no_evidence(name):
    smaller = cv2.resize(luma(EMPTY[name], 10), None, fx=0.7, fy=0.7, interpolation=cv2.INTER_CUBIC)
    assert missing(smaller)


@pytest.mark.parametrize(("noise", "quality"), [(0.0, None), (4.0, None), (4.0, 40), (10.0, None)])
@pytest.mark.parametrize("name", TELLING)
def test_an_edge_or_texture_is_evidence_sharp_or_blurred(name, quality, noise):
    assert missing(luma(TELLING[name], noise, quality)) == ""


@given(st.integers(0, 255), st.integers(16, 200), st.integers(16, 200))
def test_one_grey_level_says_nothing_at_any_size(level, height, width):
    flat = np.full((height, width), level, np.uint8)
    expected = "black" if level < 16 else "white" if level > 240 else "flat"
    assert missing(flat) == REASONS[expected]


def test_the_reason_says_what_is_there_instead():
    assert missing(luma(hot_pixels(), noise=3)) == REASONS["black"]
    assert missing(luma(EMPTY["white frame"], noise=5)) == REASONS["white"]
    assert missing(luma(EMPTY["wall"], noise=8)) == REASONS["noise"]
    assert missing(luma(EMPTY["sky"])) == REASONS["flat"]


@pytest.mark.parametrize("shape", [(16, 16), (16, 300), (50, 40), (64, 64)])
def test_small_photos_are_told_apart_too(shape):
    rows, columns = shape
    slope = luma(np.add.outer(np.arange(rows) * 0.8, 60 + np.arange(columns) * 0.5), noise=4)
    assert missing(slope)
    edge = slope.copy()
    edge[:, : columns // 2] //= 2
    assert missing(edge) == ""


def test_less_contrast_is_less_evidence_until_there_is_none():
    found = [contrast(luma(128 + part * (scene() - 128))) for part in (1, 0.3, 0.1, 0.02)]
    for name in LIMITS:
        values = [getattr(one, name) for one in found]
        assert values == sorted(values, reverse=True)


def test_evidence_in_one_corner_is_enough_and_neither_side_nor_sign_matters():
    picture = luma(product())
    assert {missing(p) for p in (picture, picture[::-1], picture.T, 255 - picture)} == {""}


SAMPLE = Path(__file__).resolve().parents[2] / "data" / "sample"
PHOTOS = sorted(SAMPLE.glob("*/*.jpg"))


def white(sigma: float) -> np.ndarray:
    return 40 + 170 * ACROSS + sigma * np.random.default_rng(2).standard_normal((HEIGHT, WIDTH))


def of_photons() -> np.ndarray:
    return 16.0 * np.random.default_rng(3).poisson((10 + 200 * DOWN) / 16)


def salt_and_pepper(share: float) -> np.ndarray:
    coin = np.random.default_rng(4).random((HEIGHT, WIDTH))
    return np.where(coin < share / 2, 0, np.where(coin > 1 - share / 2, 255, 128.0))


def bits() -> np.ndarray:
    return 255.0 * np.random.default_rng(5).integers(0, 2, (HEIGHT, WIDTH))


@pytest.mark.parametrize("quality", [None, 90, 50])
@pytest.mark.parametrize(
    "picture",
    [*map(white, (25, 40, 60, 100)), of_photons(), salt_and_pepper(0.05), bits()],
    ids=["25", "40", "60", "100", "photons", "salt and pepper", "bits"],
)
def test_noise_of_any_strength_says_nothing(picture, quality):
    assert missing(luma(picture, 0, quality)) == REASONS["noise"]


@pytest.mark.parametrize("path", PHOTOS, ids=lambda path: path.stem)
def test_photographs_say_something_in_strong_noise_too(path):
    photo = read_luma(path).astype(float)
    for noise in (0, 10, 25):
        assert missing(luma(photo, noise)) == ""


def test_grains_of_several_pixels_are_texture_as_sand_is():
    assert missing(luma(sand())) == ""


def test_a_mosaic_says_nothing():
    squares = cv2.resize(read_luma(PHOTOS[0])[:336, :512], (64, 42), interpolation=cv2.INTER_AREA)
    assert missing(np.kron(squares, np.ones((8, 8), np.uint8))) == REASONS["mosaic"]


def test_the_photo_comes_back_as_it_was():
    picture = luma(scene())[:40]
    before = picture.copy()
    missing(picture)
    assert np.array_equal(picture, before)


def test_anything_but_two_axes_is_refused():
    with pytest.raises(ValueError, match=r"expected shape \(H, W\), got \(64, 64, 3\)"):
        missing(np.zeros((64, 64, 3), np.uint8))


def test_what_is_white_because_it_is_transparent_is_called_that():
    white = np.full((100, 100), 255, np.uint8)
    assert missing(white) == REASONS["white"]
    assert missing(white, ("first of 3 frames", TRANSPARENT)) == REASONS["transparent"]
    assert missing(luma(scene()), (TRANSPARENT,)) == ""
