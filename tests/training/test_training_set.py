"""Which rows of a table are learnt from, and what each counts."""

import numpy as np
import pandas as pd
import pytest

from blurdct.config import TrainConfig
from blurdct.errors import ConfigError
from blurdct.training.training_set import (
    STRENGTHS,
    UNCHECKED,
    UNCHECKED_DECIDING,
    WORTH,
    build_training_set,
    deciding,
    judged_alone,
    table_digest,
)

pytestmark = pytest.mark.filterwarnings("error")


def test_real_rows_are_photographs_of_sources_with_both_labels(data):
    source, kind = data.table["source"], data.table["kind"]
    np.testing.assert_array_equal(data.real, (source != "album") & (kind == ""))
    np.testing.assert_array_equal(judged_alone(data), source == "album")


def test_real_rows_count_one_and_unchecked_sharp_ones_a_quarter(data):
    assert (data.weights[data.real] == 1).all()
    album = (data.table["source"] == "album").to_numpy()
    assert album.any() and (data.weights[album] == UNCHECKED).all() and UNCHECKED == 0.25


def blurred_copies(table):
    return (table["kind"] != "") & (table["label"] == 1)


@pytest.mark.parametrize("times", [1, 3])
def test_copies_of_both_labels_count_alike_however_many_there_are(table, times):
    table = table.assign(strength=table["strength"].mask(blurred_copies(table), 0.8))
    more = pd.concat([table, *[table[blurred_copies(table)]] * (times - 1)], ignore_index=True)
    config = TrainConfig(copy_weight=0.2)
    data = build_training_set(more, config)
    copies = (data.table["kind"] != "").to_numpy()
    sums = [data.weights[copies & (data.y == label)].sum() for label in (0, 1)]
    assert sums[0] == pytest.approx(sums[1])
    # all of them together as much as ``copy_weight`` says, row for row
    assert sum(sums) == pytest.approx(0.2 * copies.sum())


def test_a_copy_counts_the_less_the_fainter_its_blur(table):
    data = build_training_set(table)
    rows = blurred_copies(data.table).to_numpy()
    strength, weights = data.table["strength"][rows].to_numpy(float), data.weights[rows]
    full, plain = weights.max(), STRENGTHS[-1]
    assert (strength < plain).any() and (strength > plain).any()
    np.testing.assert_allclose(weights[strength >= plain], full)
    expected = full * np.interp(strength, STRENGTHS, WORTH)
    np.testing.assert_allclose(weights, expected)
    order = np.argsort(strength)
    assert (np.diff(weights[order]) >= 0).all()
    weakest = data.table.index[rows][0]
    zero = build_training_set(table.assign(strength=table["strength"].mask(
        table.index == weakest, 0.0)))  # fmt: skip
    assert zero.weights[weakest] == pytest.approx(WORTH[0] * full)
    sharp = (data.table["kind"] == "none").to_numpy()
    assert np.unique(data.weights[sharp]).size == 1 and data.weights[sharp][0] >= full * 0.99


def test_the_weight_of_the_manifest_multiplies_what_a_row_counts(table):
    own = np.random.default_rng(0).uniform(0, 3, len(table))
    plain, told = build_training_set(table), build_training_set(table.assign(weight=own))
    np.testing.assert_allclose(told.weights, plain.weights * own)
    np.testing.assert_array_equal(told.real, plain.real)
    some = table.assign(weight=pd.Series(own).mask(own < 1))
    expected = plain.weights * np.where(own < 1, 1, own)
    np.testing.assert_allclose(build_training_set(some).weights, expected)


def test_the_weight_of_the_manifest_counts_where_copies_decide_too(table):
    copies = table[table["kind"] != ""].assign(weight=2.0)
    assert (build_training_set(copies).weights == 2).all()


def test_real_rows_and_those_taken_as_sharp_decide_the_latter_by_a_quarter(data):
    rows, counted = deciding(data)
    found = (data.table["kind"] == "").to_numpy()
    np.testing.assert_array_equal(rows, found)
    album = (data.table["source"] == "album").to_numpy()
    assert (counted[album] == UNCHECKED_DECIDING).all() and (counted[data.real] == 1).all()


def test_where_copies_decide_each_of_them_counts_one(table):
    data = build_training_set(table[table["kind"] != ""])
    rows, counted = deciding(data)
    assert rows.all() and (counted == 1).all()


def test_photographs_of_no_weight_are_judged_alone_only_if_their_source_has_sharp_ones_alone(table):
    data = build_training_set(table.assign(weight=0.0))
    np.testing.assert_array_equal(judged_alone(data), data.table["source"] == "album")
    assert (data.weights == 0).all()


def test_without_real_rows_the_copies_decide(table):
    data = build_training_set(table[(table["kind"] != "") | (table["source"] == "album")])
    assert data.real.all()
    assert (data.weights == 1).all()
    assert not judged_alone(data).any()


def test_rows_without_a_label_are_left_out(table):
    unlabelled = table.copy()
    unlabelled.loc[[0, 5], "label"] = pd.NA
    data = build_training_set(unlabelled)
    assert list(data.table["path"]) == list(table["path"].drop([0, 5]))
    assert len(data.y) == len(data.weights) == len(data.inputs["features"]) == len(table) - 2


def test_a_source_is_real_by_its_labelled_photographs(table):
    """Blurred copies of its sharp photographs do not make it so."""
    copies = table["kind"] != ""
    mixed = table.assign(source=table["source"].mask(copies, "album"))
    data = build_training_set(mixed)
    assert not data.real[data.table["source"] == "album"].any()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_feature_that_is_not_finite_is_refused_by_the_photos_name(table, value):
    broken = table.copy()
    broken.loc[7, "med_freq_kurt"] = value
    path = broken["path"][7]
    with pytest.raises(ConfigError, match=f"{path}: a number among its features is not finite"):
        build_training_set(broken)
    broken.loc[7, "label"] = pd.NA  # then nothing is learnt from it either
    build_training_set(broken)


@pytest.mark.parametrize(
    ("labels", "got"),
    [([0], "0"), ([1], "1"), ([], "none"), ([0, 1, 2], "0, 1, 2"), ([0, 2], "0, 2")],
)
def test_other_labels_than_both_sharp_and_blurred_are_refused(table, labels, got):
    chosen = [labels[i % len(labels)] if labels else pd.NA for i in range(len(table))]
    with pytest.raises(ConfigError, match=f"expected labels both 0 .* and 1 .*, got {got}$"):
        build_training_set(table.assign(label=pd.array(chosen, dtype="Int64")))


def test_examples_leave_the_table_as_it_was(table):
    before = table.copy(deep=True)
    build_training_set(table)
    pd.testing.assert_frame_equal(table, before)


def test_selected_rows_keep_what_belongs_to_them(data):
    rows = data.y == 1
    some = data.select(rows)
    assert list(some.table["path"]) == list(data.table["path"][rows])
    np.testing.assert_array_equal(some.weights, data.weights[rows])
    np.testing.assert_array_equal(some.inputs["features"], data.inputs["features"][rows])
    np.testing.assert_array_equal(some.inputs["features"], data.take(rows)["features"])


def test_the_digest_of_a_table_changes_with_what_is_learnt(table):
    digest = table_digest
    assert digest(table) == digest(table.copy())
    for name, value in (
        ("label", 1),
        ("path", "other.jpg"),
        ("group", "other"),
        ("low_freq_std", 9),
    ):
        other = table.copy()
        other.loc[0, name] = value
        assert digest(other) != digest(table)
