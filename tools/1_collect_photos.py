"""Stage 1: a folder of photographs -> photos.csv, the readable ones; unreadable.csv, the others.

The folder holds sharp/ and blurred/, or a manifest.csv with path, label, group, source.
Example: python tools/1_collect_photos.py --photos my/photos --out data/run
"""

import dataclasses
from pathlib import Path

import _options

from blurdct.config import ReadConfig
from blurdct.datasets.manifest import collect, fingerprint, list_photos, write_csv
from blurdct.errors import ConfigError
from blurdct.utils import atomic, stage
from blurdct.utils.progress import bar
from blurdct.utils.text import counted


def main() -> None:
    """Open every photo once; list what can be read and what cannot."""
    args = _options.options(__doc__).parse_args()
    photos, unreadable = args.out / "photos.csv", args.out / "unreadable.csv"
    folder = args.photos or Path("data/sample")
    if args.out.resolve().is_relative_to(folder.resolve()):
        raise ConfigError(
            f"{args.out}: lies inside {folder}; copies would be taken for photographs"
        )
    listing = fingerprint(list_photos(folder), folder)
    read = dataclasses.asdict(ReadConfig())
    settings = {"listing": listing, "photos": str(folder.resolve()), "read": read}
    step = stage.Stage(args.out / stage.FIRST_RECORD, settings)
    if not step.begin(force=args.force):
        return
    good, bad = collect(folder, ReadConfig(), args.workers, bar)
    for rows, path in ((good, photos), (bad, unreadable)):
        with atomic.replacing(path) as temporary:
            write_csv(rows, temporary)
    step.finish(photos, unreadable)
    labels = good["label"].value_counts()
    print(
        f"{photos}: {counted(len(good), 'photograph')} of "
        f"{counted(good['group'].nunique(), 'scene')}, "
        f"{labels.get(0, 0)} sharp, {labels.get(1, 0)} blurred; {len(bad)} unreadable"
    )


if __name__ == "__main__":
    _options.run(main)
