"""Bursts by EXIF, near-duplicates by hash, and who is first in a group."""

import sys
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, strategies as st
from PIL import Image

from blurdct.curate import near_duplicates
from blurdct.curate.bursts import UnreadableTimeError, group_bursts, moment
from blurdct.curate.near_duplicates import group_duplicates, perceptual_hash
from blurdct.curate.ranking import Candidate, candidates, ranked
from blurdct.errors import ConfigError, ImageError
from blurdct.utils.durations import seconds

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
CAMERA = ("Maker", "Model", "", "")


def taken(path: Path, time: str | None, **more: str) -> str:
    """A small JPEG with EXIF."""
    exif = Image.Exif()
    tags = {"make": 271, "model": 272}
    inner = {"subsec": 37521, "offset": 36881, "serial": 42033}
    for name, value in more.items():
        if name in tags:
            exif[tags[name]] = value
    part = exif.get_ifd(34665)
    if time is not None:
        part[36867] = time
    part.update({inner[name]: value for name, value in more.items() if name in inner})
    Image.new("L", (16, 16)).save(path, exif=exif)
    return str(path)


def same(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two labellings are the same partition."""
    pairs = set(zip(one.tolist(), other.tolist(), strict=True))
    return len(pairs) == len(set(one.tolist())) == len(set(other.tolist()))


def test_times_have_fractions_and_zones(tmp_path):
    file = tmp_path / "a.jpg"
    zero = moment(taken(file, "2024:05:06 07:08:09", make="Maker", model="Model"))
    assert zero and zero[0] == CAMERA
    later = moment(taken(file, "2024:05:06 07:08:09", make="Maker", model="Model", subsec="25"))
    assert later and later[0] == zero[0] and later[1] - zero[1] == pytest.approx(0.25)
    here = moment(taken(file, "2024:05:06 07:08:09", make="M", offset="+02:00"))
    there = moment(taken(file, "2024:05:06 00:38:09", make="M", offset="-04:30"))
    assert here == there and here[0] != zero[0]
    serial = moment(taken(file, "2024:05:06 07:08:09", make="Maker", model="Model", serial="7"))
    assert serial and serial[0] != zero[0] and serial[1] == zero[1]


@pytest.mark.parametrize("time", [None, "", "0000:00:00 00:00:00", "    :  :     :  :  "])
def test_a_photo_without_a_time_has_no_moment(tmp_path, time):
    assert moment(taken(tmp_path / "a.jpg", time, make="M")) is None


def test_what_is_no_photo_has_no_moment_and_what_is_gone_is_named(tmp_path):
    (tmp_path / "a.jpg").write_text("no photo")
    with pytest.raises(UnreadableTimeError):
        moment(str(tmp_path / "a.jpg"))
    for path in (str(tmp_path / "gone.jpg"), "a.zip::b.jpg", "https://x/b.jpg"):
        for function in (moment, perceptual_hash):
            with pytest.raises(ImageError) as caught:
                function(path)
            assert path in str(caught.value)


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 60)) | st.none(), max_size=25),
    st.integers(0, 9),
)
def test_a_burst_ends_where_a_camera_pauses(drawn, gap):
    moments = [None if one is None else ((one[0],), float(one[1])) for one in drawn]
    labels = group_bursts(moments, gap)
    for i, one in enumerate(moments):
        for j, other in enumerate(moments):
            if i == j:
                continue
            together = False
            if one and other and one[0] == other[0]:
                low, high = sorted((one[1], other[1]))
                steps = sorted(
                    m[1] for m in moments if m and m[0] == one[0] and low <= m[1] <= high
                )
                together = all(b - a <= gap for a, b in pairwise(steps))
            assert (labels[i] == labels[j]) == together


@pytest.mark.parametrize(
    ("text", "value"), [("2s", 2), ("500ms", 0.5), ("1.5", 1.5), (".5 s", 0.5), ("2min", 120)]
)
def test_gaps_are_times(text, value):
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "s", "-1s", "2 weeks", "1e3", "nan"])
def test_other_gaps_are_refused(text):
    with pytest.raises(ConfigError, match="expected a time"):
        seconds(text)


@pytest.mark.parametrize("distance", [0, 1, 3, 4, 6, 8, 11])
@pytest.mark.parametrize("pairs", [50, near_duplicates.PAIRS])
def test_duplicates_are_the_connected_neighbours(monkeypatch, distance, pairs):
    monkeypatch.setattr(near_duplicates, "PAIRS", pairs)  # pieces small enough to be several
    components = pytest.importorskip("scipy.sparse.csgraph").connected_components
    rng = np.random.default_rng(distance)
    for n in (1, 2, 150):
        hashes = rng.integers(0, 2**64, 1 + n // 4, np.uint64)[rng.integers(0, 1 + n // 4, n)]
        for _ in range(distance + 1):
            flip = np.uint64(1) << rng.integers(0, 64, n, np.uint64)
            hashes = hashes ^ np.where(rng.random(n) < 0.6, flip, np.uint64(0))
        near = np.bitwise_count(hashes[:, None] ^ hashes) <= distance
        assert same(group_duplicates(hashes, distance), components(near, directed=False)[1])
    assert len(group_duplicates([], distance)) == 0


def test_a_distance_out_of_range_is_refused():
    pytest.importorskip("scipy")
    for distance in (-1, 12):
        with pytest.raises(ConfigError, match="distance"):
            group_duplicates([1], distance)


def test_blurred_and_reduced_copies_look_the_same_and_other_photos_do_not(tmp_path):
    pytest.importorskip("imagehash")
    hashes, scene = [], []
    for number, photo in enumerate(sorted((SAMPLE / "sharp").glob("*.jpg"))[:6]):
        pixels = cv2.imread(str(photo))
        half = cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        for name, copy in (
            ("same", pixels),
            ("blurred", cv2.GaussianBlur(pixels, (0, 0), 4)),
            ("half", half),
        ):
            file = str(tmp_path / f"{number}_{name}.jpg")
            cv2.imwrite(file, copy, [cv2.IMWRITE_JPEG_QUALITY, 70])
            hashes.append(perceptual_hash(file))
            scene.append(number)
    assert same(group_duplicates(hashes), np.array(scene))


def test_without_the_library_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "imagehash", None)
    with pytest.raises(ConfigError, match=r"\[scan\]"):
        perceptual_hash(str(SAMPLE / "manifest.csv"))


def test_ties_go_to_the_larger_and_groups_come_as_their_first_photos_do():
    photos = [
        Candidate("soft", 0.9, 50, None, 100),
        Candidate("alone", 0.99),
        Candidate("sharp", 0.1, 50, None, 100),
        Candidate("sharp, more pixels", 0.1, 10, None, 400),
        Candidate("sharp, more bytes", 0.1, 60, None, 100),
        Candidate("sharp, unknown size", 0.1),
    ]
    places = list(ranked(photos, np.array([7, 3, 7, 7, 7, 7])))
    assert [(place.group, place.rank, place.photo.path) for place in places] == [
        (1, 1, "sharp, more pixels"),
        (1, 2, "sharp, more bytes"),
        (1, 3, "sharp"),
        (1, 4, "sharp, unknown size"),
        (1, 5, "soft"),
        (2, 1, "alone"),
    ]
    assert places[0].row["score"] == pytest.approx(10) and places[0].row["bytes"] == 10


def test_photos_without_a_verdict_are_no_candidates():
    row = {"path": "a", "bytes": 1, "modified": 2.0, "width": 3, "height": 4, "error": ""}
    rows = [
        {**row, "probability": 0.5, "label": "blurred"},
        {**row, "probability": 0.5, "label": "unknown"},
        {**row, "probability": None, "label": "", "error": "no image"},
    ]
    assert list(candidates(rows)) == [Candidate("a", 0.5, 1, 2.0, 12)]
