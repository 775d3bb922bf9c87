"""A picture of the page that explains one verdict, by a headless Chromium, for the documentation.

Example: python docs/figures/draw_explain.py --out docs/figures/explain.jpg
"""

import argparse
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import ViewportSize, sync_playwright

from blurdct import Detector
from blurdct.explain import write_page
from blurdct.features.photo import Photo

FIGURES = Path(__file__).resolve().parent
PHOTO = FIGURES.parents[1] / "data" / "sample" / "sharp" / "ladybird.jpg"
SIZE: ViewportSize = {"width": 960, "height": 1010}  # pixels
QUALITY = 62  # of JPEG


def main() -> None:
    """Explain, photograph the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=FIGURES / "explain.jpg")
    parser.add_argument("--model", default="best")
    args = parser.parse_args()
    detector = Detector.load(args.model)
    flags = {"executable_path": "/usr/bin/chromium", "args": ["--no-sandbox"]}
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        out = Path(folder, "page.html")
        write_page(detector, Photo(PHOTO, detector.config), out)
        page = playwright.chromium.launch(**flags).new_page(viewport=SIZE)  # type: ignore[arg-type]
        page.goto(out.as_uri())
        shot = Image.open(BytesIO(page.screenshot())).convert("RGB")
    shot.save(args.out, quality=QUALITY, optimize=True)
    print(f"{args.out}: {args.out.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
