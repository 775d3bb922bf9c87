"""Accuracy against speed, of blurdct and of what else there is, for the documentation.

A filled point is a rival with a threshold of its own; a ring one without, at the threshold that is
fitted to photographs of other scenes. Figures are those of ``benchmarks/rivals.py``.

Example: python docs/figures/draw_rivals.py --out docs/figures/rivals.png
"""

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt

FIGURES = Path(__file__).resolve().parent
RESULTS = FIGURES.parents[1] / "benchmarks" / "results" / "rivals.json"
OURS, THEIRS = "#b41e1e", "#3a6ea5"
ACROSS, OWN, FITTED = "of decoding's speed", "accuracy, own", "accuracy, fitted"


def main() -> None:
    """One picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--out", type=Path, default=FIGURES / "rivals.png")
    args = parser.parse_args()
    figure, axes = plt.subplots(figsize=(10, 6), layout="constrained")
    found = points(json.loads(args.results.read_text(encoding="utf-8")))
    for name, across, up, filled in found:
        colour = OURS if name.startswith("blurdct") else THEIRS
        face = colour if filled else "white"
        axes.scatter(across, up, s=60, edgecolors=colour, facecolors=face, linewidths=2, zorder=3)
        # to the left where another point is near on the right
        left = any(1 < x / across < 5 and abs(y - up) < 0.02 for _, x, y, _ in found)
        under = any(0 < y - up < 0.02 and x < 5 * across for _, x, y, _ in found)
        shift = (-8, -5 if under else 5) if left else (8, 0)
        axes.annotate(
            name, (across, up), shift, textcoords="offset points",
            color=colour, fontsize=9, va="center", ha="right" if left else "left",
        )  # fmt: skip
    axes.set(xscale="log", xlabel="speed, times that of decoding to grey (one core, 1024 pixels)")
    axes.set_ylabel("accuracy on real photographs")
    axes.set_title("Filled: own threshold. Ring: none of its own, fitted to other scenes")
    axes.set_xlim(right=10)
    axes.grid(alpha=0.3)
    figure.savefig(args.out, dpi=90)
    print(f"{args.out}: {args.out.stat().st_size / 1000:.0f} kB")


def points(results: dict[str, Any]) -> list[tuple[str, float, float, bool]]:
    """Name, speed, accuracy, whether at its own threshold; those measured in both, best first."""
    (table,) = (one for one in results["tables"] if one["title"] == "In short")
    found = []
    for cells in table["rows"]:
        row = dict(zip(table["columns"], cells, strict=True))
        accuracy = row[FITTED] if row[OWN] is None else row[OWN]
        if None not in (row[ACROSS], accuracy):
            name = row["rival"].replace("`", "")
            found.append((name, row[ACROSS], accuracy, row[OWN] is not None))
    return sorted(found, key=lambda one: -one[2])


if __name__ == "__main__":
    main()
