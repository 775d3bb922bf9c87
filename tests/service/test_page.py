"""The page of the service, in a headless Chromium against the service itself.

After each test the page must have met no error of its own, broken no rule of its policy, and asked
no other host for anything.
"""

import base64
import re
import shutil
import socket
import threading
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest
from PIL import Image

from blurdct import results
from blurdct.errors import ImageError
from blurdct.inference.bundle import load
from blurdct.inference.detector import Detector
from tests.helpers import toys

playwright = pytest.importorskip("playwright.sync_api")
uvicorn = pytest.importorskip("uvicorn")
pytest.importorskip("fastapi")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "blurdct" / "service" / "http" / "page"
SAMPLE = ROOT / "data" / "sample"
PAGODA, CUP = SAMPLE / "sharp" / "pagoda.jpg", SAMPLE / "blurred" / "coffee_cup_defocus.jpg"
BROKEN = ("broken.jpg", b"\xff\xd8\xff\xe0 no photo")
FLAT = ("flat.png", cv2.imencode(".png", np.full((64, 64, 3), 90, np.uint8))[1].tobytes())
IN_FLIGHT = 4  # photos at once
READY = "#judge:not([hidden])"

# Counts object URLs that live and requests under way; runs before the scripts of the page.
COUNTING = """
window.urls = new Set();
const { createObjectURL, revokeObjectURL } = URL;
URL.createObjectURL = (blob) => {
  const url = createObjectURL.call(URL, blob);
  window.urls.add(url);
  return url;
};
URL.revokeObjectURL = (url) => { window.urls.delete(url); revokeObjectURL.call(URL, url); };
const { fetch } = window;
let flying = 0;
window.most = 0;
window.fetch = async (...words) => {
  window.most = Math.max(window.most, ++flying);
  try { return await fetch(...words); } finally { flying--; }
};
window.broken = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.broken.push(event.violatedDirective);
});
"""
DROP = """
([name, files]) => {
  const transfer = new DataTransfer();
  for (const [name, data] of files) {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], name));
  }
  const event = new DragEvent(name, { dataTransfer: transfer, bubbles: true, cancelable: true });
  return document.body.dispatchEvent(event);
}
"""
# The least contrast of text that is shown with what is behind it, by WCAG 2.2, and where it is.
CONTRAST = """
() => {
  const paint = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const levels = (colour) => {
    paint.clearRect(0, 0, 1, 1);
    paint.fillStyle = colour;
    paint.fillRect(0, 0, 1, 1);
    return [...paint.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (colour) => {
    const [r, g, b] = levels(colour).map((level) => level / 255)
      .map((part) => part <= .04045 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const ground = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if (levels(colour)[3] === 255) return colour;
    }
    return "white";
  };
  let least = [21, ""];
  for (const element of document.body.querySelectorAll("*")) {
    const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!text || !element.checkVisibility() || element.closest(":disabled")) continue;
    const pair = [luminance(getComputedStyle(element).color), luminance(ground(element))];
    const contrast = (Math.max(...pair) + .05) / (Math.min(...pair) + .05);
    if (contrast < least[0]) least = [contrast, element.outerHTML];
  }
  return least;
}
"""


@pytest.fixture(scope="module")
def service():
    """The service in a thread; where it is."""
    from blurdct.service.http.app import create
    from blurdct.service.settings import Settings

    listening = socket.create_server(("127.0.0.1", 0))
    settings = Settings(models=("dct-xgb", "best"), max_bytes=2 << 20)
    config = uvicorn.Config(create(settings), log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(30)


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as running:
        made = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture(scope="module")
def window(browser):
    """Opens a window, or the one that is open already with the same settings."""
    windows = {}

    def opened(**settings):
        key = repr(settings)
        if key not in windows:
            context = browser.new_context(**settings)
            context.set_default_timeout(10_000)
            context.add_init_script(COUNTING)
            windows[key] = page = context.new_page()
            page.requests, page.errors = [], []
            page.on("request", lambda request: page.requests.append(request))
            page.on("pageerror", lambda error: page.errors.append(str(error)))
        return windows[key]

    return opened


@pytest.fixture
def visit(window, service):
    """Opens the page anew."""
    pages = []

    def opened(**settings):
        page = window(**settings)
        page.requests.clear()
        page.errors.clear()
        page.goto(service)
        page.wait_for_selector(READY)
        pages.append(page)
        return page

    yield opened
    for page in pages:
        page.unroute_all()
        assert page.evaluate("window.broken") == []
        assert page.errors == []
        urls = [request.url for request in page.requests if not request.url.startswith("blob:")]
        assert {urlsplit(url).netloc for url in urls} == {urlsplit(service).netloc}


def drop(page, *files):
    """Drop photographs: paths, or names and bytes."""
    pairs = [(file.name, file.read_bytes()) if isinstance(file, Path) else file for file in files]
    coded = [(name, base64.b64encode(data).decode()) for name, data in pairs]
    page.evaluate(DROP, ["drop", coded])
    page.wait_for_selector("#rows tr")


def judged(page, *files):
    """Drop photographs, and wait for all verdicts."""
    drop(page, *files)
    page.wait_for_selector("#progress", state="hidden", timeout=20_000)


def png(pixels, ending=".png"):
    return cv2.imencode(ending, pixels)[1].tobytes()


def cells(page, column):
    return page.locator(f"#rows tr > :nth-child({column})").all_inner_texts()


def names(page):
    return page.locator("#rows .pick").all_inner_texts()


def at(page, threshold):
    """Type a threshold."""
    page.fill("#threshold", str(threshold))
    page.press("#threshold", "Enter")


def counted(page):
    """What stands above the table."""
    pairs = [text.split() for text in page.locator("#facts button:visible").all_inner_texts()]
    return {name: int(number) for number, name in pairs}


def shown(page):
    return page.locator("#rows tr:visible .pick").all_inner_texts()


def opened(page, name):
    page.click(f"#rows tr:has-text('{name}') .pick")


def mapped(page):
    """Ask for the map of what is open, and wait for it."""
    page.check("#map")
    page.wait_for_selector("#overlay:not([hidden])")


def asked(page, path):
    """How many requests there were for it."""
    return sum(urlsplit(request.url).path == path for request in page.requests)


def natural(page, selector):
    """Width and height of a picture as the browser decoded it."""
    page.locator(selector).evaluate("(image) => image.decode()")
    return page.locator(selector).evaluate("(image) => [image.naturalWidth, image.naturalHeight]")


def test_dropped_photos_get_the_verdicts_of_the_detector(visit):
    page = visit()
    judged(page, PAGODA, CUP)
    detector = Detector.load("best")
    expected = [detector.predict(path) for path in (PAGODA, CUP)]
    assert names(page) == [PAGODA.name, CUP.name]
    assert cells(page, 3) == [f"{verdict.score:.1f}" for verdict in expected]
    assert cells(page, 4) == [verdict.shown for verdict in expected] == ["sharp", "blurred"]
    assert cells(page, 5) == [f"{verdict.sharp_fraction:.0%}" for verdict in expected]
    assert page.inner_text("#status") == "2 photos judged"
    assert page.locator("#rows canvas").first.evaluate("(one) => one.width * one.height") > 0


def test_the_browser_is_kept_from_leaving_for_a_dropped_photo(visit):
    page = visit()
    for event in ("dragover", "drop"):
        assert page.evaluate(DROP, [event, [("a.png", "")]]) is False  # its default was prevented


def test_a_dropped_folder_gives_the_photos_in_it(visit, tmp_path):
    toys.save_photos(tmp_path / "trip", 2)
    (tmp_path / "trip" / "notes.txt").write_text("no photo")
    (tmp_path / "trip" / "empty").mkdir()
    page = visit()
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(tmp_path / "trip"), str(CUP)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        place = {"type": kind, "x": 200, "y": 400, "data": data}
        session.send("Input.dispatchDragEvent", place)
        assert page.locator("body.over").count() == (kind != "drop")
    page.wait_for_selector("#rows tr")
    page.wait_for_selector("#progress", state="hidden")
    inside = [f"trip/{blur}/{number:02}.png" for blur in ("blurred", "sharp") for number in (0, 1)]
    assert names(page) == [*inside, CUP.name]
    assert "unreadable" not in cells(page, 4)


def test_a_photo_by_the_file_dialog_opens_at_once(visit):
    page = visit()
    page.set_input_files("#choose", CUP)
    page.wait_for_selector("#viewer .pill.blurred")
    assert page.inner_text("#title") == CUP.name
    assert natural(page, "#photo") == [*Image.open(CUP).size]


def test_the_map_is_asked_for_when_wanted_and_the_slider_fades_it(visit):
    page = visit()
    judged(page, PAGODA, CUP)
    opened(page, PAGODA.name)
    page.wait_for_timeout(300)
    assert asked(page, "/v1/map") == 0
    assert page.is_disabled("#opacity")
    mapped(page)
    height, width = Detector.load("best").map(PAGODA).shape
    assert natural(page, "#overlay") == [width, height]
    opacity = "(image) => Number(getComputedStyle(image).opacity)"
    shown = page.locator("#overlay").evaluate(opacity)
    page.focus("#opacity")
    for _ in range(10):
        page.keyboard.press("ArrowLeft")
    assert page.locator("#overlay").evaluate(opacity) == pytest.approx(shown - 0.1)
    page.keyboard.press("Home")
    assert page.locator("#overlay").evaluate(opacity) == 0
    page.uncheck("#map")
    assert page.is_hidden("#overlay")
    page.check("#map")
    page.wait_for_selector("#overlay:not([hidden])")
    assert asked(page, "/v1/map") == 1  # it was kept


def test_the_map_lies_on_the_photo_where_the_camera_was_turned(visit):
    file = BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    Image.open(PAGODA).save(file, "JPEG", exif=exif)
    page = visit()
    judged(page, ("turned.jpg", file.getvalue()))
    mapped(page)
    width, height = natural(page, "#photo")
    across, down = natural(page, "#overlay")
    box = page.locator("#stage").bounding_box()
    assert width < height
    assert across / down == pytest.approx(width / height, rel=0.05)
    assert box["width"] / box["height"] == pytest.approx(width / height, rel=0.01)
    assert page.locator("#overlay").bounding_box() == page.locator("#photo").bounding_box()


def test_rows_are_sorted_both_ways_and_what_has_no_score_stays_below(visit):
    page = visit()
    judged(page, BROKEN, PAGODA, FLAT, CUP)
    page.click("[data-sort=score]")
    assert names(page)[:2] == [CUP.name, PAGODA.name]
    assert page.get_attribute("th[aria-sort]", "aria-sort") == "descending"
    page.click("[data-sort=score]")
    assert names(page)[:2] == [PAGODA.name, CUP.name]
    assert page.get_attribute("th[aria-sort]", "aria-sort") == "ascending"
    assert set(names(page)[2:]) == {"broken.jpg", "flat.png"}
    page.click("[data-sort=label]")
    assert names(page) == [PAGODA.name, CUP.name, "flat.png", "broken.jpg"]
    page.click("[data-sort=name]")
    assert names(page) == sorted(names(page))
    assert page.locator("th[aria-sort]").count() == 1


def test_rows_are_chosen_by_keyboard_alone(visit):
    page = visit()
    judged(page, PAGODA, CUP, BROKEN)
    focused = "document.activeElement.textContent"
    page.focus("#clear")
    for _ in range(5):  # four headings, and then one row of the three
        page.keyboard.press("Tab")
    assert page.evaluate(focused) == PAGODA.name
    page.keyboard.press("Enter")
    assert page.inner_text("#title") == PAGODA.name
    for key, name in (("ArrowDown", CUP.name), ("End", "broken.jpg"), ("ArrowUp", CUP.name)):
        page.keyboard.press(key)
        assert page.evaluate(focused) == page.inner_text("#title") == name
        assert page.locator("[aria-current=true]").inner_text() == name
    assert page.locator("#rows [tabindex='0']").count() == 1
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "before"
    page.keyboard.press("Escape")
    assert page.is_hidden("#viewer") and page.evaluate(focused) == CUP.name


def test_every_control_has_a_name(visit):
    page = visit()
    judged(page, PAGODA)
    nameless = """
    (controls) => controls.filter((one) => !(one.labels?.length || one.getAttribute("aria-label")
      || one.textContent.trim())).map((one) => one.outerHTML)
    """
    assert page.locator("input, button, select, progress").evaluate_all(nameless) == []


def test_no_cell_of_the_download_is_a_formula_and_names_come_back(visit, tmp_path):
    page = visit()
    names = ["=1+1.jpg", "-2.jpg", "'@c.jpg", "plain.jpg"]
    judged(page, *((name, CUP.read_bytes()) for name in names))
    with page.expect_download() as download:
        page.click("#download")
    download.value.save_as(tmp_path / "r.csv")
    lines = (tmp_path / "r.csv").read_text().splitlines()
    assert lines[0].endswith(",escaped") and lines[1].startswith("'=1+1.jpg,")
    assert lines[1].endswith(",'") and lines[3].startswith("'@c") and lines[4].endswith(",")
    assert [row["path"] for row in results.read(tmp_path / "r.csv")] == names


def test_the_download_is_a_file_of_results(visit, tmp_path):
    page = visit()
    hostile = 'a, "b"\n.jpg'
    judged(page, PAGODA, (hostile, CUP.read_bytes()), BROKEN)
    with page.expect_download() as download:
        page.click("#download")
    assert download.value.suggested_filename.endswith(".csv")
    download.value.save_as(tmp_path / "r.csv")
    rows = list(results.read(tmp_path / "r.csv", results.COLUMNS))
    assert list(rows[0]) == list(results.COLUMNS)
    assert [row["path"] for row in rows] == [PAGODA.name, hostile, "broken.jpg"]
    detector = Detector.load("best")
    for row, path in zip(rows, (PAGODA, CUP), strict=False):
        verdict = detector.predict(path)
        assert row["score"] == pytest.approx(verdict.score)
        assert row["probability"] == pytest.approx(verdict.probability)
        for name in ("label", "sure", "threshold", "model", "note"):
            assert row[name] == getattr(verdict, name)
        for name in ("sharp_fraction", "evidence", "blur"):
            assert row[name] == pytest.approx(getattr(verdict, name))
        assert row["kind"] == (verdict.kind or "")
        assert row["kind_probability"] == pytest.approx(verdict.kind_probability)
        assert (row["width"], row["height"]) == Image.open(path).size
        assert row["bytes"] == path.stat().st_size and row["error"] == ""
    assert rows[2]["score"] is rows[2]["sure"] is rows[2]["threshold"] is None
    assert rows[2]["label"] == "" and rows[2]["error"].startswith("broken.jpg: ")


def test_what_is_unknown_has_a_reason_and_no_number_on_the_page_or_in_the_download(visit, tmp_path):
    page = visit()
    judged(page, PAGODA, FLAT)
    opened(page, PAGODA.name)
    mapped(page)
    assert page.is_visible("#gauge")
    opened(page, "flat.png")
    assert [cells(page, column)[1] for column in (3, 4, 5)] == ["", "unknown", ""]
    assert page.inner_text("#verdict") == "unknown"
    assert page.inner_text("#score") == page.inner_text("#sharp") == ""
    for part in ("#gauge", "#controls", "#overlay"):
        assert page.is_hidden(part)
    reason = Detector.load().predict(FLAT[1]).reason
    assert page.locator("#rows .note").nth(1).inner_text() == reason
    assert reason in page.inner_text("#why")
    with page.expect_download() as download:
        page.click("#download")
    download.value.save_as(tmp_path / "r.csv")
    row = list(results.verdicts(tmp_path / "r.csv"))[1]
    assert (row["label"], row["reason"], row["sure"]) == ("unknown", reason, False)
    assert row["probability"] is row["score"] is row["sharp_fraction"] is row["blur"] is None
    assert row["evidence"] == 0


def test_a_threshold_gives_the_verdicts_that_the_detector_gives_at_it(visit, tmp_path):
    page = visit()
    photos = [(f"{n}.png", png(toys.photo(n, sigma))) for n, sigma in enumerate((0, 0.6, 1, 3))]
    judged(page, *photos, PAGODA, CUP, FLAT, BROKEN)
    opened(page, "1.png")
    sent = asked(page, "/v1/predict")
    data = {**dict(photos), FLAT[0]: FLAT[1]}
    data |= {path.name: path.read_bytes() for path in (PAGODA, CUP)}
    seen = set()
    for threshold in (0, 0.03, 0.3, 0.5, 0.95, 1):
        at(page, threshold)
        detector = Detector.load(threshold=threshold)
        expected = {name: detector.predict(photo).shown for name, photo in data.items()}
        assert dict(zip(names(page), cells(page, 4), strict=True)) == {
            **expected,
            "broken.jpg": "unreadable",
        }
        assert page.inner_text("#verdict") == expected["1.png"]
        told = "blurred" if expected["1.png"].startswith("blurred") else "sharp"
        assert f"{threshold:g}" in page.inner_text("#why") and told in page.inner_text("#why")
        seen |= set(expected.values())
    assert seen == {"sharp", "sharp?", "blurred?", "blurred", "unknown"}
    assert asked(page, "/v1/predict") == sent  # no photo goes on a journey for it
    at(page, 0.3)
    judged(page, CUP)
    with page.expect_download() as download:
        page.click("#download")
    download.value.save_as(tmp_path / "r.csv")
    rows = list(results.verdicts(tmp_path / "r.csv", twice=True))  # the cup was dropped again
    assert {row["threshold"] for row in rows if not row["error"]} == {0.3}
    page.select_option("#model", "dct-xgb")
    assert page.input_value("#threshold") == "0.5"  # that of the model


@pytest.mark.parametrize(
    ("typed", "why"),
    [("80", "Did you mean 0.8?"), ("101", "0 to 1."), ("-1", "0 to 1."), ("", "0 to 1.")],
)
def test_what_is_no_threshold_is_told_and_changes_nothing(visit, typed, why):
    page = visit()
    judged(page, PAGODA, CUP)
    before = cells(page, 4)
    at(page, typed)
    assert page.inner_text("#amiss").endswith(why)
    assert page.get_attribute("#threshold", "aria-invalid") == "true"
    assert cells(page, 4) == before
    at(page, 1)
    assert page.inner_text("#amiss") == "" and page.is_visible("#limits")
    assert cells(page, 4) == ["sharp", "sharp?"]


def test_rows_are_filtered_by_verdict_and_by_doubt(visit):
    page = visit()
    photos = [(f"{number}.png", png(toys.photo(number))) for number in range(2)]
    judged(page, PAGODA, *photos, CUP, FLAT)
    at(page, 1)  # what is blurred is called sharp, and that is not sure
    assert counted(page) == {"photos": 5, "sharp": 4, "blurred": 0, "doubtful": 3, "unknown": 1}
    page.click("[data-filter=doubtful]")
    assert shown(page) == ["0.png", "1.png", CUP.name]
    assert page.locator("#facts [aria-pressed=true]").inner_text().split() == ["3", "doubtful"]
    page.locator("#rows tr:visible .pick").first.click()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.inner_text("#title") == CUP.name
    page.keyboard.press("ArrowDown")  # there is no other
    assert page.inner_text("#title") == CUP.name
    page.keyboard.press("Home")
    assert page.inner_text("#title") == "0.png"
    page.click("#before")
    assert page.inner_text("#title") == "0.png"
    page.click("#after")
    assert page.inner_text("#title") == "1.png"
    at(page, 0)
    assert counted(page)["sharp"] == 0
    page.click("[data-filter=sharp]")
    assert shown(page) == [] and page.is_visible("#none")
    page.click("[data-filter=unknown]")
    assert shown(page) == ["flat.png"] and page.is_hidden("#none")
    page.click("#clear")
    judged(page, CUP)
    assert shown(page) == [CUP.name]


def test_doubt_is_told_to_eyes_and_to_ears(visit):
    page = visit()
    judged(page, CUP)
    at(page, 1)
    mark = page.locator("#rows .pill")
    assert mark.inner_text() == "sharp?" and "doubtful" in mark.get_attribute("class")
    told = page.get_attribute("#rows .pick", "aria-label")
    assert told.startswith(f"{CUP.name}, sharp, not sure, score ")
    opened(page, CUP.name)
    assert "but surely so only below" in page.inner_text("#why")


def test_what_was_done_to_judge_a_photo_is_told(visit, tmp_path):
    page = visit()

    def noted(route):
        answer = route.fetch().json()
        answer["results"][0]["note"] = "first of 3 pages"
        route.fulfill(json=answer)

    page.route("**/v1/predict*", noted)
    judged(page, CUP)
    assert page.inner_text("#rows .note") == "first of 3 pages"
    opened(page, CUP.name)
    assert "first of 3 pages" in page.inner_text("#details")
    with page.expect_download() as download:
        page.click("#download")
    download.value.save_as(tmp_path / "r.csv")
    assert next(results.read(tmp_path / "r.csv"))["note"] == "first of 3 pages"


def measured(page, given):
    """The page with the cup's details open, its verdict changed by what is given."""

    def answer_with(route):
        answer = route.fetch().json()
        answer["results"][0] |= given
        route.fulfill(json=answer)

    page.route("**/v1/predict*", answer_with)
    judged(page, CUP)
    opened(page, CUP.name)
    return page


def test_how_wide_blur_is_and_how_much_there_is_to_judge_by_are_told(visit, tmp_path):
    given = {"sharp_fraction": 0.4, "evidence": 0.834, "blur": 6.2, "label": "blurred"}
    given |= {"kind": "motion", "kind_probability": 0.95}
    page = measured(visit(), given)
    expected = "moved \u00b7 40% of it sharp \u00b7 blur about 6 px \u00b7 83% of it to judge by"
    assert page.inner_text("#sharp") == expected
    with page.expect_download() as download:
        page.click("#download")
    download.value.save_as(tmp_path / "r.csv")
    (row,) = results.verdicts(tmp_path / "r.csv")
    assert {name: row[name] for name in given} == given


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"sharp_fraction": None, "blur": 0.3, "evidence": 0.5}, ["blur about 1 px", "50%"]),
        ({"sharp_fraction": 0.5, "blur": None, "evidence": 1.0}, ["50% of it sharp", "100%"]),
        ({"sharp_fraction": None, "blur": None, "evidence": 0.25}, ["25%"]),
    ],
)
def test_what_a_model_does_not_measure_is_left_out(visit, given, words):
    page = measured(visit(), {"kind": None, "kind_probability": None, **given})
    words[-1] += " of it to judge by"
    assert page.inner_text("#sharp") == " \u00b7 ".join(words)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"kind": "defocus", "kind_probability": 0.75}, "out of focus?"),
        ({"kind": "motion", "kind_probability": 0.9, "label": "sharp"}, ""),
    ],
)
def test_a_kind_is_told_of_what_is_blurred_with_a_question_mark_where_it_is_doubtful(
    visit, tmp_path, given, words
):
    none = {"sharp_fraction": None, "blur": None, "evidence": None}
    page = measured(visit(), {"label": "blurred", **none, **given})
    assert page.inner_text("#sharp") == words
    with page.expect_download() as download:
        page.click("#download")
    download.value.save_as(tmp_path / "r.csv")
    (row,) = results.verdicts(tmp_path / "r.csv")
    assert row["kind"] == (given["kind"] if words else "")
    assert row["kind_probability"] == (given["kind_probability"] if words else None)


def test_the_page_begins_with_the_model_that_the_service_goes_by(visit):
    page = visit()
    models = page.evaluate("fetch('v1/models').then((answer) => answer.json())")
    page.route("**/v1/models", lambda route: route.fulfill(json={**models, "default": "dct-xgb"}))
    page.reload()
    page.wait_for_selector(READY)
    assert page.input_value("#model") == "dct-xgb"
    best = Detector.load()
    shown = page.locator("#model option", has_text="dct-fusion").inner_text()
    assert shown == f"dct-fusion, {load('best').training['judged']['accuracy']:.0%} right"
    page.select_option("#model", "dct-fusion")
    low, high = (
        f"{p:.3f}".rstrip("0") for p in (best.thresholds.sure_sharp, best.thresholds.sure_blurred)
    )
    assert page.inner_text("#limits") == f"sure below {low} and from {high}"


def test_a_broken_file_says_why_and_costs_no_other_its_verdict(visit):
    page = visit()
    with pytest.raises(ImageError) as error:
        Detector.load("dct-xgb").predict(BROKEN[1], "broken.jpg")
    why = str(error.value).removeprefix("broken.jpg: ")
    judged(page, PAGODA, BROKEN, ("empty.jpg", b""), ("large.bin", bytes(21 << 17)), CUP)
    assert cells(page, 4) == ["sharp", *["unreadable"] * 3, "blurred"]
    notes = page.locator("#rows .note").all_inner_texts()
    assert notes[1] == why
    assert all(notes[1:4]) and not notes[0] and not notes[4]


def test_names_of_files_are_text_and_nothing_else(visit):
    hostile = ["<img src=x onerror='window.hit=1'>.jpg", "</script><b>x</b>"]
    page = visit()
    judged(page, *[(name, data) for name in hostile for data in (CUP.read_bytes(), b"no photo")])
    assert names(page) == [hostile[0], hostile[0], hostile[1], hostile[1]]
    for row, name in enumerate(names(page)):
        page.locator("#rows .pick").nth(row).click()
        assert page.inner_text("#title") == name
    assert page.locator("#rows img, #rows b, #title b, #title img").count() == 0
    assert page.evaluate("window.hit") is None


def test_a_file_that_the_browser_cannot_show_has_verdict_and_map(visit):
    page = visit()
    judged(page, ("a.tif", png(cv2.imread(str(CUP)), ".tif")))
    assert cells(page, 4) == ["blurred"]
    page.wait_for_selector("#unshown:not([hidden])")
    mapped(page)
    box = page.locator("#overlay").bounding_box()
    width, height = Image.open(CUP).size
    assert box["width"] / box["height"] == pytest.approx(width / height, rel=0.01)


def test_two_hundred_photos_at_once_are_sent_a_few_at_a_time(visit):
    page = visit()
    photos = [png(toys.photo(seed, seed % 2 * 3)) for seed in range(10)]
    judged(page, *[(f"{number}.png", photos[number % 10]) for number in range(200)])
    assert names(page) == [f"{number}.png" for number in range(200)]  # as they were dropped
    assert "waiting" not in cells(page, 4)
    scores = cells(page, 3)
    assert scores == scores[:10] * 20 and all(scores)
    assert asked(page, "/v1/predict") == 200
    assert 1 < page.evaluate("window.most") <= IN_FLIGHT
    assert len(page.evaluate("[...window.urls]")) == 0


def test_clearing_lets_go_of_everything(visit):
    page = visit()
    judged(page, PAGODA, CUP)
    opened(page, PAGODA.name)
    mapped(page)
    assert len(page.evaluate("[...window.urls]")) == 2  # the photo and its map
    opened(page, CUP.name)
    page.wait_for_selector("#overlay:not([hidden])")
    assert len(page.evaluate("[...window.urls]")) == 2
    page.click("#clear")
    assert page.evaluate("[...window.urls]") == []
    assert page.is_hidden("#results") and names(page) == []
    judged(page, CUP)
    assert page.inner_text("#status") == "1 photo judged"


def test_another_model_judges_all_anew(visit):
    page = visit()
    judged(page, PAGODA, CUP)
    page.select_option("#model", "dct-xgb")
    opened(page, PAGODA.name)
    page.wait_for_selector("#details:has-text('dct-xgb')")
    page.wait_for_selector("#progress", state="hidden")
    detector = Detector.load("dct-xgb")
    assert cells(page, 3) == [f"{detector.predict(path).score:.1f}" for path in (PAGODA, CUP)]
    mapped(page)  # by the other one, which the page says
    assert "dct-fusion" in page.inner_text("#told")
    assert f"{Detector.load('best').predict(PAGODA).score:.1f}" in page.inner_text("#told")


def test_a_full_service_is_asked_again_when_it_said_so(visit):
    page = visit()
    answers = []

    def full(route):
        answers.append(503)
        route.fulfill(status=503, headers={"Retry-After": "1"}, json={"detail": "full"})

    page.route("**/v1/predict*", full, times=1)
    judged(page, PAGODA)
    assert answers == [503] and cells(page, 4) == ["sharp"]


def test_what_got_no_answer_can_be_tried_again(visit):
    page = visit()
    page.route("**/v1/predict*", lambda route: route.abort())
    judged(page, PAGODA, CUP)
    assert "no answer" in page.locator("#rows .note").first.inner_text()
    page.unroute("**/v1/predict*")
    page.click("text=Try 2 again")
    page.wait_for_selector("#rows .pill.blurred")
    page.wait_for_selector("#again", state="hidden")
    assert cells(page, 4) == ["sharp", "blurred"]


def test_people_are_asked_for_the_token_until_it_is_right(visit):
    page = visit()

    def guarded(route):
        if route.request.headers.get("authorization") == "Bearer open sesame":
            route.continue_()
        else:
            route.fulfill(status=401, json={"detail": "a token is needed"})

    page.route("**/v1/**", guarded)
    page.reload()
    page.wait_for_selector("#login[open]")
    assert page.is_hidden("#wrong")
    for token in ("open wheat", "open sesame"):
        page.fill("#token", token)
        page.keyboard.press("Enter")
        if token == "open wheat":
            page.wait_for_selector("#wrong", state="visible")
    page.wait_for_selector(READY)
    judged(page, PAGODA)
    assert cells(page, 4) == ["sharp"]
    page.reload()
    page.wait_for_selector("#login[open]")
    page.click("#refuse")
    page.wait_for_selector("#trouble", state="visible")
    assert "token" in page.inner_text("#trouble")
    page.set_input_files("#choose", PAGODA)  # another chance
    page.fill("#token", "open sesame")
    page.click("text=Go on")
    page.wait_for_selector("#rows .pill.sharp")
    assert page.is_hidden("#trouble")


def test_a_phone_scrolls_down_only(visit):
    page = visit(viewport={"width": 390, "height": 700}, is_mobile=True, has_touch=True)
    assert page.is_visible("#camera")
    wide = "[document.documentElement.scrollWidth, innerWidth]"
    assert page.evaluate(wide) == [390, 390]
    others = [(f"{number}.png", png(toys.photo(number))) for number in range(9)]
    judged(page, PAGODA, (f"{'a_very_long_name' * 9}.jpg", CUP.read_bytes()), BROKEN, *others)
    assert page.evaluate(wide) == [390, 390]
    for width in (320, 390):
        page.set_viewport_size({"width": width, "height": 700})
        for row in (1, 9):
            page.locator("#rows tr").nth(row).evaluate("(row) => row.scrollIntoView(false)")
            page.locator("#rows tr").nth(row).tap()  # where the view is to open
            mapped(page)
            box, view = (page.locator(one).bounding_box() for one in ("tr.chosen", "#viewer"))
            assert box["y"] + box["height"] <= view["y"] + 1  # in sight above the view
            assert page.evaluate(wide) == [width, width]
            page.click("#close")


def test_on_a_phone_the_newest_photo_is_shown_and_several_are_in_the_table(visit):
    page = visit(viewport={"width": 360, "height": 640}, is_mobile=True, has_touch=True)
    judged(page, PAGODA)
    assert PAGODA.name in page.inner_text("#title")
    judged(page, *[(f"{number}.png", png(toys.photo(number))) for number in range(3)])
    page.wait_for_selector("#viewer", state="hidden")
    judged(page, CUP)
    page.locator("#title", has_text=CUP.name).wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_both_colour_schemes(visit, scheme):
    page = visit(color_scheme=scheme)
    judged(page, PAGODA, CUP, BROKEN, FLAT)
    verdicts = set()
    for threshold in (0, 1):
        at(page, threshold)
        verdicts |= set(cells(page, 4))
        least, where = page.evaluate(CONTRAST)
        assert least >= 4.5, where
    assert verdicts == {"sharp", "sharp?", "blurred?", "blurred", "unknown", "unreadable"}
    at(page, 80)
    opened(page, PAGODA.name)
    mapped(page)
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    level = np.mean([int(number) for number in re.findall(r"\d+", ground)[:3]])
    assert level < 40 if scheme == "dark" else level > 230
    least, where = page.evaluate(CONTRAST)
    assert least >= 4.5, where


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


def test_the_page_holds_no_inline_code_and_names_no_other_host():
    tags = Tags((PAGE / "index.html").read_text(encoding="utf-8")).found
    assert all("src" in attributes for tag, attributes in tags if tag == "script")
    assert not any(tag == "style" for tag, _ in tags)
    assert not any(key == "style" or key.startswith("on") for _, one in tags for key in one)
    for file in PAGE.iterdir():
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"(?:src|href|import|from|url)\W{0,3}(?:https?:)?//", text), file.name
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|\beval\b", text), file.name
