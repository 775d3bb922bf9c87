"""EXIF, XMP and IPTC of every format; hostile files; and nothing that is read beyond them."""

import os
import random
import re
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st
from PIL import Image

from blurdct.curate.bursts import UnreadableTimeError, moment
from blurdct.curate.metadata.reader import read_metadata
from blurdct.curate.metadata.source import Source
from blurdct.curate.metadata.tiff import directories
from blurdct.curate.xmp import beginning, tagged
from blurdct.errors import BlurdctError, ImageError
from tests.helpers import tagged_files
from tests.helpers.tagged_files import PACKET, TIMED, WRITERS, exif, write

exiftool = pytest.mark.skipif(not shutil.which("exiftool"), reason="exiftool is not installed")


@pytest.mark.parametrize(
    ("place", "why"),
    [
        (os.devnull, "not a regular file"),
        (".", "a folder, not a photo"),
        ("nowhere.jpg", "no such file"),
        ("a\0.jpg", "cannot be read (a null byte in its name)"),
    ],
)
def test_what_is_no_file_is_named_once(place, why):
    with pytest.raises(ImageError) as refused:
        read_metadata(place)
    assert str(refused.value) == f"{place}: {why}"


def made(path, *rest) -> str:
    """A photo of a format that this install can write."""
    if path.suffix == ".heic":
        pytest.importorskip("pillow_heif")
    return write(path, *rest)


@pytest.mark.parametrize("ending", WRITERS)
def test_a_new_sidecar_keeps_the_own_stars_and_keywords_of_every_format(tmp_path, ending):
    start = beginning(made(tmp_path / f"a{ending}"))
    assert start is not None
    text = tagged(start, ["blurred"], 1).decode()
    assert 'xmp:Rating="4"' in text
    assert "<rdf:li>mine</rdf:li><rdf:li>blurred</rdf:li>" in text
    assert beginning(made(tmp_path / f"b{ending}", exif(), b"")) is None


@exiftool
@pytest.mark.parametrize("ending", [".jpg", ".png", ".tif", ".webp", ".avif", ".heic", ".jp2"])
@pytest.mark.parametrize("where", ["XMP", "EXIF and IPTC"])
def test_what_exiftool_writes_into_a_photo_is_kept(tmp_path, ending, where):
    path = made(tmp_path / f"a{ending}", exif(), b"")
    words = ["-XMP:Rating=4", "-XMP:Subject=mine"]
    if where != "XMP":
        words = ["-EXIF:Rating=4", "-EXIF:XPKeywords=mine"]
        if ending in (".jpg", ".tif", ".png", ".jp2"):
            words[1:] = ["-IPTC:Keywords=mine"]
    subprocess.run(["exiftool", "-q", "-overwrite_original", *words, path], check=True)
    text = tagged(beginning(path), ["blurred"], 1).decode()
    assert re.search(r"Rating(>|=[\"'])4", text)
    assert re.search("<rdf:li>mine</rdf:li>\\s*<rdf:li>blurred</rdf:li>", text)


@exiftool
@pytest.mark.parametrize("ending", [".gif", ".pdf", ".dng"])
def test_what_exiftool_writes_into_formats_of_xmp_alone_is_kept(tmp_path, ending):
    path = made(tmp_path / f"a{ending}", exif(), b"")
    words = ["-XMP:Rating=4", "-XMP:Subject=mine"]
    subprocess.run(["exiftool", "-q", "-overwrite_original", *words, path], check=True)
    text = beginning(path).decode()
    assert "mine" in text and "Rating>4<" in text


def test_a_photo_of_192_megapixels_keeps_its_stars(tmp_path):
    Image.new("L", (16000, 12000)).save(tmp_path / "a.jpg", xmp=PACKET)
    Image.new("L", (16000, 12000)).save(tmp_path / "a.tif", compression="tiff_lzw")
    assert b"mine" in beginning(str(tmp_path / "a.jpg"))
    assert beginning(str(tmp_path / "a.tif")) is None


@pytest.mark.parametrize("ending", ["bmp", "dib", "ppm", "pgm", "j2k"])
def test_formats_without_a_place_for_stars_begin_with_nothing(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    Image.new("L", (16, 16)).save(path)
    assert beginning(str(path)) is None and moment(str(path)) is None


def test_stars_that_cannot_be_understood_are_told_of(tmp_path):
    path = write(tmp_path / "a.png", exif(), b"<broken")
    with pytest.raises(BlurdctError, match="the photo's own XMP: no XMP"):
        beginning(path)


def test_keywords_of_iptc_and_of_windows_are_kept(tmp_path):
    tags = exif()
    tags[18246] = 3
    tags[40094] = "sky;Café".encode("utf-16-le") + b"\0\0"
    data = b"\x1c\x01\x5a\0\3\x1b%G" + b"".join(
        b"\x1c\2\x19" + struct.pack(">H", len(word)) + word for word in (b"sea", b"caf\xe9")
    )
    block = b"8BIM\4\4\0\0" + struct.pack(">I", len(data)) + data
    segment = b"Photoshop 3.0\0" + block
    jpeg = tagged_files.WRITERS[".jpg"](tags, b"")
    path = tmp_path / "a.jpg"
    path.write_bytes(
        jpeg[:2] + b"\xff\xed" + struct.pack(">H", len(segment) + 2) + segment + jpeg[2:]
    )
    found = read_metadata(path)
    assert found.stars == 3 and found.keywords == ["sea", "café", "sky", "Café"]


@pytest.mark.parametrize("kind", ["exif", "APP1", "iptc", "xmp"])
def test_profiles_as_imagemagick_writes_them_into_png_are_read(tmp_path, kind):
    tags = exif()
    tags[18246] = 2
    data = {
        "exif": b"Exif\0\0" + tags.tobytes().removeprefix(b"Exif\0\0"),
        "APP1": b"http://ns.adobe.com/xap/1.0/\0" + PACKET,
        "iptc": b"8BIM\4\4\0\0\0\0\0\t\x1c\2\x19\0\4mine",
        "xmp": PACKET,
    }[kind]
    text = f"\n{kind}\n{len(data):8}\n{data.hex()}\n".encode()
    body = b"zTXt" + f"Raw profile type {kind}".encode() + b"\0\0" + zlib.compress(text)
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    path = tmp_path / "a.png"
    Image.new("L", (16, 16)).save(path)
    path.write_bytes(path.read_bytes()[:33] + chunk + path.read_bytes()[33:])
    found = read_metadata(path)
    assert found.stars == 2 if kind == "exif" else b"mine" in (*found.packets, *found.datasets)[0]


@pytest.mark.parametrize("inside", [True, False], ids=["in EXIF", "in the first directory"])
@pytest.mark.parametrize("ending", TIMED)
def test_the_capture_time_is_found_in_every_format(tmp_path, ending, inside):
    found = moment(made(tmp_path / f"a{ending}", exif(inside=inside), b""))
    assert found is not None
    assert found == (("Maker", "Model", "", ""), moment(write(tmp_path / "b.jpg", exif()))[1])
    assert moment(made(tmp_path / f"c{ending}", exif(None), b"")) is None


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("little", [False, True])
def test_either_byte_order_and_bigtiff_say_the_same(little, big):
    order, word = ("<" if little else ">"), ("Q" if big else "I")
    start = 16 if big else 8
    size = 8 if big else 4
    head = (b"II" if little else b"MM") + struct.pack(order + "H", 43 if big else 42)
    head += struct.pack(order + ("HHQ" if big else "I"), *((8, 0, 16) if big else (8,)))
    count, at = (8 if big else 2), start
    text = b"2024:05:06 07:08:09\0"
    behind = at + count + 2 * (4 + 2 * size) + size
    entries = struct.pack(order + "HH" + word + word, 36867, 2, len(text), behind)
    entries += struct.pack(order + "HH" + word, 18246, 3, 1) + struct.pack(
        order + "H" + f"{size - 2}x", 5
    )
    body = struct.pack(order + ("Q" if big else "H"), 2) + entries + bytes(size) + text
    (only,) = directories(Source.of(head + body))
    assert only[36867].text == text[:-1].decode() and only[18246].number == 5


XMP_TIME = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    'xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
    'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" '
    'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" %s/></rdf:RDF></x:xmpmeta>'
)


@pytest.mark.parametrize(
    ("says", "expected"),
    [
        ("exif:DateTimeOriginal='1970-01-01T02:00:01.5+02:00'", (("", "", "", "zone"), 1.5)),
        ("photoshop:DateCreated='1970-01-01T00:00:02' tiff:Make='M'", (("M", "", "", ""), 2.0)),
        ("photoshop:DateCreated='1970-01-01T00:00:02Z'", (("", "", "", "zone"), 2.0)),
        ("photoshop:DateCreated='1970-01-01'", None),
        ("photoshop:DateCreated='1970-01-01T00:00'", None),
        ("xmp:CreateDate='1970-01-01T00:00:02' xmp:ModifyDate='1970-01-01T00:00:02'", None),
    ],
)
def test_a_time_that_only_xmp_tells_counts_if_it_is_that_of_capture(tmp_path, says, expected):
    path = tmp_path / "a.png"
    assert moment(write(path, Image.Exif(), (XMP_TIME % says).encode())) == expected


def test_the_time_of_a_change_is_no_capture_time(tmp_path):
    tags = Image.Exif()
    tags[306] = tags.get_ifd(34665)[36868] = tagged_files.TIME
    assert moment(write(tmp_path / "a.jpg", tags, b"")) is None


@pytest.mark.parametrize(
    "time", ["soon", "2024:13:40 07:08:09", "2024:05:06", "2024:05:06   :  :  "]
)
def test_a_time_that_cannot_be_read_is_said(tmp_path, time):
    path = write(tmp_path / "a.jpg", exif(time), b"")
    with pytest.raises(UnreadableTimeError, match=r"a\.jpg: its capture time cannot be read"):
        moment(path)


@settings(max_examples=150)
@given(st.sampled_from(sorted(WRITERS)), st.integers(0, 2**32))
def test_damaged_files_say_less_or_nothing_but_never_fail(tmp_path_factory, ending, seed):
    path = tmp_path_factory.mktemp("damaged") / f"a{ending}"
    data = bytearray(Path(made(path)).read_bytes())
    chance = random.Random(seed)
    for _ in range(chance.randrange(1, 30)):
        data[chance.randrange(len(data))] = chance.choice((0, 1, 0x7F, 0xFF, chance.randrange(256)))
    path.write_bytes(data[: chance.randrange(len(data)) if chance.random() < 0.4 else None])
    found = read_metadata(path)
    assert found.stars in (None, 1, 2, 3, 4, 5) and isinstance(found.keywords, list)
    for function in (moment, beginning):
        try:
            function(str(path))
        except BlurdctError as error:
            assert "\n" not in str(error)


def test_numbers_that_lie_about_sizes_cost_no_memory(tmp_path):
    path = tmp_path / "a.tif"
    entry = struct.pack("<HHII", 700, 7, 2**32 - 1, 8)
    path.write_bytes(b"II*\0\x08\0\0\0" + struct.pack("<H", 1) + entry + bytes(4))
    os.truncate(path, 2**31)  # a hole
    assert read_metadata(path).packets == []
