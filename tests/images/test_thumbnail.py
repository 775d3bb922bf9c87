"""Small JPEGs: what they show, how large they are, and of what there is none."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from blurdct.images.thumbnail import LONG, THUMBNAIL, small_jpeg, thumbnail_jpeg

SAMPLE = Path(__file__).parents[2] / "data/sample"


def size(jpeg: bytes) -> tuple[int, int]:
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).shape[1::-1]


def test_a_thumbnail_is_the_photo_made_small():
    path = sorted((SAMPLE / "sharp").glob("*.jpg"))[0]
    jpeg = thumbnail_jpeg(path)
    full = cv2.imread(str(path))
    assert max(size(jpeg)) == THUMBNAIL and len(jpeg) < 15_000
    assert min(size(jpeg)) == pytest.approx(
        THUMBNAIL * min(full.shape[:2]) / max(full.shape[:2]), 1
    )
    small = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    expected = cv2.resize(full, size(jpeg), interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - expected).mean() < 8  # the colours in their order too


@pytest.mark.parametrize(("width", "height"), [(20, 30), (160, 160), (3000, 16), (16, 3000)])
def test_a_thumbnail_keeps_the_shape_and_is_never_larger(width, height, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), pixels)
    found = size(thumbnail_jpeg(tmp_path / "a.png"))
    scale = min(1, THUMBNAIL / max(width, height))
    assert found == (max(1, round(width * scale)), max(1, round(height * scale)))


@pytest.mark.parametrize("content", [None, b"", b"no image", b"\xff\xd8\xff\xe0broken"])
def test_what_cannot_be_read_has_no_thumbnail(content, tmp_path):
    if content is not None:
        (tmp_path / "a.jpg").write_bytes(content)
    assert thumbnail_jpeg(tmp_path / "a.jpg") is None
    assert thumbnail_jpeg(tmp_path) is None
    assert thumbnail_jpeg("a\0b") is None


@pytest.mark.parametrize("budget", [20000, 4000, 1500, 10])
def test_pictures_keep_to_their_bytes_and_their_shape(budget):
    noise = np.random.default_rng(0).integers(0, 256, (300, 450, 3), np.uint8)
    jpeg, (width, height) = small_jpeg(noise, budget)
    assert len(jpeg) <= budget
    assert bool(jpeg) == (budget > 10)
    if jpeg:
        pixels = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert pixels.shape[1::-1] == (width, height)
        assert width <= LONG and height == pytest.approx(width * 2 / 3, abs=1)
    assert len(small_jpeg(np.full((300, 450, 3), 99, np.uint8), budget)[0]) <= budget
