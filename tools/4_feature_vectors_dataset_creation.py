"""Stage 4: images -> DCT coefficients of all their 8x8 blocks, in shards; on a GPU if there is one.

Example: python tools/4_feature_vectors_dataset_creation.py --device cpu
"""

import dataclasses

import _options

from blurdct.config import ReadConfig
from blurdct.datasets.manifest import read_csv
from blurdct.datasets.shards import write_coefficients
from blurdct.datasets.synthesis import locate
from blurdct.errors import ConfigError
from blurdct.utils import stage
from blurdct.utils.progress import bar


def main() -> None:
    """Unfold every image into blocks and transform them."""
    parser = _options.options(__doc__)
    parser.add_argument("--device", choices=("cpu", "cuda"), help="the GPU if there is one")
    parser.add_argument("--size", type=int, default=ReadConfig.size, help="working size, pixels")
    args = parser.parse_args()
    images, folder = args.out / "images.csv", args.out / "coefficients"
    read = ReadConfig(size=args.size)
    step = stage.Stage(folder.with_name("4_coefficients.json"), dataclasses.asdict(read), [images])
    if not step.begin(folder, args.force):
        return
    rows = read_csv(images, ["path", "kind"])
    paths = locate(rows, _options.photos_folder(args), args.out)
    bad = write_coefficients(paths, folder, read, args.device, args.workers, bar)
    if len(bad) == len(rows):
        raise ConfigError(f"{images}: not one image could be read; the first: {bad[0]}")
    shards = sorted(folder.iterdir())
    step.finish(*shards)
    print(*bad, sep="\n", end="\n" if bad else "")
    size = sum(shard.stat().st_size for shard in shards) / 1e6
    print(f"{folder}: {len(rows) - len(bad)} images, {size:.0f} MB of coefficients")


if __name__ == "__main__":
    _options.run(main)
