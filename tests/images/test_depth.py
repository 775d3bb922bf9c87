import struct

import cv2
import numpy as np
import pytest
from PIL import Image

from blurdct.images.depth import narrow, used_depth
from blurdct.images.reader import read_luma, read_rgb, read_sized
from tests.helpers.image_files import ORIENTATION, STORED, difference, encode, refusal, tiff

DEEP = [10, 12, 14]


def spread(picture, depth: int):
    """8 bits as so many in 16, white and black at the ends."""
    wide = picture.astype(np.uint32) * ((1 << depth) - 1) // 255
    wide.flat[0], wide.flat[-1] = 0, (1 << depth) - 1
    return wide.astype(np.uint16)


def files(wide):
    """A PNG, a packed and a plain TIFF of the same samples."""
    stored = wide if wide.ndim == 2 else wide[..., [2, 1, 0, 3][: wide.shape[2]]]
    yield cv2.imencode(".png", stored)[1].tobytes()
    for compression in (1, 5):  # none, LZW
        options = [cv2.IMWRITE_TIFF_COMPRESSION, compression]
        yield cv2.imencode(".tif", stored, options)[1].tobytes()


@pytest.mark.parametrize("depth", DEEP)
@pytest.mark.parametrize("colour", [False, True])
def test_fewer_than_sixteen_bits_are_stretched_to_white(rgb, depth, colour):
    picture = rgb.copy() if colour else read_luma(rgb).copy()
    picture.flat[0], picture.flat[-1] = 0, 255
    wide = spread(picture, depth)
    for source in (wide, *files(wide)):
        np.testing.assert_array_equal(read_luma(source), read_luma(picture))
        np.testing.assert_array_equal(read_rgb(source), read_rgb(picture))


@pytest.mark.parametrize("depth", DEEP)
def test_alpha_has_a_depth_of_its_own(rgb, depth):
    for alpha_depth in (depth, 16):
        alpha = np.full(rgb.shape[:2], (1 << alpha_depth) - 1, np.uint16)
        alpha[:, :64] = 0
        wide = np.dstack([spread(rgb, depth), alpha])
        expected = np.where(alpha[..., None] > 0, narrow(wide[..., :3]), 255)
        for source in (wide, next(files(wide))):
            np.testing.assert_array_equal(read_rgb(source), expected)


def turned_png(data: bytes, orientation: int) -> bytes:
    """A PNG file with an orientation in its EXIF."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    other = encode(np.zeros((16, 16), np.uint8), exif=exif)
    at = other.index(b"eXIf") - 4
    length = 12 + int.from_bytes(other[at : at + 4], "big")
    return data[:33] + other[at : at + length] + data[33:]


def turned_tiff(data: bytes, orientation: int) -> bytes:
    """A little-endian TIFF file with an orientation: its folder once more, at the end."""
    at = int.from_bytes(data[4:8], "little")
    count = int.from_bytes(data[at : at + 2], "little")
    tags = [data[at + 2 + 12 * i :][:12] for i in range(count)]
    tags = [tag for tag in tags if int.from_bytes(tag[:2], "little") != ORIENTATION]
    tags.append(struct.pack("<HHIHH", ORIENTATION, 3, 1, orientation, 0))
    tags.sort(key=lambda tag: int.from_bytes(tag[:2], "little"))
    data += b"\0" * (len(data) % 2)
    folder = struct.pack("<H", len(tags)) + b"".join(tags) + bytes(4)
    return data[:4] + struct.pack("<I", len(data)) + data[8:] + folder


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("colour", [False, True])
def test_what_is_stretched_comes_out_upright(rgb, orientation, colour):
    upright = rgb if colour else read_luma(rgb)
    stored = np.ascontiguousarray(STORED[orientation](upright))
    png, *tiffs = files(spread(stored, 12))
    turned = [turned_png(png, orientation), *(turned_tiff(one, orientation) for one in tiffs)]
    for data in turned:
        assert difference(read_rgb(data), read_rgb(upright)) < 1


def test_the_full_range_is_read_as_ever():
    every = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    np.testing.assert_array_equal(narrow(every), np.rint(every / 257))
    colours = np.dstack([every, every.T, every[::-1]])
    for data in files(colours):
        np.testing.assert_array_equal(read_rgb(data), colours >> 8)
    for data in files(every):
        np.testing.assert_array_equal(read_luma(data), np.rint(every / 257))


def test_one_bright_sample_is_enough_for_the_full_range():
    dark = np.full((32, 32), 4000, np.uint16)
    assert (narrow(dark) > 240).all()
    dark[5, 5] = 16384
    assert narrow(dark)[0, 0] == 16


def test_a_format_that_says_where_white_is_is_not_stretched():
    dark = np.full((32, 32), 4000, np.uint16)
    for ending in (".pgm", ".jp2"):
        data = cv2.imencode(ending, dark)[1].tobytes()
        assert (read_luma(data) == 16).all()


@pytest.mark.parametrize(
    ("most", "depth"),
    [(0, 8), (255, 8), (256, 10), (1023, 10), (1024, 12), (4096, 14), (16384, 16), (65535, 16)],
)
def test_the_depth_in_use_is_the_least_that_holds_every_sample(most, depth):
    assert used_depth(np.array([[0, most]], np.uint16)) == depth


def test_nothing_has_the_least_depth():
    assert used_depth(np.zeros((0, 0), np.uint16)) == 8


@pytest.mark.parametrize(("used", "depth"), [(9, 10), (11, 12), (13, 14), (7, 8)])
def test_a_note_says_how_many_bits_are_in_use_where_a_depth_has_more(rgb, used, depth):
    wide = spread(rgb, used)
    expected = (f"stretched from {depth} bits, {used} of them in use",)
    for picture in (wide, wide[..., 0].copy()):
        picture[0, 0] = (1 << used) - 1
        for source in (picture, *files(picture)):
            assert read_sized(source).notes == expected


def test_a_tiff_of_twelve_bits_is_stretched_from_twelve_however_dark_it_is(rgb):
    dark = read_luma(rgb) // 8
    packed = np.zeros((*dark.shape, 12), np.uint8)
    packed[..., 4:] = np.unpackbits(dark[..., None], axis=2)
    data = tiff(dark.shape, np.packbits(packed.reshape(len(dark), -1), axis=1).tobytes(), 12, 1)
    found = read_sized(data)
    assert found.notes == ("stretched from 12 bits, 5 of them in use",)
    assert difference(found.luma, dark // 16) < 1


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("most", [1, 255, 65535])
def test_a_tiff_of_floating_point_says_what_it_is(rgb, dtype, channels, most):
    picture = (rgb[..., :channels] / 255 * most).clip(0, 65504).astype(dtype)
    bits = picture.itemsize * 8
    data = tiff(rgb.shape[:2], picture.tobytes(), bits, 3, channels)
    words = f"TIFF of {bits}-bit floating point is not supported; save it with 8 or 16 bits"
    assert refusal(data, name="a.tif") == f"a.tif: {words}"


def test_floating_point_that_opencv_writes_says_what_it_is(rgb):
    for picture in (rgb, rgb[..., 0]):
        for compression in (1, 5):
            options = [cv2.IMWRITE_TIFF_COMPRESSION, compression]
            data = cv2.imencode(".tif", np.float32(picture) / 255, options)[1].tobytes()
            assert "TIFF of 32-bit floating point is not supported" in refusal(data)


UNREAD = {
    "int8": (2, "8-bit signed samples"),
    "int64": (2, "64-bit signed samples"),
    "uint64": (1, "64-bit samples"),
    "complex64": (6, "64-bit complex numbers"),
}


@pytest.mark.parametrize("dtype", UNREAD)
def test_a_tiff_of_other_numbers_says_which(rgb, dtype):
    kind, words = UNREAD[dtype]
    picture = (rgb[..., 0] // 2).astype(dtype)
    data = tiff(picture.shape, picture.tobytes(), picture.itemsize * 8, kind)
    assert f"TIFF of {words} is not supported; save it with" in refusal(data)


@pytest.mark.parametrize("bits", [9, 10, 14])
def test_packed_bits_that_no_reader_knows_are_told(bits):
    data = tiff((64, 64), bytes(64 * 8 * bits), bits, 1)
    assert f"TIFF of {bits}-bit samples is not supported" in refusal(data)


@pytest.mark.parametrize("dtype", ["int32", "uint32"])
def test_samples_of_32_bits_are_read_only_if_16_hold_them(rgb, dtype):
    grey = read_luma(rgb).copy()
    grey[0, 0] = 255
    kind = 1 if dtype == "uint32" else 2
    np.testing.assert_array_equal(
        read_luma(tiff(grey.shape, (grey.astype(dtype) * 257).tobytes(), 32, kind)), grey
    )
    large = tiff(grey.shape, (grey.astype(dtype) << 22).tobytes(), 32, kind)
    assert "more than 16 bits are not supported" in refusal(large)
    below = tiff(grey.shape, (grey.astype("int32") - 300).tobytes(), 32, 2)
    assert "below 0" in refusal(below)
