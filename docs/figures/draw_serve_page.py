"""A picture of the service's page with some of the sample photographs, for the documentation.

Example: python docs/figures/draw_serve_page.py --out docs/figures/serve.png
"""

import argparse
import socket
import threading
from io import BytesIO
from pathlib import Path

import uvicorn
from PIL import Image, ImageOps
from playwright.sync_api import ViewportSize, sync_playwright

from blurdct.service.http.app import create
from blurdct.service.settings import Settings

FIGURES = Path(__file__).resolve().parent
DATA = FIGURES.parents[1] / "data"
PHOTOS = """sharp/bee_on_flower blurred/coffee_cup_defocus sharp/ladybird sharp/text_page
    blurred/bridge_night_motion sharp/pagoda blurred/dog_in_woods_gaussian blurred/kite_sky_defocus
""".split()
SIZE: ViewportSize = {"width": 1000, "height": 890}  # pixels


def main() -> None:
    """Serve, choose photographs, open the first, show its map, photograph the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=FIGURES / "serve.png")
    args = parser.parse_args()
    with socket.create_server(("127.0.0.1", 0)) as listening, sync_playwright() as playwright:
        server = uvicorn.Server(uvicorn.Config(create(Settings()), log_level="error"))
        threading.Thread(target=server.run, args=([listening],), daemon=True).start()
        flags = {"executable_path": "/usr/bin/chromium", "args": ["--no-sandbox"]}
        page = playwright.chromium.launch(**flags).new_page(viewport=SIZE)  # type: ignore[arg-type]
        page.goto(f"http://127.0.0.1:{listening.getsockname()[1]}")
        page.set_input_files("#choose", [DATA / "sample" / f"{name}.jpg" for name in PHOTOS])
        page.wait_for_selector("#progress", state="hidden")
        page.click(f"text={Path(PHOTOS[0]).name}")
        page.check("#map")
        page.wait_for_selector("#overlay:not([hidden])")
        shot = Image.open(BytesIO(page.screenshot())).convert("RGB")
        server.should_exit = True
    ImageOps.posterize(shot, 7).save(args.out, optimize=True)  # unseen, and a sixth less
    print(f"{args.out}: {args.out.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
