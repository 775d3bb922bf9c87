"""A photo's map of P(blurred) -> PNG: a picture for people, or the colours alone."""

from typing import Any

import cv2
import numpy as np

from ..config import ReadConfig
from ..images.reader import read_luma
from ..inference.detector import Prediction
from ..inference.heatmap import COLOURS, LONG, draw

FAST = (cv2.IMWRITE_PNG_COMPRESSION, 3)  # of 9; much of a picture is noise, which has to stay


def page(data: bytes, max_pixels: int, verdict: Prediction, p_map: np.ndarray) -> bytes:
    """The photo under the colours of its map, with scale and verdict; see ``inference.draw``.

    Raises:
        ImageError: The photo cannot be read.
    """
    luma = read_luma(data, ReadConfig(LONG, max_pixels), verdict.path)
    return _png(np.ascontiguousarray(draw(luma, p_map, verdict)[:, :, ::-1]))


def overlay(p_map: np.ndarray) -> bytes:
    """The colours of a map, shape (h, w): a pixel for each cell, RGBA, opaque."""
    levels = np.rint(255 * np.clip(p_map, 0, 1)).astype(np.uint8)
    return _png(cv2.cvtColor(cv2.applyColorMap(levels, COLOURS), cv2.COLOR_BGR2BGRA))


def _png(pixels: Any) -> bytes:
    return bytes(cv2.imencode(".png", pixels, FAST)[1])
