"""How wide blur is, learnt from copies whose width is known."""

import numpy as np
import pytest
from scipy import stats

from blurdct.features.summary import SUMMARY
from blurdct.inference.session import Session
from blurdct.models.base import Backend
from blurdct.models.blur_extent import FEWEST, LEAST, extent_onnx
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


def test_rows_alike_give_the_graph_alike():
    numbers, known, groups, _ = rows()
    assert extent_onnx(numbers, known, groups) == extent_onnx(numbers, known, groups)
    assert extent_onnx(numbers, known, groups) != extent_onnx(numbers, known, groups, seed=1)


def test_without_copies_whose_width_is_known_there_is_no_graph():
    numbers, known, groups, _ = rows()
    few = np.nonzero(known > 0)[0][: FEWEST - 1]
    assert extent_onnx(numbers[few], known[few], groups[few]) == b""
    assert extent_onnx(numbers, np.full(len(known), np.nan), groups) == b""


def test_the_model_called_best_learns_it_and_others_have_none():
    numbers, known, groups, _ = rows()
    graph = DctFusion().blur_onnx({"wide": numbers}, known, groups)
    assert graph == extent_onnx(numbers, known, groups)
    assert Backend.blur_onnx(DctFusion(), {"wide": numbers}, known, groups) == b""
