import os
import struct
import subprocess
import sys
import time
import zlib

import numpy as np
import pytest
from PIL import Image

from blurdct.config import ReadConfig
from blurdct.errors import ImageError
from blurdct.images import guard
from blurdct.images.files import UNREAD_FORMATS, unread_format
from blurdct.images.reader import read_luma, read_rgb, read_sized
from tests.helpers.image_files import encode, refusal
from tests.helpers.photo_kinds import KINDS

NEEDED = {".heic": "pillow_heif", ".dng": "rawpy", ".pdf": "pypdfium2"}
HERE = {"baseline.jpg", "progressive.jpg", "cmyk.jpg", "two.mpo", "rgb.png", "alpha.png"}
HERE |= {"palette.png", "deep.png", "lossy.webp", "lossless.webp"}


def file_of(name: str, rgb) -> bytes:
    if library := NEEDED.get(name[name.index(".") :]):
        pytest.importorskip(library)
    return KINDS[name](rgb)


@pytest.mark.parametrize("name", KINDS)
def test_another_process_gives_the_very_same_pixels(name, rgb, monkeypatch):
    data = file_of(name, rgb)
    monkeypatch.setattr(guard, "_is_ordinary", lambda *_: False)
    for size in (64, 512):
        apart = read_sized(data, ReadConfig(size), name), read_rgb(data, name=name)
        with monkeypatch.context() as patch:
            patch.setenv(guard.HERE, "1")
            here = read_sized(data, ReadConfig(size), name), read_rgb(data, name=name)
        np.testing.assert_array_equal(apart[0].luma, here[0].luma)
        np.testing.assert_array_equal(apart[1], here[1])
        assert apart[0][1:] == here[0][1:]


@pytest.mark.parametrize("name", KINDS)
def test_only_common_files_of_ordinary_size_are_decoded_here(name, rgb, monkeypatch):
    data, asked = file_of(name, rgb), []

    def ask(*_):
        asked.append(name)
        raise ImageError("asked")

    monkeypatch.setattr(guard, "_decode_apart", ask)
    if name in HERE:
        read_luma(data, name=name)
        monkeypatch.setattr(guard, "ORDINARY", dict.fromkeys(guard.ORDINARY, 96 * 128 - 1))
    assert refusal(data, name=name) == "asked"
    assert len(asked) == 1


def with_scans(count: int) -> bytes:
    """A progressive JPEG file of 4000x4000 pixels with so many more scans, 90 kB and up."""
    data = encode(Image.new("L", (4000, 4000), 90), "JPEG", progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + last * count + b"\xff\xd9"


@pytest.mark.parametrize("padding", [b"", b"\xff" * 9, b"\xff\xfe\x00\x09nothing"])
def test_a_jpeg_of_very_many_scans_does_not_take_longer_than_it_may(padding):
    data = with_scans(5000).replace(b"\xff\xda", padding + b"\xff\xda")
    start = time.monotonic()
    message = refusal(data, config=ReadConfig(seconds=1.5), name="a.jpg")
    assert message == "a.jpg: takes more than 1.5 s to read"
    assert time.monotonic() - start < 10


def test_a_jpeg_of_a_few_more_scans_is_read():
    assert (read_luma(with_scans(40)) == 90).all()


def nested_pdf(depth: int = 12, width: int = 10) -> bytes:
    """A PDF file of 3 kB that draws forms in forms."""
    group = b"/Group<</S/Transparency>>"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R"
        b"/Resources<</XObject<</F 5 0 R>>>>>>",
        b"<</Length 5>>stream\n/F Do\nendstream",
    ]
    for number in range(depth):
        last = number == depth - 1
        body = b"0 0 10 10 re f\n" if last else b"/F Do\n" * width
        below = b"" if last else b"/XObject<</F %d 0 R>>" % (6 + number)
        objects.append(
            b"<</Type/XObject/Subtype/Form/BBox[0 0 300 300]%s/Resources<<%s>>/Length %d>>"
            b"stream\n%sendstream" % (group, below, len(body), body)
        )
    file, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    end = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (size, len(file))
    return file + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + end


def test_a_pdf_that_would_take_gigabytes_costs_one_line(rgb):
    resource = pytest.importorskip("resource")
    pytest.importorskip("pypdfium2")
    config = ReadConfig(max_pixels=1_000_000, seconds=20)
    message = refusal(nested_pdf(), config=config, name="a.pdf")
    assert message.startswith("a.pdf: ")
    assert "takes more than" in message
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert own * 1024 < 2**31
    assert read_luma(KINDS["photo.pdf"](rgb), name="b.pdf").shape == (96, 128)


@pytest.mark.parametrize("name", ["photo.jp2", "plain.tif", "alpha.png"])
def test_what_takes_too_much_memory_says_so(name, rgb, monkeypatch):
    if name == "alpha.png":
        monkeypatch.setattr(guard, "ORDINARY", dict.fromkeys(guard.ORDINARY, 0))
    large = np.broadcast_to(rgb[:1, :1], (3000, 3000, 3))
    monkeypatch.setattr(guard, "LEAST_MEMORY", 2**24)
    monkeypatch.setattr(guard, "BYTES_PER_PIXEL", 0)
    options = {"compression": "tiff_lzw"} if name == "plain.tif" else {}
    form = {"photo.jp2": "JPEG2000", "plain.tif": "TIFF", "alpha.png": "PNG"}[name]
    message = refusal(encode(np.ascontiguousarray(large), form, **options), name=name)
    assert message.startswith(f"{name}: ")
    assert "0.0 GiB of memory to read" in message


def test_a_photo_that_is_refused_for_its_memory_costs_no_other_its_format(rgb, monkeypatch):
    guard._confined().close()  # a process of its own that has read nothing yet
    with monkeypatch.context() as patch:
        patch.setattr(guard, "LEAST_MEMORY", 2**22)
        patch.setattr(guard, "BYTES_PER_PIXEL", 0)
        refusal(encode(Image.new("RGB", (3000, 3000)), "JPEG2000"), name="large.jp2")
    for name in ("photo.jp2", "photo.avif", "plain.tif"):
        assert read_luma(KINDS[name](rgb), name=name).shape == (96, 128)


def webp_claiming(width: int, height: int) -> bytes:
    bits = struct.pack("<I", width - 1 | height - 1 << 14)
    return b"RIFF" + struct.pack("<I", 26) + b"WEBPVP8L" + struct.pack("<I", 13) + b"\x2f" + bits


def test_a_webp_of_a_few_bytes_makes_no_room_for_what_it_claims():
    data = webp_claiming(16383, 16383) + bytes(8)
    assert "16383x16383 pixels are over the limit" in refusal(data)
    extended = b"RIFF" + struct.pack("<I", 26) + b"WEBPVP8X" + struct.pack("<I", 10)
    extended += b"\x02\0\0\0" + (16382).to_bytes(3, "little") * 2
    assert "16383x16383 pixels are over the limit" in refusal(extended)
    assert "too small" in refusal(webp_claiming(15, 4000) + bytes(8))


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"exif": b"Exif\0\0"}])
@pytest.mark.parametrize("size", [(16, 900), (333, 77)])
def test_the_size_of_a_webp_is_read_off_its_header(size, options):
    data = encode(Image.new("RGB", size), "WEBP", **options)
    assert guard.webp_size(data, still=True) == size


def test_megabytes_of_jpeg_markers_are_refused_at_once():
    photo = encode(Image.new("L", (64, 64), 90), "JPEG")
    for marker in (b"\xff\xfe\x00\x02", b"\xff\xe1\x00\x02", b"\xff\xe2\x00\x02"):
        start = time.monotonic()
        assert "damaged" in refusal(photo[:2] + marker * (8 << 20) + photo[2:])
        assert time.monotonic() - start < 5
        few = photo[:2] + marker * 5000 + photo[2:]
        np.testing.assert_array_equal(read_luma(few), read_luma(photo))


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_a_picture_of_192_megapixels_is_read_when_our_limit_allows_it(kind):
    picture = Image.new("1", (16_000, 12_000))
    options = {"compression": "group4"} if kind == "TIFF" else {"compress_level": 1}
    data = encode(picture, kind, **options)
    luma, size, _ = read_sized(data, ReadConfig(max_pixels=1_000_000_000))
    assert (size, luma.shape) == ((16_000, 12_000), (384, 512))
    assert "over the limit" in refusal(data, config=ReadConfig(max_pixels=100_000_000))


def test_a_script_that_reads_a_tiff_at_its_top_is_run_once(rgb, tmp_path):
    path = tmp_path / "photo.tif"
    path.write_bytes(KINDS["plain.tif"](rgb))
    script = tmp_path / "script.py"
    script.write_text(f"import blurdct\nprint(blurdct.read_luma({str(path)!r}).shape)\n")
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=60, env=os.environ
    )
    assert (done.stdout, done.stderr) == ("(96, 128)\n", "")


def test_jpeg_png_and_webp_start_no_process(rgb, tmp_path):
    for name in sorted(HERE):
        (tmp_path / name).write_bytes(KINDS[name](rgb))
    code = (
        "import sys, blurdct\n"
        "for path in sys.argv[1:]: blurdct.read_luma(path)\n"
        "print('blurdct.parallel.confined' in sys.modules, 'subprocess' in sys.modules)\n"
    )
    paths = [str(tmp_path / name) for name in sorted(HERE)]
    done = subprocess.run(
        [sys.executable, "-c", code, *paths], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.startswith("False"), done.stderr


# Formats that nothing here reads


@pytest.mark.parametrize(
    ("start", "what"),
    [
        (b"\xff\x0a", "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"8BPS", "Photoshop"),
        (b"\x76\x2f\x31\x01", "OpenEXR"),
        (b"\0\0\1\0", "Windows icon"),
        (b"%!PS-Adobe", "PostScript"),
        (b'<?xml version="1.0"?><svg ', "SVG"),
        (b"FOVb", "Sigma RAW"),
        (bytes(128) + b"DICM", "DICOM"),
        (b"\xff\xd8\xff\xf7", "JPEG-LS"),
    ],
)
def test_a_format_that_nobody_reads_is_named(start, what):
    assert refusal(start + bytes(300), name="photo") == f"photo: {what} is not supported"


@pytest.mark.parametrize("ending", UNREAD_FORMATS)
def test_an_ending_names_the_format_where_content_does_not(ending):
    data = bytes(60) + b"something"
    what = UNREAD_FORMATS[ending]
    assert refusal(data, name=f"photo{ending.upper()}").endswith(f": {what} is not supported")
    assert unread_format(data, "photo.jpg") == ""


def test_a_photo_with_the_ending_of_another_format_is_read(rgb):
    np.testing.assert_array_equal(read_luma(encode(rgb), name="a.jxl"), read_luma(rgb))
    np.testing.assert_array_equal(read_luma(encode(rgb, "TIFF"), name="a.psd"), read_luma(rgb))


# Checksums


@pytest.mark.parametrize("chunk", [0, 1, -1])
def test_pixels_of_a_png_count_when_only_the_checksum_of_their_chunk_is_wrong(chunk):
    """They have another checksum, inside, that is right."""
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8)
    data = bytearray(encode(noise))
    starts = [at for at in range(len(data)) if data[at : at + 4] == b"IDAT"]
    start = starts[chunk]
    end = start + 4 + int.from_bytes(data[start - 4 : start], "big")
    assert zlib.crc32(data[start:end]) == int.from_bytes(data[end : end + 4], "big")
    data[end] ^= 1
    np.testing.assert_array_equal(read_rgb(bytes(data)), noise)
    data[(start + end) // 2] ^= 1
    assert "damaged" in refusal(bytes(data), name="photo.png")
