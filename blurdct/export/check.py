"""An exported file beside ``Detector``, on the same pixels: by how much P differs at most.

It is asked before the file is written, since what is wrong in a graph shows in numbers alone.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime

from ..config import ReadConfig
from ..errors import ImageError, ModelError
from ..features.evidence import REASONS
from ..features.photo import Photo
from ..images.reader import read_luma, read_rgb
from ..images.resize import resize_within
from ..inference.detector import Detector
from ..inference.session import first_line

LIMITS = {"luma": 1e-3, "rgb": 1e-2}  # by form, how far P may be from that of ``Detector``
SIDES = (200, 450, 640, 1000)  # pixels, long sides that a photo is looked at beside its own
FRAME = 40  # pixels of white around a drawn picture
OCTAVES = (1, 2, 4, 8, 16, 32, 64, 128)

Pictures = Iterable[tuple[str, np.ndarray]]


@dataclass(frozen=True)
class Check:
    """How an exported file compares.

    Attributes:
        looks: How often it was asked, photographs at all sizes.
        largest: Difference of P, 0..1, from that of ``Detector`` on the same pixels.
        where: The photo and size of that.
        map: Largest difference of P in a cell of a map.
        reasons: How often one of both found something to judge by and the other did not, or
            something else; with the first of those.
    """

    looks: int
    largest: float
    where: str
    map: float
    reasons: tuple[int, str]

    def fault(self, form: str) -> str:
        """What keeps the file from being written, in words; empty if nothing does."""
        if not self.looks:
            return "not one photo to compare with"
        if not self.largest <= LIMITS[form]:
            return f"P differs by {self.largest:.2g} in {self.where}, more than {LIMITS[form]:g}"
        count, name = self.reasons
        return (
            f"another reason why nothing can be said, {count} times, as in {name}" if count else ""
        )


def compare(file: bytes, detector: Detector, form: str, pictures: Pictures) -> Check:
    """Ask both about the same pixels.

    Args:
        file: What ``export`` made.
        detector: Of the same bundle.
        form: Of the file.
        pictures: Names and pixels, as the form takes them.

    Raises:
        ModelError: The file cannot be run.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_outputs()]
    places = list(REASONS.values())
    looks, largest, where, of_map, wrong = 0, 0.0, "", 0.0, (0, "")
    for name, pixels in pictures:
        photo = Photo(pixels, detector.config, name)
        verdict, cells = detector.judge(photo, name)
        wanted = detector.probability(photo)
        try:
            told = dict(zip(names, session.run(names, {form: pixels}), strict=True))
        except Exception as error:  # ONNX Runtime raises a dozen types of its own
            raise ModelError(f"{name}: the graph cannot be run ({first_line(error)})") from error
        looks += 1
        apart = abs(wanted - float(told["probability"][0]))
        if not apart <= largest:  # NaN, too
            largest, where = apart, name
        if cells is not None:
            alike = cells.shape == told["map"].shape
            of_map = max(of_map, float(np.abs(cells - told["map"]).max()) if alike else 1.0)
        reason = 1 + places.index(verdict.reason) if verdict.reason else 0
        if reason != int(told["reason"][0]):
            wrong = (wrong[0] + 1, wrong[1] or name)
    return Check(looks, largest, where, of_map, wrong)


def at_sizes(
    paths: Iterable[Path],
    form: str,
    sides: Iterable[int] = SIDES,
    on_error: Callable[[ImageError], object] | None = None,
) -> Iterator[tuple[str, Any]]:
    """Each photo at its own size, and reduced to each of the long sides that it exceeds.

    Args:
        paths: Of photographs.
        form: What is read of them.
        sides: Pixels.
        on_error: Called with the error of a photo that cannot be read; else it is raised.

    Raises:
        ImageError: One cannot be read.
    """
    read: Callable[..., Any] = read_rgb if form == "rgb" else read_luma
    for path in paths:
        try:
            pixels = read(path, ReadConfig(size=2**31))
        except ImageError as error:
            if on_error is None:
                raise
            on_error(error)
            continue
        yield f"{path.name}, {max(pixels.shape)} pixels", pixels
        for side in sides:
            if side < max(pixels.shape):
                yield f"{path.name}, {side} pixels", resize_within(pixels, side)


def drawn(form: str, seed: int = 0) -> Iterator[tuple[str, np.ndarray]]:
    """Pictures from chance, for who has no photographs: of scenes' spectrum, sharp and blurred.

    One with a frame and two that show nothing, too.
    """
    chance = np.random.default_rng(seed)
    for number, (height, width) in enumerate(((480, 640), (1000, 750), (900, 1400), (130, 90))):
        scene = _scene(chance, height, width)
        yield f"drawn {number}", _as(form, scene)
        yield f"drawn {number}, blurred", _as(form, cv2.GaussianBlur(scene, (0, 0), height / 100))
    scene = _scene(chance, 700, 1100)
    framed = np.pad(scene, ((FRAME, FRAME), (0, 0), (0, 0)), constant_values=255)
    yield "drawn, framed", _as(form, framed)
    yield "drawn, flat", _as(form, np.full_like(scene, 90))
    yield "drawn, noise", _as(form, chance.integers(0, 256, scene.shape, np.uint8))


def _scene(chance: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Coarse and fine differences alike, some of them along edges: (H, W, 3) uint8."""
    total = np.zeros((height, width, 3), np.float32)
    for octave in OCTAVES:
        few = chance.normal(size=(height // octave + 2, width // octave + 2, 3)).astype(np.float32)
        how = cv2.INTER_NEAREST if octave > 8 else cv2.INTER_CUBIC
        total += octave**0.5 * cv2.resize(few, (width, height), interpolation=how)
    return np.clip(128 + 8 * total, 0, 255).astype(np.uint8)


def _as(form: str, rgb: np.ndarray) -> Any:
    return rgb if form == "rgb" else read_luma(rgb, ReadConfig(size=2**31))
