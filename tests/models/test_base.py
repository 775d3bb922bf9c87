"""The rows that backends learn from, and what all backends have in common unfitted."""

from dataclasses import replace

import numpy as np
import pytest

from blurdct.errors import ConfigError
from blurdct.models.base import TrainingRows, completed
from blurdct.models.registry import BACKENDS, backend


@pytest.fixture
def rows():
    """Six rows of three scenes with two views; of the last only the mask is known."""
    inputs = {"features": np.arange(12.0).reshape(6, 2), "laplacian": np.arange(6.0)[:, None]}
    y, masks = np.array([0, 1, 0, 1, 1, -1]), np.arange(24.0).reshape(6, 2, 2)
    return TrainingRows(inputs, y, np.arange(6) // 2, np.ones(6), np.arange(6), masks)


@pytest.mark.parametrize("chosen", [np.array([1, 3]), np.array([0, 1, 0, 1, 0, 0], bool)])
def test_some_rows_keep_all_that_is_known_about_them(rows, chosen):
    some = rows.select(chosen)
    np.testing.assert_array_equal(some.levels, [1, 3])
    for name in ("y", "groups", "weights", "masks"):
        np.testing.assert_array_equal(getattr(some, name), getattr(rows, name)[[1, 3]])
    assert some.inputs.keys() == rows.inputs.keys()
    for view, values in some.inputs.items():
        np.testing.assert_array_equal(values, rows.inputs[view][[1, 3]])


def test_what_nobody_knows_stays_unknown_in_some_of_the_rows(rows):
    bare = TrainingRows(rows.inputs, rows.y, rows.groups, rows.weights).select(np.array([0]))
    assert bare.levels is None and bare.masks is None


def test_a_view_alone_is_the_very_array_with_all_else_as_it_was(rows):
    alone = rows.only(["laplacian"])
    assert list(alone.inputs) == ["laplacian"]
    assert alone.inputs["laplacian"] is rows.inputs["laplacian"]
    assert alone.masks is rows.masks and alone.y is rows.y


def test_rows_of_which_only_the_mask_is_known_are_not_labelled(rows):
    np.testing.assert_array_equal(rows.labelled().y, [0, 1, 0, 1, 1])
    np.testing.assert_array_equal(rows.labelled().levels, np.arange(5))


def test_without_levels_sharp_is_0_and_blurred_unknown(rows):
    np.testing.assert_array_equal(rows.known_levels(), np.arange(6))
    bare = TrainingRows(rows.inputs, rows.y, rows.groups, rows.weights)
    np.testing.assert_array_equal(bare.known_levels(), [0, -1, 0, -1, -1, 0])


def test_real_photographs_decide_however_much_others_count(rows):
    real = np.array([1, 1, 0, 0, 0, 0], bool)
    heavy = TrainingRows(rows.inputs, rows.y, rows.groups, np.array([1, 1, 3, 1, 1, 1.0]))
    np.testing.assert_array_equal(heavy.deciding(), [0, 0, 1, 0, 0, 0])  # nobody said which
    told = replace(heavy, real=real)
    np.testing.assert_array_equal(told.deciding(), real)
    np.testing.assert_array_equal(told.select(np.array([0, 2])).deciding(), [1, 0])


@pytest.mark.parametrize("name", BACKENDS)
def test_every_backend_refuses_a_misspelt_parameter_and_names_the_nearest(name):
    kind = backend(name)
    known = ", ".join(kind().parameters)
    first = next(iter(kind().parameters))
    # ``C`` is no longer like anything without its only letter
    wrong, hint = (first[:-1], f"did you mean '{first}'? ") if len(first) > 1 else ("slope", "")
    with pytest.raises(ConfigError) as refused:
        kind(**{wrong: 1})
    assert str(refused.value) == f"unknown parameter {wrong}; {hint}known: {known}"


def test_several_parameters_that_there_are_not_stand_in_one_line():
    with pytest.raises(ConfigError) as refused:
        completed({"max_depth": 4, "seed": 0}, {"max_dept": 3, "colour": 1, "seed": 2})
    assert str(refused.value) == (
        "unknown parameter colour, max_dept; did you mean 'max_depth'? known: max_depth, seed"
    )


def test_what_is_given_takes_the_place_of_what_is_usual_and_changes_neither():
    usual, given = {"max_depth": 4, "seed": 0}, {"seed": 2}
    assert completed(usual, given) == {"max_depth": 4, "seed": 2}
    assert (usual, given) == ({"max_depth": 4, "seed": 0}, {"seed": 2})


def test_backends_learn_from_extra_rows_only_if_they_say_so():
    more = {name for name in BACKENDS if backend(name).learns_more}
    assert more == {"dct-xgb-wide", "dct-mlp", "dct-net", "dct-fusion"}
