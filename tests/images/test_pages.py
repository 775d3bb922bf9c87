import struct

import numpy as np
import pytest
from PIL import Image

from blurdct.config import ReadConfig
from blurdct.images.reader import read_least, read_luma, read_rgb, read_sized
from blurdct.images.structure.pages import TRIES, spread, tiff_pages
from tests.helpers.image_files import difference, encode, refusal
from tests.helpers.photo_kinds import animated, heic, longs, pdf, shorts, tiff

FRAMES = {"GIF": "frame", "WEBP": "frame", "PNG": "frame", "AVIF": "frame", "MPO": "picture"}
PAGES = {"TIFF": "page", "PDF": "page", "HEIC": "picture"}
KINDS = FRAMES | PAGES


def file_of(kind, *pictures) -> bytes:
    if kind == "HEIC":
        pytest.importorskip("pillow_heif")
        return heic(pictures[0], 1, *pictures[1:])
    if kind == "PDF":
        pytest.importorskip("pypdfium2")
        return pdf(*pictures)
    return animated(kind, *pictures)


def close_to(data, rgb) -> None:
    assert difference(read_luma(data), read_luma(rgb)) < 6
    assert difference(read_rgb(data), rgb) < 16


@pytest.mark.parametrize("kind", KINDS)
def test_of_several_pictures_the_first_is_judged_and_that_is_said(kind, rgb):
    data = file_of(kind, rgb, 255 - rgb, rgb[::-1])
    assert read_sized(data).notes == (f"first of 3 {KINDS[kind]}s",)
    close_to(data, rgb)


@pytest.mark.parametrize("level", [0, 255, 120])
@pytest.mark.parametrize("kind", KINDS)
def test_pictures_that_show_nothing_are_passed_over(kind, level, rgb):
    empty = np.full_like(rgb, level)
    empty[:8, :8] ^= 3  # else writers join it with the next frame of the same
    other = np.flipud(empty)
    data = file_of(kind, empty, other, rgb)
    assert read_sized(data).notes == (f"{KINDS[kind]} 3 of 3",)
    close_to(data, rgb)


@pytest.mark.parametrize("kind", KINDS)
def test_where_no_picture_shows_anything_the_first_is_judged(kind, rgb):
    dark, light = np.zeros_like(rgb), np.full_like(rgb, 250)
    data = file_of(kind, dark, light)
    assert read_sized(data).notes == (f"first of 2 {KINDS[kind]}s",)
    assert (read_luma(data) < 6).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_single_picture_has_no_note(kind, rgb):
    if kind != "MPO":
        assert read_sized(file_of(kind, rgb)).notes == ()


def test_noise_alone_is_nothing_to_see(rgb):
    noise = np.random.default_rng(0).integers(0, 20, rgb.shape, dtype=np.uint8)
    assert read_sized(animated("TIFF", noise, rgb)).notes == ("page 2 of 2",)


def test_a_damaged_page_behind_an_empty_one_does_not_cost_the_file(rgb):
    data = bytearray(animated("TIFF", np.zeros_like(rgb), rgb))
    places, _ = tiff_pages(bytes(data))
    data[places[1] + 2 : places[1] + 200] = b"\xff" * 198
    assert (read_luma(bytes(data)) == 0).all()


def test_the_frame_is_the_same_in_grey_in_colour_and_for_models_of_small_pictures(rgb):
    data = animated("GIF", np.zeros_like(rgb), rgb)
    pixels, area = read_least(data, 64, True)
    assert area == 96 * 128
    np.testing.assert_array_equal(pixels, read_rgb(data))


def test_frames_far_into_a_film_are_looked_at_ever_more_rarely():
    assert spread(1) == [0]
    assert spread(2) == [0, 1]
    assert spread(9) == [0, 1, 2, 4, 8]
    assert len(spread(10**9)) == TRIES + 1
    assert spread(100, 1_000_000_000) == [0, 1]
    assert spread(100, 10**12) == [0]


# TIFF


def page(picture, subfile=None, old=None, below=None):
    """Tags and data of a grey picture; ``below`` sets SubIFDs to the next folder."""
    height, width = picture.shape
    tags = {256: longs(width), 257: longs(height), 258: shorts(8), 259: shorts(1)}
    tags |= {262: shorts(1), 273: longs(0), 277: shorts(1), 278: longs(height)}
    tags |= {279: longs(picture.size)}
    tags |= {} if subfile is None else {254: longs(subfile)}
    tags |= {} if old is None else {255: shorts(old)}
    tags |= {330: longs(0)} if below else {}
    return tags, picture.tobytes()


def chained(*folders) -> bytes:
    """A TIFF file whose folders follow each other."""
    file = bytearray(tiff(*folders))
    at, places = 8, []
    for tags, strip in folders:
        places.append(at)
        after = at + 2 + 12 * len(tags)
        at = after + 4 + sum(len(data) for _, _, data in tags.values() if len(data) > 4)
        at += len(strip)
        struct.pack_into("<I", file, after, at if len(places) < len(folders) else 0)
    return bytes(file)


@pytest.fixture(scope="module")
def grey(texture):
    return texture[:96, :128].copy()


@pytest.mark.parametrize("tag", [{"subfile": 1}, {"subfile": 4}, {"subfile": 5}, {"old": 2}])
def test_a_first_page_that_says_it_is_a_thumbnail_or_mask_is_passed_over(grey, tag):
    data = chained(page(255 - grey[:40], **tag), page(grey))
    np.testing.assert_array_equal(read_luma(data), grey)
    assert read_sized(data).notes == ()


def test_thumbnails_do_not_count_as_pages(grey):
    small = page(255 - grey[:40], subfile=1)
    data = chained(small, page(grey), small, page(255 - grey), small)
    assert read_sized(data).notes == ("first of 2 pages",)
    np.testing.assert_array_equal(read_luma(data), grey)


def test_smaller_copies_of_a_page_do_not_count_even_without_a_tag(grey):
    half, quarter = grey[::2, ::2], grey[::4, ::4]
    for order in ([quarter, half, grey], [grey, half, quarter]):
        data = chained(*map(page, order))
        np.testing.assert_array_equal(read_luma(data), grey)
        assert read_sized(data).notes == ()


def test_a_smaller_page_of_another_shape_is_a_page(grey):
    data = chained(page(grey[:40, :40]), page(grey))
    assert read_sized(data).notes == ("first of 2 pages",)
    np.testing.assert_array_equal(read_luma(data), grey[:40, :40])


def test_the_picture_below_a_thumbnail_is_found(grey):
    data = tiff(page(255 - grey[:40], subfile=1, below=True), page(grey, subfile=0))
    np.testing.assert_array_equal(read_luma(data), grey)
    assert read_sized(data).notes == ()


def test_of_thumbnails_alone_the_largest_counts(grey):
    data = chained(page(grey[:40, :40], subfile=1), page(grey, subfile=1))
    np.testing.assert_array_equal(read_luma(data), grey)


def test_pages_of_a_bigtiff_are_told_apart_too(rgb):
    pages = [np.zeros_like(rgb), rgb]
    first, *others = map(Image.fromarray, pages)
    data = encode(first, "TIFF", save_all=True, append_images=others, big_tiff=True)
    assert read_sized(data).notes == ("page 2 of 2",)
    np.testing.assert_array_equal(read_rgb(data), rgb)


def test_a_chain_of_pages_without_an_end_ends(grey):
    data = bytearray(chained(page(grey), page(255 - grey)))
    second = tiff_pages(bytes(data))[0][1]
    struct.pack_into("<I", data, second + 2 + 12 * 9, 8)
    assert read_sized(bytes(data)).notes == ("first of 2 pages",)


@pytest.mark.parametrize("rest", [b"", b"\xff\xff\xff\xff", bytes(40), b"\x08\0\0\0\xff\xff"])
def test_a_tiff_file_without_a_folder_is_damaged(rest):
    assert refusal(b"II*\0" + rest, name="a.tif").startswith("a.tif: ")


def test_the_pixel_limit_is_that_of_the_page_that_is_judged(grey):
    data = chained(page(grey[:40, :40], subfile=1), page(grey))
    config = ReadConfig(max_pixels=96 * 128 - 1)
    assert "128x96 pixels are over the limit" in refusal(data, config=config)


# MPO


def test_maps_behind_a_jpeg_are_no_pictures(rgb):
    for other in (rgb[::2, ::2], rgb[..., 0]):  # of brightness, of depth
        assert read_sized(animated("MPO", rgb, other)).notes == ()
