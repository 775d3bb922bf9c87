import cv2
import numpy as np
import pytest

from blurdct.errors import ImageError
from blurdct.images.reader import read_luma
from blurdct.inference.detector import Prediction
from blurdct.inference.heatmap import (
    LEVELS,
    LONG,
    NARROW,
    PAPER,
    SMALL,
    draw,
    drawn_png,
    overlay_png,
    small_png,
    spread,
)

GREY = np.full((400, 600), 128, np.uint8)
VIRIDIS = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], cv2.COLORMAP_VIRIDIS)[:, 0]
HALVES = np.repeat(np.float32([[0, 1]]), 8, axis=0).repeat(8, axis=1)  # left sharp, right blurred


def verdict(score: float = 62.5, label: str = "blurred") -> Prediction:
    return Prediction("photo.jpg", score / 100, label, False, 0.5, "toy")


def lightness(rgb: np.ndarray) -> np.ndarray:
    """CIE L*, 0 black .. 100 white."""
    return cv2.cvtColor(np.float32(rgb) / 255, cv2.COLOR_RGB2Lab)[..., 0]


# Colours over the photo


def test_what_is_sharp_and_what_is_blurred_have_the_colours_of_the_ends_of_the_scale():
    picture = draw(GREY, HALVES, verdict()).astype(int)
    below = picture[400:]
    coloured = np.argwhere(np.ptp(below, axis=2) > 20)  # all else there is black on white
    (top, left), (bottom, right) = coloured.min(axis=0), coloured.max(axis=0)
    assert len(coloured) == (bottom - top + 1) * (right - left + 1)
    for at, end in ((0, left), (-1, right)):
        assert (picture[50:350, at] == picture[200, at]).all()
        assert np.abs(below[top : bottom + 1, end] - picture[200, at]).max() <= 1


def test_p_is_told_by_lightness_alone_as_by_those_who_see_no_colours():
    steps = np.linspace(0, 1, 33, dtype=np.float32)
    shown = [lightness(draw(GREY, np.full((4, 4), p), verdict())[9:10, 9:10]) for p in steps]
    rise = np.diff(np.ravel(shown))
    assert (rise > 0).all()
    assert rise.sum() > 30
    assert rise.max() < 3 * rise.mean()  # equal steps of P look about equal


def test_the_photo_shows_through(texture):
    photo = np.tile(texture, (4, 4))
    for p in (0.0, 0.5, 1.0):
        picture = draw(photo, np.full((32, 48), p), verdict())[: photo.shape[0]]
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        assert np.corrcoef(grey.ravel(), photo.ravel())[0, 1] > 0.99
        assert grey.std() > photo.std() / 3


def test_a_cell_is_shown_where_it_lies():
    cells = np.zeros((6, 9), np.float32)
    cells[1, 7] = 1
    row, column = np.unravel_index(spread(cells, (120, 180)).argmax(), (120, 180))
    assert (abs(row - 30) <= 1, abs(column - 150) <= 1) == (True, True)
    one = spread(np.full((1, 1), 0.25, np.float32), (50, 7))
    np.testing.assert_array_equal(one, np.full((50, 7), 0.25))


def test_values_a_little_outside_are_those_of_the_ends():
    over = draw(GREY, HALVES * 1.2 - 0.1, verdict())
    np.testing.assert_array_equal(over[:, [0, -1]], draw(GREY, HALVES, verdict())[:, [0, -1]])


def test_colour_is_shown_as_its_brightness(rgb):
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    np.testing.assert_array_equal(draw(rgb, HALVES, verdict()), draw(grey, HALVES, verdict()))


# The page

SIZES = [(16, 16), (100, 150), (16, 900), (1700, 90), (480, 640), (700, 700), (2001, 3000)]


@pytest.mark.parametrize("size", SIZES)
def test_a_photo_of_any_size_has_a_size_for_people(size):
    photo = np.zeros(size, np.uint8)
    picture = draw(photo, np.ones((2, 2)), verdict())
    assert picture.dtype == np.uint8
    assert picture.shape[1] >= NARROW
    is_photo = (picture != PAPER).any(axis=2)
    rows = np.flatnonzero(is_photo[:, picture.shape[1] // 2])
    height = np.flatnonzero(np.diff(rows, append=10**6) > 1)[0] + 1  # up to the first gap
    width = is_photo[0].sum()
    factor = max(height, width) / max(size)
    assert factor == pytest.approx(
        min(2, max(min(1, LONG / max(size)), SMALL / max(size))), abs=0.01
    )
    assert (height, width) == tuple(round(side * factor) for side in size)


@pytest.mark.parametrize("size", SIZES)
def test_nothing_is_written_over_the_edge_or_into_the_photo(size):
    picture = draw(np.zeros(size, np.uint8), np.ones((2, 2)), verdict(100, "unknown"))
    width = picture.shape[1]
    empty = (picture == PAPER).all(axis=2)
    gap = np.flatnonzero(empty.all(axis=1))  # rows
    assert len(gap) and (np.diff(gap) == 1).sum() > 8
    below = picture[gap[0] :]
    assert (below[:, [0, 1, width - 2, width - 1]] == PAPER).all()
    assert (below[-2:] == PAPER).all()
    assert (below != PAPER).any()


def test_score_and_label_are_in_the_picture_below_the_photo():
    one = draw(GREY, HALVES, verdict())
    for other in (verdict(62.6), verdict(label="sharp")):
        changed = (draw(GREY, HALVES, other) != one).any(axis=(1, 2))
        assert changed.any()
        assert not changed[:400].any()


def test_what_was_given_stays_as_it_is(rgb):
    cells = HALVES.copy()
    cells.setflags(write=False)  # as is the photo
    draw(rgb, cells, verdict())
    np.testing.assert_array_equal(cells, HALVES)


@pytest.mark.parametrize(
    ("photo", "cells"),
    [
        (GREY.astype(np.float32), HALVES),
        (np.dstack([GREY] * 4), HALVES),
        (GREY[0], HALVES),
        (GREY, HALVES[0]),
        (GREY, HALVES[None]),
    ],
)
def test_anything_but_a_photo_and_a_map_is_refused(photo, cells):
    with pytest.raises(ValueError, match="expected"):
        draw(photo, cells, verdict())


# Files

CELLS = np.linspace(0, 1, 3 * 64, dtype=np.float32).reshape(3, 64)


def pixels_of(png: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED).astype(int)


def test_an_overlay_is_opaque_and_has_a_pixel_for_each_cell_in_the_colour_of_its_p():
    pixels = pixels_of(overlay_png(CELLS))
    assert pixels.shape == (3, 64, 4) and (pixels[..., 3] == 255).all()
    np.testing.assert_array_equal(pixels[..., :3], VIRIDIS[np.rint(255 * CELLS).astype(int)])


def test_a_small_map_is_drawn_cell_by_cell_in_few_of_these_colours():
    pixels = pixels_of(small_png(CELLS))
    assert pixels.shape == (3, 64, 3)
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) == LEVELS
    np.testing.assert_array_equal(pixels[[0, -1], [0, -1]], VIRIDIS[[0, 255]])
    expected = VIRIDIS[np.rint(255 * CELLS).astype(int)].astype(int)
    assert np.abs(pixels - expected).max() <= 12  # half a step of the few
    noise = np.random.default_rng(0).random((40, 60), np.float32)
    assert len(small_png(noise)) < len(overlay_png(noise)) / 2


def test_a_drawn_file_is_what_is_drawn_of_its_photo(rgb):
    data = cv2.imencode(".png", rgb)[1].tobytes()
    drawn = draw(read_luma(data), HALVES, verdict())
    pixels = pixels_of(drawn_png(data, rgb.size, verdict(), HALVES))
    np.testing.assert_array_equal(pixels[..., ::-1], drawn)
    with pytest.raises(ImageError, match="photo.jpg"):
        drawn_png(data[:200], rgb.size, verdict(), HALVES)
