"""What ``blurdct explain`` compares with: numbers of typical photographs, from data/wide.parquet.

Sharp ones are all that were taken as sharp, as they are. Blurred ones are all labelled so when they
were taken, and as many copies whose blur is three pixels wide or more, from all sources alike.

Example: python docs/generate_typical.py
"""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from blurdct.explain.typical import FILE, SHOWN, STEPS
from blurdct.features.summary import SUMMARY

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "data" / "wide.parquet"
TYPICAL = ROOT / "blurdct" / "explain" / "assets" / FILE
SEEN = 3.0  # pixels at 640
DIGITS = 3


def main() -> None:
    """Write the file; with --check only say whether it is up to date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if it differs")
    args = parser.parse_args()
    text = typical(pd.read_parquet(TABLE))
    if not args.check:
        TYPICAL.write_text(text, encoding="utf-8")
    elif TYPICAL.read_text(encoding="utf-8") != text:
        sys.exit(
            f"{TYPICAL.relative_to(ROOT)} is out of date; run: python docs/{Path(__file__).name}"
        )


def typical(table: pd.DataFrame) -> str:
    """The file's text."""
    found = chosen(table)
    medians = {label: np.median(rows, axis=0) for label, rows in found.items()}
    spreads = {
        name: {
            label: rounded(np.quantile(rows[:, SUMMARY.index(name)], STEPS))
            for label, rows in found.items()
        }
        for name in SHOWN
    }
    pairs = {
        name: rounded([medians[label][number] for label in found])
        for number, name in enumerate(SUMMARY)
    }
    photos = json.dumps({label: len(rows) for label, rows in found.items()})
    parts = {"photos": photos, "medians": by_line(pairs), "spreads": by_line(spreads)}
    return by_comma(f'"{name}": {part}' for name, part in parts.items()) + "\n"


def by_line(values: Mapping[str, Any]) -> str:
    """JSON with a name a line, so that changes can be read."""
    return by_comma(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in values.items())


def by_comma(members: Iterable[str]) -> str:
    """An object of JSON."""
    return "{\n" + ",\n".join(members) + "\n}"


def chosen(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """Label -> the numbers of its photographs, shape (n, 350), float64."""
    taken = (table["kind"].fillna("") == "") & (table["source"] != "partial")
    sharp = table[taken & (table["label"] == 0)]
    blurred = table[taken & (table["label"] == 1)]
    copies = table[(table["label"] == 1) & (table["seen"] >= SEEN) & (table["source"] != "pages")]
    some = np.linspace(0, len(copies) - 1, len(blurred)).round().astype(int)
    numbers = list(SUMMARY)
    return {
        "sharp": sharp[numbers].to_numpy(np.float64),
        "blurred": pd.concat([blurred, copies.iloc[some]])[numbers].to_numpy(np.float64),
    }


def rounded(values: object) -> list[float]:
    """As many digits as half precision, in which the table is kept, can tell."""
    return [round(float(value), DIGITS) for value in np.asarray(values)]


if __name__ == "__main__":
    main()
