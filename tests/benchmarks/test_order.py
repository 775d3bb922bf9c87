"""``benchmarks/order.py``: what it prints is so."""

import importlib

import numpy as np
import pytest

from blurdct.datasets.manifest import read_csv, write_csv
from blurdct.training.training_set import COLUMNS
from tests.helpers.layers import ROOT


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """The photographs of one source in the table of ``fast``, without copies."""
    home = tmp_path_factory.mktemp("tables")
    known = read_csv(ROOT / "data" / "features.csv", COLUMNS)
    phone = known[(known["source"] == "phone") & (known["kind"] == "")]
    write_csv(phone, home / "features.csv")
    return home, phone


def test_of_a_scene_the_blurred_photo_has_the_larger_p(bench, tables):
    (table,) = bench("order", "--tables", tables[0], "--model", "fast").figures["tables"]
    (row,) = table["rows"]
    labels = tables[1].groupby("group")["label"].nunique()
    assert row[:3] == ["fast", "photographs, phone", int((labels == 2).sum())]
    assert 0.9 < row[3] <= 1


def test_an_equal_answer_is_half_a_right_order():
    order = importlib.import_module("order")
    assert order.right_order(np.array([0.1, 0.5]), np.array([0.5, 0.9])) == (2 + 1 + 0.5) / 4
    assert order.right_order(np.array([0.9]), np.array([0.1])) == 0


def test_a_folder_without_tables_is_one_line(refusal, tmp_path):
    assert str(tmp_path) in refusal("order", "--tables", tmp_path, "--model", "fast")
