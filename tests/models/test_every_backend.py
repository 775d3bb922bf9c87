"""The contract: what every backend keeps to, from photographs to the command line."""

import json
from types import SimpleNamespace

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
from typer.testing import CliRunner

from blurdct.cli.app import application
from blurdct.config import TrainConfig
from blurdct.datasets.loading import load_folder
from blurdct.errors import ModelError
from blurdct.evaluation import compare, learn
from blurdct.features.inputs import INPUTS, photo_inputs
from blurdct.inference.bundle import BESIDE, load
from blurdct.inference.detector import Detector
from blurdct.metrics import roc_auc
from blurdct.models import certh_cnn, stacking
from blurdct.models.nn.fit_context import in_context
from blurdct.models.registry import BACKENDS, backend, parse_name
from blurdct.training.training_set import build_training_set
from tests.helpers import toys

pytestmark = pytest.mark.filterwarnings("error")

# How those are made that take long otherwise: an epoch teaches a network next to nothing.
QUICK = {
    "dct-xgb": "rounds=20",
    "dct-forest": "n_estimators=20,min_samples_leaf=1",
    "cnn": "epochs=1,batch=8,crop=64",
    "stacking": "cnn.epochs=1,cnn.batch=8,cnn.crop=64",
    "resnet18": "epochs=1,batch=8",
    "certh-cnn": "epochs=1,batch=8",
    "certh-fusion": "epochs=1,batch=8,certh-cnn.epochs=1,certh-cnn.batch=8",
    "lcnet": "epochs=1,batch=8",
    "dct-xgb-wide": "rounds=20,min_child_weight=0.1",
    "dct-net": "epochs=1,batch=8",
    "dct-mlp": "epochs=1,batch=8,members=1",
    "dct-fusion": "dct-xgb-wide.rounds=20,dct-mlp.epochs=1,dct-mlp.batch=8,dct-mlp.members=1",
}
NAMES = {name: f"{name}:{QUICK[name]}" if name in QUICK else name for name in BACKENDS}
CONFIG = TrainConfig(folds=2, shuffles=1)


@pytest.fixture(scope="module", autouse=True)
def thin():
    """The two networks of tens of millions of weights with fewer; all else as it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(certh_cnn, "WIDTH", 64)
        patch.setattr(stacking, "WIDTHS", (64, 32))
        yield


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """16 photographs of eight scenes with all views."""
    folder = toys.save_photos(tmp_path_factory.mktemp("photos"), 8)
    return load_folder(folder, learn.views_of(list(BACKENDS)), synth=None, workers=1)


@pytest.fixture(scope="module")
def rows(images):
    return build_training_set(images.table, CONFIG, images.inputs)


@pytest.fixture(scope="module")
def compared(rows, tmp_path_factory):
    """All backends compared in one call: the folder, the report and each fitted model."""
    out, models = tmp_path_factory.mktemp("out"), {}

    def train(*arguments):
        bundle, model = keep(*arguments)
        p = model.predict_proba(rows.only(model.views).inputs)
        models[bundle.backend] = SimpleNamespace(bundle=bundle, model=model, p=p)
        return bundle, model

    with pytest.MonkeyPatch.context() as patch:
        keep = learn.train_model
        patch.setattr(learn, "train_model", train)
        with in_context(checkpoints=out / "checkpoints"):
            report = compare.compare_models(rows, list(NAMES.values()), out, CONFIG)
    return SimpleNamespace(out=out, models=models, report=report)


@pytest.fixture(params=BACKENDS)
def fitted(request, compared, rows):
    """A backend's name, fitted model, its P for all rows, bundle, folder; the rows' views."""
    name = request.param
    folder = compared.out / "models" / learn.folder_name(NAMES[name])
    both = compared.models[name]
    inputs = rows.only(both.model.views).inputs
    return SimpleNamespace(name=name, **vars(both), folder=folder, inputs=inputs, y=rows.y)


def fit(model, rows):
    """A model after learning from all rows."""
    return model.fit(rows.rows.only(model.views))


def first(inputs, count: int) -> dict[str, np.ndarray]:
    """So many rows of each view."""
    return {view: values[:count] for view, values in inputs.items()}


def test_a_backend_says_what_it_eats_and_what_it_was_made_with(fitted):
    assert fitted.model.views
    assert set(fitted.model.views) <= set(INPUTS)
    _, changed = parse_name(NAMES[fitted.name])
    expected = {**backend(fitted.name)().parameters, **changed}
    assert fitted.model.parameters == expected == json.loads(json.dumps(expected))
    assert type(fitted.model) is backend(fitted.name)


def test_a_backend_gives_probabilities_and_a_row_means_the_same_alone(fitted):
    assert fitted.p.shape == fitted.y.shape
    assert ((fitted.p >= 0) & (fitted.p <= 1)).all()
    alone = fitted.model.predict_proba(first(fitted.inputs, 1))
    np.testing.assert_allclose(alone, fitted.p[:1], atol=1e-6)


def test_a_backend_on_numbers_learns_what_blur_is(fitted):
    if any(len(INPUTS[view].shape) > 1 for view in fitted.model.views):
        pytest.skip("an epoch is too little; see test_networks")
    assert roc_auc(fitted.y, fitted.p) > 0.95


def test_an_export_is_a_valid_graph_that_agrees_with_its_model(fitted):
    graph = fitted.model.to_onnx()
    assert graph == fitted.bundle.graph
    onnx.checker.check_model(onnx.load_from_string(graph))
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    kinds = {"tensor(float)": "float32", "tensor(float16)": "float16", "tensor(uint8)": "uint8"}
    taken = {}
    for one in session.get_inputs():
        shape = tuple(None if isinstance(extent, str) else extent for extent in one.shape[1:])
        taken[one.name] = (shape, kinds[one.type])
    # what is kept in 16 bits is taken in 32, and rounded inside
    of = {view: (INPUTS[view].shape, INPUTS[view].dtype) for view in fitted.model.views}
    assert taken == {view: (s, "float32" if d == "float16" else d) for view, (s, d) in of.items()}
    # ``training.train`` compares all rows; here with any number at once
    for count in (5, 1, 0):
        rows = {v: row.astype(taken[v][1]) for v, row in first(fitted.inputs, count).items()}
        answer = session.run(["probability"], rows)[0]
        assert (answer.shape, answer.dtype) == ((count,), np.float32)
        np.testing.assert_allclose(answer, fitted.p[:count], atol=1e-4)


def test_a_bundle_is_a_graph_and_a_sheet_and_comes_back_whole(fitted, tmp_path):
    loaded = load(fitted.folder)
    judged = loaded.training.pop("judged")
    assert loaded == fitted.bundle and 0 <= judged["accuracy"] <= 1
    fitted.bundle.save(tmp_path)
    beside = {file for file, (name, _) in BESIDE.items() if getattr(fitted.bundle, name)}
    names = {"bundle.json", "model.onnx", *beside}
    assert {path.name for path in tmp_path.iterdir()} == names
    assert fitted.bundle.map_graph == fitted.model.map_onnx()
    assert load(tmp_path) == fitted.bundle


def test_the_detector_answers_from_a_file_and_from_bytes_as_the_model_does(fitted, images):
    detector = Detector.load(fitted.folder)
    expected = fitted.bundle.calibration(fitted.p)
    for row in (0, 15):
        file = images.files[row]
        answer = detector.predict(file)
        assert answer.probability == pytest.approx(expected[row], abs=1e-4)
        assert detector.predict(file.read_bytes()).probability == answer.probability


def test_the_command_line_answers_the_same(fitted, images):
    photo = str(images.files[-1])
    run = CliRunner().invoke(
        application(), ["predict", "--json", "--model", str(fitted.folder), photo]
    )
    assert run.exit_code == 0, run.output
    (answer,) = (json.loads(line) for line in run.stdout.splitlines())
    assert answer == Detector.load(fitted.folder).predict(photo).as_dict()


def test_a_photo_of_another_size_and_shape_is_answered_too(fitted):
    photo = cv2.resize(toys.photo(3), (700, 130))
    detector = Detector(fitted.bundle)
    views = photo_inputs(photo, fitted.model.views, detector.config)
    p = fitted.model.predict_proba({view: row[None] for view, row in views.items()})
    expected = fitted.bundle.calibration(p)[0]
    assert detector.predict(photo).probability == pytest.approx(expected, abs=1e-4)


@pytest.fixture(scope="module")
def few(rows):
    """Four rows, of two scenes."""
    return rows.select(np.isin(rows.groups, ["00", "01"]))


@pytest.mark.parametrize("name", BACKENDS)
def test_the_same_rows_give_the_same_model_and_stay_as_they_were(name, few):
    _, parameters = parse_name(NAMES[name])
    models = [backend(name)(**parameters) for _ in range(2)]
    before = {view: values.copy() for view, values in few.only(models[0].views).inputs.items()}
    kept = [values.copy() for values in (few.y, few.groups, few.weights, few.levels)]
    one, other = (fit(model, few) for model in models)
    assert one.to_onnx() == other.to_onnx()
    for view, values in before.items():
        np.testing.assert_array_equal(few.inputs[view], values)
    for values, now in zip(kept, (few.y, few.groups, few.weights, few.levels), strict=True):
        np.testing.assert_array_equal(now, values)
    assert models[0].parameters == {**backend(name)().parameters, **parameters}


@pytest.mark.parametrize("name", BACKENDS)
def test_a_model_that_was_not_fitted_says_so(name, rows):
    model = backend(name)()
    inputs = first(rows.only(model.views).inputs, 1)
    for call in (model.to_onnx, lambda: model.predict_proba(inputs)):
        with pytest.raises(ValueError, match="expected a fitted model"):
            call()


# All of them side by side


def test_one_call_compares_all_and_leaves_reports(compared):
    assert set(compared.report["models"]) == set(NAMES.values())
    for name in ("report.md", "report.html"):
        text = (compared.out / name).read_text()
        assert all(name in text for name in BACKENDS)
    written = json.loads((compared.out / "report.json").read_text())
    assert written["models"].keys() == compared.report["models"].keys()
    assert (compared.out / "report.png").read_bytes().startswith(b"\x89PNG")


def test_a_second_call_learns_nothing_again(compared, rows, monkeypatch, capsys):
    def forbidden(*arguments):
        raise AssertionError("done already")

    models = compared.out / "models"
    before = {path: path.stat().st_mtime_ns for path in models.rglob("*")}
    monkeypatch.setattr(compare, "learn_model", forbidden)
    again = compare.compare_models(rows, list(NAMES.values()), compared.out, CONFIG)
    assert again == compared.report
    assert {path: path.stat().st_mtime_ns for path in models.rglob("*")} == before
    assert capsys.readouterr().out.count("nothing has changed") == len(NAMES)


# The registry


@pytest.mark.parametrize("name", ["dct-xbg", "dct_xgb", "dct-xgboost"])
def test_an_unknown_backend_suggests_the_nearest(name):
    with pytest.raises(ModelError, match=f"no backend '{name}'; did you mean 'dct-xgb'\\? known: "):
        backend(name)


def test_a_backend_far_from_any_gets_the_list_alone():
    with pytest.raises(ModelError, match="^no backend 'unheard of'; known: dct-xgb"):
        backend("unheard of")
