"""The engine of the services: what it answers, what it refuses, and what it survives."""

import subprocess
import sys
import time
from concurrent.futures import CancelledError

import cv2
import numpy as np
import pytest

from blurdct.errors import ConfigError, ImageError, ModelError
from blurdct.features import photo
from blurdct.inference.bundle import load
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


@pytest.mark.parametrize("model", [None, "dct-xgb", "dct-fusion", "best", "fast"])
@pytest.mark.parametrize("sigma", [0, 2])
def test_the_verdict_is_that_of_the_detector(engine, model, sigma):
    data = jpeg(3, sigma)
    answer = engine.predict(data, "a.jpg", model)
    verdict = Detector.load(model).predict(data, "a.jpg").as_dict()
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
    assert answer["sure"] is False
    numbers = ("probability", "score", "sharp_fraction", "blur")
    assert [answer[name] for name in numbers] == [None] * 4 and answer["evidence"] == 0
    assert 0 <= engine.probability(flat, "a") <= 1  # what the model says is told to old clients


def test_wrong_use_is_told_from_a_bad_photo(engine):
    with pytest.raises(ModelError, match="unknown model 'x'; known: dct-fusion, dct-xgb"):
        engine.predict(jpeg(), "a", "x")
    with pytest.raises(ConfigError, match="threshold"):
        engine.predict_many([("a", jpeg())], None, 1.1)
    with pytest.raises(ConfigError, match=r"got 80; did you mean 0\.80\?$"):
        engine.predict_many([("a", jpeg())], None, 80)
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
        "sees": "128 pixels",
        "threshold": 0.5,
        "sure_sharp": 0.25,
        "sure_blurred": 0.75,
        "has_map": False,
        "accuracy": None,
        "roc_auc": None,
        "ms_per_photo": None,
    }
    assert str(tmp_path) not in str(facts)
    with pytest.raises(ModelError):
        engine.predict(jpeg(), "a", str(tmp_path / "mine"))  # no way to load what is not offered
    engine.close()


def test_a_model_for_maps_must_make_some():
    with pytest.raises(ModelError, match="no map"):
        Engine(Settings(models=("dct-xgb",), map_model="dct-xgb"))


def test_one_model_judges_and_draws_maps_if_it_can(tmp_path):
    toys.bundle(graph=toys.graph_with_map()).save(tmp_path / "mine")
    engine = Engine(Settings(model=str(tmp_path / "mine"), models=("tree",)))
    assert engine.models == ("mine", "tree") and engine.map_model == "mine"
    engine.close()
    engine = Engine(Settings(model="tree", models=("tree",)))
    assert engine.models == ("tree", "dct-fusion") and engine.map_model == "dct-fusion"
    engine.close()


def test_the_model_is_the_one_that_the_environment_names(monkeypatch):
    monkeypatch.setenv("BLURDCT_MODEL", "fast")
    engine = Engine(Settings(models=("tree",)))
    assert engine.models == ("dct-xgb", "dct-fusion", "tree")
    assert engine.predict(jpeg(), "a")["model"] == "dct-xgb"
    engine.close()


def test_the_size_of_a_model_is_what_it_sees():
    engine = Engine(Settings(models=("cnn", "lcnet", "stacking", "fast")))
    sees = {one["name"]: (one["size"], one["sees"]) for one in engine.facts()}
    assert sees == {
        "dct-fusion": (640, "640 pixels"),
        "cnn": (256, "256x256"),
        "lcnet": (224, "224x224"),
        "stacking": (800, "256x256, 800x800"),
        "dct-xgb": (512, "512 pixels"),
    }
    engine.close()


def test_how_good_and_how_fast_a_model_is_comes_from_its_bundle(engine):
    judged = load("best").training["judged"]
    (facts,) = [one for one in engine.facts() if one["name"] == "dct-fusion"]
    assert 0.9 < facts["accuracy"] < facts["roc_auc"] < 1
    for name in ("accuracy", "roc_auc", "ms_per_photo"):
        assert facts[name] == judged[name]


def test_a_share_of_false_positives_sets_the_threshold_of_each_model():
    engine = Engine(Settings(models=("fast",), max_fpr=0.05))
    for facts in engine.facts():
        bundle = load(facts["name"])
        assert facts["threshold"] == bundle.threshold_at(0.05) != bundle.thresholds.decision
        assert facts["sure_blurred"] == bundle.thresholds.sure_blurred
        assert engine.predict(jpeg(), "a", facts["name"])["threshold"] == facts["threshold"]
    engine.close()


def test_a_model_that_does_not_know_the_share_is_refused_if_it_was_asked_for():
    with pytest.raises(ConfigError, match=r"^tree has no threshold for 0\.001 .* for 0\.01$"):
        Engine(Settings(model="tree", max_fpr=0.001))
    engine = Engine(Settings(max_fpr=0.001))  # those that are there only because they are shipped
    assert engine.models == ("dct-fusion", "dct-xgb")
    engine.close()


def test_a_threshold_of_the_settings_is_that_of_every_model_until_a_request_has_its_own():
    engine = Engine(Settings(models=("fast",), threshold=0.8))
    for name in ("best", "fast"):
        assert engine.predict(jpeg(), "a", name)["threshold"] == 0.8
        assert engine.predict_many([("a", jpeg())], name, 0.3).result(5)[0]["threshold"] == 0.3
    engine.close()


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
