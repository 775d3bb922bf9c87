"""Speed of the features on a GPU, pictures already there.

Blocks are unfolded, transformed and described in batches of 256 pictures of 512x512.
Example: python benchmarks/speed_gpu.py        (needs CUDA; some seconds)
"""

import statistics
import time

from _record import options, recording, run

from blurdct.errors import BlurdctError
from blurdct.features.bands import band_statistics
from blurdct.features.blocks import unfold
from blurdct.features.dct import block_dct

SIDE, PICTURES, BATCHES = 512, 256, 20
BLOCKS = BATCHES * PICTURES * (SIDE // 8) ** 2


def main() -> None:
    """Print a Markdown table of one row."""
    parser = options(__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="medians of this many (%(default)s)")
    args = parser.parse_args()
    with recording(__file__, __doc__, args) as record:
        rates = million_blocks(args.rounds)
        table = record.table({"measure": "", "median": ".0f", "of rounds": ".0f"})
        name = "unfold + DCT + statistics, million blocks/s"
        table.row(name, statistics.median(rates), rates)


def million_blocks(rounds: int) -> list[float]:
    """Million blocks per second in each round; one before them is to warm up."""
    import torch

    if not torch.cuda.is_available():
        raise BlurdctError("no CUDA device")
    generator = torch.Generator("cuda").manual_seed(0)
    luma = torch.randint(0, 256, (SIDE * PICTURES, SIDE), generator=generator, device="cuda")
    luma = luma.to(torch.uint8)  # pictures one under the other

    def once() -> float:
        start = time.perf_counter()
        for _ in range(BATCHES):
            described = band_statistics(block_dct(unfold(luma).to(torch.float32)))
            described.mean(dim=1)
        torch.cuda.synchronize()
        return BLOCKS / (time.perf_counter() - start) / 1e6

    once()
    return [once() for _ in range(rounds)]


if __name__ == "__main__":
    run(main)
