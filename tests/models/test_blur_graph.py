"""How wide blur is, and of which kind, learnt from what is known."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from blurdct.features.summary import SUMMARY
from blurdct.inference.session import Session
from blurdct.models.base import Backend, BlurRows
from blurdct.models.blur_graph import (
    FEWEST,
    FEWEST_OF_KIND,
    LEAST,
    RECIPE,
    extent_onnx,
    kind_onnx,
)
from blurdct.models.dct_fusion import DctFusion


def rows(count: int = 700, seed: int = 0):
    """Numbers in the first ten of which the width shows; a third are sharp, a tenth unknown."""
    rng = np.random.default_rng(seed)
    widths = np.exp(rng.uniform(0.5, 3, count))
    widths[::3] = 0
    numbers = rng.normal(0, 1, (count, len(SUMMARY))).astype(np.float32)
    numbers[:, :10] += np.log(np.maximum(widths, 1))[:, None]
    known = np.where(np.arange(count) % 10 == 9, np.nan, widths)
    return numbers, known, np.arange(count) // 2, widths


@pytest.fixture(scope="module")
def session():
    numbers, known, groups, _ = rows(3000)
    return Session(extent_onnx(numbers, known, groups))


def test_the_width_of_unseen_rows_is_told_in_pixels(session):
    numbers, _, _, widths = rows(seed=1)
    extent = session.run({"wide": numbers})["extent"]
    blurred = widths > 0
    assert stats.spearmanr(extent[blurred], widths[blurred])[0] > 0.8
    assert np.median(extent[blurred] / widths[blurred]) == pytest.approx(1, abs=0.25)
    assert np.median(extent[~blurred]) < 1.5


def test_no_width_is_under_a_pixel_or_endless(session):
    far = np.full((2, len(SUMMARY)), 1e6, np.float32)
    far[1] *= -1
    extent = session.run({"wide": far})["extent"]
    assert np.isfinite(extent).all() and extent.min() >= LEAST


@pytest.fixture
def briefly(monkeypatch):
    """Few epochs, where what is learnt plays no part."""
    monkeypatch.setitem(RECIPE, "epochs", 2)


@pytest.mark.usefixtures("briefly")
def test_rows_alike_give_the_graph_alike():
    numbers, known, groups, _ = rows()
    assert extent_onnx(numbers, known, groups) == extent_onnx(numbers, known, groups)
    assert extent_onnx(numbers, known, groups) != extent_onnx(numbers, known, groups, seed=1)


def test_without_copies_whose_width_is_known_there_is_no_graph():
    numbers, known, groups, _ = rows()
    few = np.nonzero(known > 0)[0][: FEWEST - 1]
    assert extent_onnx(numbers[few], known[few], groups[few]) == b""
    assert extent_onnx(numbers, np.full(len(known), np.nan), groups) == b""


def kind_rows(count: int = 900, seed: int = 0):
    """Numbers in which the kind shows, where it is known and what each row counts."""
    rng = np.random.default_rng(seed)
    moved = np.arange(count) % 3 == 0
    numbers = rng.normal(0, 1, (count, len(SUMMARY))).astype(np.float32)
    numbers[:, :10] += 1.5 * moved[:, None]
    motion = np.where(np.arange(count) % 10 == 9, np.nan, moved)
    weights = np.where(moved, 2.0, 1.0)  # so that both kinds count alike
    return numbers, motion, weights, np.arange(count) // 2, moved


def test_the_kind_of_unseen_rows_is_told_with_a_probability_that_is_never_certain():
    numbers, motion, weights, groups, _ = kind_rows()
    session = Session(kind_onnx(numbers, motion, weights, groups))
    unseen, *_, moved = kind_rows(seed=1)
    p = session.run({"wide": unseen})["motion"]
    assert np.mean((p >= 0.5) == moved) > 0.9
    right = np.where(moved, p, 1 - p)
    assert np.quantile(right, 0.9) < 0.995  # as labels are smoothed
    far = np.full((1, len(SUMMARY)), 1e6, np.float32)
    assert np.isfinite(session.run({"wide": far})["motion"]).all()


@pytest.mark.usefixtures("briefly")
def test_rows_that_count_nothing_or_of_which_nobody_knows_the_kind_teach_none():
    numbers, motion, weights, groups, _ = kind_rows()
    of_none = np.arange(len(motion)) % 7 == 0
    weights[of_none] = 0
    graph = kind_onnx(numbers, motion, weights, groups)
    kept = np.isfinite(motion) & ~of_none
    assert graph == kind_onnx(numbers[kept], motion[kept], weights[kept], groups[kept])
    assert graph != kind_onnx(numbers, motion, np.maximum(weights, 1), groups)


def test_without_rows_of_both_kinds_there_is_no_graph_of_the_kind():
    numbers, motion, weights, groups, _ = kind_rows()
    few = np.nonzero(motion == 1)[0][FEWEST_OF_KIND - 1 :]
    motion[few] = np.nan
    assert kind_onnx(numbers, motion, weights, groups) == b""


@pytest.mark.usefixtures("briefly")
def test_the_model_called_best_learns_both_in_one_graph_and_others_have_none():
    numbers, widths, groups, _ = rows()
    _, motion, weights, *_ = kind_rows(len(widths))
    known = BlurRows({"wide": numbers}, groups, widths, motion, weights)
    graph = DctFusion().blur_onnx(known)
    both = Session(graph)
    assert (both.inputs, both.outputs) == (("wide",), ("extent", "motion"))
    parts = [extent_onnx(numbers, widths, groups), kind_onnx(numbers, motion, weights, groups)]
    apart = Session(parts[0]).run({"wide": numbers}) | Session(parts[1]).run({"wide": numbers})
    for output, answer in both.run({"wide": numbers}).items():
        np.testing.assert_allclose(answer, apart[output], rtol=1e-6)
    nobody = np.full(len(widths), np.nan)
    assert DctFusion().blur_onnx(replace(known, motion=nobody)) == parts[0]
    assert DctFusion().blur_onnx(replace(known, widths=nobody)) == b""
    assert Backend.blur_onnx(DctFusion(), known) == b""
