from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, strategies as st

from blurdct.config import ReadConfig
from blurdct.features.screening.frame import Box, inside
from blurdct.images.reader import read_luma
from tests.helpers import toys

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "sample"
PATHS = {path.stem: path for path in (SAMPLE / "sharp").glob("*.jpg")}
NAMES = ("pagoda", "dog_in_woods", "fig_bowl", "rock_stream")


def photo(name: str) -> np.ndarray:
    luma = read_luma(PATHS[name], ReadConfig(640))
    return luma[: luma.shape[0] // 8 * 8, : luma.shape[1] // 8 * 8]


def bordered(luma: np.ndarray, down: int, across: int, level: int) -> np.ndarray:
    edges = (down, down, across, across)
    return cv2.copyMakeBorder(luma, *edges, cv2.BORDER_CONSTANT, value=level)


def as_jpeg(luma: np.ndarray, quality: int) -> np.ndarray:
    return cv2.imdecode(cv2.imencode(".jpg", luma, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 0)


def is_photo(box: Box, luma: np.ndarray, top: int, left: int) -> bool:
    """Whether a box is the photo at that place, less at most five pixels at each side."""
    bottom, right = top + luma.shape[0], left + luma.shape[1]
    lost = (box.top - top, bottom - box.bottom, box.left - left, right - box.right)
    return all(0 <= one <= 5 for one in lost)


@pytest.mark.parametrize("quality", [None, 85, 50])
@pytest.mark.parametrize("level", [0, 99, 255])
@pytest.mark.parametrize(("down", "across"), [(0, 160), (120, 0), (8, 8), (64, 64)])
@pytest.mark.parametrize("name", NAMES)
def test_a_border_of_one_grey_level_is_found(name, down, across, level, quality):
    luma = photo(name)
    framed = bordered(luma, down, across, level)
    box = inside(as_jpeg(framed, quality) if quality else framed)
    assert is_photo(box, luma, down, across)


@pytest.mark.parametrize("name", NAMES)
def test_frames_within_frames_are_found(name):
    luma = photo(name)
    framed = bordered(bordered(bordered(luma, 6, 6, 20), 60, 60, 235), 20, 20, 50)
    assert is_photo(inside(framed), luma, 86, 86)


@pytest.mark.parametrize("quality", [None, 70])
@pytest.mark.parametrize("name", NAMES)
def test_a_blurred_copy_as_canvas_is_found(name, quality):
    luma = photo(name)
    tall = luma[:, luma.shape[1] // 3 : 2 * luma.shape[1] // 3]
    across = luma.shape[1] // 4
    canvas = cv2.resize(tall, (tall.shape[1] + 2 * across, tall.shape[0]))
    canvas = cv2.GaussianBlur(canvas, (0, 0), 15)
    canvas[:, across : across + tall.shape[1]] = tall
    box = inside(as_jpeg(canvas, quality) if quality else canvas)
    assert is_photo(box, tall, 0, across)


@pytest.mark.parametrize("level", [0, 255])
@pytest.mark.parametrize("name", NAMES[1:])  # the sky of the first is as white as a corner
def test_round_corners_are_cut_off(name, level):
    luma = photo(name)
    height, width = luma.shape
    down, across = np.mgrid[0:height, 0:width]
    radius = 50
    outside = np.hypot(
        np.maximum(0, np.maximum(radius - across, across - width + radius + 1)),
        np.maximum(0, np.maximum(radius - down, down - height + radius + 1)),
    )
    box = inside(np.where(outside > radius, level, luma).astype(np.uint8))
    assert box.top == box.left == height - box.bottom == width - box.right
    assert 0.29 * radius - 2 <= box.top <= 0.29 * radius + 5


@pytest.mark.parametrize("upper", [True, False])
@pytest.mark.parametrize("level", [0, 255])
@pytest.mark.parametrize("name", NAMES)
def test_a_bar_with_a_caption_is_found(name, level, upper):
    luma = photo(name)
    bar = np.full((64, luma.shape[1]), level, np.uint8)
    words = "Harbour at dawn"
    cv2.putText(bar, words, (90, 42), cv2.FONT_HERSHEY_SIMPLEX, 1.2, 255 - level, 2, cv2.LINE_AA)
    parts = (bar, luma) if upper else (luma, bar)
    assert is_photo(inside(np.vstack(parts)), luma, 64 if upper else 0, 0)


@pytest.mark.parametrize("quality", [None, 90, 60])
@pytest.mark.parametrize("share", [0.12, 0.2])
@pytest.mark.parametrize("upper", [True, False])
@pytest.mark.parametrize("level", [0, 255])
def test_a_bar_full_of_bold_letters_is_found_over_a_blurred_photo(level, upper, share, quality):
    for path in sorted((SAMPLE / "blurred").glob("*.jpg"))[::5]:
        luma = read_luma(path, ReadConfig(640))
        if np.mean(np.abs(luma[0 if upper else -1].astype(int) - level) > 24) < 0.9:
            continue  # as dark or as light as the bar
        bar = np.full((round(share * len(luma)), luma.shape[1]), level, np.uint8)
        height = min(40, int(0.6 * len(bar)))  # of the letters
        font, scale, stroke = cv2.FONT_HERSHEY_DUPLEX, height / 22, max(1, height // 8)
        words = "WHEN HAMBURG MEETS MUNICH WE FORGET TO FOCUS, AND NOBODY MINDS IT"
        while cv2.getTextSize(words, font, scale, stroke)[0][0] > luma.shape[1] - 8:
            words = words[:-1]
        at = (4, (len(bar) + height) // 2)
        cv2.putText(bar, words, at, font, scale, 255 - level, stroke, cv2.LINE_AA)
        pages = np.vstack((bar, luma) if upper else (luma, bar))
        box = inside(as_jpeg(pages, quality) if quality else pages)
        assert is_photo(box, luma, len(bar) if upper else 0, 0), path


def test_the_lines_of_a_page_are_no_bars_over_one_another():
    page = np.full((640, 460), 250, np.uint8)
    rng = np.random.default_rng(0)
    for top in range(30, 600, 40):
        left = 30
        while left < 400:
            right = left + int(rng.integers(20, 70))
            page[top : top + 18, left:right:3] = 20
            left = right + 8
    box = inside(page)
    assert box.top <= 32 and box.bottom >= 600


@pytest.mark.parametrize("path", sorted(SAMPLE.glob("*/*.jpg")), ids=lambda path: path.stem)
def test_a_photo_has_no_frame_neither_sharp_nor_blurred(path):
    for size in (256, 512, 640):
        luma = read_luma(path, ReadConfig(size))
        assert inside(luma) == (0, luma.shape[0], 0, luma.shape[1])


@pytest.mark.parametrize("size", [64, 96, 128, 200])
def test_thumbnails_and_scenes_of_chance_have_none(size):
    for path in PATHS.values():
        luma = read_luma(path, ReadConfig(size))
        assert inside(luma) == (0, luma.shape[0], 0, luma.shape[1])
    for seed in range(20):
        for sigma in (0.5, 1, 2):
            scene = cv2.GaussianBlur(toys.scene(seed), (0, 0), sigma)
            assert inside(scene) == (0, 64, 0, 64)


def test_the_ground_that_something_stands_on_is_no_frame():
    luma = np.full((400, 500), 255, np.uint8)
    cv2.circle(luma, (250, 200), 120, 90, -1)
    cv2.ellipse(luma, (250, 330), (60, 30), 0, 0, 360, 40, -1)
    assert inside(luma) == (0, 400, 0, 500)


def test_a_sky_that_clips_slowly_is_no_frame():
    slope = np.clip(340 - np.arange(400), 0, 255)
    sky = np.repeat(slope[:, None], 500, axis=1).astype(np.uint8)
    sky[300:] = photo("pagoda")[:100, :500]
    assert inside(sky) == (0, 400, 0, 500)


def test_too_little_is_no_photo_in_a_frame():
    luma = np.full((600, 600), 255, np.uint8)
    luma[280:320, 280:320] = photo("pagoda")[:40, :40]
    assert inside(luma) == (0, 600, 0, 600)


@given(st.integers(0, 255), st.integers(16, 200), st.integers(16, 200))
def test_a_picture_of_one_grey_level_is_whole_at_any_size(level, height, width):
    luma = np.full((height, width), level, np.uint8)
    assert inside(luma) == (0, height, 0, width)


def test_mirrored_and_turned_frames_are_found_alike():
    luma = bordered(photo("fig_bowl"), 40, 90, 0)
    box, height, width = inside(luma), *luma.shape
    assert inside(luma[::-1]) == (height - box.bottom, height - box.top, box.left, box.right)
    assert inside(np.ascontiguousarray(luma.T)) == (box.left, box.right, box.top, box.bottom)
    assert inside(luma[:, ::-1]) == (box.top, box.bottom, width - box.right, width - box.left)
