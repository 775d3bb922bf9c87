import csv
import io
import json
import math
import re
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from blurdct.cli.app import main
from blurdct.cli.commands.predict import print_size_table
from blurdct.config import ReadConfig
from blurdct.datasets import blur_kernels, linear_light
from blurdct.errors import ImageError
from blurdct.features.photo import Photo
from blurdct.images.reader import read_luma
from blurdct.inference.bundle import NAMES
from blurdct.inference.detector import Detector
from blurdct.inference.multiscale import (
    LARGE,
    joined,
    judge_sizes,
    judged_at,
    sharpest_width,
    tiles,
)
from blurdct.inference.prediction import FIELDS
from blurdct.inference.thresholds import Thresholds
from blurdct.scan.items import Item
from blurdct.scan.worker import judge_many, verdicts_at_sizes
from tests.helpers import toys

pytestmark = pytest.mark.filterwarnings("error")

ROOT = Path(__file__).resolve().parents[2]
SHARP = sorted((ROOT / "data" / "sample" / "sharp").iterdir())
MODELS = sorted(NAMES.values())
SIDE = 4096  # pixels, long side of the large pictures
WORKING = 128  # pixels, working size of the toy model


@pytest.fixture(scope="module")
def toy() -> Detector:
    return Detector(toys.bundle())


@pytest.fixture(scope="module")
def wide() -> np.ndarray:
    """Detail all over; (256, 512) uint8, four times the working size of the toy model."""
    scenes = [np.hstack([toys.scene(8 * row + column) for column in range(8)]) for row in range(4)]
    return np.vstack(scenes)


# Which sizes


@pytest.mark.parametrize(
    ("own", "sides"),
    [
        (100, [100]),
        (512, [512]),
        (513, [512, 513]),
        (1024, [512, 1024]),
        (4000, [512, 1024, 2048, 4000]),
    ],
)
def test_sizes_double_from_the_working_size_to_the_photos_own(own, sides):
    assert judged_at(own, 512) == sides


def test_at_the_working_size_it_is_the_plain_verdict(toy, wide):
    verdict = judge_sizes(toy, wide, "wide")
    assert verdict.prediction == toy.predict(wide, "wide")
    assert (verdict.path, verdict.model, verdict.side) == ("wide", "toy", 512)
    assert list(verdict.sizes) == [128, 256, 512]
    assert verdict.sizes[128] == verdict.prediction.probability


def test_a_photo_no_larger_than_the_working_size_has_one_size(toy):
    verdict = judge_sizes(toy, toys.scene(0))
    assert verdict.sizes == {64: verdict.prediction.probability}


def by_tiles(detector: Detector, picture: np.ndarray, side: int) -> float:
    """P of a picture of that long side, twice as wide as it is high, from its tiles alone."""
    picture = cv2.resize(picture, (side, side // 2), interpolation=cv2.INTER_AREA)
    pieces = [Photo(tile, detector.config, bare=True) for tile in tiles(picture, WORKING)]
    assert len(pieces) == side * side / 2 / WORKING**2
    return joined(detector.judge(piece, "")[0].probability for piece in pieces)


def test_a_larger_size_is_judged_by_its_tiles_but_is_never_sharper_than_a_smaller_one(toy, wide):
    soft = cv2.GaussianBlur(wide, (0, 0), 2)
    raised = 0
    for picture in (wide, soft):
        found = judge_sizes(toy, picture).sizes
        blurrier = toy.predict(picture).probability
        for side in (256, 512):
            alone = by_tiles(toy, picture, side)
            raised += alone < blurrier
            blurrier = max(blurrier, alone)
            assert found[side] == blurrier
    assert 0 < raised < 4  # both happen


def test_noise_of_the_full_size_does_not_make_a_blurred_photo_sharp():
    detector = Detector.load("dct-xgb")
    blurred = cv2.GaussianBlur(mirrored(read_luma(SHARP[0]), 2048), (0, 0), 16)
    noise = 12 * np.random.default_rng(0).standard_normal(blurred.shape)
    verdict = judge_sizes(detector, np.clip(np.rint(blurred + noise), 0, 255).astype(np.uint8))
    p = list(verdict.sizes.values())
    assert list(verdict.sizes) == [512, 1024, 2048]
    assert p == sorted(p)
    assert p[0] > 0.5


def test_the_sizes_of_a_framed_photo_are_those_of_what_the_frame_surrounds(toy, wide):
    framed = cv2.copyMakeBorder(wide, 128, 128, 0, 0, cv2.BORDER_CONSTANT, value=0)
    found, plain = judge_sizes(toy, framed), judge_sizes(toy, wide)
    assert found.side == 512
    assert list(found.sizes) == list(plain.sizes)
    for side, p in plain.sizes.items():
        assert found.sizes[side] == pytest.approx(p, abs=0.05)


def mirrored(luma: np.ndarray, side: int) -> np.ndarray:
    """A picture continued by its mirror images up to that long side."""
    more = [(0, round(extent * side / max(luma.shape)) - extent) for extent in luma.shape]
    return np.pad(luma, more, mode="symmetric")


def test_all_kinds_of_sources_get_the_same_answer(toy, wide, tmp_path):
    path = tmp_path / "wide.png"
    cv2.imwrite(str(path), wide)
    expected = judge_sizes(toy, path)
    assert expected.path == str(path)
    for source in (str(path), path.read_bytes(), io.BytesIO(path.read_bytes()), wide):
        assert judge_sizes(toy, source, str(path)) == expected


def test_a_photo_that_cannot_be_read_is_refused_by_name(toy, tmp_path):
    path = tmp_path / "notes.jpg"
    path.write_text("words")
    with pytest.raises(ImageError, match="notes.jpg: "):
        judge_sizes(toy, path)
    with pytest.raises(ImageError, match="the cat: .* over the limit"):
        small = Detector(toys.bundle(), ReadConfig(128, max_pixels=4095))
        judge_sizes(small, toys.scene(0), "the cat")


# Tiles


@pytest.mark.parametrize("shape", [(64, 64), (65, 64), (200, 130), (16, 1000), (40, 50), (128, 64)])
def test_tiles_cover_the_picture_and_none_is_a_sliver(shape):
    picture = np.arange(math.prod(shape)).reshape(shape)
    found = list(tiles(picture, 64))
    assert {tile.shape for tile in found} == {tuple(min(64, extent) for extent in shape)}
    assert set(np.concatenate([tile.ravel() for tile in found])) == set(picture.ravel())
    assert len(found) == math.prod(math.ceil(extent / 64) for extent in shape)


def test_only_the_last_tiles_overlap_their_neighbours():
    picture = np.arange(200 * 130).reshape(200, 130)
    corners = [divmod(int(tile[0, 0]), 130) for tile in tiles(picture, 64)]
    assert corners == [(top, left) for top in (0, 64, 128, 136) for left in (0, 64, 66)]


def test_one_tile_keeps_its_probability():
    for p in (0.0, 1e-9, 0.3, 1.0):
        assert joined([p]) == p


def test_tiles_that_agree_are_joined_to_what_they_say():
    for p in (0.002, 0.3, 0.99):
        assert joined([p] * 17) == pytest.approx(p)


def test_the_sharpest_tenth_has_nine_tenths_of_the_weight():
    def logit(p):
        return math.log(p / (1 - p))

    rng = np.random.default_rng(0)
    p = [0.9] * 18 + [0.02, 0.05]
    mean = 0.9 * (logit(0.02) + logit(0.05)) / 2 + 0.1 * logit(0.9)
    assert joined(rng.permutation(p)) == pytest.approx(1 / (1 + math.exp(-mean)))
    p = [0.9] * 20 + [0.02]  # a tenth of 21 is rounded up
    mean = 0.9 * (logit(0.02) + 2 * logit(0.9)) / 3 + 0.1 * logit(0.9)
    assert joined(p) == pytest.approx(1 / (1 + math.exp(-mean)))


def test_no_tile_is_so_sure_that_it_outvotes_all_others():
    assert 0 < joined([0.0, 1.0]) < 0.01
    assert joined([0.2] * 9 + [1.0]) < 0.3
    assert joined([0.01] * 2 + [1.0] * 18) < 0.05


def test_tiles_that_show_nothing_count_neither_as_sharp_nor_as_blurred(toy, wide):
    texture = wide[:128, :256]
    for grey in (0, 128, 255):
        half = np.vstack([texture, np.full_like(texture, grey)])
        told = by_tiles(toy, texture, 256)
        halves = [Photo(tile, toy.config, bare=True) for tile in tiles(half, WORKING)]
        answers = [toy.judge(piece, "")[0] for piece in halves]
        assert joined(one.probability for one in answers if one.label != "unknown") == told


def test_a_photo_that_shows_nothing_is_sharp_at_no_size(toy):
    verdict = judge_sizes(toy, np.full((512, 512), 128, np.uint8))
    assert (verdict.prediction.label, verdict.sizes) == ("unknown", {})
    assert verdict.sharp_size is None


# How wide the blur is


@pytest.fixture(scope="module")
def measuring() -> Detector:
    """The toy model, that says how wide blur is."""
    return Detector(toys.bundle(blur_graph=toys.blur_graph()))


def widths(detector: Detector, picture: np.ndarray) -> dict[int, float]:
    """The blur of the sharpest tenth of a picture's tiles at each size, in pixels of that size."""
    found = {128: detector.predict(picture).blur / 4}
    for side in (256, 512):
        reduced = cv2.resize(picture, (side, side // 2), interpolation=cv2.INTER_AREA)
        pieces = [Photo(tile, detector.config, bare=True) for tile in tiles(reduced, WORKING)]
        found[side] = min(detector.judge(piece, "")[0].blur for piece in pieces)  # of 2, of 8
    return found


def test_blur_is_taken_from_the_smallest_size_at_which_it_is_wide_enough(measuring, wide):
    taken = []
    for sigma in (0.0, 0.2, 0.3, 0.35, 0.4, 0.5, 1.0, 2.0):
        picture = cv2.GaussianBlur(wide, (0, 0), sigma) if sigma else wide
        by_size = widths(measuring, picture)
        side = min((side for side, width in by_size.items() if width >= 2.5), default=512)
        found = judge_sizes(measuring, picture)
        assert found.blur == pytest.approx(by_size[side] * 512 / side, rel=1e-4)
        assert found.prediction == measuring.predict(picture)
        taken.append(side)
    assert taken == sorted(taken, reverse=True) and set(taken) == {128, 256, 512}


def test_blur_is_that_of_the_sharpest_tenth_of_the_tiles():
    rng = np.random.default_rng(0)
    for count, place in ((1, 0), (2, 0), (10, 0), (11, 1), (20, 1), (21, 2), (40, 3)):
        rising = np.sort(rng.uniform(1, 20, count))
        assert sharpest_width(rng.permutation(rising)) == rising[place]


def test_a_subject_in_focus_before_a_soft_ground_has_the_blur_of_the_subject(measuring, wide):
    soft = cv2.GaussianBlur(wide, (0, 0), 0.45)
    subject = np.hstack([wide[:, :256], soft[:, 256:]])
    assert judge_sizes(measuring, subject).blur == judge_sizes(measuring, wide).blur == 1
    assert judge_sizes(measuring, soft).blur > 4


def test_tiles_that_show_nothing_have_no_blur(measuring, wide):
    crisp = np.clip(1.3 * wide - 38, 0, 255).astype(np.uint8)
    crisp[128:, 384:] = 128  # one of eight tiles at its own size
    pieces = [Photo(tile, measuring.config, bare=True) for tile in tiles(crisp, WORKING)]
    assert [measuring.judge(piece, "")[0].blur is None for piece in pieces] == [False] * 7 + [True]
    found = judge_sizes(measuring, crisp)
    assert found.blur == 1 and list(found.sizes) == [128, 256, 512]


def test_the_blur_of_a_photo_no_larger_than_the_working_size_is_the_plain_one(measuring):
    for picture in (toys.scene(0), cv2.GaussianBlur(toys.scene(0), (0, 0), 2)):
        found = judge_sizes(measuring, picture)
        assert found.blur == found.prediction.blur > 1


def test_the_blur_of_a_framed_photo_is_that_of_what_the_frame_surrounds(measuring, wide):
    for sigma in (0.2, 2):
        soft = cv2.GaussianBlur(wide, (0, 0), sigma)
        framed = cv2.copyMakeBorder(soft, 128, 128, 0, 0, cv2.BORDER_CONSTANT, value=0)
        plain = judge_sizes(measuring, soft)
        assert judge_sizes(measuring, framed).blur == pytest.approx(plain.blur, rel=0.1)


def test_there_is_no_blur_where_the_model_knows_none_or_the_photo_shows_nothing(
    toy, measuring, wide
):
    assert judge_sizes(toy, wide).blur is None
    assert judge_sizes(measuring, np.full((512, 512), 128, np.uint8)).blur is None


# The largest sharp size


def test_the_sharp_size_is_the_largest_that_is_sharp(wide):
    found = judge_sizes(Detector(toys.bundle()), wide).sizes
    assert len(set(found.values())) > 1
    for limit in (*found.values(), 1.0):
        sharp = [side for side, p in found.items() if p < limit]
        verdict = judge_sizes(Detector(toys.bundle(), threshold=limit), wide)
        assert verdict.sharp_size == max(sharp, default=None)


def test_a_threshold_of_ones_own_that_leaves_nothing_sharp_leaves_no_sharp_size(wide):
    assert judge_sizes(Detector(toys.bundle(), threshold=0.0), wide).sharp_size is None


# Many photos


def test_many_photos_come_in_order_with_errors_in_their_place(toy, wide, tmp_path):
    names = [tmp_path / name for name in ("b.png", "missing.png", "a.png", "notes.jpg")]
    cv2.imwrite(str(names[0]), wide)
    cv2.imwrite(str(names[2]), toys.scene(1))
    names[3].write_text("words")
    items = [Item(str(name)) for name in names]
    answers = list(judge_many(verdicts_at_sizes, toy, iter(items), 1))
    assert answers[::2] == [judge_sizes(toy, name) for name in names[::2]]
    for name, answer in zip(names[1::2], answers[1::2], strict=True):
        assert isinstance(answer, ImageError)
        assert str(answer).startswith(f"{name}: ")
    others = list(judge_many(verdicts_at_sizes, toy, iter(items), 2, chunk=1))
    assert others[::2] == answers[::2]
    assert [str(one) for one in others[1::2]] == [str(one) for one in answers[1::2]]


# The command


@pytest.fixture
def cli(toy, wide, tmp_path, monkeypatch, capsys):
    """Runs ``predict --sizes`` in this process on wide.png and small.png: what it prints."""
    measuring = toys.bundle(thresholds=Thresholds(0.3, 0.7), blur_graph=toys.blur_graph())
    measuring.save(tmp_path / "toy")
    cv2.imwrite(str(tmp_path / "wide.png"), wide)
    cv2.imwrite(str(tmp_path / "small.png"), cv2.GaussianBlur(toys.scene(0), (0, 0), 2))
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> str:
        with pytest.raises(SystemExit) as stop:
            main(["predict", "--sizes", "--model", "toy", "wide.png", "small.png", *words])
        assert stop.value.code == 0
        out, err = capsys.readouterr()
        assert re.fullmatch(r"blurdct: 2 photographs: .* in [0-9.]+ s\n", err)
        return out

    return run


@pytest.fixture
def expected(cli) -> list:
    """What the package says of those two photographs."""
    detector = Detector.load("toy")
    verdicts = [judge_sizes(detector, name) for name in ("wide.png", "small.png")]
    assert [verdict.sharp_size for verdict in verdicts] == [512, None]
    return verdicts


def test_the_blur_in_rows_is_that_of_the_sizes_and_not_of_the_plain_verdict(expected):
    assert expected[0].blur != expected[0].prediction.blur


def test_json_has_the_verdict_and_p_at_each_size(cli, expected):
    for line, verdict in zip(cli("--json").splitlines(), expected, strict=True):
        sizes = {str(side): p for side, p in verdict.sizes.items()}
        more = {"blur": verdict.blur, "sharp_size": verdict.sharp_size, "sizes": sizes}
        assert json.loads(line) == {**verdict.prediction.as_dict(), **more}


def test_csv_has_the_verdict_and_p_at_each_size(cli, expected):
    rows = list(csv.DictReader(io.StringIO(cli("--csv"), newline="")))
    for row, verdict in zip(rows, expected, strict=True):
        assert list(row) == [*FIELDS, "sharp_size", "sizes"]
        assert row["sharp_size"] == str(verdict.sharp_size or "")
        assert row["score"] == str(verdict.prediction.score)
        assert row["blur"] == str(verdict.blur)
        sizes = dict(pair.split("=") for pair in row["sizes"].split(";"))
        assert sizes == {str(side): f"{p:.3f}" for side, p in verdict.sizes.items()}


def test_a_line_of_text_has_the_sharp_size_and_the_blur_behind_the_path(cli, expected):
    for line, verdict in zip(cli().splitlines(), expected, strict=True):
        plain = verdict.prediction
        size = str(verdict.sharp_size or "-")
        told = [size, f"{verdict.blur:.1f}"]
        assert line.split("\t") == [f"{plain.score:.1f}", plain.shown, plain.path, *told]


def test_a_line_has_a_dash_where_the_model_knows_no_blur(cli):
    toys.bundle(thresholds=Thresholds(0.3, 0.7)).save("toy")
    assert [line.split("\t")[4:] for line in cli().splitlines()] == [["-"]] * 2
    assert [json.loads(line)["blur"] for line in cli("--json").splitlines()] == [None] * 2
    rows = csv.DictReader(io.StringIO(cli("--csv"), newline=""))
    assert [row["blur"] for row in rows] == [""] * 2


def test_a_terminal_gets_a_table(capsys):
    row = {"score": 12.34, "label": "blurred", "sure": True, "reason": "", "note": ""}
    row |= {"kind": "motion", "kind_probability": 0.75}
    row |= {"blur": 6.04, "sharp_size": 2048, "sizes": {512: 0.1, 2048: 0.25}}
    unknown = {"score": None, "label": "unknown", "sure": False, "reason": "flat", "note": ""}
    unknown |= {"kind": None, "kind_probability": None}
    unknown |= {"blur": None, "sharp_size": None, "sizes": {}}
    print_size_table([{"path": "a.jpg", **row}, {"path": "new\nline.jpg", **unknown}])
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["a.jpg", "12.3", "blurred", "(moved?)", "2048", "6.0", "512:", "0.100"] in lines
    assert ["2048:", "0.250"] in lines
    assert ["new\\nline.jpg", "-", "unknown", "(flat)", "-", "-"] in lines
    print_size_table([])
    assert capsys.readouterr().out == ""


# Shipped models


def blurred(luma: np.ndarray, kind: str, extent: float, angle: float) -> np.ndarray:
    """With a blur of that extent in pixels, in linear light."""
    way = np.linspace(-extent / 2, extent / 2, 64 + 8 * math.ceil(extent))
    line = blur_kernels.path_kernel(way * math.cos(angle), way * math.sin(angle))
    return linear_light.blur_as_seen(luma, blur_kernels.disk(extent) if kind == "defocus" else line)


@cache
def log2_sharp_sizes(model: str, kind: str, extent: float) -> np.ndarray:
    """Of large pictures with that blur: photographs continued by their mirror images.

    One that is sharp at none of its sizes counts as sharp at half of the smallest.
    """
    detector, found = Detector.load(model), []
    for number, path in enumerate(SHARP[1::2]):
        luma = read_luma(path, ReadConfig(size=LARGE))
        luma = blurred(luma, kind, extent, 0.7 * number) if extent else luma
        scale = SIDE / max(luma.shape)
        more = [(0, round(scale * side) - side) for side in luma.shape]
        verdict = judge_sizes(detector, np.pad(luma, more, mode="reflect"))
        found.append(math.log2(verdict.sharp_size or detector.config.size / 2))
    return np.array(found)


# Of motion along a straight line dct-xgb misses some, and more of it than of other blur.
LEAST_FALL = {("dct-xgb", "motion"): 0.5}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["defocus", "motion"])
@pytest.mark.parametrize("model", MODELS)
def test_the_sharp_size_falls_as_one_over_the_extent_of_the_blur(model, kind):
    """Four times the extent takes two doublings off, give or take one, in the mean over pictures.

    A blur of E pixels in a picture of side S has E * s / S pixels at size s. A picture that is
    sharp up to some c pixels is so up to size c * S / E; sharp_size is that down to the next size
    judged, and these double. So the binary logarithm of c * S / E falls by 2 from E = 3 to E = 12,
    that of sharp_size by more than 1 and less than 3. Were it blind to the extent, it would by 0.
    """
    few, many = (log2_sharp_sizes(model, kind, extent) for extent in (3, 12))
    assert LEAST_FALL.get((model, kind), 1) < np.mean(few - many) < 3


@pytest.mark.slow
@pytest.mark.parametrize(("model", "least"), [("dct-xgb", 0.7), ("dct-fusion", 0.6)])
def test_most_pictures_without_blur_are_sharp_at_their_own_size(model, least):
    assert np.mean(log2_sharp_sizes(model, "", 0) == math.log2(SIDE)) >= least


# The measurement
