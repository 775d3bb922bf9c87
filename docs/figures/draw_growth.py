"""How cost grows, as two plots: a scan's with its photographs, a photograph's with its megapixels.

Both axes are logarithmic, so that what grows as a straight line has the slope of the dashed one.
What is drawn stands in benchmarks/results/growth.json, which benchmarks/growth.py wrote.

Example: python docs/figures/draw_growth.py --out docs/figures/growth.png
"""

import argparse
import json
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

FIGURES = Path(__file__).resolve().parent
RESULTS = FIGURES.parents[1] / "benchmarks" / "results" / "growth.json"
TIME, MEMORY = "#b03a3a", "#3a6ea5"


def main() -> None:
    """Both plots, side by side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--out", type=Path, default=FIGURES / "growth.png")
    args = parser.parse_args()
    counts, sizes = (table["rows"] for table in json.loads(args.results.read_text())["tables"])
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    numbers = [row[0] for row in counts]
    draw(left, numbers, [row[0] * row[3] / 1000 for row in counts], "CPU seconds of a scan")
    draw_memory(left, numbers, {"parent": [row[4] for row in counts],
                                "a worker": [row[5] for row in counts]})  # fmt: skip
    left.set_xlabel("photographs")
    numbers = [row[0] for row in sizes]
    draw(right, numbers, [row[1] for row in sizes], "CPU milliseconds of a photograph")
    draw_memory(right, numbers, {"the process": [row[4] for row in sizes]})
    right.set_xlabel("megapixels")
    figure.savefig(args.out, dpi=90)


def draw(axes: Axes, numbers: list[float], times: list[float], label: str) -> None:
    """Times, and a straight line through the last of them."""
    axes.loglog(numbers, times, "o-", color=TIME)
    line = [times[-1] * number / numbers[-1] for number in numbers]
    axes.loglog(numbers, line, "--", color="#999999", linewidth=1, label="a straight line")
    axes.set_ylabel(label, color=TIME)
    axes.legend(loc="lower right", fontsize=8)
    axes.grid(alpha=0.3)


def draw_memory(axes: Axes, numbers: list[float], memory: dict[str, list[float]]) -> None:
    """Resident megabytes at most, on an axis of their own that begins at 0."""
    beside = axes.twinx()
    for style, (name, values) in zip(("s-", "^:"), memory.items(), strict=False):
        beside.plot(numbers, values, style, color=MEMORY, markersize=4, label=name)
    beside.set_ylim(0, 1.3 * max(max(values) for values in memory.values()))
    beside.set_ylabel("memory, MB", color=MEMORY)
    beside.legend(loc="upper left", fontsize=8)


if __name__ == "__main__":
    main()
