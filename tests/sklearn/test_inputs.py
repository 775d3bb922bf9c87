import io
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from blurdct.errors import ImageError
from blurdct.features.bands import FEATURES
from blurdct.sklearn.inputs import feature_table, opened, photographs, targets

PATHS = ["a.jpg", "b.jpg", "c.jpg"]


@pytest.mark.parametrize(
    "given",
    [
        PATHS,
        tuple(PATHS),
        iter(PATHS),
        np.array(PATHS),
        np.array(PATHS, object)[:, None],
        pd.Series(PATHS, index=[5, 5, 1]),
        pd.DataFrame({"any name": PATHS}),
    ],
    ids=lambda given: type(given).__name__,
)
def test_a_column_of_any_kind_is_its_photographs(given):
    assert photographs(given) == PATHS


def test_a_stack_of_pixels_is_a_photo_each():
    for shape in ((4, 20, 30), (4, 20, 30, 3)):
        pixels = np.zeros(shape, np.uint8)
        assert [one.shape for one in photographs(pixels)] == [shape[1:]] * 4


@pytest.mark.parametrize(
    "given",
    ["photo.jpg", b"bytes", Path("photo.jpg"), 3, None, np.zeros((5, 7)), np.array("x.jpg")],
    ids=repr,
)
def test_what_is_no_sequence_of_photographs_is_refused(given):
    with pytest.raises(ValueError, match="expected n photographs, got"):
        photographs(given)


def test_a_photo_without_a_path_is_called_by_its_number():
    assert opened("a.jpg", 7) == ("a.jpg", None)
    for photo in (b"bytes", bytearray(b"b"), np.zeros((20, 20), np.uint8), io.BytesIO()):
        assert opened(photo, 7)[1] == "photo 7"
    for odd in (None, float("nan"), pd.NA, 3, ["a.jpg"], *sparse.eye_array(2).tocsr()[[0]]):
        with pytest.raises(ImageError, match="photo 7: expected a path, bytes, open file or array"):
            opened(odd, 7)


def test_features_are_known_by_their_names_or_their_number():
    rows = np.random.default_rng(0).random((5, 18))
    frame = pd.DataFrame(rows, columns=FEATURES)
    shuffled = frame.iloc[:, ::-1].assign(path="a.jpg", label=1)
    for given in (rows, frame, shuffled):
        np.testing.assert_array_equal(feature_table(given), rows)
    for given in (PATHS, pd.DataFrame({"path": PATHS}), np.array(PATHS)[:, None], rows[None]):
        assert feature_table(given) is None


def test_a_table_of_anything_else_is_refused():
    rows = np.ones((5, 18))
    frame = pd.DataFrame(rows, columns=FEATURES)
    for given, message in (
        (rows[:, 1:], "got shape (5, 17)"),
        (rows[:0], "0 sample(s)"),
        (np.full((1, 18), np.nan), "contains NaN"),
        (np.full((1, 18), np.inf), "contains infinity"),
        (frame.drop(columns="med_freq_std"), "missing: ['med_freq_std']"),
    ):
        with pytest.raises(ValueError, match=re.escape(message)):
            feature_table(given)


def test_classes_are_two_and_sorted():
    classes, codes, weights = targets(["x", "b", "x", "b"], None)
    assert classes.tolist() == ["b", "x"]
    assert codes.tolist() == [1, 0, 1, 0]
    assert weights.tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("y", "weights", "message"),
    [
        ([0, 0, 0, 0], None, "one class"),
        (
            [0, 1, 2, 0],
            None,
            "Only binary classification is supported. The type of y is multiclass",
        ),
        ([0.0, 1.0, float("nan"), 1.0], None, "y contains NaN"),
        ([[0, 1], [1, 0]], None, "should be a 1d array"),
        ([0, 1, 0, 1], [0, 0, 0, 0], "not all of them zero"),
        ([0, 1, 0, 1], [1, -1, 1, 1], "expected 0 or more"),
        ([0, 1, 0, 1], [1, 0, 1, 0], "one class"),
        ([0, 1, 0, 1], [1, 1], "inconsistent numbers of samples"),
    ],
)
def test_labels_and_weights_that_teach_nothing_are_refused(y, weights, message):
    with pytest.raises(ValueError, match=message):
        targets(y, weights)
