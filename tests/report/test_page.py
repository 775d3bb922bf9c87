"""The report of a collection: what is counted, what is shown, and what cannot get in."""

import json
import os
import re
import shutil
import subprocess
import sys
import tracemalloc
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from blurdct import results
from blurdct.inference.bundle import Thresholds, load
from blurdct.inference.detector import Detector
from blurdct.report import page as report_page, summary
from blurdct.report.page import html, write_report
from blurdct.report.pictures import Painter
from blurdct.report.summary import KINDS, reason_of, summarize
from blurdct.scan.items import folder_of
from blurdct.utils.html import asset, policy
from tests.helpers import toys
from tests.helpers.rows import failed, many, row

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
HOSTILE = ("<script>alert(1)</script>.jpg", '"onerror="alert(1)" x=".jpg', "</script><!--.jpg")
LOADS = ("src", "href", "xlink:href", "srcset", "data", "action", "poster", "formaction")


class Page(HTMLParser):
    """The elements of a page, their attributes, and the text in each kind."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict]] = []
        self.scripts: list[str] = []
        self.text, self.open = "", ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        assert len(dict(attributes)) == len(attributes), tag
        self.elements.append((tag, dict(attributes)))
        self.open = tag

    def handle_endtag(self, tag):
        self.open = ""

    def handle_data(self, data):
        if self.open == "script":
            self.scripts.append(data)
        self.text += data

    def named(self, tag: str) -> list[dict]:
        return [attributes for name, attributes in self.elements if name == tag]


def page_of(rows, pictures=None) -> Page:
    return Page(html(summarize(rows), "results.csv", pictures or {}, 24))


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    """A bundle that has a map."""
    folder = tmp_path_factory.mktemp("model")
    toys.bundle(graph=toys.graph_with_map()).save(folder)
    return str(folder)


@pytest.fixture
def photos(tmp_path, monkeypatch) -> Path:
    """Eight photographs, sharp and blurred, in the current folder."""
    monkeypatch.chdir(tmp_path)
    return toys.save_photos(tmp_path / "in", 4).relative_to(tmp_path)


def judged(photos: Path, model: str) -> list[dict]:
    """The rows of a scan of these photographs."""
    detector = Detector.load(model)
    rows = []
    for path in sorted(photos.rglob("*.png")):
        told, now = detector.predict(path), path.stat()
        known = {"bytes": now.st_size, "modified": now.st_mtime, "model": model}
        rows.append(row(str(path), told.probability, told.label, **known))
    return rows


# What is counted


def test_every_threshold_drops_what_filter_would_drop():
    rows = many()
    made = summarize(rows)
    scored = [r["probability"] for r in rows if r["label"] not in ("", "unknown")]
    for step in range(1001):
        threshold = float(f"{step // 1000}.{step % 1000:03}")
        assert made.dropped(threshold) == sum(p >= threshold for p in scored)
    assert made.judged == len(scored)


def test_labels_folders_and_errors_add_up():
    rows = many()
    made = summarize(rows)
    assert made.photos == sum(made.kinds.values()) == len(rows)
    assert made.kinds["unreadable"] == sum(bool(r["error"]) for r in rows)
    for kind in KINDS:
        assert made.kinds[kind] == sum(folder[kind] for folder in made.folders.values())
    assert sorted(made.folders) == [f"folder {number}" for number in range(6)]
    np.testing.assert_array_equal(sum(made.folder_counts.values()), made.counts)
    assert made.errors == {"too small": made.kinds["unreadable"]}
    assert made.error_rows[0] == ("folder 1/7.jpg", "too small, 7x3 pixels; expected more")
    assert made.bytes == 1000 * (len(rows) - made.kinds["unreadable"])


def test_of_too_many_folders_the_deepest_are_counted_with_those_above(monkeypatch):
    monkeypatch.setattr(summary, "FOLDERS", 10)
    paths = [f"{i % 3}/{i % 7}/{i % 20}/{i}.jpg" for i in range(400)]
    made = summarize(row(path, 0.5) for path in paths)
    assert sorted(made.folders) == ["0", "1", "2"]
    assert made.folders["0"]["blurred?"] == sum(path.startswith("0/") for path in paths)
    flat = summarize(row(f"{i}/x.jpg", 0.5) for i in range(400))
    assert len(flat.folders) == 11
    assert sum(sum(kinds.values()) for kinds in flat.folders.values()) == 400
    assert sum(counts.sum() for counts in flat.folder_counts.values()) == 400


def test_memory_does_not_grow_with_the_rows():
    def peak(count):
        tracemalloc.start()
        summarize(row(f"{number % 9}/{number}.jpg", number % 997 / 996) for number in range(count))
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    assert peak(12000) < 1.05 * peak(6000)


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("a/b/c.jpg", "a/b"),
        ("c.jpg", "."),
        ("/c.jpg", "/"),
        ("x/a.zip::b/c.jpg", "x/a.zip::b"),
        ("x/a.zip::c.jpg", "x/a.zip"),
        ("s3://bucket/b/c.jpg", "s3://bucket/b"),
        ("a/b::c.jpg", "a"),
    ],
)
def test_a_photograph_lies_in_a_folder_an_archive_or_at_a_url(path, folder):
    assert folder_of(path) == folder


def test_errors_of_one_kind_have_one_reason():
    sizes = [reason_of("a.jpg", f"a.jpg: {n:,}x9 pixels are over the limit of {n}") for n in (7, 3)]
    assert sizes[0] == sizes[1] == "…x… pixels are over the limit of …"
    assert reason_of("a.jpg", "truncated (at byte 7)") == "truncated"
    assert reason_of("a(1).jpg", "a(1).jpg: no such file") == "no such file"
    assert reason_of("a.jpg", "") != ""


# What is chosen


def test_galleries_hold_the_highest_and_the_lowest_scores():
    rows = [r for r in many() if r["label"] not in ("", "unknown")]
    made = summarize(rows, 24)
    p = sorted(r["probability"] for r in rows)
    assert [pick.score for pick in made.best] == [100 * value for value in p[:24]]
    assert [pick.score for pick in made.worst] == [100 * value for value in p[::-1][:24]]
    first = next(r["path"] for r in rows if r["probability"] == p[-1])
    assert made.worst[0].path == first


@pytest.mark.parametrize(
    ("measures", "words"),
    [
        ({"sharp_fraction": 0.125, "blur": 6.3}, "12% of it sharp, blur about 6 px"),
        ({"sharp_fraction": 0.5}, "50% of it sharp"),
        ({"blur": 31.8}, "blur about 32 px"),
        ({"blur": 0.2}, "blur about 1 px"),
        ({}, ""),
    ],
)
def test_a_photograph_is_told_with_its_sharp_part_and_its_blur(measures, words):
    text = html(summarize([row("a/b.jpg", 0.9, **measures)]), "results.csv", {}, 24)
    caption = re.search(r"<figcaption>(.*?)</figcaption>", text, re.DOTALL)[1]
    lines = [re.sub(r"<.*?>", "", line).strip() for line in caption.split("<br>")]
    assert lines == ["90.0 blurred", *filter(None, [words]), "a/b.jpg"]


@pytest.mark.parametrize(
    ("kind", "p", "words"),
    [("motion", 0.95, ", moved"), ("defocus", 0.75, ", out of focus?"), ("", None, "")],
)
def test_a_photograph_is_told_with_the_kind_of_its_blur(kind, p, words):
    one = row("a.jpg", 0.9, kind=kind, kind_probability=p)
    text = html(summarize([one]), "results.csv", {}, 24)
    caption = re.search(r"<figcaption>(.*?)</figcaption>", text, re.DOTALL)[1]
    assert re.sub(r"<.*?>", "", caption.split("<br>")[0]).strip() == f"90.0 blurred{words}"


def test_few_photographs_are_worst_or_best_but_not_both():
    for count in range(6):
        made = summarize(row(f"{number}.jpg", number / 10) for number in range(count))
        assert len(made.worst) + len(made.best) == count
        assert not {pick.path for pick in made.worst} & {pick.path for pick in made.best}


def test_the_doubtful_lie_on_both_sides_of_the_limits_and_everywhere_else():
    made = summarize(many(8000))
    for limit in (25, 50, 75):
        near = [pick.score for pick in made.ladder if abs(pick.score - limit) < 2]
        assert sum(score < limit for score in near) >= 12
        assert sum(score >= limit for score in near) >= 12
    scores = np.array([pick.score for pick in made.ladder])
    assert np.all(np.diff(scores) <= 0)
    assert np.abs(np.diff(scores)).max() < 1.5
    assert len(scores) < 300


def test_limits_are_those_of_the_model_unless_the_labels_say_otherwise(model):
    rows = [row(f"{n}.jpg", n / 100, model=model) for n in range(100)]
    own = load(model).thresholds
    assert summarize(rows, trusted=model).thresholds == own == Thresholds(0.25, 0.75)
    moved = [r | {"threshold": 0.3} for r in rows]
    moved = [r | {"label": "blurred" if r["probability"] >= 0.3 else "sharp"} for r in moved]
    moved = [r | {"sure": not 0.25 <= r["probability"] < 0.75} for r in moved]
    assert summarize(moved, trusted=model).thresholds == Thresholds(0.25, 0.75, 0.3)
    other = [row(f"{n}.jpg", n / 100, *verdict(n), threshold=0.6) for n in range(100)]
    assert summarize(other).thresholds == Thresholds(0.4, 0.8, 0.6)
    assert summarize([row("a.jpg", 0.1)]).thresholds == Thresholds(1, 1)


def verdict(number: int) -> tuple[str, bool]:
    """As a model might say it that is not at hand."""
    return "blurred" if number >= 60 else "sharp", not 40 <= number < 80


# What the page holds


def test_the_page_asks_no_host_and_runs_its_own_scripts_alone():
    rows = [*many(), *(row(name, 0.99) for name in HOSTILE), *(failed(n, n) for n in HOSTILE)]
    text = html(summarize(rows), HOSTILE[0], {}, 24)
    page = Page(text)
    assert not re.search("https?:|//[a-z]", text)
    for _, one in page.elements:
        assert not [name for name in one if name.startswith("on")]
        for name in LOADS:
            assert one.get(name, "#").startswith(("#", "data:image/"))
    own = [asset("blurdct.report", "collection.js"), asset("blurdct.utils", "page.js")]
    assert page.scripts[1:] == own
    assert len(page.named("script")) == 3
    assert set(json.loads(page.scripts[0])) == {"counts", "folders", "start", "gallery"}
    policies = [one["content"] for one in page.named("meta") if "http-equiv" in one]
    assert policies == [policy(*own)]
    for name in HOSTILE:
        assert name in page.text


@pytest.mark.parametrize(
    ("name", "shown"),
    [("a\udce9.jpg", "a\\udce9.jpg"), ("a\u202egpj.exe", "a\\u202egpj.exe"), ("a\nb", "a\\nb")],
)
@pytest.mark.filterwarnings("ignore:.*no UTF-8")
def test_names_that_would_hide_or_break_something_are_spelt_out(name, shown, tmp_path):
    rows = [row(name, 0.9), failed(f"{name}.gif", f"{name}: {name}")]
    results.write(tmp_path / "r.csv", rows)
    write_report(str(tmp_path / "r.csv"), tmp_path / "r.html")
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert name not in text
    assert text.count(shown) >= 3


def test_doubtful_verdicts_have_a_question_mark_and_say_between_which_p_they_lie():
    page = page_of([row(f"{number}.jpg", number / 100) for number in range(100)])
    words = " ".join(page.text.split())
    for told in (
        "surely sharp below 0.250 blurred from 0.500 surely blurred from 0.750",
        "sharp 25 25.0% P 0.000 to 0.250 sharp? 25 25.0% P 0.250 to 0.500, not sure",
        "blurred? 25 25.0% P 0.500 to 0.750, not sure blurred 25 25.0% P 0.750 to 1.000",
        "99.0 blurred",
        "60.0 blurred?",
        "30.0 sharp?",
        "0.0 sharp",
    ):
        assert told in words


def test_what_is_unknown_is_counted_and_shown_in_no_gallery():
    rows = [row("a.jpg", 0.9), row("night.jpg", label="unknown", reason="nothing but black")]
    made = summarize(rows)
    assert made.kinds["unknown"] == 1 and made.judged == 1
    assert "night.jpg" not in {pick.path for pick in (*made.worst, *made.ladder, *made.best)}
    assert "Neither kept nor dropped: 1 unknown." in " ".join(page_of(rows).text.split())


@pytest.mark.parametrize("rows", [[], [failed("a.jpg", "a.jpg: no such file")], [row("a.jpg", 1)]])
def test_a_page_of_next_to_nothing_is_whole(rows):
    page = page_of(rows)
    assert json.loads(page.scripts[0])["counts"] == summarize(rows).counts.tolist()
    ids = [one["id"] for _, one in page.elements if "id" in one]
    assert len(ids) == len(set(ids))
    assert {one["href"][1:] for one in page.named("a")} <= set(ids)


def test_the_same_results_give_the_same_page():
    assert html(summarize(many()), "r.csv", {}, 24) == html(summarize(many()), "r.csv", {}, 24)


# Pictures


def test_photographs_have_a_picture_and_the_map_of_their_model(photos, model, tmp_path):
    results.write("r.csv", judged(photos, model))
    write_report("r.csv", Path("r.html"), painter=Painter(model=model))
    page = Page(Path("r.html").read_text(encoding="utf-8"))
    kinds = [one["class"] for one in page.named("image")]
    assert kinds.count("shot") == kinds.count("map") == len(page.named("figure")) == 8 + 8
    toggles = [one["id"] for one in page.named("input") if one.get("id", "").startswith("map-")]
    assert toggles == [one["for"] for one in page.named("label") if "for" in one]
    write_report("r.csv", Path("r.html"), painter=Painter(maps=False))
    page = Page(Path("r.html").read_text(encoding="utf-8"))
    assert {one["class"] for one in page.named("image")} == {"shot"}


def test_what_has_vanished_or_changed_says_so(photos, model):
    rows = judged(photos, model)
    os.remove(rows[0]["path"])
    shutil.copy(rows[2]["path"], rows[1]["path"])
    (photos / "empty.png").touch()
    picks = summarize([*rows, row(str(photos / "empty.png"), 0.9)]).ladder
    pictures = dict(Painter().paint(picks, 9000))
    assert len(pictures) == 9
    assert pictures[rows[0]["path"]].remark == "no such file"
    assert pictures[str(photos / "empty.png")].remark == "empty file"
    assert "changed" in pictures[rows[1]["path"]].remark
    assert pictures[rows[1]["path"]].jpeg
    assert not pictures[rows[2]["path"]].remark


def test_photographs_in_archives_are_shown(photos, tmp_path):
    with zipfile.ZipFile("a.zip", "w") as archive:
        for path in photos.rglob("*.png"):
            archive.write(path)
    inside = [f"a.zip::{path}" for path in sorted(photos.rglob("*.png"))]
    rows = [row(path, number / 9) for number, path in enumerate([*inside, "a.zip::gone.png"])]
    pictures = dict(Painter().paint(summarize(rows).ladder, 9000))
    assert all(pictures[path].jpeg for path in inside)
    assert pictures["a.zip::gone.png"].remark == "no such file in the archive"
    rows = [row("no.zip::x.png", 0.5)]
    assert (
        "no such file"
        in dict(Painter().paint(summarize(rows).ladder, 9000))[rows[0]["path"]].remark
    )


def test_a_page_keeps_to_its_bytes_however_large_the_pictures_want_to_be(
    tmp_path, monkeypatch, model
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(report_page, "LIMIT", 220_000)
    rng = np.random.default_rng(0)
    rows = []
    for number in range(40):
        cv2.imwrite(f"{number}.png", rng.integers(0, 256, (240, 240, 3), np.uint8))
        rows.append(row(f"{number}.png", number / 40, model=model))
    results.write("r.csv", rows)
    write_report("r.csv", Path("r.html"))
    assert 100_000 < os.path.getsize("r.html") <= 220_000


def test_the_core_install_is_enough(photos, model):
    results.write("r.csv", judged(photos, model))
    code = "import sys; from pathlib import Path; from blurdct.report.page import write_report\n"
    code += "write_report('r.csv', Path('r.html'))\n"
    code += "print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    heavy = {"torch", "sklearn", "pandas", "scipy", "matplotlib", "pyarrow", "tqdm", "fsspec"}
    assert not heavy & set(done.stdout.split())


# In a browser


@pytest.fixture(scope="module")
def browse(tmp_path_factory):
    """What a browser makes of a page and its address: the elements after its scripts have run."""
    if CHROMIUM is None:
        pytest.skip("no Chromium here")
    home = tmp_path_factory.mktemp("browser")

    def run(text: str, fragment: str) -> Page:
        (home / "page.html").write_text(text, encoding="utf-8")
        flags = ("--headless", "--no-sandbox", "--disable-gpu", "--dump-dom")
        done = subprocess.run(
            [CHROMIUM, *flags, f"--user-data-dir={home}/p", f"file://{home}/page.html{fragment}"],
            capture_output=True,
            text=True,
            timeout=60,
        )
        return Page(done.stdout)

    return run


@pytest.mark.parametrize(("fragment", "threshold"), [("", 0.5), ("#threshold=0.304", 0.304)])
def test_the_slider_counts_and_marks_what_a_threshold_drops(browse, fragment, threshold):
    rows = [*many(), *(row(name, 0.99) for name in HOSTILE)]
    made = summarize(rows)
    text = html(made, "r.csv", {}, 24)
    page = browse(text, fragment)
    words = " ".join(page.text.split())
    lost = made.dropped(threshold)
    share = f"{100 * lost / made.judged:.1f}%"
    assert f"{lost:,} dropped ({share}), {made.judged - lost:,} kept" in words
    assert f"--threshold {threshold:.3f}" in words
    for figure in page.named("figure"):
        drop = int(figure["data-step"]) >= round(1000 * threshold)
        assert figure["class"] == ("drop" if drop else "keep")
    near = [one for one in page.named("figure") if "hidden" not in one][24:-24]
    assert [one["class"] for one in near] == 12 * ["drop"] + 12 * ["keep"]
    cells = [one.get("data-value") for one in page.named("td")]
    for name, counts in made.folder_counts.items():
        assert name in page.text
        assert str(counts[round(1000 * threshold) :].sum()) in cells
    bars = [one for one in page.named("rect") if one.get("class") == "bar"]
    assert len(bars) == 100
    assert max(float(one["height"]) for one in bars) == 100


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
def test_the_picture_for_the_readme_can_be_drawn(tmp_path):
    root = Path(__file__).parents[2]
    words = (
        "docs/figures/draw_report.py",
        "--model",
        "dct-xgb",
        "--out",
        str(tmp_path / "report.png"),
    )
    subprocess.run(
        [sys.executable, *words],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        check=True,
        timeout=120,
    )
    picture = cv2.imread(str(tmp_path / "report.png"))
    assert picture.shape[1] == 1100
    assert len(np.unique(picture[-200:])) > 100  # photographs, not an empty page
