"""What is alone among its neighbours, and what is not: cuts, motion, light, focus."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from blurdct.video.neighbours import HEIGHT, LEAST, REACH, WIDTH, is_alone, softened, unlikeness
from tests.helpers.clips import scene

SIZE = 320, 240
COUNT = 2 * REACH + 1


def view(seed: int, x: float = 0.0, y: float = 0.0, zoom: float = 1.0) -> np.ndarray:
    """A part of a scene, float32, grey levels."""
    whole = scene(seed, (480, 360))[..., 0].astype(np.float32)
    moved = np.float32([[zoom, 0, -80 - x], [0, zoom, -60 - y]])
    return cv2.warpAffine(whole, moved, SIZE, borderMode=cv2.BORDER_REFLECT)


def alone(frames: list[np.ndarray], at: int = REACH) -> bool:
    small = [softened(cv2.resize(f, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)) for f in frames]
    return is_alone(at, len(frames), lambda place: small[place])


def jitter(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def blurred(picture: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(picture, (0, 0), 4)


FILMS: dict[str, Callable[[int, int], np.ndarray]] = {
    "stands still": lambda seed, n: view(seed),
    "moves slowly": lambda seed, n: view(seed, 2 * n),
    "moves fast": lambda seed, n: view(seed, 25 * n, 8 * n),
    "is zoomed": lambda seed, n: view(seed, zoom=1 + 0.05 * n),
    "shakes": lambda seed, n: view(seed, *jitter(100 * seed + n).normal(0, 5, 2)),
    "is cut": lambda seed, n: view(seed + (n >= REACH), 2 * n),
    "is cut behind it": lambda seed, n: view(seed + (n > REACH), 2 * n),
    "has a scene of one frame": lambda seed, n: view(seed + 10 * np.sign(n - REACH), 2 * n),
    "is a row of pictures": lambda seed, n: view(seed + n),
    "flashes": lambda seed, n: np.clip(view(seed) * (2 if n == REACH else 1) + 20, 0, 255),
    "is dark for a moment": lambda seed, n: view(seed) * (0.3 if n == REACH else 1),
    "fades": lambda seed, n: view(seed) * (1 - 0.14 * n),
    "is sharp for a moment": lambda seed, n: view(seed) if n == REACH else blurred(view(seed)),
    "is blurred for a moment": lambda seed, n: blurred(view(seed)) if n == REACH else view(seed),
}


@pytest.mark.parametrize("film", FILMS)
def test_no_frame_is_alone_in_a_film_that(film):
    for seed in range(20, 32):
        assert not alone([FILMS[film](seed, n) for n in range(COUNT)]), seed


@pytest.mark.parametrize("at", [0, REACH, COUNT - 1])
def test_a_frame_of_another_place_is_alone_in_the_midst_and_at_the_ends(at):
    for seed in range(20, 32):
        frames = [view(seed, 2 * n) for n in range(COUNT)]
        frames[at] = view(seed + 50)
        assert alone(frames, at)


def test_two_spoilt_frames_in_a_row_are_alone_both():
    frames = [view(20, n) for n in range(COUNT + 1)]
    frames[REACH], frames[REACH + 1] = view(70), view(71)
    assert alone(frames[:-1], REACH) and alone(frames[1:], REACH)


def test_a_clip_too_short_to_tell_has_no_frame_alone():
    assert not alone([view(1)], 0)
    assert not alone([view(1), view(2)], 0)
    assert not alone([view(1), view(2)], 1)


def test_unlikeness_passes_over_light_and_small_shifts_and_knows_strangers():
    one = softened(cv2.resize(view(1), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA))
    assert unlikeness(one, one) == pytest.approx(0, abs=1e-4)
    assert unlikeness(one, 0.5 * one + 60) == pytest.approx(0, abs=0.01)
    assert unlikeness(one, np.roll(one, 2, axis=1)) == pytest.approx(0, abs=1e-4)
    flat = np.full_like(one, 90.0)
    assert unlikeness(flat, flat + 50) == pytest.approx(0, abs=1e-4)
    assert unlikeness(flat, one) > 10 * LEAST
    assert np.isfinite(unlikeness(flat, np.zeros_like(one)))
