"""A picture of the sample photographs with what the shipped model says about them.

Example: python docs/figures/draw_verdicts.py --out docs/figures/verdicts.png
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from blurdct import Detector
from blurdct.datasets.manifest import list_photos
from blurdct.images.reader import read_rgb

FIGURES = Path(__file__).resolve().parent
SAMPLE = FIGURES.parents[1] / "data" / "sample"
CHOSEN = ("dog_in_woods", "ladybird", "bridge_night", "text_page", "portrait_closeup", "pool_hall")
CELL, CAPTION, MARGIN = 230, 30, 6  # pixels
COLOURS = {"sharp": (20, 120, 40), "blurred": (180, 30, 30), "unknown": (90, 90, 90)}
DOUBTFUL = (170, 110, 0)


def main() -> None:
    """Two rows: photographs as they are, and their blurred copies."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=FIGURES / "verdicts.png")
    args = parser.parse_args()
    photos = list_photos(SAMPLE)
    detector = Detector.load()
    rows = []
    for label in (0, 1):
        paths = {row.group: row.path for row in photos[photos["label"] == label].itertuples()}
        rows.append(np.concatenate([cell(detector, SAMPLE / paths[name]) for name in CHOSEN], 1))
    picture = cv2.cvtColor(np.concatenate(rows), cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(args.out), picture)
    print(f"{args.out}: {picture.shape[1]}x{picture.shape[0]} pixels")


def cell(detector: Detector, path: Path) -> np.ndarray:
    """The middle square of a photo over its score and label."""
    verdict = detector.predict(path)
    rgb = read_rgb(path)
    side = min(rgb.shape[:2])
    top, left = (rgb.shape[0] - side) // 2, (rgb.shape[1] - side) // 2
    square = rgb[top : top + side, left : left + side]
    picture = np.full((CELL + CAPTION + MARGIN, CELL + MARGIN, 3), 255, np.uint8)
    picture[:CELL, :CELL] = cv2.resize(square, (CELL, CELL), interpolation=cv2.INTER_AREA)
    score = "" if verdict.score is None else f"{verdict.score:.1f} "
    text = score + verdict.shown
    colour = COLOURS[verdict.label] if verdict.sure or verdict.score is None else DOUBTFUL
    font, place = cv2.FONT_HERSHEY_SIMPLEX, (4, CELL + CAPTION - 9)
    cv2.putText(picture, text, place, font, 0.6, colour, 2, cv2.LINE_AA)
    return picture


if __name__ == "__main__":
    main()
