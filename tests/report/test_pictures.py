"""What is shown of photographs, and what is never opened to show it."""

import base64
import os
import re
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from blurdct import results
from blurdct.inference.bundle import NAMES
from blurdct.report import crops, page as report_page, pictures as report_pictures
from blurdct.report.crops import SIDES, sharpest_piece
from blurdct.report.page import write_report
from blurdct.report.pictures import Painter
from blurdct.report.summary import summarize
from tests.helpers import toys
from tests.helpers.browser import opened
from tests.helpers.rows import row

SIDE = 800
LEFT, TOP, WIDE = 480, 96, 224  # the one sharp place of a photo


def half_sharp() -> np.ndarray:
    """A photo of noise, out of focus but in one square."""
    rgb = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    soft = cv2.GaussianBlur(rgb, (0, 0), 8)
    soft[TOP : TOP + WIDE, LEFT : LEFT + WIDE] = rgb[TOP : TOP + WIDE, LEFT : LEFT + WIDE]
    return soft


def save(path: str, rgb: np.ndarray) -> str:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(path, np.ascontiguousarray(rgb[..., ::-1]))
    return path


def painted(*paths: str, budget: int = 60_000, **how) -> dict:
    model = how.pop("row_model", "")
    rows = [row(path, number / 10, model=model) for number, path in enumerate(paths)]
    return dict(Painter(**how).paint(summarize(rows).ladder, budget))


# The piece


def test_the_piece_is_of_the_sharpest_place_pixel_for_pixel():
    rgb = half_sharp()
    jpeg, size = sharpest_piece(rgb, 120_000)
    piece = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE).astype(float)
    assert piece.shape == size[::-1] and size[0] in SIDES
    luma = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    found = cv2.matchTemplate(luma, piece.astype(np.uint8), cv2.TM_CCOEFF_NORMED)
    _, best, _, (left, top) = cv2.minMaxLoc(found)
    assert best > 0.95
    assert left <= LEFT and top <= TOP
    assert left + size[0] >= LEFT + WIDE and top + size[1] >= TOP + WIDE


def test_of_two_places_of_as_much_detail_the_map_chooses(monkeypatch):
    monkeypatch.setattr(crops, "SIDES", (192,))
    rng = np.random.default_rng(0)
    rgb = np.full((640, 640, 3), 128, np.uint8)
    for top in (64, 448):
        rgb[top : top + 128, 64:192] = rng.integers(0, 256, (128, 128, 3))
    for p_map, upper in (([[0.9], [0.1]], False), ([[0.1], [0.9]], True)):
        jpeg, (width, height) = sharpest_piece(rgb, 60_000, np.array(p_map))
        assert jpeg and width == height == 192
        piece = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
        luma = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
        _, _, _, (_, top) = cv2.minMaxLoc(cv2.matchTemplate(luma, piece, cv2.TM_CCOEFF_NORMED))
        assert (top < 320) == upper


@pytest.mark.parametrize("shape", [(16, 16), (20, 3000), (3000, 20), (127, 129), (500, 500)])
@pytest.mark.parametrize("budget", [100, 3000, 100_000])
def test_a_piece_keeps_to_its_bytes_and_to_the_photo(shape, budget):
    rgb = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    jpeg, (width, height) = sharpest_piece(rgb, budget)
    assert len(jpeg) <= budget
    assert width <= min(max(SIDES), shape[1]) and height <= min(max(SIDES), shape[0])
    assert (width > 0) == bool(jpeg)
    assert jpeg or budget < 100_000


# What is opened


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_nothing_behind_a_url_is_fetched_unless_asked(here, monkeypatch):
    fsspec = pytest.importorskip("fsspec")
    paths = ["memory://a.jpg", "memory://a.zip::b.jpg", "http://127.0.0.1:9/a.jpg"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fsspec, "url_to_fs", lambda *_, **__: pytest.fail("fetched"))
        for picture in painted(*paths).values():
            assert picture.remark == "behind a URL, and not fetched unless asked: --fetch"
    with fsspec.open("memory://a.jpg", "wb") as file:
        file.write(cv2.imencode(".jpg", half_sharp())[1].tobytes())
    assert painted("memory://a.jpg", fetch=True)["memory://a.jpg"].jpeg


def test_only_what_lies_below_the_root_is_shown(here):
    inside, outside = save("in/a.png", half_sharp()), save("secret/b.png", half_sharp())
    os.symlink("../secret/b.png", "in/link.png")
    with zipfile.ZipFile("c.zip", "w") as archive:
        archive.write(outside, "b.png")
    paths = [inside, outside, "in/../secret/b.png", "in/link.png", "c.zip::b.png"]
    found = painted(*paths, root="in")
    assert [path for path in paths if found[path].jpeg] == [inside]
    assert {found[path].remark for path in paths[1:]} == {f"not below {here / 'in'}"}
    assert all(picture.jpeg for picture in painted(*paths).values())


def test_what_is_no_regular_file_is_not_opened(here):
    os.mkfifo("pipe.jpg")
    os.symlink("/dev/zero", "zero.jpg")
    os.mkfifo("pipe.zip")
    found = painted("pipe.jpg", "zero.jpg", "pipe.zip::a.jpg")
    assert {picture.remark.rpartition(": ")[2] for picture in found.values()} == {
        "not a regular file"
    }


def test_a_model_is_loaded_because_rows_name_it_only_if_it_is_shipped(here, monkeypatch):
    toys.bundle().save("own")
    save("a.png", half_sharp())
    asked = []
    monkeypatch.setattr(report_pictures.Detector, "load", lambda name: asked.append(name))
    monkeypatch.setattr(report_pictures, "_with_map", lambda name: asked.append(name))
    painter = Painter()
    rows = [row("a.png", 0.5, model="own")]
    dict(painter.paint(summarize(rows).ladder, 60_000))
    assert asked == [] and painter.unknown == {"own"}
    painted("a.png", row_model="own", model="own")
    painted("a.png", row_model=NAMES["best"])
    assert asked == ["own", NAMES["best"]]


def test_limits_of_a_model_that_is_not_shipped_count_only_if_it_is_trusted(here):
    toys.bundle().save("own")
    rows = [row("a.png", 0.5, model="own")]
    own = toys.bundle().thresholds
    assert summarize(rows, trusted="own").thresholds == own.at(0.5) != summarize(rows).thresholds


# The page


@pytest.fixture
def report(here):
    """The page on photographs of odd names, and on one in an archive."""
    names = ["in/a #1?.png", 'in/"b".png', "in/c:d.png"]
    for name in names:
        save(name, half_sharp())
    with zipfile.ZipFile("e.zip", "w") as archive:
        archive.write(names[0], "f.png")
    rows = [row(name, 0.9 - number / 10) for number, name in enumerate([*names, "e.zip::f.png"])]
    results.write("r.csv", rows)
    Path("out").mkdir()
    write_report("r.csv", Path("out/r.html"))
    return here / "out" / "r.html"


def test_a_click_enlarges_a_photo_beside_its_sharpest_place_and_links_to_the_file(report):
    with opened(report) as page:
        page.locator("#worst figure .open").first.click()
        viewer = page.locator("#viewer")
        assert viewer.is_visible()
        shown = viewer.locator("#whole svg").bounding_box()
        assert shown["width"] > 195 and viewer.locator("h2").inner_text() == "a #1?.png"
        crop = viewer.locator("img")
        size = crop.evaluate("one => [one.width, one.height, one.naturalWidth, one.naturalHeight]")
        assert size[:2] == size[2:] and size[0] >= 128
        assert crop.get_attribute("alt") == "in/a #1?.png: its sharpest place"
        link = viewer.locator("a").evaluate("one => one.href")
        assert link == (report.parents[1] / "in" / "a #1?.png").as_uri()
        page.keyboard.press("ArrowRight")
        assert viewer.locator("h2").inner_text() == '"b".png'
        page.keyboard.press("Escape")
        assert not viewer.is_visible()


def test_pictures_are_called_by_the_names_of_their_photographs(report):
    with opened(report) as page:
        for gallery in ("#worst", "#best", "#doubtful"):
            for figure in page.locator(f"{gallery} figure").all():
                name = figure.locator("bdi").inner_text()
                assert figure.locator("svg").get_attribute("aria-label") == name
                link = figure.locator("a")
                assert link.count() == (0 if "::" in name else 1)
                if link.count():
                    there = report.parents[1] / name
                    assert link.evaluate("one => one.href") == there.as_uri()


@pytest.mark.parametrize(
    ("path", "link"),
    [
        ("https://example.org/a.jpg?b=1&c", "https://example.org/a.jpg?b=1&c"),
        ("s3://bucket/a.jpg", ""),
        ("javascript://example.org/%0aalert(1)", ""),
        ("gone.jpg", ""),
        ("http://example.org/a.zip::b.jpg", ""),
    ],
)
def test_where_a_link_leads(here, path, link):
    assert report_page._link(path, Path("r.html")) == link


def test_each_crop_is_in_the_page_once_and_the_page_keeps_to_its_bytes(here, monkeypatch):
    monkeypatch.setattr(report_page, "LIMIT", 400_000)
    rng = np.random.default_rng(0)
    name = "n" * 200
    rows = []
    for number in range(30):
        noise = rng.integers(0, 256, (300, 300, 3), np.uint8)
        path = save(f"{name}{number}.png", cv2.GaussianBlur(noise, (0, 0), 3))
        rows.append(row(path, number / 30))
    results.write("r.csv", rows)
    write_report("r.csv", "r.html")
    text = Path("r.html").read_text()
    assert 200_000 < len(text) <= 400_000
    found = re.findall(r'<img id="crop-\d+"[^>]*base64,([^"]+)"', text)
    assert len(found) == len(set(found)) == 30
    assert all(base64.b64decode(crop).startswith(b"\xff\xd8") for crop in found)
