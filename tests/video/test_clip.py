"""Frames of a clip: when they are, what they look like, and which are the best."""

import os
import struct
import sys
import wave
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from blurdct.errors import ConfigError, ImageError
from blurdct.inference.detector import Detector
from blurdct.video.clip import Clip, Step, step
from blurdct.video.frames import save_frames, score, sharpest
from tests.helpers.clips import COUNT, RATE, SIZE, film


@pytest.fixture(scope="module", params=["clip.avi", "clip.mp4"])
def clip(request, tmp_path_factory) -> Clip:
    return Clip(film(tmp_path_factory.mktemp("clips") / request.param))


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector.load("dct-xgb")


@pytest.fixture(scope="module")
def rows(clip, detector) -> list:
    return list(score(clip, detector, step("0.1s")))


def numbers(clip: Clip, every: str) -> list[int]:
    return [one.number for one in clip.frames(step(every))]


def boxes(data: bytes, *names: str) -> list[int]:
    """Where the boxes of an MP4 file start: of each its child, ISO/IEC 14496-12, 4.2."""
    start, end, found = 0, len(data), []
    for name in names:
        while data[start + 4 : start + 8] != name.encode():
            start += struct.unpack(">I", data[start : start + 4])[0]
            assert start < end
        found.append(start)
        end = start + struct.unpack(">I", data[start : start + 4])[0]
        start += 8
    return found


# Which frames


def test_frames_come_at_steps_of_time_or_of_frames(clip):
    assert numbers(clip, "0.5s") == list(range(0, COUNT, 10))
    assert numbers(clip, "500ms") == numbers(clip, "0.5") == numbers(clip, "10f")
    assert numbers(clip, "1f") == numbers(clip, "0.001s") == list(range(COUNT))
    assert numbers(clip, "100s") == [0]
    assert numbers(clip, "0.12s") == [-(-12 * n // 5) for n in range(34)][:-1]
    for every in ("0.5s", "7f", "100s"):
        assert clip.expected(step(every)) == pytest.approx(len(numbers(clip, every)), abs=1)


def test_times_and_pixels_are_those_of_the_frame(clip):
    for one in clip.frames(step("0.4s")):
        assert one.time == pytest.approx(one.number / RATE, abs=1e-3)
        assert one.pixels.shape == (SIZE[1], SIZE[0], 3)
        assert one.pixels[1:7].mean() == pytest.approx(2 * one.number, abs=6)
    assert clip.cut == ""


def test_pixels_are_red_green_blue(tmp_path):
    path = tmp_path / "red.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), RATE, SIZE)
    writer.write(np.full((SIZE[1], SIZE[0], 3), (0, 0, 255), np.uint8))
    writer.release()
    (one,) = Clip(path).frames()
    np.testing.assert_allclose(one.pixels.mean(axis=(0, 1)), [255, 0, 0], atol=8)


def test_frames_have_the_times_that_the_file_gives_them(tmp_path):
    data = film(tmp_path / "clip.mp4", 30).read_bytes()
    *outer, at = boxes(data, "moov", "trak", "mdia", "minf", "stbl", "stts")
    tick = struct.unpack(">IIIIII", data[at : at + 24])[5]  # of a frame, in units of time
    # ten frames, and twenty that are five times as long
    table = struct.pack(">IIII", 10, tick, 20, 5 * tick)
    stts = struct.pack(">I4sII", 16 + len(table), b"stts", 0, 2) + table
    made = bytearray(data[:at] + stts + data[at + 24 :])
    for start in outer:
        size = struct.unpack(">I", made[start : start + 4])[0]
        made[start : start + 4] = struct.pack(">I", size + len(stts) - 24)
    # without the list of edits, which has the former length
    (tmp_path / "vfr.mp4").write_bytes(made.replace(b"edts", b"free"))
    slow = Clip(tmp_path / "vfr.mp4")
    times = [one.time for one in slow.frames()]
    expected = [n / RATE if n <= 10 else 10 / RATE + (n - 10) * 5 / RATE for n in range(30)]
    np.testing.assert_allclose(times, expected, atol=1e-3)
    assert slow.cut == ""
    assert numbers(slow, "0.5s") == [0, *range(10, 30, 2)]
    (tmp_path / "trimmed.mp4").write_bytes(made)  # with it: as a phone trims a clip
    trimmed = Clip(tmp_path / "trimmed.mp4")
    assert len(list(trimmed.frames())) < 20
    assert trimmed.cut == ""


def test_frames_are_turned_upright(tmp_path):
    data = bytearray(film(tmp_path / "clip.mp4", 3).read_bytes())
    (plain, *_) = Clip(tmp_path / "clip.mp4").frames()
    at = boxes(data, "moov", "trak", "tkhd")[-1] + 48
    turn = (0, 0x10000, 0, -0x10000, 0, 0, SIZE[1] << 16, 0, 0x40000000)  # a quarter, clockwise
    data[at : at + 36] = struct.pack(">9i", *turn)
    (tmp_path / "turned.mp4").write_bytes(data)
    (turned, *_) = Clip(tmp_path / "turned.mp4").frames()
    np.testing.assert_array_equal(turned.pixels, np.rot90(plain.pixels, -1))


# Scores


def test_the_blurred_stretch_scores_higher_than_the_sharp(rows):
    sharp = [row["score"] for row in rows if row["time"] < 2]
    blurred = [row["score"] for row in rows if row["time"] >= 2]
    assert len(sharp) == len(blurred) == 20
    assert max(sharp) + 10 < min(blurred)


def test_a_row_says_what_the_detector_says_of_the_frame(clip, rows, detector):
    (one,) = clip.frames(only={10})
    told = detector.predict(one.pixels)
    row = next(row for row in rows if row["frame"] == 10)
    assert (row["time"], row["score"], row["label"]) == (0.5, told.score, told.label)
    assert row["model"] == "dct-xgb"


# The best frames


def test_the_best_frames_are_sharp_and_spread(rows):
    best = sharpest(rows, 4)
    assert len(best) == 4
    assert all(row["time"] < 2 for row in best)
    assert all(b["time"] - a["time"] >= 3.9 / 8 - 1e-6 for a, b in pairwise(best))
    assert min(rows, key=lambda row: row["score"]) in best


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("count", [1, 2, 7, 30])
def test_there_is_always_room_for_all_of_them(seed, count):
    rng = np.random.default_rng(seed)
    rows = [{"time": n / 10, "score": rng.random(), "label": "clear"} for n in range(200)]
    best = sharpest(rows, count)
    assert len(best) == count
    assert [row["time"] for row in best] == sorted(row["time"] for row in best)


def test_frames_that_show_nothing_are_never_the_best():
    rows = [
        {"time": float(n), "score": n, "label": "unknown" if n < 5 else "blurred"} for n in range(9)
    ]
    assert [row["time"] for row in sharpest(rows, 20)] == [5, 6, 7, 8]
    assert sharpest(rows[:5], 2) == sharpest([], 2) == sharpest(rows, 0) == []


def test_saved_frames_are_those_frames_and_leave_other_files_alone(clip, rows, tmp_path):
    best = sharpest(rows, 3)
    paths = save_frames(clip, best, tmp_path / "deep" / "out")
    for path, row in zip(paths, best, strict=True):
        assert path.name == f"clip_{row['time']:09.3f}s.jpg"
        (one,) = clip.frames(only={row["frame"]})
        saved = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        assert np.abs(saved.astype(int) - one.pixels).mean() < 3
    assert save_frames(clip, best, tmp_path / "deep" / "out") == paths  # the same again
    paths[0].write_bytes(b"mine")
    again = save_frames(clip, best, tmp_path / "deep" / "out")
    assert paths[0].read_bytes() == b"mine"
    assert again[0].name == paths[0].name.replace(".jpg", "_2.jpg") and again[1:] == paths[1:]


# What goes wrong


@pytest.mark.parametrize("text", ["0", "", "-1s", "0f", "1.5f", "x", "1d", "nan", "1e3", "0.0ms"])
def test_a_step_that_is_none_is_refused(text):
    with pytest.raises(ConfigError, match="expected a time over 0 such as"):
        step(text)


def test_a_step_is_a_time_or_a_count():
    assert step(".5") == step(" 0.5S") == step("500ms") == Step(seconds=0.5)
    assert step("2min") == Step(seconds=120)
    assert step("10f") == step("10.0 F") == Step(frames=10)


def not_a_clip(folder: Path, kind: str) -> Path:
    path = folder / f"{kind}.mp4"
    if kind == "audio":
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(bytes(16000))
    elif kind == "folder":
        path.mkdir()
    elif kind == "text":
        path = path.with_suffix(".txt")  # which FFmpeg would play as a screen of text
        path.write_text("words\n" * 999)
    elif kind == "playlist":
        film(folder / "other.mp4", 2)
        path.write_text("ffconcat version 1.0\nfile other.mp4\n")
    elif kind == "segments":
        path.write_text("#EXTM3U\n#EXTINF:4,\nother.mp4\n#EXT-X-ENDLIST\n")
    elif kind == "no index":
        path.write_bytes(film(folder / "other.mp4", 9).read_bytes()[:4000])
    elif kind == "empty":
        path.touch()
    return path


@pytest.mark.parametrize(
    "kind",
    ["audio", "folder", "text", "playlist", "segments", "no index", "empty", "missing"],
)
def test_what_is_no_clip_is_one_line_that_names_it(tmp_path, kind, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = not_a_clip(tmp_path, kind)
    with pytest.raises(ImageError) as error:
        list(Clip(path).frames())
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)


def test_a_clip_that_ends_early_gives_what_it_has_and_says_so(tmp_path):
    data = film(tmp_path / "whole.avi").read_bytes()
    (tmp_path / "cut.avi").write_bytes(data[: len(data) * 7 // 10])
    cut = Clip(tmp_path / "cut.avi")
    read = [one.number for one in cut.frames()]
    assert 30 < len(read) < 60
    assert f"after {len(read)} of {COUNT} frames" in cut.cut


def test_an_mp4_whose_index_comes_first_may_end_early_too(tmp_path):
    data = film(tmp_path / "whole.mp4").read_bytes()
    at, moov = boxes(data, "mdat")[0], boxes(data, "moov")[0]
    assert at < moov
    index = bytearray(data[moov:])
    stco = boxes(index, "moov", "trak", "mdia", "minf", "stbl", "stco")[-1]
    count = struct.unpack(">I", index[stco + 12 : stco + 16])[0]
    form, where = f">{count}I", slice(stco + 16, stco + 16 + 4 * count)
    index[where] = struct.pack(form, *(n + len(index) for n in struct.unpack(form, index[where])))
    first = data[:at] + index + data[at:moov]
    (tmp_path / "first.mp4").write_bytes(first)
    (tmp_path / "cut.mp4").write_bytes(first[: len(first) * 8 // 10])
    whole, cut = Clip(tmp_path / "first.mp4"), Clip(tmp_path / "cut.mp4")
    assert len(list(whole.frames())) == COUNT and whole.cut == ""
    assert 20 < len(list(cut.frames())) < COUNT and "ends early" in cut.cut


def test_frames_too_small_to_judge_are_one_line(tmp_path, detector):
    writer = cv2.VideoWriter(str(tmp_path / "a.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 9, (64, 8))
    writer.write(np.zeros((8, 64, 3), np.uint8))
    writer.release()
    with pytest.raises(ImageError, match="a.avi: too small"):
        list(score(Clip(tmp_path / "a.avi"), detector, step("1f")))


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are Unicode there")
def test_a_name_may_have_any_bytes(tmp_path, detector):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9\n%d.avi"))
    film(tmp_path / "a.avi", 3).rename(path)
    clip = Clip(path)
    rows = list(score(clip, detector, step("1f")))
    assert len(rows) == 3
    (saved,) = save_frames(clip, rows[:1], tmp_path / "out")
    assert os.fsencode(saved.name).startswith(b"caf\xe9\n%d_")
