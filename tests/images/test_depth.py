import struct

import cv2
import numpy as np
import pytest
from PIL import Image

from blurdct.images.depth import narrow, used_depth
from blurdct.images.reader import read_luma, read_rgb
from tests.helpers.image_files import ORIENTATION, STORED, difference, encode

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
