"""What reduced-scale JPEG decoding does to P: the same photographs read both ways.

Only photographs that are read at a reduced scale count: at least four times the working size, or
exactly 2, 4 or 8 times.
Example: python benchmarks/decoding.py --photos folder/of/large/photographs
"""

import argparse
import statistics
from pathlib import Path

import cv2
import numpy as np

from blurdct import Detector
from blurdct.images.files import find_photos


def main() -> None:
    """Print how P moves, and how many labels change."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, required=True)
    args = parser.parse_args()
    detector = Detector.load()
    size, moves, changed = detector.config.size, [], 0
    for path in find_photos(args.photos):
        grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        long_side = 0 if grey is None else max(grey.shape)
        if path.suffix.lower() not in {".jpg", ".jpeg"} or grey is None:
            continue
        if long_side < 4 * size and long_side != 2 * size:
            continue
        full, reduced = detector.predict(np.asarray(grey)), detector.predict(path)
        moves.append(abs(full.probability - reduced.probability))
        changed += full.label != reduced.label
    if not moves:
        raise SystemExit(f"{args.photos}: no JPEG of {4 * size} pixels or more")
    print(
        f"{len(moves)} photographs: P moves by {statistics.median(moves):.4f} (median), "
        f"{max(moves):.4f} (most); {changed} labels change"
    )


if __name__ == "__main__":
    main()
