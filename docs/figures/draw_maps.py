"""A picture of sample photographs under the maps of the best model: where they are blurred.

Example: python docs/figures/draw_maps.py --out docs/figures/maps.jpg
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from blurdct import Detector
from blurdct.images.reader import read_rgb
from blurdct.inference import heatmap

FIGURES = Path(__file__).resolve().parent
SAMPLE = FIGURES.parents[1] / "data" / "sample"
CHOSEN = (
    "sharp/ladybird",
    "sharp/portrait_closeup",
    "sharp/bridge_night",
    "blurred/pool_hall_mixture",
)
WIDTH, HEIGHT, MARGIN = 330, 300, 8  # of one of them, pixels


def main() -> None:
    """The photographs side by side, each over its scale and verdict."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=FIGURES / "maps.jpg")
    parser.add_argument("--model", default="best")
    args = parser.parse_args()
    detector = Detector.load(args.model)
    row = np.concatenate([cell(detector, SAMPLE / f"{name}.jpg") for name in CHOSEN], axis=1)
    cv2.imwrite(str(args.out), cv2.cvtColor(row, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 88])
    print(f"{args.out}: {row.shape[1]}x{row.shape[0]} pixels")


def cell(detector: Detector, path: Path) -> np.ndarray:
    """One photo under its map, (HEIGHT, WIDTH, 3), with white around it."""
    picture = heatmap.draw(read_rgb(path), detector.map(path), detector.predict(path))
    scale = min((WIDTH - MARGIN) / picture.shape[1], (HEIGHT - MARGIN) / picture.shape[0])
    size = [round(extent * scale) for extent in picture.shape[1::-1]]
    page = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    page[: size[1], : size[0]] = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return page


if __name__ == "__main__":
    main()
