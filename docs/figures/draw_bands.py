"""A picture of the three frequency bands, and of what blur takes from them, for the documentation.

Left: the 64 coefficients of a block by band. Right: how large each is on average, in a sharp photo
and in the same photo blurred.

Example: python docs/figures/draw_bands.py --out docs/figures/bands.png
"""

import argparse
from pathlib import Path

import cv2
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from blurdct.features.bands import BANDS
from blurdct.features.blocks import SIZE
from blurdct.features.dct import zigzag
from blurdct.features.extract import coefficient_strips
from blurdct.images.reader import read_luma

FIGURES = Path(__file__).resolve().parent
SAMPLE = FIGURES.parents[1] / "data" / "sample"
PHOTO = SAMPLE / "sharp" / "pagoda.jpg"
COLOURS = {"low_freq": "#8fb8de", "med_freq": "#e0a030", "high_freq": "#b03a3a"}
NONE = "#dddddd"  # of the first coefficient, which is brightness
LINES = {0: "#14782a", 1: "#aa6e00", 2: "#b41e1e"}  # by standard deviation of the blur, pixels


def main() -> None:
    """Both halves, side by side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=FIGURES / "bands.png")
    args = parser.parse_args()
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(10, 4.2), width_ratios=(1, 1.7), layout="constrained"
    )
    draw_grid(left)
    draw_sizes(right)
    figure.savefig(args.out, dpi=100)
    print(f"{args.out}: {args.out.stat().st_size / 1000:.0f} kB")


def band_of(rank: int) -> str:
    """The band that a zigzag rank belongs to; empty for the first."""
    return next((band for band, ranks in BANDS.items() if ranks.start <= rank < ranks.stop), "")


def draw_grid(axes: Axes) -> None:
    """The coefficients of a block where they stand, each with its zigzag rank."""
    for rank, place in enumerate(zigzag()):
        row, column = divmod(place, SIZE)
        colour = COLOURS.get(band_of(rank), NONE)
        axes.add_patch(plt.Rectangle((column, row), 1, 1, facecolor=colour, edgecolor="white"))
        axes.text(column + 0.5, row + 0.5, str(rank), ha="center", va="center", fontsize=8)
    axes.set(xlim=(0, SIZE), ylim=(SIZE, 0), aspect="equal", xticks=[], yticks=[])
    axes.set_xlabel("finer from left to right")
    axes.set_ylabel("finer from top to bottom")
    axes.set_title("Bands of a block's 64 coefficients")
    patches = [Patch(color=colour, label=band) for band, colour in COLOURS.items()]
    axes.legend(handles=patches, loc="upper center", bbox_to_anchor=(0.5, -0.08), ncols=3)


def draw_sizes(axes: Axes) -> None:
    """The mean absolute coefficient at each rank, of a sharp photo and of it blurred."""
    luma = read_luma(PHOTO)
    for sigma, colour in LINES.items():
        seen = cv2.GaussianBlur(luma, (0, 0), sigma) if sigma else luma
        strips = [np.abs(strip) for strip in coefficient_strips(seen)]
        sizes = np.concatenate(strips, axis=1).mean(axis=1)
        label = f"Gaussian blur of {sigma} px" if sigma else "sharp"
        axes.plot(range(1, SIZE * SIZE), sizes[1:], color=colour, label=label, linewidth=2)
    for band, ranks in BANDS.items():
        axes.axvspan(ranks.start - 0.5, ranks.stop - 0.5, color=COLOURS[band], alpha=0.25)
    axes.set(xlim=(0.5, SIZE * SIZE - 0.5), yscale="log")
    axes.set_xlabel("zigzag rank")
    axes.set_ylabel("mean size, grey levels")
    axes.set_title("Blur empties the high band first")
    axes.legend()


if __name__ == "__main__":
    main()
