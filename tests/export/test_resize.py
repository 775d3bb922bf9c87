"""Reducing inside a graph, beside OpenCV's."""

import cv2
import numpy as np
import onnxruntime
import pytest
from PIL import Image
from spox import Tensor, argument, build

from blurdct.config import ReadConfig
from blurdct.export.resize import luma_of, within
from blurdct.export.summary import laplacian_variance
from blurdct.export.value import Value
from blurdct.features.focus_measures import laplacian_variance as as_elsewhere
from blurdct.images.reader import read_luma

SHAPES = [
    *((640, 480), (1280, 960), (641, 640), (700, 1279), (720, 960), (1920, 2560), (1920, 1440)),
    *((1000, 1500), (40, 4000), (5000, 333), (16, 16), (639, 3)),
]


@pytest.fixture(scope="module")
def session():
    given = argument(Tensor(np.uint8, ("H", "W", 3)))
    grey = luma_of(Value(given))
    made = {"grey": grey, "small": within(grey, 640), "laplacian": laplacian_variance(grey)}
    model = build({"rgb": given}, {name: value.var for name, value in made.items()})
    return onnxruntime.InferenceSession(model.SerializeToString())


@pytest.mark.parametrize("shape", SHAPES)
def test_every_pixel_is_that_of_the_reader(session, shape):
    chance = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    rgb = cv2.GaussianBlur(chance, (0, 0), 0.7)
    grey, small, laplacian = session.run(None, {"rgb": rgb})
    expected = np.asarray(Image.fromarray(rgb).convert("L"))
    assert np.array_equal(grey, expected)
    if min(shape) >= 16:  # the reader takes no less
        assert np.array_equal(small, read_luma(expected, ReadConfig(640)))
    assert laplacian[0] == pytest.approx(as_elsewhere(expected), rel=1e-5)
