import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from blurdct.images.reader import read_luma, read_rgb
from blurdct.images.structure.png import SIGNATURE, pixels_alone
from tests.helpers.image_files import ORIENTATION, STORED, encode, refusal


def chunk(kind: bytes, data: bytes, wrong: int = 0) -> bytes:
    checksum = zlib.crc32(kind + data) ^ wrong
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


def with_chunk(data: bytes, extra: bytes, last: bool = False) -> bytes:
    """A PNG file with one more chunk, behind its header or behind its pixels."""
    at = data.rindex(b"IEND") - 4 if last else data.index(b"IHDR") + 4 + 13 + 4
    return data[:at] + extra + data[at:]


def spoiled(data: bytes, kind: bytes, at: int = -1) -> bytes:
    """A PNG file, a byte of its first chunk of that kind changed; the last is of its checksum."""
    start = data.index(kind)
    end = start + 8 + int.from_bytes(data[start - 4 : start], "big")
    broken = bytearray(data)
    broken[end + at] ^= 1
    return bytes(broken)


BIG = bytes(range(256)) * 8192  # 2 MiB
BROKEN = {
    "EXIF that is none": chunk(b"eXIf", b"nonsense"),
    "EXIF that breaks off": chunk(b"eXIf", b"II*\0\xff\xff\xff\xff"),
    "EXIF of one byte": chunk(b"eXIf", b"I"),
    "EXIF with a wrong checksum": chunk(b"eXIf", b"nonsense", 1),
    "much text": chunk(b"tEXt", b"Comment\0" + b"x" * 2**21),
    "much packed text": chunk(b"zTXt", b"Comment\0\0" + zlib.compress(BIG)),
    "much international text": chunk(b"iTXt", b"Comment\0\1\0\0\0" + zlib.compress(BIG)),
    "packed text that is none": chunk(b"zTXt", b"Comment\0\0nonsense"),
    "text with a wrong checksum": chunk(b"tEXt", b"Comment\0words", 1),
    "a large profile": chunk(b"iCCP", b"profile\0\0" + zlib.compress(BIG)),
    "a profile packed in another way": chunk(b"iCCP", b"profile\0\7nonsense"),
    "a profile that is none": chunk(b"iCCP", b"profile\0\0nonsense"),
    "a wrong checksum of the gamma": chunk(b"gAMA", struct.pack(">I", 45455), 0xFFFF),
    "a gamma of one byte": chunk(b"gAMA", b"x"),
    "a resolution of one byte": chunk(b"pHYs", b"x"),
    "colours of one byte": chunk(b"cHRM", b"x"),
    "an EXIF of old": chunk(b"tEXt", b"Raw profile type exif\0\nexif\n 9\nnonsense"),
    "frames that are none": chunk(b"acTL", b"x"),
}


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("what", BROKEN)
def test_a_png_with_broken_or_large_extras_gives_its_pixels(rgb, what, last):
    data = with_chunk(encode(rgb), BROKEN[what], last)
    np.testing.assert_array_equal(read_luma(data), read_luma(rgb))
    np.testing.assert_array_equal(read_rgb(data), rgb)


@pytest.mark.parametrize("what", ["nonsense", "II*\0\xff\xff\xff\xff", "I", "Exif\0\0MM"])
@pytest.mark.parametrize("kind", ["WEBP", "PNG"])
def test_a_file_with_broken_exif_is_as_it_is_stored(rgb, kind, what):
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encode(rgb, kind, exif=what.encode("latin-1"), **options)
    np.testing.assert_array_equal(read_rgb(data), rgb)


def test_a_webp_with_a_large_profile_gives_its_pixels(rgb):
    data = encode(rgb, "WEBP", lossless=True, icc_profile=BIG)
    np.testing.assert_array_equal(read_rgb(data), rgb)


def test_an_orientation_that_can_be_read_still_counts_beside_other_broken_extras(rgb):
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    data = encode(np.ascontiguousarray(STORED[6](rgb)), exif=exif)
    for what in ("much packed text", "a wrong checksum of the gamma", "a large profile"):
        np.testing.assert_array_equal(read_rgb(with_chunk(data, BROKEN[what])), rgb)


def test_transparency_still_counts_beside_broken_extras():
    image = Image.fromarray(np.repeat(np.uint8([[0, 1]]), 24, axis=1).repeat(32, axis=0))
    image.putpalette([0, 0, 0, 100, 100, 100])
    data = encode(image, transparency=0)
    luma = read_luma(with_chunk(data, BROKEN["text with a wrong checksum"]))
    np.testing.assert_array_equal(luma, read_luma(data))
    assert (luma[:, :24] == 255).all()


@pytest.mark.parametrize("extra", [b"", BROKEN["much packed text"]])
def test_damage_of_the_header_or_the_pixels_stays_an_error(rgb, extra):
    data = with_chunk(encode(rgb), extra)
    for broken in (
        spoiled(data, b"IHDR"),
        spoiled(data, b"IDAT", -400),
        data[: len(data) // 2 + len(extra)],
    ):
        assert "photo.png: " in refusal(broken, name="photo.png")


def test_a_palette_with_a_wrong_checksum_stays_an_error():
    image = Image.new("P", (32, 32))
    image.putpalette([0, 0, 0, 100, 100, 100])
    assert "photo.png: " in refusal(spoiled(encode(image), b"PLTE"), name="photo.png")


def test_of_a_whole_file_the_pixels_and_the_orientation_are_left(rgb):
    exif = Image.Exif()
    exif[ORIENTATION] = 3
    data = encode(rgb, exif=exif, dpi=(72, 72))
    left = pixels_alone(data)
    assert b"pHYs" in data
    assert b"pHYs" not in left
    with Image.open(BytesIO(left)) as image:
        assert image.getexif()[ORIENTATION] == 3
        np.testing.assert_array_equal(np.asarray(image), rgb)


@pytest.mark.parametrize("rest", [b"", b"\0", b"\0\0\0\0", b"\xff\xff\xff\xfftEXtabc", b"\0" * 12])
def test_what_is_no_chunk_is_left_as_it_is(rest):
    assert pixels_alone(SIGNATURE + rest) == SIGNATURE + rest
