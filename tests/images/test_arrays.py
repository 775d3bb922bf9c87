import sys

import numpy as np
import pytest
from PIL import Image

from blurdct import Detector
from blurdct.config import ReadConfig
from blurdct.images.reader import read_luma, read_rgb, read_sized
from tests.helpers.image_files import ORIENTATION, STORED, encode, refusal


def image(rgb, mode) -> Image.Image:
    """The picture as Pillow has it in a mode."""
    if mode in ("I;16", "I"):
        wide = Image.fromarray(np.asarray(Image.fromarray(rgb).convert("L")).astype(np.uint16) * 16)
        return wide if mode == "I;16" else wide.convert("I")
    if mode == "PA":
        return Image.fromarray(rgb).quantize(16).convert("PA")
    made = Image.fromarray(rgb).convert(mode)
    if mode in ("LA", "RGBA"):
        made.putalpha(Image.linear_gradient("L").resize(made.size))
    return made


# Formats that keep a mode as it is, without loss.
KEPT = {"1": "PNG", "L": "PNG", "P": "PNG", "LA": "PNG", "RGB": "PNG", "RGBA": "PNG"}
KEPT |= {"I;16": "PNG", "I": "TIFF", "CMYK": "TIFF"}


@pytest.mark.parametrize("mode", KEPT)
def test_an_image_of_pillow_is_read_as_a_file_of_its_mode(rgb, mode):
    made = image(rgb, mode)
    data = encode(made, KEPT[mode])
    assert read_sized(made)[1:] == read_sized(data)[1:]
    np.testing.assert_array_equal(read_luma(made), read_luma(data))
    np.testing.assert_array_equal(read_rgb(made), read_rgb(data))


@pytest.mark.parametrize("mode", ["YCbCr", "HSV", "PA", "RGBX", "RGBa", "La"])
def test_other_modes_of_pillow_are_read_as_the_colours_they_stand_for(rgb, mode):
    made = image(rgb, "RGBA" if mode == "RGBa" else "LA" if mode == "La" else "RGB")
    made = image(rgb, "PA") if mode == "PA" else made.convert(mode)
    plain = made.convert("RGBA" if mode in ("RGBa", "PA") else "LA" if mode == "La" else "RGB")
    np.testing.assert_array_equal(read_rgb(made), read_rgb(plain))


def test_an_image_of_floats_is_refused_as_a_file_of_floats():
    made = Image.new("F", (64, 48))
    for source in (made, encode(made, "TIFF")):
        words = refusal(source, name="photo")
        assert "floating" in words and "not supported; save it with 8 or 16 bits" in words


def test_a_transparent_colour_of_an_image_of_pillow_shows_white():
    made = Image.fromarray(np.repeat(np.uint8([[0, 1]]), 24, axis=1).repeat(32, axis=0))
    made.putpalette([0, 0, 0, 100, 100, 100])
    made.info["transparency"] = 0
    luma = read_luma(made)
    assert (luma[:, :24] == 255).all()
    assert (luma[:, 24:] == 100).all()


@pytest.mark.parametrize("orientation", STORED)
def test_an_image_of_pillow_comes_out_upright_and_stays_as_it_was(rgb, orientation):
    stored = np.ascontiguousarray(STORED[orientation](rgb))
    made = Image.fromarray(stored)
    made.getexif()[ORIENTATION] = orientation
    np.testing.assert_array_equal(read_rgb(made), rgb)
    assert read_sized(made, ReadConfig(size=64)).size == (128, 96)
    np.testing.assert_array_equal(np.asarray(made), stored)
    assert made.getexif()[ORIENTATION] == orientation


def test_an_image_that_pillow_has_opened_but_not_read_is_read(rgb, tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(encode(rgb))
    with Image.open(path) as opened:
        np.testing.assert_array_equal(read_luma(opened), read_luma(rgb))
    path.write_bytes(encode(rgb)[:3000])
    with Image.open(path) as opened:
        assert "damaged" in refusal(opened, name="photo")


def test_an_image_of_pillow_is_held_to_the_limits(rgb):
    made = Image.fromarray(rgb)
    assert "over the limit" in refusal(made, config=ReadConfig(max_pixels=12_000))
    assert "too small" in refusal(made.crop((0, 0, 15, 90)))


def test_a_detector_judges_images_of_pillow_and_tensors_as_files(rgb):
    detector = Detector.load()
    made = Image.fromarray(rgb)
    expected = detector.predict(encode(rgb))
    assert detector.predict(made).probability == expected.probability
    assert detector.predict(made).path == ""
    assert detector.predict(made, "cat").path == "cat"


class Tensor:
    """What is asked of a tensor of PyTorch's."""

    name = None

    def __init__(self, array):
        self.array, self.shape, self.ndim = array, array.shape, array.ndim

    def detach(self):
        return self

    def cpu(self):
        return self

    def is_floating_point(self):
        return self.array.dtype.kind == "f"

    def float(self):
        return Tensor(self.array.astype(np.float32))

    def numpy(self):
        return self.array

    def __array__(self, dtype=None, copy=None):
        return self.array


def tensors(array):
    """It as a stand-in, which has no need of PyTorch; and as a true one if that is loaded."""
    yield Tensor(array)
    if "torch" in sys.modules:
        yield sys.modules["torch"].from_numpy(np.array(array))


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("floats", [np.float16, np.float32, np.float64, None])
def test_tensors_are_read_with_colours_first_or_last_as_levels_or_floats(rgb, first, floats):
    array = np.moveaxis(rgb, 2, 0) if first else rgb
    for tensor in tensors(array if floats is None else (array / 255).astype(floats)):
        np.testing.assert_array_equal(read_rgb(tensor), rgb)
        np.testing.assert_array_equal(read_luma(tensor), read_luma(rgb))
        assert read_sized(tensor).size == (128, 96)


def test_a_grey_tensor_may_have_an_axis_for_its_one_colour(texture):
    for array in (texture, texture[None]):
        for tensor in tensors(array):
            np.testing.assert_array_equal(read_luma(tensor), texture)


@pytest.mark.parametrize("value", [1.01, -0.01, 255.0, np.nan, np.inf])
def test_floats_that_are_no_grey_levels_are_a_wrong_call(value):
    array = np.zeros((3, 32, 32), np.float32)
    array[1, 5, 5] = value
    for tensor in tensors(array):
        with pytest.raises(ValueError, match=r"expected a tensor of floats of 0\.\.1"):
            read_luma(tensor)


def test_a_batch_of_tensors_is_a_wrong_call():
    for tensor in tensors(np.zeros((5, 3, 32, 32), np.uint8)):
        with pytest.raises(ValueError, match="expected"):
            read_luma(tensor)


@pytest.mark.parametrize(("depth", "note"), [(10, 10), (12, 12), (14, 14), (16, None)])
def test_a_note_says_from_how_many_bits_a_picture_was_stretched(rgb, depth, note):
    import cv2

    wide = (rgb.astype(np.uint32) * ((1 << depth) - 1) // 255).astype(np.uint16)
    wide[0, 0] = (1 << depth) - 1
    expected = (f"stretched from {note} bits",) if note else ()
    grey = wide[..., 0].copy()
    for picture in (wide, grey):
        files = (cv2.imencode(end, picture)[1].tobytes() for end in (".png", ".tif"))
        for source in (picture, *files):
            assert read_sized(source).notes == expected
