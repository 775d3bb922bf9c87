"""``Drawn...`` below turn the tables of scikit-learn's checks into pictures: see ``drawn``."""

import pickle
import warnings
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.validation import check_is_fitted, validate_data

from blurdct import Detector, image_features, read_luma
from blurdct.errors import ConfigError, ImageError, ModelError
from blurdct.features.bands import BANDS, FEATURES
from blurdct.features.dct import dct_matrix
from blurdct.sklearn.estimators import BlurClassifier, BlurFeatures
from tests.helpers.toys import photo, save_photos

FEW = {"rounds": 30}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_photos(tmp_path_factory.mktemp("photos"), scenes=8)


@pytest.fixture(scope="module")
def paths(folder):
    """16 paths, the sharp ones last."""
    return [str(path) for path in sorted(folder.rglob("*.png"))]


@pytest.fixture(scope="module")
def labels(paths):
    return np.array(["blurred" in path for path in paths]).astype(int)


@pytest.fixture
def polars():
    return pytest.importorskip("polars")


# scikit-learn's own checks


def drawn(estimator, X, reset):  # noqa: N803
    """Rows of numbers as pictures: the first three numbers say how strong the three bands are."""
    X = validate_data(estimator, X, reset=reset, dtype=np.float64)  # noqa: N806
    noise = np.random.default_rng(0).choice([-1.0, 1.0], (64, 64))
    pictures = []
    for row in X:
        coefficients = noise.copy()
        for ranks, number in zip(BANDS.values(), row, strict=False):
            coefficients[ranks] *= 4 + 3 * np.tanh(number)
        coefficients[0] = 8 * 128
        blocks = (dct_matrix().T @ coefficients).T.reshape(8, 8, 8, 8)
        luma = blocks.transpose(0, 2, 1, 3).reshape(64, 64)
        pictures.append(np.clip(np.round(luma), 0, 255).astype(np.uint8))
    return np.array(pictures)


class Tables:
    """What eats tables."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.input_tags.one_d_array = tags.input_tags.three_d_array = False
        tags.input_tags.string = False
        return tags


class DrawnFeatures(Tables, BlurFeatures):
    def fit(self, X, y=None):  # noqa: N803
        return super().fit(drawn(self, X, True), y)

    def transform(self, X):  # noqa: N803
        return super().transform(drawn(self, X, False))


class DrawnClassifier(Tables, BlurClassifier):
    def fit(self, X, y, sample_weight=None):  # noqa: N803
        return super().fit(drawn(self, X, True), y, sample_weight)

    def predict_proba(self, X):  # noqa: N803
        check_is_fitted(self)
        return super().predict_proba(drawn(self, X, False))


# Trees are grown on rows drawn at random, so that a row of weight 2 is not two rows. (Without
# sampling the two agree to the last bit of a float32.)
BY_CHANCE = {"check_sample_weight_equivalence_on_dense_data"}


@pytest.mark.parametrize(
    ("estimator", "failing", "least"),
    [
        (DrawnFeatures(), set(), 40),
        (DrawnClassifier("dct-logistic"), set(), 58),
        (DrawnClassifier("dct-xgb", FEW), BY_CHANCE, 58),
    ],
    ids=["features", "logistic", "xgb"],
)
def test_all_of_scikit_learns_checks_pass_on_rows_drawn_as_pictures(estimator, failing, least):
    expected = dict.fromkeys(failing, "trees are grown on rows drawn at random")
    with warnings.catch_warnings(action="ignore"):
        done = check_estimator(
            estimator, on_skip=None, on_fail=None, expected_failed_checks=expected
        )
    found = {
        status: {one["check_name"] for one in done if one["status"] == status}
        for status in ("passed", "xfail", "failed", "skipped")
    }
    assert found["failed"] == set()
    assert found["xfail"] == failing  # none that is listed passes
    assert found["skipped"] <= {"check_array_api_input"}  # asks for SCIPY_ARRAY_API
    assert len(found["passed"]) >= least


@pytest.mark.parametrize("estimator", [BlurFeatures(), BlurClassifier(), BlurClassifier.load()])
def test_scikit_learn_is_told_that_photographs_are_no_tables(estimator):
    with pytest.warns(SkipTestWarning, match="Can't test estimator"):
        done = check_estimator(estimator)
    assert [one["status"] for one in done] == ["passed"]


# features


def test_features_are_those_of_the_package_in_the_order_of_the_photographs(paths):
    found = BlurFeatures().fit_transform(paths)
    assert found.shape == (16, 18) and found.dtype == np.float64
    for row, path in zip(found, paths, strict=True):
        np.testing.assert_array_equal(row, image_features(read_luma(path)))
    assert BlurFeatures().get_feature_names_out().tolist() == list(FEATURES)


def test_photographs_come_as_paths_bytes_files_or_pixels(paths, polars):
    expected = BlurFeatures().transform(paths[:4])
    pixels = [cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB) for path in paths[:4]]
    with open(paths[3], "rb") as file:
        mixture = [Path(paths[0]), Path(paths[1]).read_bytes(), pixels[2], file]
        np.testing.assert_array_equal(BlurFeatures().transform(mixture), expected)
    for given in (
        np.array(paths[:4]),
        np.array(paths[:4], object)[:, None],
        tuple(paths[:4]),
        pd.Series(paths[:4], index=[3, 1, 3, 0]),
        pd.DataFrame({"path": paths[:4]}),
        polars.Series(paths[:4]),
        polars.DataFrame({"path": paths[:4]}),
        np.stack(pixels),
    ):
        np.testing.assert_array_equal(BlurFeatures().transform(given), expected)
    grey = np.stack([read_luma(path) for path in paths[:4]])
    np.testing.assert_array_equal(BlurFeatures().transform(grey), expected)


def test_pandas_and_polars_come_out_if_asked_for_with_the_index_of_the_paths(paths, polars):
    made = BlurFeatures().set_output(transform="pandas").transform(pd.Series(paths[:2], [7, 5]))
    assert list(made.columns) == list(FEATURES) and list(made.index) == [7, 5]
    made = BlurFeatures().set_output(transform="polars").transform(paths[:2])
    assert made.columns == list(FEATURES) and made.shape == (2, 18)


def test_processes_change_nothing(paths):
    together = BlurFeatures(n_jobs=2).transform(paths)
    np.testing.assert_array_equal(together, BlurFeatures().transform(paths))


def test_the_working_size_is_searched_in_a_pipeline(paths, labels):
    pipeline = make_pipeline(BlurFeatures(), StandardScaler(), LogisticRegression())
    search = GridSearchCV(pipeline, {"blurfeatures__size": [32, 64]}, cv=2).fit(paths, labels)
    assert search.best_score_ > 0.9
    assert (pickle.loads(pickle.dumps(search)).predict(paths) == search.predict(paths)).all()


def test_a_photo_that_cannot_be_read_is_named_or_a_row_of_nan(paths, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff no more")
    given = [paths[0], str(broken), str(tmp_path / "gone.png"), None, float("nan"), paths[1]]
    with pytest.raises(ImageError, match="broken.jpg: truncated or damaged"):
        BlurFeatures().transform(given)
    with pytest.raises(ImageError, match="photo 1: expected a path, .* got NoneType"):
        BlurFeatures().transform([paths[0], None])
    found = BlurFeatures(unreadable="nan").transform(given)
    assert np.isnan(found).all(axis=1).tolist() == [False, True, True, True, True, False]
    np.testing.assert_array_equal(found[[0, 5]], BlurFeatures().transform(paths[:2]))
    model = HistGradientBoostingClassifier().fit(found, [0, 1, 0, 1, 0, 1])  # takes NaN
    assert len(model.predict(found)) == 6


def test_no_photographs_have_no_features():
    assert BlurFeatures().transform([]).shape == (0, 18)


def test_settings_out_of_their_range_are_refused(paths):
    for settings in ({"size": 4}, {"max_pixels": 0}, {"unreadable": "skip"}):
        with pytest.raises(ConfigError, match=next(iter(settings))):
            BlurFeatures(**settings).fit(paths)
    with pytest.raises(ImageError, match="over the limit of 100 pixels"):
        BlurFeatures(max_pixels=100).transform(paths)


# the classifier


def test_it_learns_to_tell_blurred_photographs_of_unseen_scenes(paths, labels):
    classifier = BlurClassifier(parameters=FEW)
    assert cross_val_score(classifier, paths, labels, cv=2).mean() > 0.9
    classifier.fit(paths, labels)
    unseen = [photo(seed, sigma) for seed in range(50, 54) for sigma in (0.0, 2.0)]
    assert classifier.predict(unseen).tolist() == [0, 1] * 4
    p = classifier.predict_proba(unseen)
    assert p.shape == (8, 2)
    np.testing.assert_allclose(p.sum(axis=1), 1)


def test_features_that_are_there_already_give_the_same_model(paths, labels):
    rows = BlurFeatures().transform(paths)
    table = pd.DataFrame(rows, columns=FEATURES).iloc[:, ::-1].assign(path=paths, label=labels)
    expected = BlurClassifier(parameters=FEW).fit(paths, labels)
    for given in (rows, table):
        made = BlurClassifier(parameters=FEW).fit(given, labels)
        np.testing.assert_allclose(
            made.predict_proba(given), expected.predict_proba(paths), rtol=0, atol=1e-6
        )
        assert made.bundle_.graph == expected.bundle_.graph
    with pytest.raises(ValueError, match="missing: .*'low_freq_mean'"):
        expected.predict(table.drop(columns="low_freq_mean"))
    with pytest.raises(ValueError, match=r"got shape \(16, 17\)"):
        expected.predict(rows[:, 1:])
    with pytest.raises(ValueError, match="NaN"):
        expected.predict(np.full((1, 18), np.nan))


@pytest.mark.parametrize("names", [("blurred", "sharp"), ("bad", "good"), (False, True), (3, 7)])
def test_any_two_labels_do_and_blurred_is_known_by_its_name(paths, labels, names):
    given = np.array(names)[labels if names[0] != "blurred" else 1 - labels]
    classifier = BlurClassifier("dct-logistic").fit(paths, given)
    assert (classifier.predict(paths) == given).all()
    assert classifier.classes_.tolist() == sorted(names)
    assert classifier.blurred_ == ("blurred" if "blurred" in names else names[1])
    verdicts = [classifier.detector_.predict(path) for path in paths]
    meant = classifier.classes_.tolist().index(classifier.blurred_)
    p = classifier.predict_proba(paths)[:, meant]
    np.testing.assert_allclose([verdict.probability for verdict in verdicts], p)
    assert [verdict.label == "blurred" for verdict in verdicts] == labels.astype(bool).tolist()


def test_the_model_is_saved_for_the_command_line(paths, labels, tmp_path):
    classifier = BlurClassifier("dct-logistic", size=48).fit(paths, labels)
    classifier.bundle_.save(tmp_path / "own")
    detector = Detector.load(tmp_path / "own")
    assert detector.config.size == 48
    again = BlurClassifier.load(tmp_path / "own")
    p = [detector.predict(path).probability for path in paths]
    np.testing.assert_array_equal(classifier.predict_proba(paths)[:, 1], p)
    np.testing.assert_array_equal(again.predict_proba(paths)[:, 1], p)


@pytest.mark.parametrize("model", ["dct-xgb", "best"])
def test_a_shipped_model_answers_as_the_detector_does_without_learning(paths, model):
    classifier, detector = BlurClassifier.load(model), Detector.load(model)
    expected = [detector.predict(path).probability for path in paths]
    np.testing.assert_array_equal(classifier.predict_proba(paths)[:, 1], expected)
    assert classifier.classes_.tolist() == [0, 1]
    assert classifier.detector_.model == detector.model
    copied = pickle.loads(pickle.dumps(classifier))
    np.testing.assert_array_equal(copied.predict_proba(paths)[:, 1], expected)
    with pytest.raises(NotFittedError):
        clone(classifier).predict(paths)


def test_processes_answer_in_the_order_of_the_photographs(paths):
    one, two = (BlurClassifier.load(n_jobs=jobs) for jobs in (1, 2))
    np.testing.assert_array_equal(two.predict_proba(paths), one.predict_proba(paths))
    assert two.predict_proba([]).shape == (0, 2)
    with pytest.raises(ImageError, match="photo 15: expected a path"):
        two.predict([*paths[:15], None])


def test_weights_count_and_those_of_zero_leave_out(paths, labels):
    weights = np.arange(16) % 4 > 0
    some = [path for path, weight in zip(paths, weights, strict=True) if weight]
    expected = BlurClassifier("dct-logistic").fit(some, labels[weights])
    found = BlurClassifier("dct-logistic").fit(paths, labels, weights)
    np.testing.assert_allclose(found.predict_proba(paths), expected.predict_proba(paths))
    heavy = BlurClassifier("dct-logistic").fit(paths, labels, np.where(labels, 100, 1))
    plain = BlurClassifier("dct-logistic").fit(paths, labels)
    assert heavy.predict_proba(paths)[:, 1].mean() > plain.predict_proba(paths)[:, 1].mean()


def test_what_cannot_be_learnt_from_is_refused_before_photographs_are_read():
    gone = ["gone.jpg"] * 4
    for y, weights, message in (
        ([0, 0, 0, 0], None, "one class"),
        ([0, 1, 0, 1], [0, 0, 0, 0], "not all of them zero"),
        ([0, 1], None, "inconsistent numbers of samples"),
    ):
        with pytest.raises(ValueError, match=message):
            BlurClassifier().fit(gone, y, weights)
    with pytest.raises(ModelError, match="no backend 'dct-xbg'; did you mean 'dct-xgb'"):
        BlurClassifier("dct-xbg").fit(gone, [0, 1, 0, 1])
    with pytest.raises(ConfigError, match="dct-net sees more than the 18 features"):
        BlurClassifier("dct-net").fit(gone, [0, 1, 0, 1])
    with pytest.raises(ConfigError, match="size"):
        BlurClassifier(size=4).fit(gone, [0, 1, 0, 1])
    with pytest.raises(ValueError, match="more than 18 features"):
        BlurClassifier.load("best").predict(np.ones((1, 18)))
    with pytest.raises(ModelError, match="no model 'none'"):
        BlurClassifier.load("none")
