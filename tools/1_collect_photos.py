"""Stage 1: a folder of photographs -> photos.csv, the readable ones; unreadable.csv, the others.

The folder holds sharp/ and blurred/, or a manifest.csv with path, label, group, source.
Example: python tools/1_collect_photos.py --photos my/photos --out data/run
"""

import dataclasses

from blurdct import stage
from blurdct.config import ReadConfig
from blurdct.dataset import collect, fingerprint, list_photos, write_csv
from blurdct.progress import bar


def main() -> None:
    """Open every photo once; list what can be read and what cannot."""
    args = stage.options(__doc__).parse_args()
    photos, unreadable = args.out / "photos.csv", args.out / "unreadable.csv"
    listing = fingerprint(list_photos(args.photos), args.photos)
    settings = {"listing": listing, "read": dataclasses.asdict(ReadConfig())}
    step = stage.Stage(args.out / "1_photos.json", settings)
    if not step.begin(force=args.force):
        return
    good, bad = collect(args.photos, ReadConfig(), args.workers, bar)
    for rows, path in ((good, photos), (bad, unreadable)):
        with stage.replacing(path) as temporary:
            write_csv(rows, temporary)
    step.finish(photos, unreadable)
    labels = good["label"].value_counts()
    print(
        f"{photos}: {len(good)} photographs of {good['group'].nunique()} scenes, "
        f"{labels.get(0, 0)} sharp, {labels.get(1, 0)} blurred; {len(bad)} unreadable"
    )


if __name__ == "__main__":
    stage.run(main)
