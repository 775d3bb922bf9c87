"""A picture of sample photographs that the shipped model gets wrong, for its card.

Each is changed in a way that is known to be hard. Faults that a model no longer has are left out,
and named.

Example: python docs/figures/draw_failures.py --out docs/figures/failures.jpg
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from blurdct import Detector
from blurdct.datasets.blur_kernels import disk, path_kernel
from blurdct.datasets.linear_light import LINEAR, as_seen, blur_as_seen, spread, with_lights
from blurdct.images.reader import read_rgb
from blurdct.images.resize import resize_within
from blurdct.images.thumbnail import encode_jpeg

FIGURES = Path(__file__).resolve().parent
SAMPLE = FIGURES.parents[1] / "data" / "sample" / "sharp"
LONG = 640  # pixels: what the model sees, so that a piece shows it pixel for pixel
WIDTH, HEIGHT, CAPTION, MARGIN, COLUMNS = 300, 200, 46, 8, 4  # pixels; tiles in a row
QUALITY = 60  # of JPEG
INK, WRONG = (25, 25, 25), (170, 30, 30)


def faint(rgb: np.ndarray) -> np.ndarray:
    """Out of focus by .2 % of the long side."""
    return blur_as_seen(rgb, disk(0.004 * LONG))


def jolt(rgb: np.ndarray) -> np.ndarray:
    """Each edge twice, and little between."""
    way = np.concatenate([np.zeros(45), np.full(45, 14.0), np.linspace(0, 14, 10)])
    return blur_as_seen(rgb, path_kernel(way, way / 10))


def trails(rgb: np.ndarray) -> np.ndarray:
    """Moved, and its lights far brighter than white."""
    path = path_kernel(np.linspace(0, 14, 99), np.linspace(0, 4, 99))
    return as_seen(spread(with_lights(LINEAR[rgb], 0.6, 8), path))


def marked(rgb: np.ndarray) -> np.ndarray:
    """Out of focus, under a plain watermark."""
    soft = blur_as_seen(rgb, disk(8)).copy()
    for y in range(40, rgb.shape[0], 80):
        for x in range(-20, rgb.shape[1], 170):
            style = (cv2.FONT_HERSHEY_SIMPLEX, 1.0, (235, 235, 235), 2, cv2.LINE_AA)
            cv2.putText(soft, "SAMPLE", (x, y), *style)
    return soft


def noisy(rgb: np.ndarray) -> np.ndarray:
    """With noise of 10 grey levels."""
    noise = np.random.default_rng(0).normal(0, 10, rgb.shape)
    return np.clip(rgb + noise, 0, 255).astype(np.uint8)


def dark(rgb: np.ndarray) -> np.ndarray:
    """Two stops darker."""
    return as_seen(LINEAR[rgb] / 4)


def bright(rgb: np.ndarray) -> np.ndarray:
    """Two stops brighter; what is white stays so."""
    return as_seen(LINEAR[rgb] * 4)


def squeezed(rgb: np.ndarray) -> np.ndarray:
    """As a JPEG of quality 20."""
    coded: np.ndarray = read_rgb(encode_jpeg(rgb, 20))
    return coded


class Fault(NamedTuple):
    """A way of being hard."""

    told: str
    photo: str
    change: Callable[[np.ndarray], np.ndarray]
    whole: bool = False  # shown as a whole, not the piece with most detail


FAULTS = {
    "blurred": (
        Fault("out of focus by .2 % of the long side", "coffee_cup", faint),
        Fault("a jolt: every edge twice", "pagoda", jolt),
        Fault("moved, with lights that leave trails", "bridge_night", trails, whole=True),
        Fault("out of focus under a watermark", "pool_hall", marked),
    ),
    "sharp": (
        Fault("noise of 10 grey levels", "nuthatch_on_tree", noisy),
        Fault("JPEG of quality 20", "kite_sky", squeezed, whole=True),
        Fault("smooth skin, two stops darker", "portrait_closeup", dark, whole=True),
        Fault("soft ground, two stops brighter", "ladybird", bright, whole=True),
    ),
}


def main() -> None:
    """Judge, draw what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=FIGURES / "failures.jpg")
    args = parser.parse_args()
    detector = Detector.load()
    tiles = []
    for label, faults in FAULTS.items():
        for fault in faults:
            rgb = resize_within(read_rgb(SAMPLE / f"{fault.photo}.jpg"), LONG)
            changed = np.ascontiguousarray(fault.change(rgb))
            verdict = detector.predict(changed)
            if verdict.label == label:
                print(f"no longer wrong: {label}, {fault.told}")
            else:
                tiles.append(tile(fault, label, changed, verdict))
    rows = -(-len(tiles) // COLUMNS)
    page = Image.new("RGB", (COLUMNS * (WIDTH + MARGIN), rows * (HEIGHT + CAPTION)), "white")
    for number, one in enumerate(tiles):
        row, column = divmod(number, COLUMNS)
        page.paste(one, (column * (WIDTH + MARGIN), row * (HEIGHT + CAPTION)))
    page.save(args.out, quality=QUALITY, optimize=True)
    print(f"{args.out}: {len(tiles)} photographs, {args.out.stat().st_size / 1000:.0f} kB")


def tile(fault: Fault, label: str, rgb: np.ndarray, verdict: Any) -> Image.Image:
    """A picture over what it is and what it is called."""
    made = Image.new("RGB", (WIDTH, HEIGHT + CAPTION), "white")
    made.paste(Image.fromarray(whole(rgb) if fault.whole else piece(rgb)), (0, 0))
    pen, font = ImageDraw.Draw(made), ImageFont.load_default(15)
    pen.text((2, HEIGHT + 4), f"{label}: {fault.told}", INK, font)
    score = "" if verdict.score is None else f", score {verdict.score:.1f}"
    pen.text((2, HEIGHT + 22), f"called {verdict.shown}{score}", WRONG, font)
    return made


def whole(rgb: np.ndarray) -> np.ndarray:
    """As much of the photo's width and height as the tile has room for."""
    scale = max(WIDTH / rgb.shape[1], HEIGHT / rgb.shape[0])
    size = (round(rgb.shape[1] * scale), round(rgb.shape[0] * scale))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    top = (small.shape[0] - HEIGHT) // 2
    return np.ascontiguousarray(small[top : top + HEIGHT, :WIDTH])


def piece(rgb: np.ndarray) -> np.ndarray:
    """The part with most detail, pixel for pixel."""
    detail = np.abs(cv2.Laplacian(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), cv2.CV_32F))
    sums = cv2.boxFilter(detail, -1, (WIDTH, HEIGHT), borderType=cv2.BORDER_CONSTANT)
    inner = sums[HEIGHT // 2 : -HEIGHT // 2, WIDTH // 2 : -WIDTH // 2]
    top, left = np.unravel_index(int(inner.argmax()), inner.shape)
    return np.ascontiguousarray(rgb[top : top + HEIGHT, left : left + WIDTH])


if __name__ == "__main__":
    main()
