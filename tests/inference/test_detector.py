import json
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from itertools import count, islice
from pathlib import Path

import cv2
import numpy as np
import onnx
import pandas as pd
import pytest
from onnx import TensorProto, helper, numpy_helper

from blurdct.config import ReadConfig, TrainConfig
from blurdct.datasets import blur_kernels, linear_light, recipes
from blurdct.datasets.extraction import feature_table
from blurdct.errors import ConfigError, ImageError, ModelError
from blurdct.features.bands import FEATURES
from blurdct.features.block_map import CHANNELS
from blurdct.features.extract import image_features
from blurdct.features.photo import Photo
from blurdct.images.reader import read_luma, read_rgb
from blurdct.inference import bundle as bundles, workers
from blurdct.inference.bundle import Bundle, Calibration, named
from blurdct.inference.detector import Detector
from blurdct.inference.looks import Graphs
from blurdct.inference.prediction import (
    FIELDS,
    LABELS,
    Prediction,
    kind_of,
    kind_words,
    shown,
)
from blurdct.inference.thresholds import Thresholds
from blurdct.inference.workers import BATCH
from blurdct.training.train import train_model
from blurdct.training.training_set import build_training_set
from tests.helpers import toys

pytestmark = pytest.mark.filterwarnings("error")

ROOT = Path(__file__).resolve().parents[2]
SHARP = sorted((ROOT / "data" / "sample" / "sharp").iterdir())
TRAINS = "torch xgboost sklearn pandas scipy optuna matplotlib pyarrow tqdm".split()


@pytest.fixture(scope="module")
def toy() -> Detector:
    return Detector(toys.bundle())


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> list[Path]:
    """Twelve small photographs, every third of them blurred."""
    folder = tmp_path_factory.mktemp("photos")
    for number in range(12):
        luma = toys.scene(number)
        if number % 3 == 0:
            luma = cv2.GaussianBlur(luma, (0, 0), 2.0)
        cv2.imwrite(str(folder / f"{number:02d}.png"), luma)
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A backend trained on crops of the sample photographs and their realistic copies.

    Returns:
        The folder of its bundle, the fitted model, the table, where each row's photo is.
    """
    folder = tmp_path_factory.mktemp("trained")
    rng = np.random.default_rng(0)
    rows, paths = [], []
    for photo in SHARP:
        rgb = read_rgb(photo, ReadConfig())
        for number in range(2):
            top = int(rng.integers(0, max(1, rgb.shape[0] - 191)))
            left = int(rng.integers(0, max(1, rgb.shape[1] - 191)))
            crop = np.ascontiguousarray(rgb[top : top + 192, left : left + 192])
            for blurred in (False, True):
                copy = recipes.realistic(crop, rng, blurred)
                path = folder / f"{photo.stem}_{number}_{int(blurred)}.jpg"
                path.write_bytes(copy.data)
                paths.append(path)
                rows.append((path.name, int(blurred), photo.stem, copy.kind, copy.strength))
    frame = pd.DataFrame(rows, columns=["path", "label", "group", "kind", "strength"])
    frame = frame.assign(split="train", source="sample")
    table, bad = feature_table(frame, paths, workers=1)
    assert not bad
    config = TrainConfig(shuffles=1)
    bundle, model = train_model(
        build_training_set(table, config), "dct-xgb", {"rounds": 80}, config
    )
    bundle.save(folder / "bundle")
    return folder / "bundle", model, table, paths


@pytest.fixture(scope="module")
def best(trained) -> Detector:
    """The shipped model, where this install has it; else the one trained here."""
    name = named("fast")
    return Detector.load(name if name in bundles.shipped() else trained[0])


# One photo


def test_path_bytes_array_and_open_file_get_the_same_answer(toy, photos):
    path = photos[0]
    data, array = path.read_bytes(), cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    expected = toy.predict(path)
    assert toy.predict(str(path)) == expected
    assert toy.predict(BytesIO(data)).probability == expected.probability
    for source in (data, bytearray(data), array):
        assert toy.predict(source).probability == expected.probability
        assert toy.predict(source, name=str(path)) == expected
    with open(path, "rb") as file:
        assert toy.predict(file) == expected


def test_a_prediction_is_called_by_its_path_or_the_name_it_is_given(toy, photos):
    assert toy.predict(photos[0]).path == str(photos[0])
    assert toy.predict(photos[0], name="the cat").path == "the cat"
    assert toy.predict(photos[0].read_bytes()).path == ""


def test_the_score_is_a_hundred_times_the_probability(toy, photos):
    for path in photos:
        answer = toy.predict(path)
        assert 0 <= answer.probability <= 1
        assert answer.score == 100 * answer.probability
        assert type(answer.probability) is float


def test_a_prediction_is_plain_values_that_travel(toy, photos):
    answer = toy.predict(photos[0])
    assert json.loads(json.dumps(vars(answer))) == vars(answer)
    assert pickle.loads(pickle.dumps(answer)) == answer
    assert (answer.threshold, answer.model) == (0.5, "toy")


def test_the_answer_is_the_calibrated_graph_of_the_features(toy, photos):
    bundle = toys.bundle()
    for path in photos:
        features = image_features(read_luma(path, ReadConfig(size=128)))
        raw = 1 / (1 + np.exp(features[FEATURES.index("high_freq_mean")] / 2 - 2))
        expected = float(bundle.calibration(np.array([raw]))[0])
        assert toy.predict(path).probability == pytest.approx(expected, abs=1e-6)


def test_a_photo_is_read_at_the_working_size_of_the_bundle(texture):
    small, large = (Detector(toys.bundle(size=size)) for size in (64, 512))
    half = Detector(toys.bundle(size=512), ReadConfig(size=64))
    assert small.predict(texture) == half.predict(texture)
    assert small.predict(texture).probability != large.predict(texture).probability


def test_a_photo_that_cannot_be_read_is_refused_by_name(toy, tmp_path):
    path = tmp_path / "notes.jpg"
    path.write_text("words")
    with pytest.raises(ImageError, match="notes.jpg: "):
        toy.predict(path)
    with pytest.raises(ImageError, match="the cat: "):
        toy.predict(b"words", name="the cat")


def test_threads_may_share_a_detector(toy, photos):
    expected = [toy.predict(path) for path in photos]
    with ThreadPoolExecutor(4) as executor:
        assert list(executor.map(toy.predict, photos * 5)) == expected * 5


# Labels


def test_a_photo_is_called_by_its_p_and_sure_beyond_the_limits(photos):
    p = sorted(Detector(toys.bundle()).predict(path).probability for path in photos)
    limits = Thresholds(p[2], p[-3], p[len(p) // 2])  # what is at one is over it
    detector = Detector(toys.bundle(thresholds=limits))
    told = [detector.predict(path) for path in photos]
    for one in told:
        assert one.label == ("blurred" if one.probability >= limits.decision else "sharp")
        assert one.sure == (one.probability < p[2] or one.probability >= p[-3])
        assert one.threshold == limits.decision
        assert one.score == 100 * one.probability
    assert {one.shown for one in told} == {"sharp", "sharp?", "blurred?", "blurred"}


def test_a_doubtful_label_is_shown_with_a_question_mark():
    assert shown("blurred", True) == "blurred"
    assert shown("sharp", False) == "sharp?"
    assert shown("unknown", False) == "unknown"


def test_a_threshold_of_ones_own_is_in_the_prediction_and_changes_no_probability(toy, photos):
    other = Detector(toys.bundle(), threshold=0.1)
    before, after = toy.predict(photos[0]), other.predict(photos[0])
    assert (before.threshold, after.threshold) == (0.5, 0.1)
    assert after.probability == before.probability


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan"), 50])
def test_a_threshold_outside_0_to_1_is_refused(toy, photos, threshold):
    with pytest.raises(ConfigError, match="threshold: expected P"):
        Detector(toys.bundle(), threshold=threshold)
    with pytest.raises(ConfigError, match="threshold: expected P"):
        toy.judge(Photo(photos[0]), "photo.jpg", threshold)


def test_a_picture_that_is_transparent_all_over_is_called_that(toy):
    told = toy.predict(np.zeros((64, 64, 4), np.uint8))
    assert (told.label, told.reason) == ("unknown", "transparent: nothing of it shows on white")


def test_what_cannot_be_judged_has_neither_p_nor_score_nor_is_it_sure(toy):
    told = toy.predict(np.zeros((64, 64), np.uint8))
    assert (told.label, told.sure, told.reason) == ("unknown", False, "nothing but black")
    assert (told.probability, told.score, told.sharp_fraction) == (None, None, None)
    assert (told.evidence, told.blur) == (0.0, None)
    assert told.shown == "unknown"
    assert tuple(told.as_dict()) == FIELDS


def test_a_share_of_sharp_photographs_chooses_the_threshold_that_training_noted(tmp_path):
    known = {"0.01": 0.9, "0.05": 0.7, "0.1": 0.4}
    toys.bundle(training={"false_positives": known}).save(tmp_path / "toy")
    for share, threshold in ((0.01, 0.9), (0.05, 0.7), (0.07, 0.7), (0.1, 0.4), (0.5, 0.4)):
        assert Detector.load(tmp_path / "toy", max_fpr=share).thresholds.decision == threshold
    with pytest.raises(ConfigError, match=r"no threshold for 0.005 .* for 0.01, 0.05, 0.1$"):
        Detector.load(tmp_path / "toy", max_fpr=0.005)
    with pytest.raises(ConfigError, match="one or the other"):
        Detector.load(tmp_path / "toy", max_fpr=0.05, threshold=0.5)


def test_the_default_is_best_unless_the_environment_names_another_model(monkeypatch, tmp_path):
    monkeypatch.delenv("BLURDCT_MODEL", raising=False)
    assert Detector.load().model == named("best") == "dct-fusion"
    assert named("fast") == "dct-xgb"
    monkeypatch.setenv("BLURDCT_MODEL", "fast")
    assert Detector.load().model == "dct-xgb"
    assert Detector.load("best").model == "dct-fusion"
    monkeypatch.setenv("BLURDCT_MODEL", "")
    assert named() == "dct-fusion"


# Many photos


def as_values(answers) -> list:
    """Predictions as they are, errors as their words."""
    return [one if isinstance(one, Prediction) else (type(one), str(one)) for one in answers]


@pytest.fixture(scope="module")
def mixed(photos, tmp_path_factory) -> list[Path]:
    """The photographs, with what cannot be read between them."""
    folder = tmp_path_factory.mktemp("bad")
    (folder / "notes.jpg").write_text("words")
    (folder / "empty.png").touch()
    return [folder / "missing.jpg", *photos[:5], folder / "notes.jpg", *photos[5:],
            folder / "empty.png", folder]  # fmt: skip


def test_many_photos_come_in_order_with_errors_in_their_place(toy, mixed, photos):
    answers = list(toy.predict_many(mixed))
    assert len(answers) == len(mixed)
    for path, answer in zip(mixed, answers, strict=True):
        if path in photos:
            assert answer == toy.predict(path)
        else:
            assert isinstance(answer, ImageError)
            assert str(answer).startswith(f"{path}: ")


def test_two_workers_answer_as_one_does(mixed):
    toy = Detector(toys.bundle(), ReadConfig(size=64), threshold=0.4, name="mine")
    assert as_values(toy.predict_many(mixed, workers=2)) == as_values(toy.predict_many(mixed))


def test_photos_are_taken_as_answers_are_a_few_ahead(toy, photos):
    taken = []
    endless = (taken.append(number) or photos[number % 12] for number in count())
    assert len(list(islice(toy.predict_many(endless), 3))) == 3
    assert 3 <= len(taken) <= BATCH


def test_two_detectors_may_take_turns_on_one_core(photos, monkeypatch):
    monkeypatch.setattr(workers, "cores", lambda: 1)
    detectors = [Detector(toys.bundle(), name=name) for name in ("first", "second")]
    answers = zip(*(one.predict_many(photos, workers=None) for one in detectors), strict=True)
    assert {(one.model, other.model) for one, other in answers} == {("first", "second")}


def test_no_photos_are_no_answers(toy):
    assert list(toy.predict_many([])) == []


def test_no_workers_are_refused(toy, photos):
    with pytest.raises(ConfigError, match="workers: expected at least 1, got 0"):
        list(toy.predict_many(photos, workers=0))


# What is no model


@pytest.mark.parametrize("graph", [b"", b"garbage", toys.graph()[:100], toys.graph()[:-20]])
def test_a_graph_that_cannot_be_run_is_refused(graph):
    with pytest.raises(ModelError, match="graph cannot be run") as caught:
        Detector(toys.bundle(graph=graph))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("views", [("luma",), ("features", "luma")])
def test_a_graph_with_other_inputs_is_refused(views):
    with pytest.raises(ModelError, match="its graph takes .*luma.*, not"):
        Detector(toys.bundle(graph=toys.graph(views)))


@pytest.mark.parametrize("graph", [toys.graph(width=17), toys.graph(output="score")])
def test_a_graph_that_gives_no_probability_of_18_features_is_refused(graph):
    with pytest.raises(ModelError, match="toy: its graph gives no P ") as caught:
        Detector(toys.bundle(graph=graph))
    assert "\n" not in str(caught.value)


def test_a_model_that_eats_something_unknown_is_refused():
    with pytest.raises(ModelError, match="'luma' is not known here; known: features"):
        Detector(toys.bundle(views=("luma",), graph=toys.graph(("luma",))))


def test_loading_passes_its_settings_on(tmp_path, texture):
    toys.bundle().save(tmp_path / "toy")
    detector = Detector.load(tmp_path / "toy", size=64, threshold=0.5, max_pixels=128 * 192)
    assert detector.config == ReadConfig(size=64, max_pixels=128 * 192)
    answer = detector.predict(texture)
    assert (answer.threshold, answer.model) == (0.5, str(tmp_path / "toy"))
    with pytest.raises(ImageError, match="over the limit"):
        detector.predict(np.zeros((128, 193), np.uint8))
    with pytest.raises(ConfigError, match="size: expected at least 16"):
        Detector.load(tmp_path / "toy", size=8)


# Trained models


def test_a_photo_means_the_same_to_training_and_to_the_detector(trained):
    folder, model, table, paths = trained
    detector = Detector.load(folder)
    raw = model.predict_proba(build_training_set(table).inputs)
    expected = bundles.load(folder).calibration(raw)
    for path, p in zip(paths, expected, strict=True):
        assert detector.probability(Photo(path, detector.config)) == pytest.approx(p, abs=1e-6)


def test_more_blur_gives_a_higher_probability(best):
    mean = []
    for extent in (0.0, 3.0, 6.0, 12.0):
        kernel = blur_kernels.disk(extent) if extent else np.ones((1, 1), np.float32)
        answers = []
        for photo in SHARP[::2]:
            rgb = read_rgb(photo, ReadConfig())
            scale = min(1.0, 512 / max(rgb.shape))
            size = (round(rgb.shape[1] * scale), round(rgb.shape[0] * scale))
            rgb = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
            answers.append(best.predict(linear_light.blur_as_seen(rgb, kernel)).probability)
        mean.append(np.mean(answers))
    assert (np.diff(mean) > 0).all(), mean
    assert mean[-1] - mean[0] > 0.3, mean


def test_predicting_loads_nothing_that_trains(tmp_path, photos):
    toys.bundle().save(tmp_path / "toy")
    code = (
        "import sys; from blurdct import Detector\n"
        f"print(Detector.load({str(tmp_path / 'toy')!r}).predict({str(photos[0])!r}).label)\n"
        f"print([name for name in {TRAINS} if name in sys.modules])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    label, loaded = answer.stdout.splitlines()
    assert label in LABELS
    assert loaded == "[]"
    assert answer.stderr == ""


# Maps, and photographs that show nothing


def light_map() -> Bundle:
    """A model whose map is the light of each cell, and whose P is the mean of that."""
    nodes = [
        helper.make_node("Cast", ["cells"], ["wide"], to=TensorProto.FLOAT),
        helper.make_node("Gather", ["wide", "channel"], ["map"], axis=1),
        helper.make_node("ReduceMean", ["map"], ["probability"], axes=[1, 2], keepdims=0),
    ]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "light",
        [value("cells", TensorProto.FLOAT16, ["n", len(CHANNELS), "h", "w"])],
        [value("probability", TensorProto.FLOAT, ["n"]), value("map", 1, ["n", "h", "w"])],
        [helper.make_tensor("channel", TensorProto.INT64, [], [CHANNELS.index("luma")])],
    )
    opset = helper.make_opsetid("", 17)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=8).SerializeToString()
    return Bundle("light", model, 640, Calibration(), Thresholds(0.3, 0.7), views=("cells",))


@pytest.mark.parametrize("shape", [(160, 240), (240, 160), (168, 168), (150, 91)])
def test_a_map_lies_as_the_photo_does(shape):
    luma = np.random.default_rng(0).integers(0, 90, shape, dtype=np.uint8)
    luma[: shape[0] // 3, shape[1] // 2 :] += 150
    detector = Detector(light_map())
    places = detector.map(luma)
    rows, columns = shape[0] // 8, shape[1] // 8
    assert places.shape == (-(-rows // 2), -(-columns // 2)) and places.dtype == np.float32
    expected = cv2.resize(luma, places.shape[::-1], interpolation=cv2.INTER_AREA) / 255
    assert np.corrcoef(places.ravel(), expected.ravel())[0, 1] > 0.9
    np.testing.assert_allclose(detector.map(luma[:, ::-1]), places[:, ::-1], atol=1e-3)


def test_the_sharp_fraction_is_the_part_of_the_map_under_a_half():
    luma = np.random.default_rng(0).integers(0, 60, (160, 160), dtype=np.uint8)
    luma[:, 112:] += 190
    detector = Detector(light_map())
    assert detector.has_map
    assert detector.predict(luma).sharp_fraction == pytest.approx(0.7)
    assert detector.predict(luma).sharp_fraction == np.mean(detector.map(luma) < 0.5)


@pytest.mark.parametrize("shape", [(160, 240), (240, 160), (150, 91)])
def test_a_graph_of_its_own_makes_the_map_and_says_nothing_of_p(shape):
    luma = np.random.default_rng(0).integers(0, 60, shape, dtype=np.uint8)
    luma[:, : shape[1] // 3] += 190
    plain = Detector(toys.bundle(size=640))
    beside = Detector(toys.bundle(size=640, map_graph=toys.map_graph()))
    assert beside.has_map and not plain.has_map
    np.testing.assert_array_equal(beside.map(luma), Detector(light_map()).map(luma))
    one, other = beside.predict(luma), plain.predict(luma)
    assert one.probability == other.probability and one.label == other.label
    assert one.sharp_fraction == np.mean(beside.map(luma) < 0.5)
    assert other.sharp_fraction is None


def test_a_detector_with_a_graph_for_its_map_can_be_saved_loaded_and_sent(tmp_path):
    toys.bundle(map_graph=toys.map_graph()).save(tmp_path / "toy")
    detector = Detector.load(tmp_path / "toy")
    expected = Detector(toys.bundle(map_graph=toys.map_graph())).map(toys.photo(0))
    for one in (detector, pickle.loads(pickle.dumps(detector))):
        assert one.has_map
        np.testing.assert_array_equal(one.map(toys.photo(0)), expected)


@pytest.mark.parametrize("name", ["map_graph", "blur_graph"])
@pytest.mark.parametrize("graph", [b"garbage", toys.map_graph()[:100], toys.map_graph()[:-20]])
def test_a_broken_graph_beside_the_models_own_is_refused_in_a_line_that_names_the_model(
    name, graph, tmp_path
):
    toys.bundle(**{name: graph}).save(tmp_path / "toy")
    with pytest.raises(ModelError, match=f"^{tmp_path / 'toy'}: .*graph cannot be run") as caught:
        Detector.load(tmp_path / "toy")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "graph",
    [toys.map_graph("luma"), toys.map_graph(output="places"), toys.graph(), toys.graph_with_map()],
)
def test_a_graph_of_a_map_with_other_inputs_or_outputs_is_refused(graph, tmp_path):
    toys.bundle(map_graph=graph).save(tmp_path / "toy")
    expected = f"^{tmp_path / 'toy'}: its map.onnx makes no map of inputs known here$"
    with pytest.raises(ModelError, match=expected):
        Detector.load(tmp_path / "toy")


@pytest.mark.parametrize(
    "graph",
    [
        toys.blur_graph("luma"),
        toys.blur_graph(output="width"),
        toys.blur_graph(output="width", kind=True),
        toys.blur_graph(output="probability", kind=True),
        toys.map_graph(),
    ],
)
def test_a_graph_of_blur_with_other_inputs_or_outputs_is_refused(graph, tmp_path):
    toys.bundle(blur_graph=graph).save(tmp_path / "toy")
    expected = f"^{tmp_path / 'toy'}: its blur.onnx makes no extent of inputs known here$"
    with pytest.raises(ModelError, match=expected):
        Detector.load(tmp_path / "toy")


def test_a_model_without_a_map_says_so():
    detector = Detector(toys.bundle())
    assert not detector.has_map and detector.predict(toys.photo(0)).sharp_fraction is None
    with pytest.raises(ModelError, match="makes no map"):
        detector.map(toys.photo(0))


# How wide the blur is


def seen(luma: np.ndarray) -> float:
    """What the toy graph says of a picture as the model sees it, pixels."""
    return 1 + max(0.0, 8 - image_features(luma)[FEATURES.index("high_freq_mean")])


@pytest.fixture(scope="module")
def measuring() -> Detector:
    """A model of 128 pixels that says how wide blur is."""
    return Detector(toys.bundle(blur_graph=toys.blur_graph()))


def large(sigma: float = 1.0) -> np.ndarray:
    """A blurred picture of three times the size that the model sees; (384, 384) uint8."""
    scenes = [np.hstack([toys.scene(6 * row + column) for column in range(6)]) for row in range(6)]
    return cv2.GaussianBlur(np.vstack(scenes), (0, 0), sigma) if sigma else np.vstack(scenes)


@pytest.mark.parametrize("sigma", [0.3, 1, 3])
def test_blur_is_as_wide_as_the_model_sees_it_in_pixels_of_the_photo(measuring, sigma):
    luma = large(sigma)
    reduced = Photo(luma, measuring.config)
    assert reduced.luma.shape == (128, 128)
    assert measuring.predict(luma).blur == pytest.approx(3 * seen(reduced.luma), rel=1e-4)


def test_the_blur_of_a_photo_that_is_not_reduced_is_one_pixel_or_more(measuring):
    sharp, soft = toys.scene(1), cv2.GaussianBlur(toys.scene(1), (0, 0), 2)
    assert max(sharp.shape) < measuring.config.size
    assert measuring.predict(soft).blur == pytest.approx(seen(soft), rel=1e-4)
    assert 1 <= measuring.predict(sharp).blur < measuring.predict(soft).blur


def test_what_a_graph_says_is_narrower_than_a_pixel_is_a_pixel():
    model = onnx.load_from_string(toys.blur_graph())
    (one,) = (const for const in model.graph.initializer if const.name == "one")
    one.CopyFrom(numpy_helper.from_array(np.float32(0), "one"))
    bundle = toys.bundle(blur_graph=model.SerializeToString())
    detector = Detector(bundle)
    crisp = np.clip(2.0 * large(0) - 128, 0, 255).astype(np.uint8)
    look = detector.look(Photo(crisp, detector.config), "")
    assert Graphs(bundle).said([look])[0]["extent"] == 0 and detector.predict(crisp).blur == 3.0


def test_the_blur_of_a_framed_photo_is_in_pixels_of_what_the_frame_surrounds(measuring):
    luma = large(2)
    framed = cv2.copyMakeBorder(luma, 192, 192, 0, 0, cv2.BORDER_CONSTANT, value=255)
    assert Photo(framed, measuring.config).is_framed
    plain = measuring.predict(luma).blur
    assert measuring.predict(framed).blur == pytest.approx(plain, rel=0.02)
    assert plain > 2 * 3


def test_a_model_without_a_graph_of_blur_knows_none(toy, measuring):
    with_blur, without = measuring.predict(large(2)), toy.predict(large(2))
    assert without.blur is None and with_blur.blur > 0
    assert with_blur.label == "blurred" and with_blur.kind is without.kind is None
    assert without.probability == with_blur.probability
    assert without.evidence == with_blur.evidence > 0


def test_what_is_unknown_has_no_blur_and_no_evidence(measuring):
    for pixels in (np.full((200, 300), 128, np.uint8), np.zeros((64, 64, 4), np.uint8)):
        told = measuring.predict(pixels)
        assert (told.label, told.evidence, told.blur) == ("unknown", 0.0, None)
        assert told.kind is told.kind_probability is None


def test_evidence_is_the_part_of_the_photo_that_shows_something(measuring):
    luma = large()
    assert measuring.predict(luma).evidence > 0.9
    luma[:, 96:] = 255
    part = measuring.predict(luma).evidence
    assert part == Photo(luma, measuring.config).evidence
    assert 0.15 < part < 0.6  # a column of cells beside the edge has some of it


@pytest.mark.parametrize(
    ("sigma", "kind"), [(0, None), (1, None), (1.15, "defocus"), (3, "motion")]
)
def test_a_blurred_photo_has_a_kind_and_its_probability_and_others_have_none(sigma, kind):
    detector = Detector(toys.bundle(blur_graph=toys.blur_graph(kind=True)))
    luma = large(sigma)
    told = detector.predict(luma)
    assert told.label == ("blurred" if kind else "sharp")
    assert told.kind == told.as_dict()["kind"] == kind
    if kind is None:
        assert told.kind_probability is None
        return
    motion = 1 / (1 + np.exp(6 - seen(Photo(luma, detector.config).luma)))
    assert told.kind_probability == pytest.approx(max(motion, 1 - motion), abs=1e-4)
    assert detector.judge(Photo(luma, detector.config), "", 1.0)[0].kind is None  # called sharp


def test_a_kind_is_told_in_words_with_a_question_mark_where_it_is_doubtful():
    assert [kind_of(p) for p in (0.0, 0.25, 0.5, 1.0)] == [
        ("defocus", 1.0),
        ("defocus", 0.75),
        ("motion", 0.5),
        ("motion", 1.0),
    ]
    words = [kind_words(*kind_of(p)) for p in (0.05, 0.25, 0.75, 0.95)]
    assert words == ["out of focus", "out of focus?", "moved?", "moved"]
    assert kind_words(None, None) == kind_words("", None) == ""


def test_a_detector_that_measures_blur_can_be_saved_loaded_and_sent(measuring, tmp_path):
    toys.bundle(blur_graph=toys.blur_graph()).save(tmp_path / "toy")
    expected = measuring.predict(large()).blur
    loaded = Detector.load(tmp_path / "toy")
    for one in (loaded, pickle.loads(pickle.dumps(loaded))):
        assert one.predict(large()).blur == expected and not one.has_map


def test_an_extent_that_is_no_number_is_refused_before_a_photo_comes():
    model = onnx.load_from_string(toys.blur_graph())
    (one,) = (const for const in model.graph.initializer if const.name == "one")
    one.CopyFrom(numpy_helper.from_array(np.float32(np.nan), "one"))
    with pytest.raises(ModelError, match="^toy: .*an extent of nan"):
        Detector(toys.bundle(blur_graph=model.SerializeToString()))


def test_a_photo_that_shows_nothing_is_unknown_whatever_the_model_says_of_it():
    flat = np.full((64, 64), 128, np.uint8)
    verdict = Detector(toys.bundle()).predict(flat)
    assert verdict.label == "unknown" and "flat" in verdict.reason
    assert verdict.probability is None
    assert Detector(toys.bundle()).probability(Photo(flat)) > 0.5
    assert Detector(toys.bundle()).predict(toys.photo(0)).reason == ""


def test_a_detector_can_be_sent_to_another_process():
    detector = Detector(toys.bundle(), threshold=0.6, name="mine")
    copy = pickle.loads(pickle.dumps(detector))
    assert copy.predict(toys.photo(0)) == detector.predict(toys.photo(0))


def test_best_is_the_name_of_a_shipped_model():
    assert named("best") in bundles.shipped() and named("dct-xgb") == "dct-xgb"
