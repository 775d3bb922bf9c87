"""``blurdct video``: its table, its plot, its frames, and what it says about broken clips."""

import csv
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

from blurdct.inference.thresholds import Thresholds
from blurdct.results import BLUR_KINDS
from blurdct.video.frames import COLUMNS
from blurdct.video.plot import POINTS, plot_scores
from tests.helpers import toys
from tests.helpers.clips import COUNT, encoded, film, scene
from tests.helpers.commands import call

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """The current folder, with a clip in it: 2 seconds sharp, 2 blurred."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BLURDCT_MODEL", "laplacian")  # to which these drawn frames are sharp
    film(tmp_path / "clip.avi")
    return tmp_path


def table(path: str) -> list[dict]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_a_clip_becomes_a_table_a_plot_and_its_best_frames(home):
    words = ("--every", "0.25s", "--best", "3", "--to", "stills", "--plot", "plot.svg")
    run = call("video", "clip.avi", "--out", "frames.csv", *words)
    assert (run.status, run.err) == (0, "")
    *saved, summary = run.out.splitlines()
    rows = table("frames.csv")
    assert list(rows[0]) == list(COLUMNS)
    assert [float(row["time"]) for row in rows] == [n / 4 for n in range(16)]
    assert [int(row["frame"]) for row in rows] == list(range(0, COUNT, 5))
    assert np.mean([float(row["score"]) for row in rows[8:]]) > 20 + np.mean(
        [float(row["score"]) for row in rows[:8]]
    )
    assert summary.startswith("frames.csv: 16 frames, ")
    assert sorted(os.listdir("stills")) == [Path(path).name for path in saved]
    assert all(float(path[-13:-5]) < 2 for path in saved)
    drawn = ET.parse("plot.svg").getroot()
    assert len(drawn.findall(f"{SVG}circle")) == 3
    assert "clip.avi" in drawn.find(f"{SVG}title").text


def test_a_frame_has_its_evidence_and_its_blur(home):
    toys.bundle(blur_graph=toys.blur_graph(kind=True)).save("toy")
    assert call("video", "clip.avi", "--out", "frames.csv", "--model", "toy").status == 0
    rows = table("frames.csv")
    sharp, blurred = rows[: len(rows) // 2], rows[len(rows) // 2 :]
    assert all(0 < float(row["evidence"]) <= 1 for row in rows)
    assert min(float(row["blur"]) for row in blurred) > max(float(row["blur"]) for row in sharp)
    for row in rows:
        assert (row["kind"] in BLUR_KINDS) == (row["label"] == "blurred") == bool(row["kind"])
        assert not row["kind"] or 0.5 <= float(row["kind_probability"]) <= 1


def test_every_form_holds_the_same_table(home):
    for ending in ("csv", "jsonl", "parquet"):
        assert call("video", "clip.avi", "--out", f"f.{ending}", "--every", "20f").status == 0
    lines = [json.loads(line) for line in Path("f.jsonl").read_text().splitlines()]
    expected = [(row["time"], row["frame"], row["score"], row["label"]) for row in lines]
    for rows in (table("f.csv"), pq.read_table("f.parquet").to_pylist()):
        found = [(float(r["time"]), int(r["frame"]), float(r["score"]), r["label"]) for r in rows]
        assert found == expected


def test_a_clip_that_ends_early_keeps_what_was_read_and_says_so(home):
    data = Path("clip.avi").read_bytes()
    Path("cut.avi").write_bytes(data[: len(data) // 2])
    run = call("video", "cut.avi", "--out", "f.csv", "--every", "1f")
    assert run.status == 1
    assert run.err.startswith("cut.avi: ends early") and run.err.count("\n") == 1
    assert 20 < len(table("f.csv")) < COUNT


def test_more_frames_than_there_are_is_remarked_upon(home):
    run = call("video", "clip.avi", "--out", "f.csv", "--every", "2s", "--best", "9", "--to", "out")
    assert run.status == 0
    assert len(os.listdir("out")) == 2
    assert run.err.splitlines() == [
        "clip.avi: 1 of 2 saved frames is blurred",
        "clip.avi: only 2 frames to save; a smaller --every finds more",
    ]


def test_where_every_frame_is_blurred_it_is_said_and_none_is_saved_that_should_be_sharp(home):
    film(home / "soft.avi", 40, blurred_from=0)
    words = ("video", "soft.avi", "--out", "f.csv", "--best", "2", "--to", "out", "--force")
    run = call(*words)
    assert {row["label"] for row in table("f.csv")} == {"blurred"}
    assert run.status == 0 and len(os.listdir("out")) == 2
    assert run.err == "soft.avi: no frame is sharp; 2 of 2 saved frames are blurred\n"
    run = call(*words[:-2], "sharp", "--force", "--only-sharp")
    assert run.status == 0 and os.listdir("sharp") == []
    assert run.err == "soft.avi: no sharp frame to save\n"


def test_only_sharp_frames_are_saved_where_asked_for(home):
    words = ("--every", "0.1s", "--best", "30", "--to", "out", "--only-sharp")
    run = call("video", "clip.avi", "--out", "f.csv", *words)
    assert run.status == 0 and "only " in run.err and " sharp frames to save" in run.err
    labels = {f"{float(row['time']):09.3f}": row["label"] for row in table("f.csv")}
    saved = [name[-14:-5] for name in os.listdir("out")]
    assert saved and all(labels[time] != "blurred" for time in saved)


@pytest.mark.parametrize("file", ["f.csv", "p.svg"])
def test_what_is_there_is_replaced_only_by_force(home, file):
    words = ("video", "clip.avi", "--out", "f.csv", "--every", "40f", "--plot", "p.svg")
    assert call(*words).status == 0
    whole = {name: Path(name).read_bytes() for name in ("f.csv", "p.svg")}
    for name in set(whole) - {file}:
        Path(name).unlink()
    run = call(*words)
    assert (run.status, run.out) == (2, "")
    assert run.err.endswith(f"{file}: exists; --force replaces it\n")
    assert sorted(os.listdir()) == sorted(["clip.avi", file])
    assert call(*words, "--force").status == 0
    assert {name: Path(name).read_bytes() for name in whole} == whole


def test_a_table_of_something_else_is_not_replaced_even_by_force(home):
    Path("f.csv").write_text("path,probability\na.jpg,0.5\n")
    run = call("video", "clip.avi", "--out", "f.csv", "--force")
    assert run.status == 2 and "no table of a video" in run.err
    assert Path("f.csv").read_text().startswith("path,")


def test_frames_that_are_spoilt_are_named_and_not_saved(home):
    frames = [scene(3)] * 30
    frames[11] = np.random.default_rng(0).integers(0, 256, frames[0].shape, np.uint8)
    encoded(home / "spoilt.avi", frames)
    words = ("--every", "1f", "--best", "30", "--to", "out")
    run = call("video", "spoilt.avi", "--out", "f.csv", *words)
    assert run.status == 0
    assert "never among the best (nothing near it resembles it: 1)" in run.err
    assert [int(row["frame"]) for row in table("f.csv") if row["fault"]] == [11]
    assert len(os.listdir("out")) == 29


def test_a_clip_without_video_support_is_one_line_that_says_what_to_install(home, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    run = call("video", "clip.avi", "--out", "f.csv")
    assert (run.status, run.out) == (2, "")
    assert "[video]" in run.err and run.err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["missing.mp4", "--out", "f.csv"], 1, "missing.mp4: no such file"),
        (["words.txt", "--out", "f.csv"], 1, "words.txt: no video"),
        (["photo.jpg", "--out", "f.csv"], 1, "judge it by: blurdct predict photo.jpg"),
        (["photos", "--out", "f.csv"], 1, "judge its photographs by: blurdct predict photos"),
        (["clip.avi", "--out", "f.csv", "--only-sharp"], 2, "--only-sharp"),
        (["clip.avi"], 2, "--out"),
        (["clip.avi", "--out", "f.txt"], 2, "expected a file ending in"),
        (
            ["clip.avi", "--out", "f.csv", "--every", "0"],
            2,
            "--every: expected a time over 0 such as 0.5s, or frames such as 10f, got '0'",
        ),
        (["clip.avi", "--out", "f.csv", "--best", "3"], 2, "--to"),
        (["clip.avi", "--out", "f.csv", "--to", "out"], 2, "--best"),
        (["clip.avi", "--out", "f.csv", "--plot", "f.png"], 2, ".svg"),
        (["clip.avi", "--out", "f.csv", "--model", "no-such"], 2, "no-such"),
        (["clip.avi", "--out", "no/f.csv"], 2, "no/f.csv: no such folder as no"),
    ],
)
def test_wrong_use_and_what_is_no_clip_are_one_line(home, words, status, message):
    Path("words.txt").write_text("words\n" * 99)
    Path("photos").mkdir()
    cv2.imwrite("photo.jpg", scene(1))
    run = call("video", *words)
    assert (run.status, run.out) == (status, "")
    assert run.err.count("\n") == 1
    assert message in run.err
    assert sorted(os.listdir()) == ["clip.avi", "photo.jpg", "photos", "words.txt"]


def test_the_core_install_and_the_library_of_clips_are_enough(home):
    code = "import sys\nfrom blurdct.cli import main\ntry:\n    main(sys.argv[1:])\nfinally:\n"
    code += "    print(*{name.partition('.')[0] for name in sys.modules})"
    words = ("video", "clip.avi", "--out", "f.csv", "--plot", "p.svg", "--best", "1", "--to", "out")
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=60,
    )
    heavy = {"torch", "sklearn", "pandas", "scipy", "matplotlib", "pyarrow", "tqdm"}
    assert (done.returncode, done.stderr) == (0, "")
    assert not heavy & set(done.stdout.split())


def test_help_shows_an_example():
    run = call("video", "--help")
    assert run.status == 0
    assert "blurdct video clip.mp4 --out frames.csv" in run.out


# The plot


def line(rows, **more) -> list[np.ndarray]:
    """The points of each line of a plot."""
    root = ET.fromstring(plot_scores(rows, Thresholds(0.2, 0.8), "a clip", **more))
    paths = [one.get("d") for one in root.findall(f"{SVG}path") if one.get("class") == "line"]
    return [np.array([point.split() for point in d[1:].split("L")], float) for d in paths]


def test_a_plot_goes_up_with_the_score_and_right_with_time():
    (points,) = line([{"time": n, "score": 10 * n, "label": "sharp"} for n in range(11)])
    assert np.all(np.diff(points[:, 0]) > 0) and np.all(np.diff(points[:, 1]) < 0)
    np.testing.assert_allclose(np.diff(points, 2, axis=0), 0, atol=0.21)


def test_a_plot_has_a_gap_where_nothing_was_to_be_judged():
    rows = [{"time": n, "score": 5, "label": "unknown" if n == 4 else "sharp"} for n in range(9)]
    assert [len(points) for points in line(rows)] == [4, 4]


def test_a_long_plot_keeps_its_peaks_and_stays_small():
    rows = [{"time": n, "score": 1.0, "label": "sharp"} for n in range(90_000)]
    rows[777]["score"], rows[8000]["score"] = 100.0, 0.0
    (points,) = line(rows)
    (short,) = line(rows[776:779])
    assert len(points) <= POINTS + 2
    assert points[:, 1].min() == short[:, 1].min()
    assert len(set(points[:, 1])) == 3


def test_names_are_no_markup_in_a_plot():
    text = plot_scores(
        [{"time": 0, "score": 5, "label": "sharp"}], Thresholds(0, 1), "<a href='x'>\x00&"
    )
    assert "<a " not in text
    ET.fromstring(text)
