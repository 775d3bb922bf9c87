"""XMP sidecars: what exiftool reads in them, and that nothing of what was there is lost."""

import json
import re
import shutil
import subprocess

import pytest
from PIL import Image

from blurdct.curate.xmp import beginning, tagged
from blurdct.errors import BlurdctError

exiftool = pytest.mark.skipif(not shutil.which("exiftool"), reason="exiftool is not installed")

HEAD = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 4.4.0-Exiv2">\n'
    ' <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
    '  <rdf:Description rdf:about=""\n'
    '    xmlns:xmp="http://ns.adobe.com/xap/1.0/"\n'
    '    xmlns:dc="http://purl.org/dc/elements/1.1/"\n'
    '    xmlns:lr="http://ns.adobe.com/lightroom/1.0/"\n'
    '    xmlns:digiKam="http://www.digikam.org/ns/1.0/"\n'
    '    xmlns:darktable="http://darktable.sf.net/"\n'
)
TAIL = "  </rdf:Description>\n </rdf:RDF>\n</x:xmpmeta>\n"
# As darktable and digiKam write them, shortened; <!-- --> and odd white space must survive
SIDECARS = {
    "darktable": HEAD
    + '   xmp:Rating="0"\n   darktable:history_end="2">\n   <!-- edits -->\n'
    + '   <darktable:history><rdf:Seq><rdf:li darktable:params="gz08eJxjYGBg&#10;YAFi"/>'
    + "</rdf:Seq></darktable:history>\n   <dc:subject>\n    <rdf:Bag/>\n   </dc:subject>\n"
    + TAIL,
    "digikam": HEAD
    + "   digiKam:ColorLabel='3'>\n   <digiKam:TagsList><rdf:Seq>"
    + "<rdf:li>Places/Café &amp; Bar</rdf:li></rdf:Seq></digiKam:TagsList>\n"
    + "   <dc:subject><rdf:Bag><rdf:li>Café &amp; Bar</rdf:li></rdf:Bag></dc:subject>\n"
    + "   <lr:hierarchicalSubject><rdf:Bag><rdf:li>Places|Café &amp; Bar</rdf:li></rdf:Bag>"
    + "</lr:hierarchicalSubject>\n   <xmp:Rating>4</xmp:Rating>\n"
    + TAIL,
    "stars as an element": HEAD + ">\n <xmp:Rating>0</xmp:Rating>\n" + TAIL,
    "rejected": HEAD + "xmp:Rating='-1'>" + TAIL,
    "other prefixes": (
        "<?xml version='1.0' encoding='UTF-8'?>\n<r:RDF "
        "xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
        "<r:Description r:about='x\"y' xmlns:xap='http://ns.adobe.com/xap/1.0/' "
        'xap:CreatorTool="a &gt; b" xap:Rating="0"/></r:RDF>'
    ),
}


def read(path) -> dict:
    """The tags of a file as exiftool reads them."""
    command = ["exiftool", "-j", "-G1", "-a", "-struct", "-XMP:all", "-charset", "utf8", path]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    (found,) = json.loads(answer.stdout)
    assert not answer.stderr
    return {name: value for name, value in found.items() if name.startswith("XMP")}


def subjects(found: dict, name: str = "XMP-dc:Subject") -> list[str]:
    value = found.get(name, [])
    return [word for word in (value if isinstance(value, list) else [value]) if word]


@exiftool
def test_a_new_sidecar_has_the_keyword_and_the_stars(tmp_path):
    file = tmp_path / "a.jpg.xmp"
    file.write_bytes(tagged(None, ["blurred", "a < b & c"], 1))
    found = read(file)
    assert found["XMP-xmp:Rating"] == 1 and subjects(found) == ["blurred", "a < b & c"]


@exiftool
@pytest.mark.parametrize("name", SIDECARS)
def test_exiftool_reads_all_that_was_there_and_what_was_added(tmp_path, name):
    file = tmp_path / "a.xmp"
    file.write_text(SIDECARS[name], encoding="utf-8")
    before = read(file)
    file.write_bytes(tagged(file.read_bytes(), ["blurred"], 1))
    after = read(file)
    stars = before.get("XMP-xmp:Rating", 0)
    assert after.pop("XMP-xmp:Rating") == (stars or 1)
    lists = ("XMP-dc:Subject", "XMP-lr:HierarchicalSubject", "XMP-digiKam:TagsList")
    for one in lists:
        if one in before or one == lists[0]:
            assert subjects(after, one) == [*subjects(before, one), "blurred"]
    same = {key: value for key, value in before.items() if key not in (*lists, "XMP-xmp:Rating")}
    assert same == {key: value for key, value in after.items() if key not in lists}


@pytest.mark.parametrize("name", SIDECARS)
def test_without_what_was_added_every_byte_is_as_before(name):
    after = tagged(SIDECARS[name].encode(), ["blurred"], 1).decode()
    without = re.sub(
        r" <(r|rdf):Description (r|rdf):about=.*?(?<=[\"'])>(<xmp:R|<dc:s).*\n ", "", after
    )
    without = without.replace("<rdf:li>blurred</rdf:li>", "")
    expected = SIDECARS[name].replace("<rdf:Bag/>", "<rdf:Bag></rdf:Bag>")
    expected = re.sub(r"""(Rating(?:>|="))0""", r"\g<1>1", expected)
    assert without == expected


@pytest.mark.parametrize("packet", [None, *(text.encode() for text in SIDECARS.values())])
def test_tagging_twice_changes_nothing(packet):
    once = tagged(packet, ["blurred"], 1)
    assert once != packet
    assert tagged(once, ["blurred"], 1) == tagged(once, ["blurred"], 5) == once


@pytest.mark.parametrize(
    "packet",
    [
        b"no XML",
        b"<a/>",
        b"\xff\xfe<\0a\0",
        b"<r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#'/>",
        SIDECARS["rejected"].replace("'-1'>", "><dc:subject>one</dc:subject>").encode(),
        SIDECARS["rejected"].encode()[:-20],
        SIDECARS["digikam"].encode("latin-1"),
    ],
)
def test_what_is_no_xmp_or_not_understood_is_left_alone(packet):
    with pytest.raises(BlurdctError) as caught:
        tagged(packet, ["blurred"], 1)
    assert "\n" not in str(caught.value)


def test_a_new_sidecar_begins_with_what_the_photo_says(tmp_path):
    plain, full = tmp_path / "plain.jpg", tmp_path / "full.jpg"
    image = Image.new("L", (16, 16))
    image.save(plain)
    image.save(full, xmp=SIDECARS["digikam"].encode())
    assert beginning(str(plain)) is None
    text = tagged(beginning(str(full)), ["blurred"], 1).decode()
    assert "Places/Café" in text and "<xmp:Rating>4<" in text and "blurred" in text


@exiftool
def test_stars_in_exif_and_keywords_in_iptc_are_carried_over(tmp_path):
    photo, sidecar = tmp_path / "a.jpg", tmp_path / "a.jpg.xmp"
    Image.new("L", (16, 16)).save(photo)
    command = ["exiftool", "-q", "-EXIF:Rating=5", "-IPTC:Keywords=cat", "-IPTC:Keywords=dog", "-P"]
    subprocess.run([*command, photo], check=True)
    sidecar.write_bytes(tagged(beginning(str(photo)), ["blurred"], 1))
    found = read(sidecar)
    assert found["XMP-xmp:Rating"] == 5 and set(subjects(found)) == {"cat", "dog", "blurred"}
