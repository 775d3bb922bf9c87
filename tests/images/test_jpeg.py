"""JPEG files that end before their picture does."""

import cv2
import numpy as np
import pytest

from blurdct.images.reader import read_luma
from tests.helpers.image_files import difference, encode, refusal

END = b"\xff\xd9"
KINDS = {
    "baseline": {},
    "optimised": {"optimize": True},
    "grey": {},
    "progressive": {"progressive": True},
}


def jpeg(rgb, kind: str) -> bytes:
    return encode(rgb[..., 1] if kind == "grey" else rgb, "JPEG", quality=90, **KINDS[kind])


def restarting(rgb) -> bytes:
    """With a marker every ten blocks, at which the decoder starts anew."""
    options = [cv2.IMWRITE_JPEG_RST_INTERVAL, 10]
    return cv2.imencode(".jpg", rgb, options)[1].tobytes()


def within_data(data: bytes, share: float) -> int:
    """A place in the data of the first scans, not between 0xFF and what follows it."""
    start = data.index(b"\xff\xda") + 14
    at = start + int(share * (len(data) - start))
    return at + (data[at - 1] == 0xFF)


@pytest.mark.parametrize("share", [0.1, 0.5])
@pytest.mark.parametrize("behind", ["nothing", "the rest"])
@pytest.mark.parametrize("kind", [*KINDS, "restarting"])
def test_a_jpeg_with_its_end_in_its_middle_is_truncated(rgb, kind, behind, share):
    data = restarting(rgb) if kind == "restarting" else jpeg(rgb, kind)
    at = within_data(data, share)
    early = data[:at] + END + (data[at:] if behind == "the rest" else b"")
    assert "truncated" in refusal(early, name="early.jpg")


@pytest.mark.parametrize("marker", [0xC4, 0xD0, 0xD8, 0xE1, 0x01])
def test_any_marker_within_the_data_ends_them(rgb, marker):
    data = jpeg(rgb, "baseline")
    at = within_data(data, 0.5)
    assert "truncated" in refusal(data[:at] + bytes([0xFF, marker]) + data[at:], name="marked.jpg")


@pytest.mark.parametrize("lacking", range(1, 10))
def test_a_progressive_jpeg_without_its_last_scans_is_truncated(rgb, lacking):
    data = jpeg(rgb, "progressive")
    starts = [at for at in range(len(data)) if data.startswith(b"\xff\xda", at)]
    assert len(starts) == 10
    assert "truncated" in refusal(data[: starts[-lacking]] + END, name="coarse.jpg")


@pytest.mark.parametrize("kind", KINDS)
def test_what_follows_the_end_of_a_jpeg_is_no_matter(rgb, kind):
    data = jpeg(rgb, kind)
    for tail in (b"\0" * 100, b"\xff" * 7, data, END):
        np.testing.assert_array_equal(read_luma(data + tail), read_luma(data))


@pytest.mark.parametrize("kind", ["baseline", "optimised", "grey"])
def test_a_jpeg_that_lacks_nothing_but_its_end_marker_is_read(rgb, kind):
    data = jpeg(rgb, kind)
    np.testing.assert_array_equal(read_luma(data[:-2]), read_luma(data))


def test_jpegs_of_every_size_layout_and_quality_are_whole(rgb):
    for side in (*range(16, 34), 63, 100, 129):
        part = rgb[:side, : side + 3]
        for options in ({}, {"progressive": True}, {"subsampling": 0}, {"quality": 5}):
            data = encode(part, "JPEG", **options)
            expected = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
            np.testing.assert_array_equal(read_luma(data), expected)
        assert difference(read_luma(restarting(part)), read_luma(part[..., ::-1])) < 8
