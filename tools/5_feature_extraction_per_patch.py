"""Stage 5: coefficients -> 18 statistics per block, Parquet; a pool of processes, or the GPU.

Example: python tools/5_feature_extraction_per_patch.py --workers 4
"""

import _options

from blurdct.datasets.shards import write_statistics
from blurdct.features.bands import FEATURES
from blurdct.utils import stage
from blurdct.utils.progress import bar
from blurdct.utils.text import counted


def main() -> None:
    """Describe the three bands of every block."""
    parser = _options.options(__doc__)
    parser.add_argument("--device", choices=("cpu", "cuda"), help="the GPU if there is one")
    args = parser.parse_args()
    source, folder = args.out / "coefficients", args.out / "statistics"
    record = args.out / "4_coefficients.json"
    step = stage.Stage(args.out / "5_statistics.json", {"features": FEATURES}, [record])
    if not step.begin(folder, args.force):
        return
    write_statistics(source, folder, args.device, args.workers, bar)
    shards = sorted(folder.iterdir())
    step.finish(*shards)
    size = sum(shard.stat().st_size for shard in shards) / 1e6
    print(f"{folder}: {counted(len(shards), 'shard')}, {size:.0f} MB of statistics")


if __name__ == "__main__":
    _options.run(main)
