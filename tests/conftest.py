"""Pictures that several tests look at, and how hypothesis draws its own."""

import os

if "PYTEST_XDIST_WORKER" in os.environ:  # before NumPy is loaded
    # as many processes as cores: the threads of each would only wait for those of the others
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")

import cv2
import hypothesis
import numpy as np
import pytest

hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=60)
hypothesis.settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def rgb() -> np.ndarray:
    """A small colour picture with texture and no symmetry; shape (96, 128, 3), read-only."""
    noise = np.random.default_rng(0).integers(0, 256, (96, 128, 3), dtype=np.uint8)
    pixels = cv2.GaussianBlur(noise, (0, 0), 1.0) // 2
    pixels[..., 0] += np.linspace(0, 127, 128, dtype=np.uint8)
    pixels[..., 1] += np.linspace(0, 127, 96, dtype=np.uint8)[:, None]
    pixels.setflags(write=False)
    return pixels


@pytest.fixture(scope="session")
def texture() -> np.ndarray:
    """Grey levels with detail at every scale; shape (128, 192), uint8, read-only."""
    rng = np.random.default_rng(1)
    luma = np.full((128, 192), 128.0)
    for sigma in (0.5, 1.0, 2.0, 4.0, 8.0):
        layer = cv2.GaussianBlur(rng.standard_normal(luma.shape), (0, 0), sigma)
        luma += 15 * layer / layer.std()
    pixels = np.clip(luma, 0, 255).astype(np.uint8)
    pixels.setflags(write=False)
    return pixels
