"""Photographs of one's own, and a model that learnt from them; for commands that train or judge."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.helpers import toys
from tests.helpers.own_models import SCENES, call, one_core_alone


@pytest.fixture(scope="module")
def one_core() -> Iterator[None]:
    """See ``one_core_alone``."""
    with one_core_alone():
        yield


@pytest.fixture(scope="session")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """sharp/ and blurred/ of ``SCENES`` photographs each, so alike that every model errs."""
    folder, rng = tmp_path_factory.mktemp("photos") / "mine", np.random.default_rng(0)
    for name, ends in {"sharp": (0.05, 0.9), "blurred": (0.4, 1.5)}.items():
        (folder / name).mkdir(parents=True)
        for scene in range(SCENES):
            bgr = np.ascontiguousarray(toys.photo(scene, rng.uniform(*ends))[:, :, ::-1])
            cv2.imwrite(str(folder / name / f"{scene:02}.png"), bgr)
    return folder


@pytest.fixture(scope="session")
def model(mine: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that learnt from ``mine``."""
    folder = tmp_path_factory.mktemp("models") / "laplacian"
    with one_core_alone():
        run = call("train laplacian --no-copies --photos {mine} --out {out}", mine=mine, out=folder)
    assert run.status == 0
    return folder
