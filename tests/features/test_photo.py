import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from blurdct.config import ReadConfig
from blurdct.features.inputs import photo_inputs
from blurdct.features.photo import Photo
from blurdct.features.summary import ENERGY, has_evidence
from blurdct.images.reader import read_least, read_luma
from blurdct.inference.detector import Detector

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "sample"
PATHS = {f"{path.parent.name}/{path.stem}": path for path in SAMPLE.glob("*/*.jpg")}
NAMES = (
    "sharp/pagoda",
    "sharp/dog_in_woods",
    "blurred/fig_bowl_mixture",
    "blurred/bee_on_flower_defocus",
)
CONFIG = ReadConfig(320)


@pytest.fixture(scope="module")
def best() -> Detector:
    return Detector.load("dct-fusion")


def file(image: Image.Image, kind: str = "PNG") -> bytes:
    data = io.BytesIO()
    image.save(data, kind)
    return data.getvalue()


def on_canvas(image: Image.Image, level: int) -> Image.Image:
    """In the middle of a canvas that is twice as wide."""
    page = Image.new("RGB", (2 * image.width, image.height), (level,) * 3)
    page.paste(image, (image.width // 2, 0))
    return page


@pytest.mark.parametrize("level", [0, 255])
@pytest.mark.parametrize("name", NAMES)
def test_a_verdict_is_as_without_the_frame(best, name, level):
    image = Image.open(PATHS[name]).convert("RGB")
    plain = best.predict(file(image))
    for framed in (
        on_canvas(image, level),
        ImageOps.expand(image, image.width // 20, (level,) * 3),
    ):
        for kind in ("PNG", "JPEG"):
            plain = best.predict(file(image, kind))
            verdict = best.predict(file(framed, kind))
            assert verdict.label == plain.label
            assert verdict.probability == pytest.approx(plain.probability, abs=0.1)


def test_a_picture_on_transparent_ground_is_cut_out(best):
    image = Image.open(PATHS["sharp/pagoda"]).convert("RGBA")
    page = Image.new("RGBA", (image.width, 2 * image.height), (0, 0, 0, 0))
    page.paste(image, (0, image.height // 2))
    plain = best.predict(file(image)).probability
    assert best.predict(file(page)).probability == pytest.approx(plain, abs=0.1)


def test_what_a_frame_surrounds_has_the_working_size_if_it_has_the_pixels():
    image = Image.open(PATHS["sharp/pagoda"]).convert("RGB").resize((800, 600))
    photo = Photo(file(on_canvas(image, 0)), CONFIG)
    assert photo.is_framed
    assert max(photo.luma.shape) == 320
    assert (photo.size, photo.shape) == ((1600, 600), (120, 320))
    small = Photo(np.asarray(on_canvas(image.resize((200, 150)), 0)), CONFIG)
    assert small.luma.shape[0] <= 150  # not enlarged


def test_a_photo_without_a_frame_is_read_as_ever():
    for path in PATHS.values():
        photo = Photo(path, CONFIG)
        assert not photo.is_framed
        assert np.array_equal(photo.luma, read_luma(path, CONFIG))
        assert np.array_equal(photo.least(96, True)[0], read_least(path, 96, True)[0])


def test_a_bare_photo_keeps_its_frame():
    pixels = np.asarray(on_canvas(Image.open(PATHS["sharp/pagoda"]).convert("RGB"), 0))
    assert np.array_equal(Photo(pixels, CONFIG, bare=True).luma, read_luma(pixels, CONFIG))


def test_small_pictures_for_networks_are_without_the_frame_too():
    image = Image.open(PATHS["sharp/pagoda"]).convert("RGB")
    plain = photo_inputs(np.asarray(image), ["rgb96", "crop224"])
    framed = photo_inputs(np.asarray(on_canvas(image, 255)), ["rgb96", "crop224"])
    for name, row in plain.items():
        assert np.mean(np.abs(framed[name].astype(int) - row)) < 12


@pytest.mark.parametrize("shape", [(96, 128), (61, 83), (480, 640), (16, 200)])
def test_evidence_is_the_same_whether_the_cells_were_made_before_or_not(shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    pixels[: shape[0] // 2] = 255
    plain, made = Photo(pixels, CONFIG), Photo(pixels, CONFIG)
    assert made.cells.size and "cells" not in vars(plain)
    assert plain.evidence == made.evidence == np.mean(has_evidence(made.cells[ENERGY]))
    assert "cells" not in vars(plain)  # which cost ten times as much


def test_what_is_white_is_no_evidence():
    rng = np.random.default_rng(0)
    texture = rng.integers(0, 256, (20, 20), dtype=np.uint8).repeat(16, 0).repeat(16, 1)
    assert Photo(texture, CONFIG).evidence > 0.9
    texture[64:256, 64:256] = 255  # in the middle, so that it is no frame
    assert 0.6 < Photo(texture, CONFIG).evidence < 0.8
    assert 0 <= Photo(np.full((64, 64), 255, np.uint8), CONFIG).evidence <= 1


@pytest.mark.parametrize(
    ("shape", "factor"),
    [((320, 240), 1), ((100, 80), 1), ((960, 1280), 4), ((1280, 960), 4), ((330, 480), 1.5)],
)
def test_reduction_is_pixels_of_the_photo_to_one_of_the_luma(shape, factor):
    photo = Photo(np.zeros(shape, np.uint8), CONFIG)
    assert photo.reduction == pytest.approx(factor, rel=0.01)
    assert photo.reduction >= 1


def test_reduction_is_that_of_what_a_frame_surrounds():
    image = Image.open(PATHS["sharp/pagoda"]).convert("RGB").resize((1280, 960))
    photo = Photo(file(on_canvas(image, 0)), CONFIG)
    assert photo.is_framed
    assert photo.reduction == pytest.approx(4, rel=0.02)  # the border is known to a pixel of 640
    small = Photo(np.asarray(on_canvas(image.resize((200, 150)), 0)), CONFIG)
    assert small.is_framed and 1 <= small.reduction < 1.3


@pytest.mark.parametrize("name", NAMES)
def test_a_map_has_the_cells_of_the_whole_photo(best, name):
    image = Image.open(PATHS[name]).convert("RGB").resize((640, 480))
    plain, framed = best.map(np.asarray(image)), best.map(np.asarray(on_canvas(image, 0)))
    whole = (1280, 480)
    assert framed.shape == (15, 40)  # of 640x240 pixels
    assert whole[0] / whole[1] == pytest.approx(40 / 15, abs=0.01)
    inner = cv2.resize(plain, (20, 15), interpolation=cv2.INTER_AREA)
    assert np.mean(np.abs(framed[:, 10:30] - inner)) < 0.15
    assert np.array_equal(framed[:, :10], np.repeat(framed[:, :1], 10, axis=1))


def test_the_sharp_fraction_is_that_of_what_a_frame_surrounds(best):
    image = Image.open(PATHS["sharp/dog_in_woods"]).convert("RGB")
    plain = best.predict(np.asarray(image)).sharp_fraction
    framed = best.predict(np.asarray(on_canvas(image, 255))).sharp_fraction
    assert framed == pytest.approx(plain, abs=0.1)
