"""Photographs of several sizes: judged at one, and which of them are copies."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageFilter

from blurdct import Detector
from blurdct.config import ReadConfig
from blurdct.curate.comparison import compare
from blurdct.curate.ranking import Candidate, Look, of_several_sizes, ranked

SAMPLE = sorted((Path(__file__).parents[2] / "data" / "sample" / "sharp").glob("*.jpg"))[:6]


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector.load()


def candidate(path: Path, p: float = 0.5) -> Candidate:
    with Image.open(path) as image:
        width, height = image.size
    return Candidate(str(path), p, path.stat().st_size, None, width * height, max(width, height))


def small(path: Path, to: Path, side: int = 256, filter: int = 1, sharpened: int = 0) -> Candidate:
    with Image.open(path) as image:
        scale = side / max(image.size)
        width, height = (round(length * scale) for length in image.size)
        copy = image.convert("RGB").resize((width, height), filter)
    if sharpened:
        copy = copy.filter(ImageFilter.UnsharpMask(1, sharpened, 0))
    copy.save(to, quality=85)
    return candidate(to)


@pytest.mark.parametrize("path", SAMPLE, ids=lambda path: path.stem)
def test_a_reduced_copy_is_known_however_it_was_reduced(detector, tmp_path, path):
    copies = [
        small(path, tmp_path / f"{number}.jpg", *how)
        for number, how in enumerate([(256, 1), (200, 2), (128, 3), (320, 4), (256, 1, 120)])
    ]
    looks = compare(detector, [*copies, candidate(path)])
    assert [look.copy for look in looks] == [True] * 5 + [False]
    assert not any(look.problem for look in looks)


@pytest.mark.parametrize("path", SAMPLE, ids=lambda path: path.stem)
def test_a_small_sharp_photo_comes_before_a_large_blurred_one(detector, tmp_path, path):
    sharp = small(path, tmp_path / "small.jpg")
    pixels = cv2.imread(str(path))
    sigma = 2 * max(pixels.shape) / 256
    cv2.imwrite(str(tmp_path / "large.jpg"), cv2.GaussianBlur(pixels, (0, 0), sigma))
    members = [candidate(tmp_path / "large.jpg", 0.2), sharp]
    looks = compare(detector, members)
    assert not looks[1].copy and looks[1].probability < looks[0].probability
    first = next(ranked(members, np.zeros(2), dict(enumerate(looks))))
    assert first.photo == sharp and first.compared == looks[1].probability


def test_other_scenes_are_no_copies(detector, tmp_path):
    one = small(SAMPLE[0], tmp_path / "small.jpg")
    assert not any(look.copy for look in compare(detector, [one, *map(candidate, SAMPLE[1:])]))


def test_all_are_judged_at_the_size_of_the_smallest(detector, tmp_path):
    one = small(SAMPLE[0], tmp_path / "small.jpg", 100)
    _, large = compare(detector, [one, candidate(SAMPLE[0])])
    reduced = Detector.load(size=100)
    assert reduced.config == ReadConfig(size=100)
    assert large.probability == reduced.predict(SAMPLE[0]).probability


def test_one_that_is_gone_is_last_and_costs_the_others_nothing(detector, tmp_path):
    gone = Candidate(str(tmp_path / "gone.jpg"), 0.0, None, None, 10**9, 40000)
    here = candidate(SAMPLE[0], 0.9)
    looks = compare(detector, [gone, here])
    assert "no such file" in looks[0].problem and looks[1].probability is not None
    places = ranked([gone, here], np.zeros(2), dict(enumerate(looks)))
    assert [place.photo for place in places] == [here, gone]


def test_copies_come_last_and_the_sharpest_of_the_others_first():
    photos = [Candidate(name, 0.1, pixels=100 + i) for i, name in enumerate("abcd")]
    looks = {0: Look(0.3), 1: Look(0.2), 2: Look(0.05, True), 3: Look(0.01, True)}
    places = list(ranked(photos, np.zeros(4), looks))
    assert "".join(place.photo.path for place in places) == "badc"
    assert [place.row["compared"] for place in places] == [20, 30, 1, 5]


def test_only_groups_of_several_sizes_are_looked_at():
    photos = [Candidate(str(pixels), 0.5, pixels=pixels) for pixels in (9, 9, 9, 4, 0, 9)]
    assert of_several_sizes(photos, np.array([0, 0, 1, 1, 2, 2])) == [[2, 3]]


def test_pictures_without_anything_in_them_are_copies_of_each_other(detector, tmp_path):
    for name, side in (("a", 300), ("b", 100)):
        Image.new("L", (side, side), 90).save(tmp_path / f"{name}.png")
    looks = compare(detector, [candidate(tmp_path / f"{name}.png") for name in "ab"])
    assert [look.copy for look in looks] == [False, True]
