"""The page without a server, in a headless Chromium, against what Python says; and Node."""

import csv
import functools
import importlib.util
import json
import shutil
import subprocess
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest
from PIL import Image

from blurdct.config import ReadConfig
from blurdct.errors import ConfigError
from blurdct.images.reader import read_luma
from blurdct.inference.detector import Detector
from blurdct.service.http.app import PAGE
from tests.helpers.browser import CHROMIUM

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None or shutil.which("npm") is None, reason="needs Chromium and npm"
)

ROOT = Path(__file__).resolve().parents[2]
TRY, SAMPLE = ROOT / "docs" / "try", ROOT / "data" / "sample"
PHOTOS = [
    SAMPLE / f"{name}.jpg"
    for name in ("sharp/pagoda", "blurred/coffee_cup_defocus", "sharp/ladybird", "sharp/text_page")
]
# Of P, from that of Detector on the same file: JPEG files of twice the working size are decoded at
# half their size there, and at their own by a browser.
NEAR = 0.05
READY = "#judge:not([hidden])"
WAIT = 90_000  # milliseconds, for machines that do much else


def script():
    """``docs/try/build.py`` as a module."""
    spec = importlib.util.spec_from_file_location("try_build", TRY / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """A folder with what npm fetched."""
    return script().fetched(tmp_path_factory.mktemp("packages"))


@pytest.fixture(scope="module")
def built(packages, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site") / "try"
    total = script().build(folder, packages=packages)
    assert total == sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return folder


class Quiet(SimpleHTTPRequestHandler):
    """Serves files, as any host does, and says nothing."""

    extensions_map = {**SimpleHTTPRequestHandler.extensions_map, ".mjs": "text/javascript"}  # noqa: RUF012

    def log_message(self, *words):
        pass


@pytest.fixture(scope="module")
def host(built):
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=built)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def page(host):
    """Playwright's page; in the end it must have met no error, and talked to its host alone."""
    address = f"http://127.0.0.1:{host.server_address[1]}/"
    told = []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        opened = browser.new_page()
        opened.set_default_timeout(WAIT)
        opened.on("pageerror", lambda error: told.append(str(error)))
        opened.on("console", lambda message: told.append(message.text))
        opened.on(
            "request",
            lambda sent: (
                (sent.method == "GET" and sent.url.startswith((address, "blob:")))
                or told.append(sent.url)
            ),
        )
        opened.goto(address)
        opened.wait_for_selector(READY)
        yield opened
        browser.close()
    assert told == []


def judged(page, *files):
    """Choose photographs, wait for all verdicts; rows of the CSV file that the page hands out."""
    if page.is_visible("#clear"):
        page.click("#clear")
    page.set_input_files("#choose", list(files))
    page.wait_for_selector("#rows tr")
    page.wait_for_selector("#progress", state="hidden")
    with page.expect_download() as handed:
        page.click("#download")
    with open(handed.value.path(), newline="") as file:
        return list(csv.DictReader(file))


def payload(name, data):
    return {"name": name, "mimeType": "image/jpeg", "buffer": data}


def test_photos_get_the_verdicts_of_python(page):
    detector = Detector.load("best")
    rows = judged(page, *PHOTOS)
    assert [row["path"] for row in rows] == [path.name for path in PHOTOS]
    for row, path in zip(rows, PHOTOS, strict=True):
        verdict = detector.predict(path)
        same = NEAR if max(Image.open(path).size) > detector.config.size else 0.01
        assert float(row["probability"]) == pytest.approx(verdict.probability, abs=same)
        assert float(row["sharp_fraction"]) == pytest.approx(verdict.sharp_fraction, abs=0.05)
        assert row["kind"] == (verdict.kind or "")
        assert float(row["evidence"]) == pytest.approx(verdict.evidence, abs=0.02)
        assert float(row["blur"]) == pytest.approx(verdict.blur, rel=0.1)
        assert row["kind"] == (verdict.kind or "")
        assert (row["label"], row["model"]) == (verdict.label, "dct-fusion")
        assert (int(row["width"]), int(row["height"])) == Image.open(path).size


def test_the_map_lies_over_the_photo(page):
    judged(page, PHOTOS[0])
    page.check("#map")
    page.wait_for_selector("#overlay:not([hidden])")
    page.locator("#overlay").evaluate("(image) => image.decode()")
    shown = page.locator("#overlay").evaluate("(one) => [one.naturalHeight, one.naturalWidth]")
    assert shown == [*Detector.load("best").map(PHOTOS[0]).shape]
    page.uncheck("#map")


def test_large_turned_framed_and_broken_files_are_judged_as_by_python(page):
    pixels = cv2.imread(str(PHOTOS[1]))
    large = cv2.resize(pixels, (3000, 2000), interpolation=cv2.INTER_CUBIC)
    framed = cv2.copyMakeBorder(pixels, 0, 0, 120, 120, cv2.BORDER_CONSTANT, value=(255,) * 3)
    turned, exif = BytesIO(), Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    Image.open(PHOTOS[1]).save(turned, "JPEG", exif=exif, quality=95)
    flat = np.full((90, 120, 3), 90, np.uint8)
    files = {
        "large.jpg": cv2.imencode(".jpg", large)[1].tobytes(),
        "framed.png": cv2.imencode(".png", framed)[1].tobytes(),
        "turned.jpg": turned.getvalue(),
        "flat.png": cv2.imencode(".png", flat)[1].tobytes(),
    }
    broken = {"broken.jpg": b"\xff\xd8\xff\xe0 no photo", "empty.jpg": b""}
    rows = judged(page, *(payload(*pair) for pair in (files | broken).items()))
    detector = Detector.load("best")
    for row, data in zip(rows, files.values(), strict=False):
        verdict = detector.predict(data)
        assert (row["label"], row["reason"]) == (verdict.label, verdict.reason), row["path"]
        assert row["note"] == verdict.note
        if verdict.probability is not None:
            assert float(row["probability"]) == pytest.approx(verdict.probability, abs=0.02)
            assert float(row["blur"]) == pytest.approx(verdict.blur, rel=0.1)
    assert "cannot read it" in rows[4]["error"] and "empty file" in rows[5]["error"]
    assert (int(rows[2]["width"]), int(rows[2]["height"])) == Image.open(PHOTOS[1]).size[::-1]


def test_the_page_goes_on_without_a_connection(page, host):
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.context.set_offline(True)
    host.shutdown()
    page.reload()
    page.wait_for_selector(READY)
    (row,) = judged(page, PHOTOS[1])
    assert row["label"] == "blurred"


def test_both_pages_have_one_set_of_modules(built):
    shared = {path.name for path in PAGE.glob("*.js")} - {"engine.js", "service.js"}
    assert shared >= {"main.js", "table.js", "viewer.js", "csv.js", "words.js"}
    for name in (*shared, "style.css", "favicon.svg"):
        assert (built / "static" / name).read_bytes() == (PAGE / name).read_bytes()
    both = [(PAGE / "index.html").read_text(), (built / "index.html").read_text()]
    assert all('src="static/main.js"' in text for text in both)
    assert "openapi.json" not in both[1] and "Content-Security-Policy" in both[1]
    kept = json.loads((built / "sw.js").read_text().split("FILES = ")[1].split(";")[0])
    assert set(kept) == {"./", *(path.relative_to(built).as_posix() for path in built.rglob("*")
                                 if path.is_file() and path.name != "sw.js")}  # fmt: skip
    assert "MIT License" in (built / "static" / "LICENSE-onnxruntime-web.txt").read_text()


def test_a_folder_of_something_else_is_not_replaced(tmp_path, packages):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ConfigError, match="exists and is no such page"):
        script().build(tmp_path, packages=packages)
    with pytest.raises(ConfigError, match="expected version .*, got none"):
        script().build(tmp_path / "new", packages=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_node_runs_the_file(built, packages, tmp_path):
    luma = read_luma(PHOTOS[1], ReadConfig(10_000))
    cv2.imwrite(str(tmp_path / "photo.pgm"), luma)
    text = (ROOT / "docs" / "elsewhere" / "judge.mjs").read_text()
    # its WebAssembly runs in Node as well, and comes in a package that is there already
    (packages / "judge.mjs").write_text(text.replace("onnxruntime-node", "onnxruntime-web"))
    model = built / "static" / "blurdct.onnx"
    words = ["node", str(packages / "judge.mjs"), str(model), "photo.pgm"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    names = ["probability", "blur", "map"]
    p, blur, cells = onnxruntime.InferenceSession(model).run(names, {"luma": luma})
    shown = f"blurred: P(blurred) {p[0]:.4f}, blur {blur[0]:.1f} pixels, map {cells.shape}\n"
    assert done.stdout == shown
