"""Which rows of a table are learnt from, and what each counts."""

import numpy as np
import pandas as pd
import pytest

from blurdct.config import TrainConfig
from blurdct.errors import ConfigError
from blurdct.training.training_set import build_training_set, judged_alone, table_digest

pytestmark = pytest.mark.filterwarnings("error")


def test_real_rows_are_photographs_of_sources_with_both_labels(data):
    source, kind = data.table["source"], data.table["kind"]
    np.testing.assert_array_equal(data.real, (source != "album") & (kind == ""))
    np.testing.assert_array_equal(judged_alone(data), source == "album")


def test_real_rows_count_one_and_unchecked_sharp_ones_nothing(data):
    assert (data.weights[data.real] == 1).all()
    assert (data.weights[data.table["source"] == "album"] == 0).all()


@pytest.mark.parametrize("blurred_copies", [1, 3])
def test_copies_of_both_labels_count_alike_however_many_there_are(table, blurred_copies):
    blurred = table[(table["kind"] != "") & (table["label"] == 1)]
    more = pd.concat([table, *[blurred] * (blurred_copies - 1)], ignore_index=True)
    config = TrainConfig(copy_weight=0.2)
    data = build_training_set(more, config)
    copies = (data.table["kind"] != "").to_numpy()
    sums = [data.weights[copies & (data.y == label)].sum() for label in (0, 1)]
    assert sums[0] == pytest.approx(sums[1])
    # all of them together as much as ``copy_weight`` says, row for row
    assert sum(sums) == pytest.approx(0.2 * copies.sum())


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
