from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image

from blurdct.datasets.perturbations import LONGEST, PERTURBATIONS, encoded, noisy, vary
from blurdct.images.reader import read_luma, read_rgb

pytestmark = pytest.mark.filterwarnings("error")

SHAPES = [(16, 16), (16, 900), (900, 16), (17, 31)]
SAME_SIZE = [
    name
    for name in PERTURBATIONS
    if name.split()[0] in ("JPEG", "WebP", "two", "noise", "mirrored", "grey")
]


def change(name: str, rgb: np.ndarray, seed: int = 0) -> np.ndarray:
    """The changed picture's pixels."""
    return read_rgb(PERTURBATIONS[name](rgb, np.random.default_rng(seed)))


def linear(rgb: np.ndarray) -> np.ndarray:
    """sRGB 0..255 -> linear light 0..1, by the standard's own formula."""
    v = np.asarray(rgb) / 255
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def picture(shape: tuple[int, int], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def varied() -> list[Image.Image]:
    """What ``vary`` makes of a picture of 20 by 50 pixels, by 600 seeds."""
    rgb = picture((20, 50))
    return [Image.open(BytesIO(vary(rgb, np.random.default_rng(i)))) for i in range(600)]


# One at a time


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_a_change_happens_and_leaves_the_photo_alone(name, rgb):
    before = rgb.copy()
    changed = change(name, rgb)
    assert changed.shape != rgb.shape or not np.array_equal(changed, rgb)
    np.testing.assert_array_equal(rgb, before)


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_the_same_chance_makes_the_same_change(name, rgb):
    once, again = (PERTURBATIONS[name](rgb, np.random.default_rng(3)) for _ in range(2))
    assert once == again if isinstance(once, bytes) else np.array_equal(once, again)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", PERTURBATIONS)
def test_tiny_and_narrow_photos_stay_readable(name, shape):
    changed = PERTURBATIONS[name](picture(shape), np.random.default_rng(0))
    assert min(read_luma(changed).shape) >= 16


@pytest.mark.parametrize("name", SAME_SIZE)
def test_files_light_noise_and_grey_keep_the_size(name, rgb):
    assert change(name, rgb).shape == rgb.shape


def test_halved_averages_squares_of_four_pixels(rgb):
    expected = rgb.reshape(48, 2, 64, 2, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(change("halved", rgb), expected, atol=0.51)


def test_doubled_has_twice_the_sides_and_halved_again_looks_as_before(rgb):
    doubled = change("doubled", rgb)
    assert doubled.shape == (192, 256, 3)
    back = change("halved", doubled).astype(float)
    assert np.abs(back - rgb).mean() < 2


@pytest.mark.parametrize(("name", "form"), [("JPEG 40", "JPEG"), ("WebP 75", "WEBP")])
def test_what_is_a_file_has_its_format(name, form, rgb):
    file = PERTURBATIONS[name](rgb, np.random.default_rng(0))
    assert Image.open(BytesIO(file)).format == form


def test_better_jpegs_are_larger_and_closer(rgb):
    names = [name for name in PERTURBATIONS if name.startswith("JPEG")]
    names.sort(key=lambda name: int(name.split()[1]))
    files = [PERTURBATIONS[name](rgb, np.random.default_rng(0)) for name in names]
    sizes = [len(file) for file in files]
    away = [np.abs(read_rgb(file).astype(float) - rgb).mean() for file in files]
    assert sizes == sorted(sizes)
    assert away == sorted(away, reverse=True)


def test_a_jpeg_has_the_quantization_of_its_quality(rgb):
    # T.81, table K.1, first entry 16; libjpeg scales it by 200 - 2 * quality percent
    for quality, first in ((55, 14), (75, 8), (95, 2)):
        file = PERTURBATIONS[f"JPEG {quality}"](rgb, np.random.default_rng(0))
        assert Image.open(BytesIO(file)).quantization[0][0] == first


@pytest.mark.parametrize(("ending", "longest"), LONGEST.items())
def test_a_panorama_longer_than_a_format_holds_is_reduced_to_fit(ending, longest):
    rgb = np.full((16, longest + 700, 3), 90, np.uint8)
    assert read_rgb(encoded(rgb, ending, 75)).shape == (16, longest, 3)


def test_two_stops_are_a_quarter_and_four_times_the_light():
    levels = np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(16, 16, 3)
    half_level = np.diff(linear(np.arange(257))).max() / 2
    darker, brighter = (linear(change(f"two stops {name}", levels)) for name in
                        ("darker", "brighter"))  # fmt: skip
    np.testing.assert_allclose(darker, linear(levels) / 4, atol=half_level)
    np.testing.assert_allclose(brighter, np.minimum(4 * linear(levels), 1), atol=half_level)


@pytest.mark.parametrize("sigma", [2, 5, 10])
def test_noise_has_its_deviation_and_no_bias(sigma):
    flat = np.full((64, 64, 3), 128, np.uint8)
    noise = change(f"noise {sigma}", flat) - 128.0
    assert noise.std() == pytest.approx(np.hypot(sigma, 12**-0.5), rel=0.03)  # rounding adds some
    assert abs(noise.mean()) < 0.05 * sigma
    across = np.corrcoef(noise[:, 1:].ravel(), noise[:, :-1].ravel())[0, 1]
    assert abs(across) < 0.05


def test_noise_stays_within_black_and_white():
    for grey in (0, 255):
        noise = noisy(np.full((32, 32, 3), grey, np.uint8), np.random.default_rng(0), 10)
        assert np.abs(noise.astype(int) - grey).max() < 60


def test_four_turns_and_two_mirrors_are_none(rgb):
    turned = rgb
    for _ in range(4):
        turned = change("turned by 90 degrees", turned)
    np.testing.assert_array_equal(turned, rgb)
    assert change("turned by 90 degrees", rgb).shape == (128, 96, 3)
    np.testing.assert_array_equal(change("mirrored", change("mirrored", rgb)), rgb)
    np.testing.assert_array_equal(change("mirrored", rgb)[:, 0], rgb[:, -1])


def test_the_middle_is_seven_tenths_of_each_side():
    rgb = picture((100, 200))
    np.testing.assert_array_equal(change("cropped to the middle", rgb), rgb[15:85, 30:170])


def test_grey_is_luma_in_all_colours(rgb):
    grey = change("grey", rgb)
    assert np.ptp(grey, axis=2).max() == 0
    weights = np.array([0.299, 0.587, 0.114])  # BT.601
    np.testing.assert_allclose(grey[..., 0], rgb @ weights, atol=0.51)


@pytest.mark.parametrize(("name", "level"), [("white border", 255), ("black border", 0)])
def test_a_border_takes_a_third_of_the_area_around_the_photo(name, level):
    rgb = np.clip(picture((120, 200)), 1, 254)
    framed = change(name, rgb)
    border = np.all(framed == level, axis=2)
    assert border.mean() == pytest.approx(1 / 3, abs=0.01)
    rows, columns = np.nonzero(~border)
    inside = framed[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    np.testing.assert_array_equal(inside, rgb)
    assert abs(rows.min() - (len(framed) - 1 - rows.max())) <= 1


# Mixtures


def test_a_mixture_is_that_of_its_seed(rgb):
    files = [vary(rgb, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert files[0] == files[1] != files[2]


def test_three_quarters_of_the_compressed_mixtures_are_jpeg_and_three_tenths_are_not(varied):
    forms = [one.format for one in varied]
    for form, share in (("JPEG", 0.525), ("WEBP", 0.175), ("PNG", 0.3)):
        # within four standard deviations
        assert forms.count(form) / 600 == pytest.approx(share, abs=4 * 0.5 / 600**0.5)


def test_sizes_of_mixtures_go_from_a_quarter_to_twice_and_a_border(varied):
    long_sides = np.array([max(one.size) for one in varied]) / 50
    assert 0.6 * 0.4 - 0.03 < long_sides.min() < 0.45
    assert 1.6 < long_sides.max() < 2 * 1.5**0.5 + 0.03
    assert np.mean(long_sides == 1) == pytest.approx(0.25 * 0.75 * 0.85, abs=0.06)


def test_jpegs_of_mixtures_have_qualities_from_40_to_95(varied):
    first = [one.quantization[0][0] for one in varied if one.format == "JPEG"]
    assert (min(first), max(first)) == (2, 20)  # 16 of table K.1 at qualities 95 and 40


def test_chance_does_not_look_at_what_the_photo_shows(rgb):
    blurred = cv2.GaussianBlur(rgb, (0, 0), 3)
    for seed in range(20):
        sharp, soft = (
            Image.open(BytesIO(vary(one, np.random.default_rng(seed)))) for one in (rgb, blurred)
        )
        assert (sharp.format, sharp.size) == (soft.format, soft.size)
        assert getattr(sharp, "quantization", 0) == getattr(soft, "quantization", 0)


@pytest.mark.parametrize("shape", SHAPES)
def test_mixtures_of_tiny_and_narrow_photos_are_readable(shape):
    for seed in range(12):
        assert min(read_luma(vary(picture(shape), np.random.default_rng(seed))).shape) >= 16
