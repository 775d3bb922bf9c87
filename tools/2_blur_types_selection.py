"""Stage 2: a few sharp photographs -> contact sheets of every kind of blur, PNG.

Example: python tools/2_blur_types_selection.py --photos my/photos --count 4
"""

import dataclasses

import _options

from blurdct.config import ReadConfig
from blurdct.datasets.contact_sheets import kind_sheets, write_sheets
from blurdct.datasets.manifest import read_csv
from blurdct.errors import ConfigError
from blurdct.utils import stage
from blurdct.utils.text import counted


def main() -> None:
    """Draw each kind of blur over its range of strengths."""
    parser = _options.options(__doc__)
    parser.add_argument("--count", type=int, default=4, help="photographs (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the random paths (%(default)s)")
    args = parser.parse_args()
    if args.count < 1:
        raise ConfigError(f"--count: expected at least 1, got {args.count}")
    photos = args.out / "photos.csv"
    settings = {"count": args.count, "seed": args.seed, "read": dataclasses.asdict(ReadConfig())}
    step = stage.Stage(args.out / "2_blur_types.json", settings, [photos])
    if not step.begin(force=args.force):
        return
    rows = read_csv(photos, ["path", "label"])
    sharp = rows["path"][(rows["label"] == 0).fillna(False)].tolist()
    if not sharp:
        raise ConfigError(f"{photos}: no sharp photographs (label 0)")
    count = min(args.count, len(sharp))
    spread = [sharp[i * len(sharp) // count] for i in range(count)]
    sheets = kind_sheets([_options.photos_folder(args) / path for path in spread], args.seed)
    paths = write_sheets(sheets, args.out / "blur_types")
    step.finish(*paths)
    print(f"{args.out / 'blur_types'}: {len(paths)} sheets of {counted(len(spread), 'photograph')}")


if __name__ == "__main__":
    _options.run(main)
