"""What several benchmarks do: pictures of the sample, contenders in turns, ratios of a round."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from _origin import ROOT

from blurdct.images.files import find_photos
from blurdct.images.reader import read_rgb

SAMPLE = ROOT / "data" / "sample"
SHARP = SAMPLE / "sharp"
T = TypeVar("T")


def pictures() -> list[np.ndarray]:
    """The sharp photographs of the sample, RGB."""
    return [read_rgb(path) for path in find_photos(SHARP)]


def continued(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """A picture beside its mirror images, up to that height and width; never reduced."""
    down, across = max(0, height - picture.shape[0]), max(0, width - picture.shape[1])
    more = [(0, down), (0, across), (0, 0)][: picture.ndim]
    return np.pad(picture, more, mode="symmetric")


def jpeg(picture: np.ndarray, quality: int = 90) -> bytes:
    """A picture, RGB or grey, as a JPEG file."""
    pixels = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR) if picture.ndim == 3 else picture
    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def grey(path: Path) -> np.ndarray:
    """Decode only: what nothing that reads a photo whole is faster than."""
    return np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE))


def seconds(work: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_turns(
    contenders: Mapping[str, Callable[[], T]], rounds: int, warm_up: int = 0
) -> dict[str, list[T]]:
    """What each contender answers in each round; the first ``warm_up`` rounds are not counted."""
    answers: dict[str, list[T]] = {name: [] for name in contenders}
    for number in range(warm_up + rounds):
        for name, work in contenders.items():
            answer = work()
            if number >= warm_up:
                answers[name].append(answer)
    return answers


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Of each round, so that the machine's own speed cancels out."""
    return [one / other for one, other in zip(ours, theirs, strict=True)]


def median_ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Median of the rounds' ratios."""
    return statistics.median(ratios(ours, theirs))
