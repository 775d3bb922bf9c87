"""One file from pixels to the verdict, beside ``Detector`` on the same pixels."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest

from blurdct.config import ReadConfig
from blurdct.errors import ModelError
from blurdct.export.check import LIMITS, SIDES, at_sizes, compare, drawn
from blurdct.export.graph import OUTPUTS, export
from blurdct.export.names import subgraphs
from blurdct.features.evidence import REASONS
from blurdct.features.photo import Photo
from blurdct.images.reader import read_luma
from blurdct.inference.bundle import Calibration, load
from blurdct.inference.detector import Detector

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "data" / "sample"
ELSEWHERE = ROOT / "docs" / "elsewhere"
PHOTOS = ("sharp/bee_on_flower", "blurred/pagoda_gaussian", "sharp/room_drum", "sharp/text_page")
SAME = 1e-4  # of P; the bar for a file is ten times that
CELL = 0.01  # of P in a cell, which is of fewer numbers


@pytest.fixture(scope="module")
def best():
    return export(load("best"))


@pytest.fixture(scope="module")
def session(best):
    return onnxruntime.InferenceSession(best)


@pytest.fixture(scope="module")
def detector():
    return Detector.load("best")


@pytest.fixture(scope="module")
def room():
    return read_luma(SAMPLE / "sharp" / "pool_hall.jpg", ReadConfig(640))


def told(session, pixels):
    """Outputs by their names."""
    (taken,) = session.get_inputs()
    names = [one.name for one in session.get_outputs()]
    return dict(zip(names, session.run(names, {taken.name: pixels}), strict=True))


def agrees(session, detector, pixels):
    """Ask both; what the graph says."""
    photo = Photo(pixels, detector.config)
    verdict, cells = detector.judge(photo, "")
    found = told(session, pixels)
    assert found["probability"][0] == pytest.approx(detector.probability(photo), abs=SAME)
    assert found["box"] == pytest.approx(photo.box, abs=1e-6)
    reason = int(found["reason"][0])
    assert ["", *REASONS.values()][reason] == verdict.reason
    assert found["evidence"][0] == pytest.approx(verdict.evidence, abs=1e-3)
    assert found["map"].shape == cells.shape
    assert np.abs(found["map"] - cells).max() < CELL
    if verdict.kind is not None:
        p = float(found["motion"][0])
        assert max(p, 1 - p) == pytest.approx(verdict.kind_probability, abs=1e-3)
        assert verdict.kind == ("motion" if p >= 0.5 else "defocus")
    if verdict.blur is not None:
        assert found["blur"][0] == pytest.approx(verdict.blur, rel=1e-3)
    if verdict.kind is not None:
        assert found["motion"][0] == pytest.approx(
            verdict.kind_probability if verdict.kind == "motion" else 1 - verdict.kind_probability,
            abs=1e-3,
        )
    return found


def test_the_verdict_is_that_of_the_detector_at_several_sizes(best, detector):
    paths = [SAMPLE / f"{name}.jpg" for name in PHOTOS]
    answer = compare(best, detector, "luma", at_sizes(paths, "luma"))
    assert answer.fault("luma") == ""
    assert answer.largest < SAME and answer.map < CELL
    assert len(PHOTOS) * 2 < answer.looks <= len(PHOTOS) * (1 + len(SIDES))


@pytest.mark.parametrize("shape", [(16, 16), (17, 31), (16, 700), (63, 65), (90, 41), (2000, 40)])
def test_small_pictures_and_strips_are_judged_alike(session, detector, room, shape):
    agrees(session, detector, cv2.resize(room, shape[::-1], interpolation=cv2.INTER_AREA))


def framed(room):
    """A photo in frames of many kinds, by names."""
    height, width = room.shape
    wide = cv2.copyMakeBorder(room, 0, 0, 90, 90, cv2.BORDER_CONSTANT, value=255)
    bar = np.full((60, width), 255, np.uint8)
    cv2.putText(bar, "a caption in black letters", (20, 40), 0, 0.9, 0, 2)
    canvas = cv2.resize(cv2.GaussianBlur(room, (0, 0), 25), (640, 480))
    small = cv2.resize(room, (360, 480), interpolation=cv2.INTER_AREA)
    canvas[:, 140:500] = small
    corners, radius = np.full_like(room, 255), 40
    mask = np.zeros_like(room)
    cv2.rectangle(mask, (radius, 0), (width - radius, height), 1, -1)
    cv2.rectangle(mask, (0, radius), (width, height - radius), 1, -1)
    for across, down in product((radius, width - radius - 1), (radius, height - radius - 1)):
        cv2.circle(mask, (across, down), radius, 1, -1)
    corners[mask > 0] = room[mask > 0]
    return {
        "letterbox": cv2.copyMakeBorder(room, 50, 50, 0, 0, cv2.BORDER_CONSTANT, value=0),
        "frame in a frame": cv2.copyMakeBorder(wide, 30, 30, 20, 20, cv2.BORDER_CONSTANT, value=0),
        "caption": np.vstack([bar, room]),
        "canvas": canvas,
        "round corners": corners,
        "large": cv2.resize(wide, None, fx=2.2, fy=2.2, interpolation=cv2.INTER_CUBIC),
    }


def test_a_photo_in_a_frame_is_judged_without_it(session, detector, room):
    for kind, picture in framed(room).items():
        found = agrees(session, detector, picture)
        assert tuple(found["box"]) != (0, 1, 0, 1), kind


def test_what_shows_nothing_is_told_by_the_same_reason(session, detector, room):
    chance = np.random.default_rng(0)
    mosaic = cv2.resize(room[::16, ::16], None, fx=16, fy=16, interpolation=cv2.INTER_NEAREST)
    pictures = {
        "black": np.zeros((200, 300), np.uint8),
        "white": np.full((200, 300), 255, np.uint8),
        "flat": np.full((50, 40), 90, np.uint8),
        "noise": chance.integers(0, 256, (300, 400), np.uint8),
        "mosaic": mosaic,
    }
    for kind, picture in pictures.items():
        found = agrees(session, detector, picture)
        assert list(REASONS)[int(found["reason"][0]) - 1] == kind
        assert found["evidence"] == 0


def test_a_photo_turned_or_mirrored_has_the_same_verdict_and_its_map_turned(session, room):
    upright = told(session, room)
    for turned in (np.rot90, np.flipud, np.fliplr, np.transpose):
        found = told(session, np.ascontiguousarray(turned(room)))
        assert found["probability"] == pytest.approx(upright["probability"], abs=SAME)
        assert np.abs(found["map"] - turned(upright["map"])).max() < CELL


def test_more_blur_is_told_as_more(session, room):
    soft = [told(session, cv2.GaussianBlur(room, (0, 0), width)) for width in (0.5, 1, 3)]
    assert np.all(np.diff([one["probability"][0] for one in soft]) > 0)
    assert np.all(np.diff([one["blur"][0] for one in soft]) > 0)


def test_colours_are_reduced_inside_the_graph():
    bundle = load("fast")  # which has 18 features, and no map
    file = export(bundle, "rgb", "dct-xgb")
    paths = [SAMPLE / f"{name}.jpg" for name in PHOTOS[:2]]
    answer = compare(file, Detector(bundle), "rgb", at_sizes(paths, "rgb", (640,)))
    # its trees cut at numbers that the kernel and the graph round otherwise
    assert answer.largest < LIMITS["rgb"] and answer.reasons[0] == 0
    names = [one.name for one in onnx.load_from_string(file).graph.output]
    assert names == ["probability", "evidence", "reason", "box"]


def test_the_file_says_what_it_is_and_holds_operators_of_onnx_alone(best):
    model, bundle = onnx.load_from_string(best), load("best")
    assert {(one.domain, one.version) for one in model.opset_import} == {
        ("", 17),
        ("ai.onnx.ml", 1),
    }
    known = {(schema.domain, schema.name) for schema in onnx.defs.get_all_schemas()}
    nodes = list(every_node(model.graph))
    assert {(node.domain, node.op_type) for node in nodes} <= known
    assert len({node.name for node in nodes}) == len(nodes)  # runtimes name others after them
    assert [one.name for one in model.graph.input] == ["luma"]
    assert [one.name for one in model.graph.output] == list(OUTPUTS)
    facts = {one.key: one.value for one in model.metadata_props}
    assert {name: facts[name] for name in ("model", "form", "size", "licence")} == {
        "model": "dct-fusion",
        "form": "luma",
        "size": "640",
        "licence": "Apache-2.0",
    }
    assert json.loads(facts["reasons"]) == list(REASONS.values())
    assert float(facts["sure_blurred"]) == bundle.thresholds.sure_blurred
    assert float(facts["sure_sharp"]) == bundle.thresholds.sure_sharp
    assert float(facts["threshold"]) == bundle.thresholds.decision
    assert all(name in model.doc_string for name in OUTPUTS)


def every_node(graph):
    for node in graph.node:
        yield node
        for inner in subgraphs(node):
            yield from every_node(inner)


def test_a_model_on_small_pictures_in_colour_is_refused():
    with pytest.raises(ModelError, match="^mine: takes rgb256, which an export cannot make"):
        export(load("cnn"), name="mine")


def test_another_calibration_than_the_detectors_is_found(best):
    other = Detector(replace(load("best"), calibration=Calibration(0.7)))
    answer = compare(best, other, "luma", at_sizes([SAMPLE / "sharp" / "pool_hall.jpg"], "luma"))
    assert answer.largest > 0.01
    assert answer.fault("luma").startswith("P differs by 0.")
    assert compare(best, other, "luma", []).fault("luma") == "not one photo to compare with"


def test_drawn_pictures_are_of_many_kinds_and_always_the_same():
    pictures = dict(drawn("rgb"))
    name, first = next(drawn("rgb"))
    assert np.array_equal(pictures[name], first)
    assert all(one.dtype == np.uint8 and one.ndim == 3 for one in pictures.values())
    assert any("framed" in name for name in pictures) and any("noise" in name for name in pictures)
    assert next(drawn("luma"))[1].ndim == 2


def runs(words, folder):
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def line(session, pixels):
    """What the examples print."""
    found = told(session, pixels)
    p, blur = float(found["probability"][0]), float(found["blur"][0])
    label = "blurred" if p >= 0.5 else "sharp"
    return f"{label}: P(blurred) {p:.4f}, blur {blur:.1f} pixels, map {found['map'].shape}\n"


def test_python_runs_it_without_blurdct(best, session, tmp_path):
    (tmp_path / "blurdct.onnx").write_bytes(best)
    photo = SAMPLE / "blurred" / "text_page_defocus.jpg"
    words = ["judge.py", "blurdct.onnx", str(photo)]
    code = f"""
import runpy, sys
sys.modules["blurdct"] = sys.modules["cv2"] = sys.modules["onnx"] = None  # there is no such thing
sys.argv = {words}
runpy.run_path({str(ELSEWHERE / "judge.py")!r})
"""
    shown = runs([sys.executable, "-c", code], tmp_path)
    assert shown == line(session, read_luma(photo, ReadConfig(10_000)))


HEADERS = next(
    (
        folder
        for folder in map(Path, ("/usr/include/onnxruntime", "/usr/local/include/onnxruntime"))
        if (folder / "onnxruntime_cxx_api.h").is_file()
    ),
    None,
)


def test_cpp_runs_it(best, session, room, tmp_path):
    headers = os.environ.get("ONNXRUNTIME_INCLUDE") or HEADERS
    if headers is None or shutil.which("g++") is None:
        pytest.skip("not run: no g++, or no headers of ONNX Runtime in ONNXRUNTIME_INCLUDE")
    library = next(Path(onnxruntime.__file__).parent.glob("capi/libonnxruntime.so.*"))
    for name in ("libonnxruntime.so", "libonnxruntime.so.1"):
        (tmp_path / name).symlink_to(library)
    (tmp_path / "blurdct.onnx").write_bytes(best)
    cv2.imwrite(str(tmp_path / "photo.pgm"), room)
    where = [f"-I{headers}", "-L.", "-lonnxruntime", f"-Wl,-rpath,{tmp_path}"]
    source = str(ELSEWHERE / "judge.cpp")
    runs(["g++", "-std=c++17", source, "-o", "judge", *where], tmp_path)
    assert runs(["./judge", "blurdct.onnx", "photo.pgm"], tmp_path) == line(session, room)
