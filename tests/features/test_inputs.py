import io
import tracemalloc

import cv2
import numpy as np
import pytest
from hypothesis import given, strategies as st
from PIL import Image

from blurdct.config import ReadConfig
from blurdct.errors import ImageError
from blurdct.features import inputs
from blurdct.features.extract import image_features
from blurdct.features.focus_measures import laplacian_variance, sobel_variance
from blurdct.features.inputs import INPUTS, photo_inputs, seen_at
from blurdct.images.reader import read_least, read_luma, read_rgb

pytestmark = pytest.mark.filterwarnings("error")

PICTURES = [name for name, view in INPUTS.items() if view.dtype == "uint8"]


def encoded(pixels: np.ndarray, kind: str = "PNG", **options) -> bytes:
    """An image file of these pixels."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind, **options)
    return out.getvalue()


def same(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> None:
    """Fail unless two photographs have the very same views."""
    assert list(first) == list(second)
    for name in first:
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)


class Stream(io.BytesIO):
    """An open file that counts how often it is read."""

    name = "upload.png"
    reads = 0

    def read(self, *size):
        self.reads += 1
        return super().read(*size)


# What every view keeps to


@pytest.mark.parametrize("shape", [(96, 128), (16, 16), (16, 700), (700, 16), (900, 1100)])
def test_a_view_has_the_shape_and_type_that_it_says_whatever_the_photo(shape):
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    found = photo_inputs(pixels, INPUTS)
    assert list(found) == list(INPUTS)
    for name, view in INPUTS.items():
        extents = zip(found[name].shape, view.shape, strict=True)
        assert all(expected in (extent, None) for extent, expected in extents), name
        kept = {"cells": "float32"}.get(name, view.dtype)  # tables round it, as its graph does
        assert found[name].dtype == kept, name
        assert np.isfinite(found[name]).all(), name


def test_only_the_views_asked_for_are_made_in_their_order(rgb):
    assert list(photo_inputs(rgb, ["rgb96", "features"])) == ["rgb96", "features"]
    assert photo_inputs(rgb, []) == {}


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_an_array_has_the_views_of_a_file_of_its_pixels(rgb, mode):
    pixels = np.asarray(Image.fromarray(rgb).convert(mode)).copy()
    if mode == "RGBA":
        pixels[..., 3] = np.linspace(0, 255, 128).astype(np.uint8)
    same(photo_inputs(pixels, INPUTS), photo_inputs(encoded(pixels), INPUTS))


def test_bytes_path_and_open_file_have_the_same_views(rgb, tmp_path):
    data = encoded(rgb, "JPEG")
    (tmp_path / "photo.jpg").write_bytes(data)
    expected = photo_inputs(data, INPUTS)
    same(photo_inputs(tmp_path / "photo.jpg", INPUTS), expected)
    same(photo_inputs(str(tmp_path / "photo.jpg"), INPUTS), expected)
    with open(tmp_path / "photo.jpg", "rb") as file:
        same(photo_inputs(file, INPUTS), expected)


def test_an_open_file_is_read_once_for_all_views(rgb):
    stream = Stream(encoded(rgb))
    same(photo_inputs(stream, INPUTS), photo_inputs(rgb, INPUTS))
    assert stream.reads == 1


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize(("orientation", "turn"), [(1, 0), (6, 3), (3, 2), (8, 1)])
def test_a_photo_has_the_views_of_its_upright_pixels(rgb, kind, orientation, turn):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(rgb, kind, exif=exif)
    upright = np.rot90(read_rgb(encoded(rgb, kind)), turn)
    exact = (
        PICTURES if kind == "JPEG" else INPUTS
    )  # the grey of a JPEG is not made from its colours
    same(photo_inputs(data, exact), photo_inputs(upright, exact))
    found, expected = (photo_inputs(one, ["gradients"])["gradients"] for one in (data, upright))
    np.testing.assert_allclose(found, expected, rtol=0.02)
    assert found[2] == 96 * 128


@pytest.mark.parametrize("view", INPUTS)
@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("words.jpg", b"words", "not an image"),
        ("none.jpg", b"", "empty file"),
        ("half.jpg", None, "truncated or damaged"),
        ("gone.jpg", ..., "no such file"),
    ],
)
def test_a_photo_that_cannot_be_read_is_named_whatever_the_view(
    rgb, tmp_path, view, name, data, words
):
    path = tmp_path / name
    if data is not ...:
        path.write_bytes(encoded(rgb, "JPEG")[:500] if data is None else data)
    with pytest.raises(ImageError) as caught:
        photo_inputs(path, [view])
    assert str(caught.value).startswith(f"{path}: {words}")
    with pytest.raises(ImageError, match=f"^upload 7: {words}"):
        photo_inputs(path, [view], name="upload 7")


@pytest.mark.parametrize("view", INPUTS)
def test_limits_hold_for_every_view(rgb, view):
    for photo in (rgb, encoded(rgb), encoded(rgb, "JPEG")):
        with pytest.raises(ImageError, match="^mine: 128x96 pixels are over the limit of 9,999"):
            photo_inputs(photo, [view], ReadConfig(max_pixels=9_999), "mine")
    for photo in (rgb[:15], encoded(rgb[:15]), encoded(rgb[:15], "JPEG")):
        with pytest.raises(ImageError, match="^mine: too small, 128x15 pixels"):
            photo_inputs(photo, [view], name="mine")


# Numbers


def padded(luma: np.ndarray) -> np.ndarray:
    """Float64, with the mirrored rim that OpenCV's filters see."""
    return np.pad(luma.astype(np.float64), 1, mode="reflect")


def test_the_variance_of_the_laplacian_is_that_of_four_neighbours_less_four_times_the_middle(
    texture,
):
    p = padded(texture)
    laplacian = p[:-2, 1:-1] + p[2:, 1:-1] + p[1:-1, :-2] + p[1:-1, 2:] - 4 * p[1:-1, 1:-1]
    assert laplacian_variance(texture) == pytest.approx(laplacian.var(), rel=1e-9)
    assert laplacian.var() > 100


def test_the_sobel_score_is_the_variance_of_the_gradients_length(texture):
    p = padded(texture)
    smooth_down = p[:-2] + 2 * p[1:-1] + p[2:]
    smooth_across = p[:, :-2] + 2 * p[:, 1:-1] + p[:, 2:]
    across, down = smooth_down[:, 2:] - smooth_down[:, :-2], smooth_across[2:] - smooth_across[:-2]
    assert sobel_variance(texture) == pytest.approx(np.hypot(across, down).var(), rel=1e-5)


def test_a_flat_photo_scores_nothing():
    flat = np.full((40, 50), 77, np.uint8)
    assert laplacian_variance(flat) == sobel_variance(flat) == 0
    assert photo_inputs(flat, ["gradients"])["gradients"].tolist() == [0, 0, 2000]


def test_more_blur_scores_less(texture):
    blurred = [texture, *(cv2.GaussianBlur(texture, (0, 0), sigma) for sigma in (0.7, 1.5, 3))]
    scores = np.array([photo_inputs(one, ["gradients"])["gradients"] for one in blurred])
    assert (np.diff(scores[:, :2], axis=0) < 0).all()


@pytest.mark.parametrize("size", [64, 512])
def test_features_and_laplacian_are_taken_at_the_working_size(rgb, size):
    config = ReadConfig(size=size)
    for photo in (rgb, encoded(rgb, "JPEG", quality=95)):
        luma = read_luma(photo, config)
        found = photo_inputs(photo, ["features", "laplacian"], config)
        np.testing.assert_array_equal(found["features"], image_features(luma).astype(np.float32))
        assert found["laplacian"] == np.float32(laplacian_variance(luma))


@pytest.mark.parametrize(("height", "width"), [(1000, 900), (500, 600), (1200, 500)])
def test_gradients_are_taken_of_a_square_and_the_area_of_the_file(height, width):
    luma = cv2.GaussianBlur(
        np.random.default_rng(0).integers(0, 256, (height, width), dtype=np.uint8), (0, 0), 2
    )
    how = cv2.INTER_AREA if min(height, width) >= 800 else cv2.INTER_LINEAR
    square = cv2.resize(luma, (800, 800), interpolation=how)
    expected = [sobel_variance(square), laplacian_variance(square), height * width]
    small = ReadConfig(size=32)  # plays no part
    found = photo_inputs(encoded(luma), ["gradients"], small)["gradients"]
    np.testing.assert_allclose(found, np.float32(expected))


def test_the_area_is_that_of_the_file_however_it_is_decoded(monkeypatch):
    luma = np.random.default_rng(0).integers(0, 256, (160, 200), dtype=np.uint8)
    monkeypatch.setattr(inputs, "GRADIENT_SIDE", 40)
    data = encoded(luma, "JPEG")
    assert read_least(data, 40, False)[0].shape == (40, 50)
    assert photo_inputs(data, ["gradients"])["gradients"][2] == 160 * 200


# Pictures


def test_a_photo_is_squashed_to_the_square_whole_and_in_its_colours():
    stripes = np.zeros((30, 60, 3), np.uint8)
    stripes[:, :20, 0] = stripes[:, 20:40, 1] = stripes[:, 40:, 2] = 200
    for name in ("rgb96", "rgb224", "rgb256"):
        picture = photo_inputs(stripes, [name])[name]
        side = len(picture)
        for third, colour in enumerate(np.eye(3, dtype=np.uint8) * 200):
            middle = picture[:, round(side * (third / 3 + 1 / 6))]
            np.testing.assert_array_equal(middle, np.broadcast_to(colour, (side, 3)))


def test_a_larger_photo_is_averaged_over_areas(texture):
    colour = np.dstack([texture, texture[::-1], texture[:, ::-1]])  # (128, 192, 3)
    colour = np.repeat(np.repeat(colour, 3, axis=0), 2, axis=1)  # (384, 384, 3)
    expected = colour.reshape(96, 4, 96, 4, 3).mean(axis=(1, 3))
    assert np.abs(photo_inputs(colour, ["rgb96"])["rgb96"] - expected).max() <= 0.5 + 1e-6


@pytest.mark.parametrize("turned", [False, True])
def test_the_crop_is_the_middle_after_the_short_side_became_256(turned):
    ramp = np.tile(np.linspace(0, 255, 1024).astype(np.uint8), (512, 1))
    photo = np.repeat(ramp[:, :, None], 3, axis=2)
    photo = photo.swapaxes(0, 1) if turned else photo
    crop = photo_inputs(photo, ["crop224"])["crop224"]
    long = crop[:, 100, 0] if turned else crop[100, :, 0]
    columns = 2 * np.arange(144, 368) + 0.5  # of 512, 224 in the middle; each out of two of 1024
    np.testing.assert_allclose(long, columns / 1023 * 255, atol=1)


@pytest.mark.parametrize("shape", [(16, 1500), (1500, 16), (16, 16), (17, 40), (255, 257)])
def test_the_crop_of_a_strip_or_a_tiny_photo_shows_its_middle(shape):
    photo = np.full((*shape, 3), 40, np.uint8)
    rows, columns = (slice(extent // 2 - 4, extent // 2 + 4) for extent in shape)
    photo[rows, columns] = 220
    crop = photo_inputs(photo, ["crop224"])["crop224"]
    assert crop.shape == (224, 224, 3)
    assert (crop[110:114, 110:114] == 220).all()


# Decoding


@given(
    height=st.integers(16, 900),
    width=st.integers(16, 900),
    short=st.integers(16, 256),
    colour=st.booleans(),
)
def test_a_jpeg_is_decoded_small_only_where_twice_the_target_is_left_or_exactly_it(
    height, width, short, colour
):
    data = encoded(np.zeros((height, width), np.uint8), "JPEG", quality=20)
    pixels, area = read_least(data, short, colour)
    assert area == height * width
    assert pixels.ndim == 2 + colour
    found = min(pixels.shape[:2])
    assert found == min(height, width) or found == short or found >= 2 * short


@pytest.mark.parametrize(
    ("short", "expected"), [(64, 64), (63, 128), (65, 256), (128, 128), (129, 512), (512, 512)]
)
def test_a_jpeg_is_decoded_as_small_as_that_allows(short, expected):
    data = encoded(np.zeros((512, 1024, 3), np.uint8), "JPEG")
    for colour in (False, True):
        assert read_least(data, short, colour)[0].shape[:2] == (expected, 2 * expected)


@pytest.mark.parametrize("view", [name for name in INPUTS if name != "gradients"])
def test_decoding_small_changes_a_view_little(texture, view):
    large = cv2.resize(texture, (1536, 1024), interpolation=cv2.INTER_CUBIC)
    data = encoded(np.repeat(large[:, :, None], 3, axis=2), "JPEG", quality=95)
    config = ReadConfig(size=128)
    small = photo_inputs(data, [view], config)[view]
    whole = photo_inputs(read_rgb(data), [view], config)[view]
    scale = 1 if view in PICTURES else np.abs(whole) + 1
    assert np.abs((small.astype(float) - whole) / scale).mean() < (2 if view in PICTURES else 0.1)


def test_what_is_seen_depends_on_the_working_size_where_no_side_is_named(rgb):
    small, large = (photo_inputs(rgb, INPUTS, ReadConfig(size=size)) for size in (32, 64))
    assert small.keys() == INPUTS.keys()
    for name, row in small.items():
        assert np.array_equal(row, large[name]) == bool(INPUTS[name].side)


@pytest.mark.parametrize("axis", [0, 1])
def test_of_a_strip_the_middle_is_looked_at(axis):
    strip = np.zeros((20, 20_000, 3), np.uint8)
    strip[:, 9_990:10_010] = 255  # all that is left of it after cutting to a square
    strip = strip.swapaxes(0, axis) if axis else strip
    tracemalloc.start()
    assert (photo_inputs(strip, ["crop224"])["crop224"] > 250).mean() > 0.85
    assert tracemalloc.get_traced_memory()[1] < 50e6
    tracemalloc.stop()


def test_the_sizes_at_which_a_photo_is_seen():
    assert seen_at(["features"], 512) == "512 pixels"
    assert seen_at(["rgb256", "gradients", "laplacian"], 640) == "640 pixels, 256x256, 800x800"
    assert seen_at(["crop224", "rgb224"], 512) == "224x224"
