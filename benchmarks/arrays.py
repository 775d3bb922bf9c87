"""A photo as a file and as an array.

Photographs of the sample, each continued by its mirror images up to a long side, as JPEG of
quality 90: judged as a file, and as the pixels that Pillow and OpenCV make of that file. A file is
decoded at a half, a quarter or an eighth where that leaves at least twice the working size, or
exactly it; a library decodes it in full. Colours that clip, and rounding, differ at any size.
Example: python benchmarks/arrays.py
"""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from _measure import SAMPLE, continued, jpeg
from _record import options, recording, run
from PIL import Image

from blurdct import Detector
from blurdct.errors import BlurdctError
from blurdct.images.files import find_photos
from blurdct.images.reader import read_rgb

MODELS = ("best", "fast")
SIDES = (0, 1024, 2048, 4096)  # pixels of the long side; 0 for the photo's own
LITTLE = 0.01  # of P


def by_pillow(data: bytes) -> np.ndarray:
    """A JPEG file's pixels, RGB."""
    return np.asarray(Image.open(BytesIO(data)).convert("RGB"))


def by_opencv(data: bytes) -> np.ndarray:
    """A JPEG file's pixels, RGB."""
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    return cv2.cvtColor(np.asarray(pixels), cv2.COLOR_BGR2RGB)


LIBRARIES = {"Pillow": by_pillow, "OpenCV": by_opencv}


def main() -> None:
    """Print how P moves from a file to its pixels, and how many labels change."""
    parser = options(__doc__)
    parser.add_argument("--photos", type=Path, default=SAMPLE, help="a folder (the sample)")
    args = parser.parse_args()
    paths = find_photos(args.photos)
    if not paths:
        raise BlurdctError(f"{args.photos}: no photographs in it")
    with recording(__file__, __doc__, args) as record:
        columns = {"model": "", "long side": "", "pixels by": "", "photographs": ""}
        columns |= {"move of P, mean": ".4f", "largest": ".3f"}
        table = record.table({**columns, f"over {LITTLE}": "", "labels that change": ""})
        for side in SIDES:
            for (model, library), (moves, changed) in compare(paths, side).items():
                shown = f"{side:,}" if side else "own"
                over = sum(move > LITTLE for move in moves)
                mean, most = (float(np.mean(moves)), max(moves)) if moves else (None, None)
                table.row(model, shown, library, len(moves), mean, most, over, changed)


def compare(paths: list[Path], side: int) -> dict[tuple[str, str], tuple[list[float], int]]:
    """By model and library, how far P of each photo moves, and how many labels change."""
    detectors = {model: Detector.load(model) for model in MODELS}
    moves: dict[tuple[str, str], list[float]] = {
        (model, library): [] for model in MODELS for library in LIBRARIES
    }
    changed = dict.fromkeys(moves, 0)
    for data in files(paths, side):
        decoded = {library: decode(data) for library, decode in LIBRARIES.items()}
        for model, detector in detectors.items():
            as_file = detector.predict(data)
            for library, pixels in decoded.items():
                as_array = detector.predict(pixels)
                changed[model, library] += as_file.label != as_array.label
                if as_file.probability is not None and as_array.probability is not None:
                    move = abs(as_file.probability - as_array.probability)
                    moves[model, library].append(move)
    return {key: (found, changed[key]) for key, found in moves.items()}


def files(paths: list[Path], side: int) -> Iterator[bytes]:
    """Each photo, continued to that long side, as a JPEG file; as it is for 0."""
    for path in paths:
        picture = read_rgb(path)
        height, width = picture.shape[:2]
        scale = max(1.0, side / max(height, width))
        yield jpeg(continued(picture, round(height * scale), round(width * scale)))


if __name__ == "__main__":
    run(main)
