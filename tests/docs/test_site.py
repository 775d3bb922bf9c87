"""The documentation builds without a warning, fetches nothing from elsewhere, and fits a phone."""

import re
import shutil
import subprocess
import sys

import pytest

from tests.helpers.pages import PAGES, ROOT

pytestmark = pytest.mark.slow
PHONE = 390  # pixels, the width of the page
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"


def build(source, out):
    words = (sys.executable, "-m", "sphinx", "-b", "html", "-W", "--keep-going", "-q")
    return subprocess.run([*words, source, out], cwd=ROOT, capture_output=True, text=True)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    out = tmp_path_factory.mktemp("site")
    done = build(ROOT / "docs", out)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def test_every_page_is_built(site):
    names = [page.removeprefix("docs/") for page in PAGES if page.startswith("docs/")]
    missing = [name for name in names if not (site / name).with_suffix(".html").is_file()]
    assert missing == []


@pytest.mark.parametrize(
    "wrong",
    ["[lost](nowhere.md)", "![lost](nowhere.png)", "```{include} nowhere.md\n```", "[a](b.md#c)"],
)
def test_what_leads_nowhere_fails_the_build(tmp_path, wrong):
    (tmp_path / "conf.py").write_text('extensions = ["myst_parser"]\nmyst_heading_anchors = 4\n')
    (tmp_path / "b.md").write_text("---\norphan: true\n---\n\n# B\n")
    (tmp_path / "index.md").write_text(f"# A\n\n{wrong}\n")
    assert build(tmp_path, tmp_path / "out").returncode != 0


def test_no_page_fetches_anything_from_another_host(site):
    fetched = re.compile(
        r"<(?:script|img|iframe|source)\b[^>]*\bsrc=[\"']?(?:https?:)?//[^\"'>\s]+"
        r"|<link\b(?![^>]*rel=[\"']?canonical)[^>]*\bhref=[\"']?(?:https?:)?//[^\"'>\s]+"
    )
    found = [
        f"{path.relative_to(site)}: {match.group()}"
        for path in site.rglob("*.html")
        for match in fetched.finditer(path.read_text(encoding="utf-8"))
    ]
    found += [
        f"{path.relative_to(site)}: {match}"
        for path in site.rglob("*.css")
        for match in re.findall(
            r"url\([\"']?https?://[^)]+|@import[^;]+https?:[^;]+", path.read_text(encoding="utf-8")
        )
    ]
    assert found == []


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api")
    if not shutil.which(CHROMIUM):
        pytest.skip("not run: chromium is not installed")
    with sync_api.sync_playwright() as playwright:
        program = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield program
        program.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_moves_sideways_on_a_phone(site, browser, scheme):
    page = browser.new_page(viewport={"width": PHONE, "height": 844}, color_scheme=scheme)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    pages = sorted(site.rglob("*.html"))
    wide = {}
    for path in pages:
        page.goto(path.as_uri())
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > PHONE:
            wide[str(path.relative_to(site))] = width
    page.close()
    assert wide == {}
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
