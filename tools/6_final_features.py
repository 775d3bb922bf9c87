"""Stage 6: statistics -> features.csv, 18 features per image with label, group, split, ....

Example: python tools/6_final_features.py
"""

import _options

from blurdct.datasets.manifest import OPTIONAL, read_csv, write_csv
from blurdct.datasets.shards import average_statistics
from blurdct.features.bands import FEATURES
from blurdct.training.training_set import COLUMNS
from blurdct.utils import atomic, stage
from blurdct.utils.progress import bar


def main() -> None:
    """Average each image's statistics over its blocks."""
    args = _options.options(__doc__).parse_args()
    images, features = args.out / "images.csv", args.out / "features.csv"
    record = args.out / "5_statistics.json"
    step = stage.Stage(args.out / "6_features.json", {"columns": COLUMNS}, [images, record])
    if not step.begin(force=args.force):
        return
    rows = average_statistics(args.out / "statistics", read_csv(images, COLUMNS[:7]), bar)
    with atomic.replacing(features) as temporary:
        kept = [*COLUMNS[:7], *(name for name in OPTIONAL if name in rows), *FEATURES]
        write_csv(rows[kept], temporary)
    step.finish(features)
    print(f"{features}: {len(rows)} images, 18 features each")


if __name__ == "__main__":
    _options.run(main)
