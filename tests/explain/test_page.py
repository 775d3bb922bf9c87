"""The page: complete, of itself, and safe whatever the photo is called."""

import numpy as np
import pytest

from blurdct.explain import explain_photo
from blurdct.explain.page import html, write_page
from blurdct.explain.pictures import Pictures, draw_pictures
from blurdct.features.photo import Photo
from tests.helpers.browser import opened

HOSTILE = '"><script>alert(1)</script>\u202e.jpg'


@pytest.fixture(scope="module")
def pictures(ladybird, explained) -> Pictures:
    return draw_pictures(ladybird, explained)


@pytest.fixture(scope="module")
def page(explained, pictures) -> str:
    return html(explained, pictures, HOSTILE)


def test_a_name_is_text_and_nothing_is_fetched(page):
    assert "<script>alert" not in page and "\u202e" not in page
    assert "http-equiv" in page
    assert "src=" in page and "http://" not in page and "https://" not in page
    assert len(page) < 400_000


def test_a_person_sees_sentence_pictures_and_bars(tmp_path, detector, ladybird):
    out = tmp_path / "page.html"
    prediction = write_page(detector, ladybird, out)
    with opened(out) as seen:
        assert seen.locator("h1").inner_text() == "Why ladybird.jpg is called sharp"
        assert seen.locator("#pictures svg").count() == 4
        loaded = "[...document.querySelectorAll('img')].every((one) => one.naturalWidth > 0)"
        assert seen.evaluate(loaded)
        assert seen.locator("#places figure").count() == 1
        assert seen.locator("#sizes td.track i").count() == 10
        assert seen.locator("#directions td.track i").count() == 5
        assert seen.locator("#typical td.track b").count() == 15
        assert f"a score of {prediction.score:.1f}" in seen.locator("#sizes tfoot").inner_text()
        bars = "(one) => [...one.querySelectorAll('td.track i')].map((bar) => bar.offsetWidth)"
        assert max(seen.locator("#sizes .bars").evaluate(bars)) > 20
        seen.locator("summary").click()
        assert seen.locator("#method tbody tr").count() == 350
        seen.set_viewport_size({"width": 390, "height": 800})
        assert seen.evaluate("document.documentElement.scrollWidth") == 390


def test_a_photo_that_shows_nothing_gets_a_page_that_says_so(detector):
    photo = Photo(np.full((200, 300), 128, np.uint8), detector.config, "flat.png")
    found = explain_photo(detector, photo)
    page = html(found, draw_pictures(photo, found), "flat.png")
    assert "Why flat.png cannot be judged" in page
    assert "flat: no edge that could be sharp or blurred" in page
    assert "td class" not in page


def test_pictures_have_a_pixel_for_each_cell_and_the_places_that_decide(explained, pictures):
    import cv2

    def decoded(data):
        return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)

    cover, spoken = decoded(pictures.evidence), decoded(pictures.influence)
    assert cover.shape == spoken.shape == (*explained.reasons.evidence.shape, 4)
    assert ((cover[..., 3] == 0) == explained.reasons.evidence).all()
    strongest = np.unravel_index(explained.reasons.influence.argmin(), spoken.shape[:2])
    assert spoken[..., 3].argmax() == np.ravel_multi_index(strongest, spoken.shape[:2])
    assert len(pictures.crops) == len(explained.reasons.places)
    assert decoded(pictures.jpeg).shape[1::-1] == pictures.size
