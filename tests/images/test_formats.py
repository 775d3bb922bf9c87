import os
import struct
import sys
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from blurdct.config import ReadConfig
from blurdct.images.files import RAW_SUFFIXES, find_photos
from blurdct.images.formats import PREVIEW, kind
from blurdct.images.guard import HERE
from blurdct.images.reader import read_luma, read_rgb, read_sized
from blurdct.utils.installing import install_hint
from tests.helpers.image_files import ORIENTATION, STORED, difference, encode, refusal
from tests.helpers.photo_kinds import dng, heic, longs, pdf, shorts, text, tiff

pillow_heif = pytest.importorskip("pillow_heif")
pytest.importorskip("rawpy")
pypdfium2 = pytest.importorskip("pypdfium2")

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(scope="module")
def mosaic(rgb) -> np.ndarray:
    """What a sensor sees of the picture; half of it in each direction has all three colours."""
    seen = np.repeat(np.repeat(rgb[..., 1], 2, axis=0), 2, axis=1)
    return seen.astype(np.uint16) * 256


@pytest.fixture(scope="module")
def large(rgb) -> np.ndarray:
    """The picture as large as a preview has to be; (96, 128) times 8."""
    return np.repeat(np.repeat(rgb, PREVIEW // 128, axis=0), PREVIEW // 128, axis=1)


@pytest.fixture
def files(rgb, mosaic) -> dict[str, bytes]:
    return {"photo.heic": heic(rgb), "photo.dng": dng(mosaic), "photo.pdf": pdf(rgb)}


def correlation(first, second) -> float:
    assert first.shape == second.shape
    return np.corrcoef(first.ravel(), second.ravel())[0, 1]


# HEIC


@pytest.mark.parametrize("orientation", STORED)
def test_heic_comes_out_upright_however_it_is_turned(rgb, orientation):
    data = heic(STORED[orientation](rgb), orientation)
    assert difference(read_luma(data), read_luma(rgb)) < 1
    assert read_sized(data)[1] == (128, 96)
    assert difference(read_rgb(data), rgb) < 10


def test_transparency_in_heic_lies_over_white(rgb):
    clear = np.dstack([rgb, np.zeros(rgb.shape[:2], np.uint8)])
    assert (read_luma(heic(clear)) > 250).all()


@pytest.mark.parametrize(
    ("main", "others", "expected"),
    [
        (b"heic", b"mif1", "HEIC"),
        (b"hevc", b"", "HEIC"),
        (b"mif1", b"heicmif1", "HEIC"),
        (b"mif1", b"avifmiaf", ""),  # AVIF is Pillow's
        (b"avif", b"mif1heic", ""),
        (b"crx ", b"isom", "camera RAW"),
        (b"isom", b"mp42", ""),
    ],
)
def test_files_of_boxes_are_told_apart_by_their_brands(main, others, expected):
    box = b"ftyp" + main + bytes(4) + others
    assert kind(struct.pack(">I", len(box) + 4) + box + b"\0\0\0\x08avif", "photo.jpg") == expected


def test_avif_is_read_without_help(rgb, monkeypatch):
    monkeypatch.setenv(HERE, "1")
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    assert difference(read_luma(encode(rgb, "AVIF", quality=95)), read_luma(rgb)) < 3


# Camera RAW


def test_a_raw_file_without_a_preview_is_developed_at_half_its_size(rgb, mosaic):
    luma, size, _ = read_sized(dng(mosaic))
    assert size == (256, 192)
    assert correlation(luma, rgb[..., 1]) > 0.99  # development is monotonous, not linear


@pytest.mark.parametrize(("orientation", "turns"), [(1, 0), (3, 2), (6, 3), (8, 1)])
def test_a_raw_file_is_developed_upright(rgb, mosaic, orientation, turns):
    luma, size, _ = read_sized(dng(mosaic, orientation))
    assert correlation(luma, np.rot90(rgb[..., 1], turns)) > 0.99
    assert size == ((192, 256) if turns % 2 else (256, 192))


@pytest.mark.parametrize("form", ["JPEG", "pixels"])
@pytest.mark.parametrize(("orientation", "turns"), [(1, 0), (3, 2), (6, 3), (8, 1)])
def test_the_preview_in_a_raw_file_is_taken_first_and_turned_upright(
    mosaic, large, orientation, turns, form
):
    preview = encode(large, "JPEG", quality=95) if form == "JPEG" else large
    luma, size, _ = read_sized(dng(255 - mosaic, orientation, preview))
    assert difference(luma, read_luma(np.rot90(large, turns))) < 3
    assert size == ((192, 256) if turns % 2 else (256, 192))


def test_a_preview_that_knows_its_own_way_up_is_left_alone(mosaic, large):
    exif = Image.Exif()
    exif[ORIENTATION] = 1
    preview = encode(large, "JPEG", quality=95, exif=exif)
    preview = preview[:2] + preview[20:]  # cameras write EXIF first and no JFIF
    assert difference(read_luma(dng(mosaic, 6, preview)), read_luma(large)) < 3


def test_a_preview_that_is_too_small_or_damaged_is_passed_over(rgb, mosaic, large):
    small, proper = encode(255 - rgb, "JPEG"), encode(255 - large, "JPEG")
    damaged = dng(mosaic, 1, proper).replace(proper[:200], proper[:3] + bytes(197))
    for data in (dng(mosaic, 1, small), damaged):
        assert correlation(read_luma(data), rgb[..., 1]) > 0.99


@pytest.mark.parametrize("start", [b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FUJIFILMCCD-RAW "])
def test_raw_files_with_a_start_of_their_own_are_known_by_it(start):
    assert kind(start + bytes(40), "photo") == "camera RAW"
    assert "damaged or unsupported camera RAW" in refusal(start + bytes(40), name="photo")


@pytest.mark.parametrize(
    ("tags", "name", "expected"),
    [
        ({50706: (1, 4, b"\1\4\0\0")}, "photo", True),  # DNG
        ({271: text("NIKON"), 254: longs(1), 330: longs(0)}, "photo", True),
        ({271: text("NIKON"), 259: shorts(34713)}, "photo", True),
        ({271: text("SONY"), 262: shorts(32803)}, "photo", True),
        ({271: text("NIKON")}, "photo.NEF", True),
        ({271: text("NIKON")}, "photo.tif", False),  # exported by some program
        ({254: longs(1), 330: longs(0)}, "photo", False),
        ({}, "photo.dng", False),
    ],
)
def test_raw_files_that_are_tiff_inside_are_known_by_their_tags(tags, name, expected):
    assert kind(tiff((tags, b"")), name) == ("camera RAW" if expected else "")


def test_canons_mark_behind_the_header_says_raw():
    assert kind(b"II*\0\x10\0\0\0CR\2\0" + bytes(40), "photo") == "camera RAW"


def test_a_photo_of_a_camera_saved_as_tiff_is_read_as_ever(rgb):
    exif = Image.Exif()
    exif[271] = "NIKON CORPORATION"
    np.testing.assert_array_equal(read_luma(encode(rgb, "TIFF", exif=exif)), read_luma(rgb))


def test_of_a_tiff_of_many_pages_the_first_counts(rgb):
    other = Image.fromarray(255 - rgb)
    data = encode(rgb, "TIFF", save_all=True, append_images=[other, other])
    np.testing.assert_array_equal(read_luma(data), read_luma(rgb))


# PDF


@pytest.mark.parametrize("resolution", [72, 300, 1200])
def test_the_photo_on_a_pdf_page_comes_out_at_its_own_size(rgb, resolution):
    luma, size, _ = read_sized(pdf(rgb, resolution=resolution))
    assert size == (128, 96)
    assert difference(luma, read_luma(rgb)) < 3


def test_a_pdf_that_is_locked_is_not_called_damaged(rgb, monkeypatch):
    def locked(*_, **__):
        raise pypdfium2.PdfiumError("Failed to load document (PDFium: Incorrect password error).")

    data = pdf(rgb)
    monkeypatch.setattr(pypdfium2, "PdfDocument", locked)
    monkeypatch.setenv(HERE, "1")
    assert refusal(data, name="a.pdf") == "a.pdf: PDF locked by a password"


def test_of_a_pdf_of_many_pages_the_first_counts(rgb):
    assert difference(read_luma(pdf(rgb, 255 - rgb)), read_luma(rgb)) < 3


def test_a_pdf_page_without_a_photo_is_drawn_at_150_dots_per_inch():
    document = pypdfium2.PdfDocument.new()
    document.new_page(144, 72)  # points: two inches by one
    file = BytesIO()
    document.save(file)
    document.close()
    luma, size, _ = read_sized(file.getvalue())
    assert size == (300, 150)
    assert (luma == 255).all()


# What goes wrong


@pytest.mark.parametrize(
    ("name", "what", "library"),
    [
        ("photo.heic", "HEIC", "pillow_heif"),
        ("photo.dng", "camera RAW", "rawpy"),
        ("photo.pdf", "PDF", "pypdfium2"),
    ],
)
def test_without_the_library_the_error_names_what_to_install(
    files, name, what, library, monkeypatch
):
    monkeypatch.setenv(HERE, "1")
    monkeypatch.setitem(sys.modules, library, None)
    assert refusal(files[name], name=name) == f"{name}: {what} needs {install_hint('formats')}"


@pytest.mark.parametrize("name", ["photo.heic", "photo.dng", "photo.pdf"])
def test_the_pixel_limit_holds_before_anything_is_decoded(files, name, monkeypatch):
    def decoded(*_, **__):
        raise AssertionError("decoded")

    monkeypatch.setenv(HERE, "1")
    monkeypatch.setattr(pillow_heif.HeifImageFile, "load", decoded)
    monkeypatch.setattr(pypdfium2.PdfPage, "render", decoded)
    message = refusal(files[name], config=ReadConfig(max_pixels=12_000), name=name)
    assert message.startswith(f"{name}: ")
    assert message.endswith("pixels are over the limit of 12,000 pixels")


@pytest.mark.parametrize("name", ["photo.heic", "photo.dng", "photo.pdf"])
@pytest.mark.parametrize("part", [0.02, 0.3, 0.5])
def test_a_file_that_is_cut_short_is_refused_in_one_line(files, name, part):
    data = files[name]
    assert refusal(data[: int(part * len(data))], name=name).startswith(f"{name}: ")


@pytest.mark.parametrize("name", ["photo.heic", "photo.dng", "photo.pdf"])
def test_a_damaged_file_is_read_or_refused_and_nothing_else(files, name):
    rng = np.random.default_rng(0)
    for _ in range(30):
        data = np.frombuffer(files[name], np.uint8).copy()
        data[rng.integers(0, min(len(data), 3000), 5)] = rng.integers(0, 256, 5)
        try:
            luma = read_luma(data.tobytes(), ReadConfig(max_pixels=1_000_000), name)
        except ValueError as error:
            assert str(error).startswith(f"{name}: ")
            assert "\n" not in str(error)
        else:
            assert luma.dtype == np.uint8
            assert min(luma.shape) >= 16


def test_folders_are_searched_for_heic_and_raw_but_not_for_pdf(tmp_path):
    names = sorted(f"photo{ending}" for ending in (*RAW_SUFFIXES, ".heic", ".heif", ".hif"))
    for name in (*names, "paper.pdf"):
        (tmp_path / name).touch()
    assert [os.path.basename(path) for path in find_photos(tmp_path)] == names
