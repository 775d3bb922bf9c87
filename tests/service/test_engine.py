"""The engine of the services: what it answers, what it refuses, and what it survives."""

import subprocess
import sys
import time
from concurrent.futures import CancelledError
from dataclasses import asdict

import cv2
import numpy as np
import pytest

from blurdct.errors import ConfigError, ImageError, ModelError
from blurdct.features import photo
from blurdct.inference.detector import Detector
from blurdct.service.engine import Busy, Engine, TooLong
from blurdct.service.settings import Settings
from blurdct.service.verdicts import FIELDS
from tests.helpers import toys
from tests.helpers.services import FEW, Stuck, jpeg


@pytest.fixture(scope="module")
def engine():
    made = Engine(FEW)
    yield made
    made.close()


@pytest.mark.parametrize("model", [None, "dct-xgb", "dct-fusion", "best"])
@pytest.mark.parametrize("sigma", [0, 2])
def test_the_verdict_is_that_of_the_detector(engine, model, sigma):
    data = jpeg(3, sigma)
    answer = engine.predict(data, "a.jpg", model)
    verdict = asdict(Detector.load(model or "dct-xgb").predict(data, "a.jpg"))
    assert tuple(answer) == FIELDS
    assert {**answer, "path": verdict["path"]} == {
        "name": "a.jpg",
        "width": 128,
        "height": 64,
        **verdict,
    }


def test_width_and_height_are_the_photos_own(engine):
    assert engine.predict(jpeg(), "a")["width"] == 128
    turned = engine.predict(jpeg(turned=True), "a")
    assert (turned["width"], turned["height"]) == (64, 128)


def test_the_map_is_that_of_the_detector(engine):
    data = jpeg(5)
    answer, places = engine.map_then(data, "a.jpg", None, lambda _, found: found).result(5)
    detector = Detector.load("best")
    assert np.array_equal(places, detector.map(data)) and places.dtype == np.float32
    assert answer["model"] == "dct-fusion"
    assert answer["sharp_fraction"] == detector.predict(data).sharp_fraction
    with pytest.raises(ModelError, match="no map"):
        engine.map_then(data, "a.jpg", "dct-xgb", lambda *_: None)


@pytest.mark.parametrize("threshold", [0, 0.01, 0.05, 0.3, 0.9, 1])
def test_a_threshold_means_what_it_means_to_a_detector(engine, threshold):
    detector = Detector.load(threshold=threshold)
    labels = set()
    for seed, sigma in [(0, 0), (1, 0.7), (2, 1), (3, 3)]:
        data = jpeg(seed, sigma)
        (answer,) = engine.predict_many([("a", data)], threshold=threshold).result(5)
        verdict = detector.predict(data, "a")
        assert (answer["label"], answer["threshold"]) == (verdict.label, verdict.threshold)
        labels.add(answer["label"])
    assert labels == {"blurred"} if threshold == 0 else "blurred" not in labels or threshold < 1


def test_what_shows_nothing_stays_unknown_at_any_threshold(engine):
    flat = cv2.imencode(".png", np.full((64, 64), 99, np.uint8))[1].tobytes()
    (answer,) = engine.predict_many([("a", flat)], threshold=0).result(5)
    assert answer["label"] == "unknown" and answer["reason"] and answer["threshold"] == 0


def test_wrong_use_is_told_from_a_bad_photo(engine):
    with pytest.raises(ModelError, match="unknown model 'x'; known: dct-xgb, dct-fusion"):
        engine.predict(jpeg(), "a", "x")
    with pytest.raises(ConfigError, match="threshold"):
        engine.predict_many([("a", jpeg())], None, 1.1)
    with pytest.raises(ImageError, match=r"^a\.txt: not an image"):
        engine.predict(b"no photo", "a.txt")
    with pytest.raises(ImageError, match=r"^a: empty"):
        engine.predict(b"", "a")


def test_many_photographs_are_answered_in_their_order_whatever_is_wrong_with_some(engine):
    files = [("a", jpeg(0)), ("b", b"no photo"), ("c", jpeg(1, 3))]
    found = engine.predict_many(files).result(5)
    assert [one["name"] for one in found] == ["a", "b", "c"]
    assert [bool(one["error"]) for one in found] == [False, True, False]
    assert found[1]["error"].startswith("not an image") and found[1]["score"] is None
    assert {tuple(one) for one in found} == {(*FIELDS, "error")}
    assert found[2]["score"] == engine.predict(files[2][1], "c")["score"]


def test_a_decoder_that_breaks_down_is_the_photos_fault(engine, monkeypatch):
    def broken(*_):
        raise MemoryError("in a library")

    monkeypatch.setattr(photo, "read_sized", broken)
    with pytest.raises(ImageError, match="a: cannot be read"):
        engine.predict(jpeg(), "a")
    monkeypatch.undo()
    assert engine.predict(jpeg(), "a")["label"]


def test_what_is_over_a_limit_is_refused_and_the_next_one_answered():
    engine = Engine(Settings(models=("dct-xgb",), max_pixels=128 * 64 - 1))
    with pytest.raises(ImageError, match="over the limit"):
        engine.predict(jpeg(), "a")
    small = cv2.imencode(".png", toys.photo(0))[1].tobytes()
    assert engine.predict(small, "b")["label"]
    engine.close()


def test_when_as_many_wait_as_may_the_next_one_is_refused():
    engine = Engine(Settings(models=("dct-xgb",), queue=2))
    stuck = Stuck(engine)
    waiting = [engine.predict_many([("a", jpeg())]) for _ in range(2)]
    assert engine.waiting == 2 and engine.full
    with pytest.raises(Busy):
        engine.predict(jpeg(), "a")
    waiting[0].cancel()  # whoever asked has left
    assert engine.waiting == 1 and not engine.full
    last = engine.predict_many([("b", jpeg())])
    stuck.let_go()
    assert waiting[1].result(5) and last.result(5)
    with pytest.raises(CancelledError):
        waiting[0].result(0)
    assert engine.waiting == 0 and not engine.full
    engine.close()


def test_whoever_waits_too_long_is_told_and_their_photo_is_never_looked_at(monkeypatch):
    engine = Engine(Settings(models=("dct-xgb",), seconds=0.2))
    stuck, seen = Stuck(engine), []
    monkeypatch.setattr(photo, "read_sized", lambda *_: seen.append(1))
    started = time.monotonic()
    with pytest.raises(TooLong):
        engine.predict(jpeg(), "a")
    late = engine.predict_many([("a", jpeg())])
    assert 0.15 < time.monotonic() - started < 2
    time.sleep(0.3)
    stuck.let_go()
    with pytest.raises(TooLong):
        late.result(5)
    assert not seen
    monkeypatch.undo()
    assert engine.predict(jpeg(), "a")["label"]
    engine.close()


def test_a_request_of_many_photographs_ends_in_time(monkeypatch):
    engine = Engine(Settings(models=("dct-xgb",), seconds=0.1))
    monkeypatch.setattr(photo, "read_sized", lambda *_: time.sleep(0.04))
    started = time.monotonic()
    with pytest.raises(TooLong):
        engine.predict_many([("a", b"x")] * 64).result(5)
    assert time.monotonic() - started < 1
    engine.close()


def test_a_closed_engine_finishes_what_it_has_and_takes_no_more():
    engine = Engine(FEW)
    futures = [engine.predict_many([("a", jpeg())]) for _ in range(3)]
    engine.close()
    assert all(future.done() for future in futures)
    with pytest.raises(Busy, match="stopping"):
        engine.predict(jpeg(), "a")
    assert engine.full


def test_a_model_of_ones_own_is_known_by_the_name_of_its_folder_not_by_its_place(tmp_path):
    toys.bundle().save(tmp_path / "mine")
    engine = Engine(Settings(model=str(tmp_path / "mine"), models=("tree",)))
    assert engine.models == ("mine", "dct-fusion", "tree")
    assert engine.predict(jpeg(), "a")["model"] == "mine"
    facts = engine.facts()
    assert facts[0] == {
        "name": "mine",
        "size": 128,
        "clear": 25.0,
        "blurred": 75.0,
        "has_map": False,
    }
    assert str(tmp_path) not in str(facts)
    with pytest.raises(ModelError):
        engine.predict(jpeg(), "a", str(tmp_path / "mine"))  # no way to load what is not offered
    engine.close()


def test_a_model_for_maps_must_make_some():
    with pytest.raises(ModelError, match="no map"):
        Engine(Settings(models=("dct-xgb",), map_model="dct-xgb"))


def test_the_engine_needs_no_web_framework():
    names = ("fastapi", "starlette", "uvicorn", "prometheus_client", "thriftpy2", "pydantic")
    code = f"import sys, blurdct.service.engine; print([n for n in {names} if n in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.stdout.strip() == "[]"


def test_a_process_ends_when_a_photo_keeps_it_far_too_long():
    script = (
        "import time\n"
        "from blurdct.service import engine\n"
        "from blurdct.service.settings import Settings\n"
        "engine.GRACE = 0.2\n"
        "made = engine.Engine(Settings(models=('dct-xgb',), seconds=0.2))\n"
        "made.end_when_stuck()\n"
        "made.wait(made.submit(lambda: time.sleep(0.1)))\n"
        "time.sleep(1)\n"
        "print('still there', flush=True)\n"
        "made.submit(lambda: time.sleep(60))\n"
        "time.sleep(60)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout) == (1, "still there\n")
