"""``benchmarks/sizes.py``: a row for each large photo, and what sizes cost."""

import cv2
import numpy as np
import pytest

from blurdct.config import ReadConfig
from blurdct.images.reader import read_luma
from blurdct.inference.multiscale import LARGE
from tests.benchmarks.conftest import ROOT

PHOTO = sorted((ROOT / "data" / "sample" / "sharp").glob("*.jpg"))[0]


@pytest.mark.slow
def test_each_large_photo_has_a_row_and_page_and_figures_agree(bench, tmp_path):
    luma = np.asarray(read_luma(PHOTO, ReadConfig(size=LARGE)))
    photos = tmp_path / "photos"
    photos.mkdir()
    more = [(0, max(0, want - have)) for want, have in zip((800, 1100), luma.shape, strict=True)]
    cv2.imwrite(str(photos / "large.png"), np.pad(luma, more, mode="reflect"))
    cv2.imwrite(str(photos / "small.png"), cv2.resize(luma, (300, 200)))
    answer = bench("sizes", "--photos", photos, "--rounds", 1, "--model", "dct-xgb")
    *found, cost = answer.figures["tables"]
    for photos_, extents in (found[:2], found[2:]):
        assert [row[:2] for row in photos_["rows"]] == [["large", 1100]]
        assert [row[0] for row in extents["rows"]] == [2, 4, 8, 16, 32]
        # of one photo, what it is sharp at times the extent over its side; or sharp at none
        for at, (extent, median, *_, none, of) in enumerate(extents["rows"]):
            size = photos_["rows"][0][3 + at]
            assert (none, of) == (int(size is None), 1)
            assert size is None or abs(median - size * extent / 1100) < 1e-5
    assert cost["rows"][0][-1] > 1  # several sizes cost more than one


@pytest.mark.slow
def test_of_a_model_that_knows_it_the_width_of_blur_is_compared_with_the_extent(bench, tmp_path):
    luma = np.asarray(read_luma(PHOTO, ReadConfig(size=LARGE)))
    more = [(0, max(0, want - have)) for want, have in zip((800, 1290), luma.shape, strict=True)]
    cv2.imwrite(str(tmp_path / "large.png"), np.pad(luma, more, mode="reflect"))
    answer = bench("sizes", "--photos", tmp_path, "--rounds", 1)
    _, _, defocus, _, _, motion, _ = answer.figures["tables"]
    for table in (defocus, motion):
        assert [(row[0], row[-1]) for row in table["rows"]] == [(e, 1) for e in (2, 4, 8, 16, 32)]
        assert all(0.2 < row[1] < 4 for row in table["rows"])
    assert answer.page.count("Rank correlation over all extents: ") == 2


def test_a_folder_without_large_photographs_is_one_line(refusal, photos):
    line = refusal("sizes", "--photos", photos, "--model", "dct-xgb")
    assert line == f"{photos}: no photo of 1024 pixels or more"
