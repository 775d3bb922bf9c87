"""What reduced-scale JPEG decoding does to P.

The same photographs read both ways, decoded in full and as a verdict reads them: at a half, a
quarter or an eighth where that leaves at least twice the working size, or exactly it. Only those
JPEG files count that are so read.
Example: python benchmarks/decoding.py --photos folder/of/large/photographs
"""

import statistics
from pathlib import Path

from _measure import grey
from _record import options, recording, run

from blurdct import Detector
from blurdct.errors import BlurdctError
from blurdct.images.files import find_photos


def main() -> None:
    """Print how P moves, and how many labels change."""
    parser = options(__doc__)
    parser.add_argument("--photos", type=Path, required=True)
    args = parser.parse_args()
    with recording(__file__, __doc__, args) as record:
        moves, changed = compare(args.photos)
        columns = ("photographs", "move of P, median", "largest", "labels that change")
        table = record.table(dict(zip(columns, ("", ".4f", ".4f", ""), strict=True)))
        table.row(len(moves), statistics.median(moves), max(moves), changed)


def compare(folder: Path) -> tuple[list[float], int]:
    """How far P of each photo moves, and how many labels change."""
    detector = Detector.load()
    size, moves, changed = detector.config.size, [], 0
    for path in find_photos(folder):
        if path.suffix.lower() not in {".jpg", ".jpeg"}:
            continue
        luma = grey(path)
        long_side = max(luma.shape, default=0)  # no shape: OpenCV could not read it
        if long_side < 4 * size and long_side != 2 * size:
            continue
        full, reduced = detector.predict(luma), detector.predict(path)
        if full.probability is None or reduced.probability is None:
            continue
        moves.append(abs(full.probability - reduced.probability))
        changed += full.label != reduced.label
    if not moves:
        raise BlurdctError(f"{folder}: no JPEG of {4 * size} pixels or more")
    return moves, changed


if __name__ == "__main__":
    run(main)
