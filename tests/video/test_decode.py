"""Clips as cameras and programs write them: fields, depths, matrices, shapes of pixels, damage."""

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from blurdct.errors import ImageError
from blurdct.inference.detector import UNKNOWN, Detector
from blurdct.video.clip import ALONE, DAMAGED, Clip, step
from blurdct.video.frames import score, sharpest
from tests.helpers.clips import SIZE, encoded, film, scene

PAL = 720, 576


def moving(count: int = 5, size: tuple[int, int] = SIZE, by: int = 2) -> list[np.ndarray]:
    """A picture that moves to the right."""
    wide = scene(3, (size[0] + by * count, size[1]))
    return [wide[:, by * (count - n) :][:, : size[0]] for n in range(count)]


# Of each: ending, size, codec, format of pixels, options.
KINDS = {
    "interlaced MPEG-2": ("mpg", SIZE, "mpeg2video", "yuv420p", {"flags": "+ildct+ilme"}),
    "interlaced MPEG-2 as broadcast": ("ts", SIZE, "mpeg2video", "yuv420p", {"flags": "+ildct"}),
    "DV": ("dv", PAL, "dvvideo", "yuv420p", {}),
    "DV in AVI": ("avi", PAL, "dvvideo", "yuv420p", {}),
    "interlaced H.264": ("mp4", SIZE, "libx264", "yuv420p", {"x264-params": "tff=1"}),
    "ProRes": ("mov", SIZE, "prores_ks", "yuv422p10le", {}),
    "ProRes with alpha": ("mov", SIZE, "prores_ks", "yuva444p10le", {}),
    "10 bit, no colour left out": ("mp4", SIZE, "libx264", "yuv444p10le", {}),
    "12 bit": ("mkv", SIZE, "ffv1", "gbrp12le", {}),
    "16 bit grey": ("mkv", SIZE, "ffv1", "gray16le", {}),
    "alpha": ("mkv", SIZE, "ffv1", "yuva420p", {}),
    "RGB": ("mp4", SIZE, "libx264rgb", "rgb24", {}),
    "raw": ("avi", SIZE, "rawvideo", "yuv420p", {}),
    "GIF": ("gif", SIZE, "gif", "gray", {}),
    **{
        f"colours {words}": ("mp4", SIZE, "libx264", "yuv420p", {"x264-params": words})
        for words in (
            "colormatrix=smpte170m:transfer=smpte170m:colorprim=smpte170m",
            "colormatrix=bt2020nc:transfer=smpte2084:colorprim=bt2020",
            "colormatrix=bt2020c:transfer=arib-std-b67:colorprim=bt2020",
            "colormatrix=YCgCo",
            "colormatrix=GBR",
            "colormatrix=chroma-derived-c:transfer=log316:colorprim=film",
        )
    },
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_frame_of_a_clip_shows_what_was_filmed(tmp_path, kind):
    ending, size, codec, pixels, options = KINDS[kind]
    frames = moving(size=size)
    clip = Clip(encoded(tmp_path / f"clip.{ending}", frames, codec, pixels, **options))
    read = list(clip.frames())
    assert len(read) == len(frames)
    assert (clip.cut, clip.damage) == ("", "")
    for one, original in zip(read, frames, strict=True):
        luma = cv2.resize(one.pixels.mean(axis=2), size)
        assert np.corrcoef(luma.ravel(), original[..., 0].ravel())[0, 1] > 0.9
        assert one.fault == ""


def test_interlaced_frames_are_judged_and_not_taken_for_black(tmp_path):
    path = encoded(tmp_path / "i.mpg", moving(), "mpeg2video", "yuv420p", flags="+ildct+ilme")
    rows = list(score(Clip(path), Detector.load("dct-xgb"), step("1f")))
    assert len(rows) == 5
    assert all(row["label"] != UNKNOWN for row in rows)


def test_fields_of_two_moments_do_not_become_combs(tmp_path):
    fields = [cv2.GaussianBlur(frame, (0, 0), 3) for frame in moving(12, (256, 192), 6)]
    woven = []
    for first, second in zip(fields[::2], fields[1::2], strict=True):
        woven.append(first.copy())
        woven[-1][1::2] = second[1::2]
    path = encoded(
        tmp_path / "i.mpg", woven, "mpeg2video", "yuv420p", flags="+ildct+ilme", b="8000000"
    )
    read = [one.pixels for one in Clip(path).frames()]

    def combs(picture: np.ndarray) -> float:
        rows = picture[..., 0].astype(float)
        return float(np.abs(2 * rows[1:-1] - rows[:-2] - rows[2:]).mean())

    for before, after, still in zip(woven, read, fields[::2], strict=True):
        assert combs(before) > 4 * combs(still)
        assert combs(after) < 2.5 * combs(still)


# As it is shown


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [
        ((64, 45), (182, 96)),
        ((16, 15), (137, 96)),
        ((3, 4), (128, 128)),
        ((1, 1), SIZE),
        ((1, 99), SIZE),  # which no pixel has
    ],
)
@pytest.mark.parametrize("ending", ["mp4", "mkv", "avi"])
def test_pixels_that_are_not_square_are_shown_as_wide_as_they_are(tmp_path, ratio, shown, ending):
    path = encoded(tmp_path / f"clip.{ending}", moving(2), "mpeg4", "yuv420p", ratio)
    for one in Clip(path).frames():
        assert one.pixels.shape[1::-1] == shown
    expected = cv2.resize(moving(2)[1], shown).astype(float)
    assert np.corrcoef(one.pixels[..., 0].ravel(), expected[..., 0].ravel())[0, 1] > 0.97


def test_frames_of_another_size_in_one_clip_are_read_as_they_are(tmp_path):
    small = encoded(tmp_path / "a.mpg", moving(3), "mpeg2video", "yuv420p").read_bytes()
    large = encoded(tmp_path / "b.mpg", moving(3, (192, 144)), "mpeg2video", "yuv420p").read_bytes()
    (tmp_path / "both.mpg").write_bytes(small + large)
    shapes = [one.pixels.shape[1::-1] for one in Clip(tmp_path / "both.mpg").frames()]
    assert set(shapes[:2]) == {SIZE} and set(shapes[-3:]) == {(192, 144)}


@pytest.mark.parametrize(("codec", "ending"), [("libx264", "h264"), ("mpeg4", "m4v")])
def test_a_clip_without_times_goes_by_its_rate(tmp_path, codec, ending):
    clip = Clip(encoded(tmp_path / f"clip.{ending}", moving(9), codec, "yuv420p", g="3"))
    times = [one.time for one in clip.frames()]
    np.testing.assert_allclose(np.diff(times), 1 / clip.rate, atol=1e-6)
    assert clip.cut == ""


def test_a_clip_may_have_one_frame(tmp_path):
    for ending, codec in (("avi", "mjpeg"), ("mp4", "mpeg4"), ("gif", "gif")):
        pixels = {"mjpeg": "yuvj420p", "gif": "gray"}.get(codec, "yuv420p")
        clip = Clip(encoded(tmp_path / f"clip.{ending}", moving(1), codec, pixels))
        (one,) = clip.frames(step("1s"))
        assert (one.number, one.time, one.fault, clip.cut) == (0, 0.0, "", "")


# Damage


def test_frames_that_a_decoder_found_damaged_say_so_and_are_never_the_best(tmp_path):
    path = encoded(tmp_path / "clip.ts", moving(40), "mpeg2video", "yuv420p", g="10", b="900000")
    data = bytearray(path.read_bytes())
    rng = np.random.default_rng(0)
    for at in rng.integers(len(data) // 2, len(data) * 3 // 4, 40):
        data[at] ^= 0x55
    path.write_bytes(data)
    rows = list(score(Clip(path), Detector.load("dct-xgb"), step("1f")))
    faults = [row["fault"] for row in rows]
    assert faults.count(DAMAGED) >= 3
    assert not any(faults[:10])
    assert all(not row["fault"] for row in sharpest(rows, 40))


def test_a_frame_that_cannot_be_converted_is_an_error_and_never_a_black_picture(
    tmp_path, monkeypatch
):
    import av

    def fails(*args, **kwargs):
        raise av.FFmpegError(95, "Operation not supported")

    path = encoded(tmp_path / "clip.avi", moving(3))
    monkeypatch.setattr("blurdct.video.clip.pixels", fails)
    with pytest.raises(ImageError, match=r"clip.avi: frames cannot be converted \(.*supported"):
        list(Clip(path).frames())


def test_frames_that_cannot_be_converted_are_counted_and_the_others_kept(tmp_path, monkeypatch):
    import av

    from blurdct.video import clip as module

    usual, asked = module.pixels, []

    def fails_once(picture, ratio):
        asked.append(ratio)
        if len(asked) == 2:
            raise av.FFmpegError(95, "Operation not supported")
        return usual(picture, ratio)

    monkeypatch.setattr(module, "pixels", fails_once)
    clip = Clip(encoded(tmp_path / "clip.avi", moving(4)))
    assert [one.number for one in clip.frames()] == [0, 2, 3]
    assert "1 frame cannot be converted" in clip.damage
    assert set(asked) == {Fraction(1)}


# Frames that nothing near them resembles


def spoilt(kind: str, picture: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(1)
    bad = picture.copy()
    height, width = picture.shape[:2]
    if kind == "noise":
        return rng.integers(0, 256, picture.shape, np.uint8)
    if kind == "torn":
        for top in range(height // 4, height, 8):
            bad[top : top + 8] = np.roll(bad[top : top + 8], int(rng.integers(20, width - 20)), 1)
        return bad
    cells = rng.random((height // 8, width // 8)) < 0.25
    where = np.kron(cells, np.ones((8, 8), bool))
    bad[where] = rng.integers(0, 256, picture.shape, np.uint8)[where]
    return bad


@pytest.mark.parametrize("at", [0, 1, 9, 18, 19])
@pytest.mark.parametrize("kind", ["noise", "torn", "blocks"])
def test_a_spoilt_frame_is_never_among_the_best(tmp_path, kind, at):
    frames = [cv2.GaussianBlur(frame, (0, 0), 2) for frame in moving(20)]
    frames[at] = spoilt(kind, frames[at])
    rows = list(
        score(Clip(encoded(tmp_path / "clip.avi", frames)), Detector.load("dct-xgb"), step("1f"))
    )
    assert [row["frame"] for row in rows if row["fault"] == ALONE] == [at]
    assert at not in {row["frame"] for row in sharpest(rows, 20)}


def test_a_spoilt_frame_between_steps_does_not_matter(tmp_path):
    frames = moving(20)
    frames[7] = spoilt("noise", frames[7])
    clip = Clip(encoded(tmp_path / "clip.avi", frames))
    assert [(one.number, one.fault) for one in clip.frames(step("5f"))] == [
        (number, "") for number in range(0, 20, 5)
    ]


def test_a_black_first_frame_is_unknown_and_the_others_are_judged(tmp_path):
    path = encoded(tmp_path / "clip.avi", [np.zeros_like(scene(1)), *moving(5)])
    rows = list(score(Clip(path), Detector.load("dct-xgb"), step("1f")))
    assert [row["label"] == UNKNOWN for row in rows] == [True] + [False] * 5
    assert sharpest(rows, 1)[0]["frame"] > 0


def test_a_film_has_no_faults_where_its_focus_changes(tmp_path: Path):
    assert not any(one.fault for one in Clip(film(tmp_path / "clip.mp4")).frames())
