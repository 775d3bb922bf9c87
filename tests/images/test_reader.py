import os
import struct
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, strategies as st
from PIL import Image

from blurdct.config import ReadConfig
from blurdct.errors import ImageError
from blurdct.images.files import find_photos
from blurdct.images.guard import HERE
from blurdct.images.reader import read_luma, read_rgb, read_sized
from blurdct.images.transparency import TRANSPARENT
from tests.helpers.image_files import ORIENTATION, STORED, difference, encode, refusal

pytestmark = pytest.mark.filterwarnings("error")


# Ways to write a photo: Pillow's format and its options.
WRITTEN = {
    "baseline.jpg": ("JPEG", {"quality": 95}),
    "progressive.jpg": ("JPEG", {"quality": 95, "progressive": True}),
    "photo.png": ("PNG", {}),
    "photo.webp": ("WEBP", {"quality": 95}),
    "photo.gif": ("GIF", {}),
    "plain.tif": ("TIFF", {}),
    "lzw.tif": ("TIFF", {"compression": "tiff_lzw"}),
    "photo.bmp": ("BMP", {}),
    "photo.jp2": ("JPEG2000", {}),
    "photo.ppm": ("PPM", {}),
}


def png_claiming(width: int, height: int) -> bytes:
    """A tiny PNG file whose header promises that many RGB pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def jpeg_claiming(width: int, height: int) -> bytes:
    """A tiny JPEG file whose frame header promises that many pixels."""
    data = bytearray(encode(np.zeros((16, 16), np.uint8), "JPEG"))
    size_at = data.index(b"\xff\xc0") + 5
    data[size_at : size_at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


# What comes out


@pytest.mark.parametrize("name", WRITTEN)
def test_every_common_format_gives_nearly_the_same_luma(rgb, name):
    kind, options = WRITTEN[name]
    luma = read_luma(encode(rgb, kind, **options))
    assert luma.dtype == np.uint8
    assert difference(luma, read_luma(rgb)) < 3


def test_bytes_path_array_and_open_file_give_the_same_luma(rgb, tmp_path):
    data = encode(rgb)
    path = tmp_path / "photo.png"
    path.write_bytes(data)
    with open(path, "rb") as file:
        from_file = read_luma(file)
    sources = (data, bytearray(data), memoryview(data), BytesIO(data), path, str(path))
    for luma in (from_file, *map(read_luma, sources)):
        np.testing.assert_array_equal(luma, read_luma(rgb))


def test_an_ending_does_not_decide_what_a_file_is(rgb, tmp_path):
    path = tmp_path / "really_a_png.jpg"
    path.write_bytes(encode(rgb))
    np.testing.assert_array_equal(read_luma(path), read_luma(rgb))


@pytest.mark.parametrize(
    ("colour", "grey"),
    [((255, 0, 0), 76), ((0, 255, 0), 150), ((0, 0, 255), 29), ((255, 255, 255), 255)],
)
def test_luma_weighs_colours_as_bt601(colour, grey):
    picture = np.full((32, 32, 3), colour, np.uint8)
    assert (read_luma(picture) == grey).all()
    assert (read_luma(encode(picture)) == grey).all()
    np.testing.assert_allclose(read_luma(encode(picture, "JPEG", quality=95)), grey, atol=1)


@pytest.mark.parametrize("name", ["photo.png", "plain.tif", "baseline.jpg", "progressive.jpg"])
@pytest.mark.parametrize("orientation", STORED)
def test_a_photo_comes_out_upright_whatever_its_exif_orientation(rgb, orientation, name):
    kind, options = WRITTEN[name]
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    stored = np.ascontiguousarray(STORED[orientation](rgb))
    data = encode(stored, kind, exif=exif, **options)
    assert difference(read_luma(data), read_luma(rgb)) < 1
    assert difference(read_rgb(data), rgb) < 10  # colours lose more in JPEG than luma does


def test_sixteen_bits_are_read_like_eight(rgb):
    grey = read_luma(rgb)
    deep_grey, deep_bgr = grey.astype(np.uint16) * 257, rgb[..., ::-1].astype(np.uint16) * 257
    for ending in (".png", ".tif"):
        for deep in (deep_grey, deep_bgr):
            data = cv2.imencode(ending, deep)[1].tobytes()
            np.testing.assert_array_equal(read_luma(data), grey)
    np.testing.assert_array_equal(read_luma(deep_grey), grey)
    np.testing.assert_array_equal(read_luma(rgb.astype(np.uint16) * 257), grey)


def test_sixteen_bits_are_rounded_to_the_nearest_level():
    every = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    np.testing.assert_array_equal(read_luma(every), np.rint(every / 257))


def test_one_bit_is_black_and_white(rgb):
    image = Image.fromarray(rgb).convert("1")
    expected = np.asarray(image) * np.uint8(255)
    for data in (encode(image), encode(image, "TIFF", compression="group4"), encode(image, "BMP")):
        np.testing.assert_array_equal(read_luma(data), expected)
    np.testing.assert_array_equal(read_luma(expected > 0), expected)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_is_read_as_its_colours(rgb, kind):
    data = encode(Image.fromarray(rgb).convert("CMYK"), kind, quality=95)
    assert difference(read_luma(data), read_luma(rgb)) < 2


def test_transparency_shows_white(rgb):
    alpha = np.zeros(rgb.shape[:2], np.uint8)
    alpha[:, 64:] = 255
    expected = np.where(alpha == 255, read_luma(rgb), 255)
    rgba = np.dstack([rgb, alpha])
    grey_alpha = Image.merge("LA", [Image.fromarray(read_luma(rgb)), Image.fromarray(alpha)])
    webp = encode(rgba, "WEBP", lossless=True)
    for source in (rgba, encode(rgba), webp, encode(grey_alpha)):
        np.testing.assert_array_equal(read_luma(source), expected)


def test_half_transparent_black_is_middle_grey():
    rgba = np.zeros((32, 32, 4), np.uint8)
    rgba[..., 3] = 128
    assert (read_luma(encode(rgba)) == 127).all()


def test_transparency_is_the_same_whatever_is_laid_over_white_at_once(monkeypatch):
    rgba = np.random.default_rng(0).integers(0, 256, (100, 64, 4), np.uint8)
    image = Image.fromarray(rgba)
    flat = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("L")
    for rows in (1, 33, 100, 256):
        monkeypatch.setattr("blurdct.images.transparency.STRIP", rows)
        np.testing.assert_array_equal(read_luma(encode(rgba)), np.asarray(flat))


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_transparent_palette_entry_shows_white(kind):
    indices = np.zeros((32, 48), np.uint8)
    indices[:, 24:] = 1
    image = Image.fromarray(indices)
    image.putpalette([0, 0, 0, 100, 100, 100])
    luma = read_luma(encode(image, kind, transparency=0))
    assert (luma[:, :24] == 255).all()
    assert (luma[:, 24:] == 100).all()


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_several_frames_the_first_counts(kind):
    first, second = (Image.new("L", (40, 30), level) for level in (50, 200))
    data = encode(first, kind, save_all=True, append_images=[second])
    np.testing.assert_allclose(read_luma(data), 50, atol=2)


# Its size


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ((300, 400), (48, 64)),
        ((400, 300), (64, 48)),
        ((512, 1024), (32, 64)),
        ((64, 64), (64, 64)),
        ((20, 30), (20, 30)),
        ((65, 40), (64, 39)),
        ((16, 2000), (16, 2000)),
        ((20, 1600), (16, 1280)),
        ((1600, 20), (1280, 16)),
        ((32, 1600), (16, 800)),
    ],
)
def test_the_long_side_is_reduced_but_the_short_one_keeps_16_pixels(kind, stored, expected):
    data = encode(np.full(stored, 90, np.uint8), kind)
    assert read_luma(data, ReadConfig(size=64)).shape == expected


def test_a_photo_smaller_than_the_working_size_is_not_enlarged(rgb):
    assert read_luma(encode(rgb)).shape == rgb.shape[:2]
    assert read_luma(encode(rgb, "JPEG")).shape == rgb.shape[:2]


def test_reduction_averages_areas(texture):
    reduced = read_luma(texture, ReadConfig(size=texture.shape[1] // 4))
    blocks = texture.reshape(32, 4, 48, 4).mean(axis=(1, 3))
    np.testing.assert_allclose(reduced, blocks, atol=0.51)


@pytest.mark.parametrize("size", [64, 100, 128, 200, 256, 300])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_decoded_at_reduced_scale_is_close_to_one_decoded_in_full(
    texture, size, progressive
):
    large = cv2.resize(texture, (1024, 680), interpolation=cv2.INTER_CUBIC)
    data = encode(large, "JPEG", quality=90, progressive=progressive)
    in_full = read_luma(np.asarray(Image.open(BytesIO(data))), ReadConfig(size=size))
    assert difference(read_luma(data, ReadConfig(size=size)), in_full) < 1.5


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize(
    "shape", [(1025, 1027), (1027, 1025), (1024, 1025), (1024, 1024), (90, 89)]
)
@pytest.mark.parametrize("size", [64, 128, 256, 512])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_the_size_of_a_nearly_square_photo_is_that_of_its_upright_self(
    kind, size, shape, orientation
):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    stored = np.ascontiguousarray(STORED[orientation](np.full(shape, 90, np.uint8)))
    data = encode(stored, kind, exif=exif)
    assert read_sized(data, ReadConfig(size=size))[1] == shape[::-1]


def test_a_nearly_square_photo_with_broken_exif_is_as_it_is_stored():
    broken = b"Exif\0\0II*\0\xff\xff\xff\xff"
    data = encode(np.full((1025, 1027), 90, np.uint8), "JPEG", exif=broken)
    assert read_sized(data, ReadConfig(size=128))[1] == (1027, 1025)


# What is refused


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("share", [0.002, 0.02, 0.1, 0.3, 0.6, 0.9, 0.99])
def test_a_truncated_photo_is_refused(rgb, name, share, capfd):
    kind, options = WRITTEN[name]
    data = encode(rgb, kind, **options)
    message = refusal(data[: max(1, int(share * len(data)))], name=name)
    assert message.startswith(f"{name}: ")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["baseline.jpg", "progressive.jpg"])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 20, 25, 158, 160])
def test_a_jpeg_cut_in_its_header_is_refused(rgb, name, count, capfd):
    kind, options = WRITTEN[name]
    assert refusal(encode(rgb, kind, **options)[:count], name=name).startswith(f"{name}: ")
    assert capfd.readouterr() == ("", "")


def test_a_png_with_damaged_pixels_is_refused(rgb, capfd):
    data = bytearray(encode(rgb))
    data[len(data) // 2] ^= 0xFF
    assert "damaged" in refusal(bytes(data), name="photo.png")
    assert capfd.readouterr() == ("", "")


def test_text_called_jpg_is_refused(tmp_path):
    path = tmp_path / "notes.jpg"
    path.write_text("A photograph of a mountain, described in words.\n" * 20)
    assert refusal(path) == f"{path}: not an image, or of an unknown format"


def test_an_empty_file_is_refused(tmp_path):
    path = tmp_path / "empty.jpg"
    path.touch()
    assert refusal(path) == f"{path}: empty file"
    assert refusal(b"") == "bytes: empty file"


@pytest.mark.parametrize("shape", [(1, 1), (15, 4000), (4000, 15), (15, 16)])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "array"])
def test_a_side_under_16_pixels_is_too_small(shape, kind):
    picture = np.full(shape, 90, np.uint8)
    source = picture if kind == "array" else encode(picture, kind)
    assert f"too small, {shape[1]}x{shape[0]} pixels" in refusal(source)


@pytest.mark.parametrize("shape", [(0, 0), (0, 50), (50, 0)])
def test_an_array_without_pixels_is_too_small(shape):
    assert "too small" in refusal(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("data", [png_claiming(100_000, 100_000), jpeg_claiming(65_000, 65_000)])
def test_a_tiny_file_that_promises_a_huge_picture_is_refused_at_once(data):
    start = time.perf_counter()
    assert "limit" in refusal(data)
    assert time.perf_counter() - start < 0.5


@pytest.mark.parametrize("max_pixels", [100_000_000, 300_000_000])
def test_the_limit_that_is_named_is_ours(max_pixels):
    message = refusal(png_claiming(20_000, 20_000), config=ReadConfig(max_pixels=max_pixels))
    assert message.endswith(f"over the limit of {max_pixels:,} pixels")


@pytest.mark.parametrize("kind", [kind for kind in WRITTEN if not kind.endswith(".jpg")])
def test_our_pixel_limit_counts_not_that_of_pillow(rgb, kind, monkeypatch):
    monkeypatch.setenv(HERE, "1")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    pillow_kind, options = WRITTEN[kind]
    data = encode(rgb, pillow_kind, **options)
    for read in (read_luma, read_rgb):
        assert read(data, ReadConfig(max_pixels=96 * 128)).shape[:2] == (96, 128)
    few = ReadConfig(max_pixels=96 * 128 - 1)
    assert "over the limit of 12,287 pixels" in refusal(data, config=few)
    assert Image.MAX_IMAGE_PIXELS == 100


def test_threads_that_meet_the_limit_of_pillow_leave_it_as_it_was(rgb, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    data = encode(np.dstack([rgb, rgb[..., 0]]))
    with ThreadPoolExecutor(8) as pool:
        shapes = list(pool.map(lambda _: read_luma(data).shape, range(64)))
    assert shapes == [(96, 128)] * 64
    assert Image.MAX_IMAGE_PIXELS == 100


def test_a_photo_over_the_pixel_limit_is_refused(rgb):
    just_enough, too_few = (ReadConfig(max_pixels=96 * 128 - less) for less in (0, 1))
    for source in (rgb, encode(rgb), encode(rgb, "JPEG")):
        assert read_luma(source, just_enough).shape == (96, 128)
        assert "128x96 pixels are over the limit of 12,287 pixels" in refusal(
            source, config=too_few
        )


def test_what_pillow_warns_of_reaches_nobody(rgb, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10_000)  # Pillow warns over it, refuses at twice
    assert read_luma(encode(rgb)).shape == (96, 128)
    exif = b"Exif\0\0II*\0\x08\0\0\0\xff\0" + b"\x01" * 40  # 255 entries, room for three
    assert read_luma(encode(rgb, "JPEG", exif=exif)).shape == (96, 128)


def test_floating_point_pixels_are_refused():
    data = encode(np.zeros((32, 32), np.float32), "TIFF")
    assert "floating point" in refusal(data)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.int8, object])
def test_an_array_of_another_dtype_is_a_wrong_call(dtype):
    with pytest.raises(ValueError, match="expected dtype uint8, uint16 or bool") as caught:
        read_luma(np.zeros((32, 32), dtype))
    assert not isinstance(caught.value, ImageError)


@pytest.mark.parametrize(
    "shape", [(), (32,), (32, 32, 1), (32, 32, 2), (32, 32, 5), (20, 32, 32, 3)]
)
def test_an_array_of_another_shape_is_a_wrong_call(shape):
    with pytest.raises(ValueError, match=r"shape \(H, W\)") as caught:
        read_luma(np.zeros(shape, np.uint8))
    assert not isinstance(caught.value, ImageError)


def test_arrays_come_back_as_they_were(rgb):
    for picture in (rgb, np.dstack([rgb, rgb[..., 0]]), rgb[..., 0], rgb.astype(np.uint16)):
        before = picture.copy()
        read_luma(picture, ReadConfig(size=50))
        np.testing.assert_array_equal(picture, before)


def test_an_array_may_be_any_view(rgb):
    turned = rgb[::-1, ::2]
    np.testing.assert_array_equal(read_luma(turned), read_luma(turned.copy()))


@given(data=st.binary(min_size=1, max_size=400))
def test_random_bytes_are_refused(data):
    assert refusal(data, name="noise.bin").startswith("noise.bin: ")


@pytest.mark.parametrize(
    "name", ["baseline.jpg", "progressive.jpg", "photo.png", "photo.webp", "photo.gif", "photo.bmp"]
)
@given(data=st.data())
def test_a_damaged_photo_is_read_or_refused_and_nothing_else(rgb, name, data):
    kind, options = WRITTEN[name]
    damaged = bytearray(encode(rgb, kind, **options))
    positions = st.integers(0, len(damaged) - 1) | st.integers(0, 200)
    for at, value in data.draw(st.lists(st.tuples(positions, st.integers(0, 255)), max_size=8)):
        damaged[at] = value
    del damaged[data.draw(st.just(len(damaged)) | positions) :]
    try:
        luma = read_luma(bytes(damaged), ReadConfig(max_pixels=1_000_000), name=name)
    except ImageError as error:
        assert str(error).startswith(f"{name}: ")
        assert "\n" not in str(error)
    else:
        assert luma.dtype == np.uint8
        assert luma.ndim == 2
        assert min(luma.shape) >= 16


# Paths


def test_a_missing_file_is_named(tmp_path):
    path = tmp_path / "missing.jpg"
    assert refusal(path) == f"{path}: no such file"
    assert refusal(path, name="the cat") == "the cat: no such file"


def test_a_folder_is_no_photo(tmp_path):
    assert refusal(tmp_path) == f"{tmp_path}: a folder, not a photo"


@pytest.mark.parametrize("path", ["null\0byte.jpg", "long" * 1000])
def test_a_path_that_cannot_be_is_refused(path):
    assert "cannot be read" in refusal(path)


@pytest.mark.parametrize(
    "name", ["Grüße 写真 📷.png", "with space.png", os.fsdecode(b"caf\xe9.png")]
)
def test_any_file_name_will_do(rgb, tmp_path, name):
    path = tmp_path / name
    try:
        path.write_bytes(encode(rgb))
    except OSError:
        pytest.skip("the file system does not take this name")
    np.testing.assert_array_equal(read_luma(path), read_luma(rgb))
    path.write_bytes(b"no photo")
    assert refusal(path).startswith(f"{path}: ")


def test_an_object_that_knows_its_path_is_a_path(rgb, tmp_path):
    class Record:
        def __fspath__(self):
            return str(tmp_path / "photo.png")

    (tmp_path / "photo.png").write_bytes(encode(rgb))
    np.testing.assert_array_equal(read_luma(Record()), read_luma(rgb))


def test_an_open_file_is_called_by_its_name(tmp_path):
    path = tmp_path / "notes.jpg"
    path.write_text("words")
    with open(path, "rb") as file:
        assert refusal(file).startswith(f"{path}: ")
    assert refusal(BytesIO(b"words")).startswith("file: ")


# Colours


@pytest.mark.parametrize("name", WRITTEN)
def test_colours_come_out_as_red_green_blue_at_their_own_size(rgb, name):
    kind, options = WRITTEN[name]
    colours = read_rgb(encode(rgb, kind, **options))
    assert colours.dtype == np.uint8
    assert difference(colours, rgb) < 12
    np.testing.assert_allclose(colours.mean((0, 1)), rgb.mean((0, 1)), atol=2)


def test_grey_has_three_equal_colours(texture):
    deep = texture.astype(np.uint16) * 257
    for data in (encode(texture), encode(deep), cv2.imencode(".tif", deep)[1].tobytes()):
        np.testing.assert_array_equal(read_rgb(data), np.dstack([texture] * 3))


def test_colours_are_refused_like_luma(rgb):
    data = encode(rgb, "JPEG")
    for broken in (b"", b"words", data[:500], jpeg_claiming(65_000, 65_000), encode(rgb[:10])):
        with pytest.raises(ImageError, match=r"^it: "):
            read_rgb(broken, name="it")
    with pytest.raises(ImageError, match=r"^it: too small"):
        read_rgb(rgb[:10], name="it")


def test_colours_of_an_array_are_its_own(rgb, texture):
    np.testing.assert_array_equal(read_rgb(rgb), rgb)
    for grey in (texture, texture.astype(np.uint16) * 257):
        np.testing.assert_array_equal(read_rgb(grey), np.dstack([texture] * 3))
    alpha = np.full((*rgb.shape[:2], 1), 255, np.uint8)
    alpha[:, :64] = 0
    over_white = np.where(alpha > 0, rgb, 255)
    np.testing.assert_array_equal(read_rgb(np.concatenate([rgb, alpha], axis=2)), over_white)


@pytest.mark.parametrize("shape", [(64,), (64, 64, 2), (20, 64, 64, 3)])
def test_colours_of_an_array_of_another_shape_are_a_wrong_call(shape):
    with pytest.raises(ValueError, match="expected"):
        read_rgb(np.zeros(shape, np.uint8))


# Folders


def test_photos_are_found_below_a_folder_in_order(tmp_path):
    names = ["b/2.JPG", "b/1.png", "a.jpeg", "c/d/e.webp", "b.tif"]
    others = ["notes.txt", "b/.hidden.jpg", "jpg", "c/d/photo.jpg.part", ".jpg"]
    for name in names + others:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "folder.jpg").mkdir()
    assert find_photos(tmp_path) == sorted(tmp_path / name for name in names)
    assert find_photos(str(tmp_path)) == find_photos(tmp_path)


def test_a_folder_linked_into_itself_is_searched_once(tmp_path):
    (tmp_path / "a.jpg").touch()
    try:
        Path(tmp_path, "loop").symlink_to(tmp_path, target_is_directory=True)
    except OSError:
        pytest.skip("no symbolic links here")
    assert find_photos(tmp_path) == [tmp_path / "a.jpg"]


def test_an_empty_folder_holds_no_photos(tmp_path):
    assert find_photos(tmp_path) == []


def transparent(colour: int) -> np.ndarray:
    """Red, green, blue and alpha: a square of one grey level, and nothing around it."""
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[20:40, 20:40] = (colour, colour, colour, 255)
    return pixels


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "array", "image"])
def test_where_nothing_of_a_transparent_picture_shows_on_white_a_note_says_so(mode, kind):
    seen, unseen = transparent(30), transparent(255)
    nothing, opaque = np.zeros_like(seen), np.full_like(seen, 255)
    for pixels, noted in ((seen, False), (unseen, True), (nothing, True), (opaque, False)):
        image = Image.fromarray(pixels).convert(mode)
        source = {"array": pixels, "image": image}.get(kind)
        source = encode(image, kind) if source is None else source
        assert (TRANSPARENT in read_sized(source).notes) == noted
