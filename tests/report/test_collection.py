"""``collection.js`` in a browser: what each control of the report of a collection does."""

import pytest

from blurdct.report.page import html
from blurdct.report.pictures import Picture
from blurdct.report.summary import summarize
from tests.helpers.browser import column, opened
from tests.helpers.rows import many

JPEG = bytes.fromhex("ffd8ffd9")


@pytest.fixture(scope="module")
def made():
    return summarize(many())


@pytest.fixture(scope="module")
def file(made, tmp_path_factory):
    pictures = {pick.path: Picture(JPEG, (24, 16), map=b"png") for pick in made.worst}
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(html(made, "r.csv", pictures, 24), encoding="utf-8")
    return path


def test_a_threshold_may_be_typed_slid_or_chosen(file, made):
    with opened(file) as page:
        for step, choose in (
            (304, lambda: page.fill("#number", "0.304")),
            (805, lambda: page.fill("#slider", "0.805")),
            (250, lambda: page.get_by_role("button", name="surely sharp below").click()),
            (750, lambda: page.get_by_role("button", name="surely blurred from").click()),
            (500, lambda: page.locator("[data-choose='500']").click()),
        ):
            choose()
            lost = made.dropped(step / 1000)
            assert page.inner_text("#dropped") == f"{lost:,}"
            assert page.inner_text("#kept") == f"{made.judged - lost:,}"
            assert page.input_value("#slider") == f"{step / 1000:g}"
            assert page.inner_text("#value") == f"{step / 1000:.3f}"
            shown = page.locator("#doubtful figure:visible")
            assert shown.count() == 24
            assert page.locator("#doubtful figure.drop:visible").count() == 12


@pytest.mark.parametrize("typed", ["", "-1", "1.001", "80"])
def test_what_is_no_p_changes_nothing(file, made, typed):
    with opened(file) as page:
        page.fill("#number", "0.4")
        page.fill("#number", typed)
        assert page.inner_text("#value") == "0.400"
        assert page.inner_text("#dropped") == f"{made.dropped(0.4):,}"


def test_the_address_remembers_a_threshold_and_brings_it_back(file, made):
    with opened(file, "#threshold=0.123") as page:
        assert page.inner_text("#dropped") == f"{made.dropped(0.123):,}"
        page.get_by_role("button", name="surely sharp below").click()
        assert page.evaluate("location.hash") == "#threshold=0.25"
        page.evaluate("location.hash = '#threshold=0.666'")
        page.wait_for_function("document.getElementById('value').textContent === '0.666'")


def test_folders_follow_the_threshold_after_they_were_sorted_too(file, made):
    with opened(file) as page:
        page.locator("#folders thead button").nth(0).click()
        page.locator("#folders thead button").nth(0).click()
        names = column(page, "#folders", 1)
        assert names == sorted(made.folders, reverse=True)
        page.fill("#number", "0.304")
        counts = [made.folder_counts[name] for name in names]
        lost = [int(steps[304:].sum()) for steps in counts]
        assert column(page, "#folders", 3) == [f"{number:,}" for number in lost]
        page.locator("#folders thead button").nth(2).click()  # by what is dropped now
        order = [int(text.replace(",", "")) for text in column(page, "#folders", 3)]
        assert order == sorted(lost, reverse=True)


def test_maps_are_shown_one_by_one_or_all(file):
    with opened(file) as page:
        maps, boxes = page.locator("image.map"), page.locator("figure input")
        assert maps.count() == boxes.count() == 24
        shown = "all => all.filter((one) => getComputedStyle(one).display !== 'none').length"
        assert maps.evaluate_all(shown) == 0
        boxes.nth(0).check()
        assert maps.evaluate_all(shown) == 1
        page.check("#maps")
        assert maps.evaluate_all(shown) == maps.count()
        page.uncheck("#maps")
        assert maps.evaluate_all(shown) == 0


def test_bars_may_be_logarithmic(file):
    with opened(file) as page:
        heights = "all => all.map((bar) => Number(bar.getAttribute('height')))"
        before = page.locator("#columns rect").evaluate_all(heights)
        page.check("#log")
        after = page.locator("#columns rect").evaluate_all(heights)
        assert len(before) == 100 and max(before) == max(after) == 100
        assert all(high >= low for high, low in zip(after, before, strict=True))
        assert sum(after) > 1.5 * sum(before)
