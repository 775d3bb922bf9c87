"""A picture of the report of the sample photographs, by a headless Chromium, for the documentation.

Example: python docs/figures/draw_report.py --out docs/figures/report.png
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from blurdct.report.page import write_report
from blurdct.scan.run import scan

FIGURES = Path(__file__).resolve().parent
DATA = FIGURES.parents[1] / "data"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WIDTH, HEIGHT = 1100, 1150  # pixels


def main() -> None:
    """Scan, report, photograph the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=FIGURES / "report.png")
    parser.add_argument("--model", default="best")
    args = parser.parse_args()
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        sys.exit(f"none of {', '.join(BROWSERS)} is installed")
    out = args.out.resolve()
    os.chdir(DATA)  # as the paths in the picture are to begin
    with TemporaryDirectory() as folder:
        page, results = Path(folder, "report.html"), Path(folder, "results.csv")
        scan("sample", results, model=args.model, workers=1)
        write_report(str(results), page, name=results.name)
        flags = ("--headless", "--no-sandbox", "--hide-scrollbars", f"--screenshot={out}")
        place = (f"--user-data-dir={folder}/p", f"--window-size={WIDTH},{HEIGHT}")
        subprocess.run([browser, *flags, *place, page.as_uri()], check=True, capture_output=True)
    print(f"{args.out}: {out.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
