"""Stage 6: statistics -> features.csv, 18 features per image with label, group, split, ....

Example: python tools/6_final_features.py
"""

from blurdct import stage
from blurdct.dataset import read_csv, write_csv
from blurdct.examples import COLUMNS
from blurdct.progress import bar
from blurdct.shards import average_statistics


def main() -> None:
    """Average each image's statistics over its blocks."""
    args = stage.options(__doc__).parse_args()
    images, features = args.out / "images.csv", args.out / "features.csv"
    record = args.out / "5_statistics.json"
    step = stage.Stage(args.out / "6_features.json", {"columns": COLUMNS}, [images, record])
    if not step.begin(force=args.force):
        return
    rows = average_statistics(args.out / "statistics", read_csv(images, COLUMNS[:7]), bar)
    with stage.replacing(features) as temporary:
        write_csv(rows[list(COLUMNS)], temporary)
    step.finish(features)
    print(f"{features}: {len(rows)} images, 18 features each")


if __name__ == "__main__":
    stage.run(main)
