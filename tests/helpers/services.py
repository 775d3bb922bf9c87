"""What tests of services share: a photograph as bytes, few models, work that does not end."""

import threading
from pathlib import Path

import cv2
import numpy as np

from blurdct.service.engine import Engine
from blurdct.service.settings import Settings
from tests.helpers import toys

FEW = Settings(models=("dct-xgb",))


def jpeg(seed: int = 0, sigma: float = 0.0, turned: bool = False) -> bytes:
    """A small photograph, wider than high unless turned."""
    pixels = np.vstack([toys.photo(seed, sigma), toys.photo(seed + 1, sigma)])
    return cv2.imencode(".jpg", pixels if turned else pixels.swapaxes(0, 1))[1].tobytes()


def measuring(folder: Path) -> Settings:
    """A service with the toy model alone, saved there: it makes maps and measures blur."""
    beside = {"map_graph": toys.map_graph(), "blur_graph": toys.blur_graph(kind=True)}
    toys.bundle(**beside).save(folder)
    return Settings(model=str(folder), models=(str(folder),))


class Stuck:
    """Work that goes on until it is let go."""

    def __init__(self, engine: Engine) -> None:
        self.begun, self.free = threading.Event(), threading.Event()
        self.future = engine.submit(self)
        assert self.begun.wait(5)

    def __call__(self) -> None:
        self.begun.set()
        assert self.free.wait(10)

    def let_go(self) -> None:
        self.free.set()
        self.future.result(5)
