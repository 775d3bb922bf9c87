"""What is laid around and over photographs, and what shows none: what becomes of the verdict.

Each photo of the sample is judged as it is and after each change: framed, drawn over, cut into
squares, shifted against the grid of blocks. A sharp photo is called blurred, or a blurred one
sharp, when P crosses .5. In brackets the same where a frame is taken for a part of the photo.
Example: python benchmarks/surroundings.py
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from _judging import add_options, detectors, judge_all
from _measure import SAMPLE
from _record import Record, options, recording, run
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

from blurdct.cli.output import prepare
from blurdct.features.photo import Photo
from blurdct.images.files import find_photos
from blurdct.images.reader import read_rgb

WHITE, BLACK = (255, 255, 255), (0, 0, 0)
LONG = 1600  # pixels, of a photo that is framed
MADE = 20  # pictures of each kind of noise
WORDS = ("Harbour at dawn, spring", "photographed by nobody in particular")
Change = Callable[[Image.Image], Image.Image]


def canvas(photo: Image.Image, ratio: float, fill: Any) -> Image.Image:
    """In the middle of a canvas of that ratio: a colour, or for None a blurred copy of itself."""
    width, height = photo.size
    size = (
        (round(height * ratio), height) if width < height * ratio else (width, round(width / ratio))
    )
    if fill is None:
        ground = ImageOps.fit(photo, size).filter(ImageFilter.GaussianBlur(size[0] / 40))
    else:
        ground = Image.new("RGB", size, fill)
    ground.paste(photo, ((size[0] - width) // 2, (size[1] - height) // 2))
    return ground


def border(photo: Image.Image, share: float, colour: Any) -> Image.Image:
    """With a border of a share of the short side all around."""
    return ImageOps.expand(photo, max(1, round(share * min(photo.size))), colour)


def mount(photo: Image.Image) -> Image.Image:
    """A thin dark line, a broad light mount, a dark frame."""
    for share, colour in ((0.01, (20, 20, 20)), (0.12, (240, 236, 225)), (0.03, (60, 40, 30))):
        photo = border(photo, share, colour)
    return photo


def rounded(photo: Image.Image, share: float, colour: Any) -> Image.Image:
    """With round corners, whose radius is a share of the short side."""
    large = (4 * photo.width, 4 * photo.height)
    mask = Image.new("L", large, 0)
    corner = (0, 0, large[0] - 1, large[1] - 1)
    ImageDraw.Draw(mask).rounded_rectangle(corner, 4 * share * min(photo.size), fill=255)
    ground = Image.new("RGB", photo.size, colour)
    ground.paste(photo, mask=mask.resize(photo.size, Image.Resampling.BOX))
    return ground


def captioned(photo: Image.Image, ground: Any, ink: Any) -> Image.Image:
    """Over a bar of 15 % of its height with two lines of text."""
    width, height = photo.size
    bar = round(0.15 * height)
    page = Image.new("RGB", (width, height + bar), ground)
    page.paste(photo, (0, 0))
    for words, place, size in zip(WORDS, (0.32, 0.72), (0.3, 0.2), strict=True):
        font = ImageFont.load_default(max(10, bar * size))
        at = (width / 2, height + bar * place)
        ImageDraw.Draw(page).text(at, words, ink, font, anchor="mm")
    return page


def dated(photo: Image.Image) -> Image.Image:
    """With the orange date of old cameras in a corner."""
    page = photo.copy()
    font = ImageFont.load_default(0.045 * page.height)
    at = (0.96 * page.width, 0.95 * page.height)
    ImageDraw.Draw(page).text(at, "'98  7 14  16:32", (255, 140, 30), font, anchor="rs")
    return page


def marked(photo: Image.Image, strength: int) -> Image.Image:
    """With a pale watermark in rows all over; strength 0..255."""
    layer = Image.new("RGBA", photo.size, (0, 0, 0, 0))
    pen = ImageDraw.Draw(layer)
    font = ImageFont.load_default(0.05 * photo.height)
    for number, y in enumerate(np.arange(0.05, 1, 0.14)):
        for x in np.arange(0.02 + 0.12 * (number % 2), 1, 0.34):
            at = (x * photo.width, y * photo.height)
            pen.text(at, "sample photo", (255, 255, 255, strength), font)
    return Image.alpha_composite(photo.convert("RGBA"), layer).convert("RGB")


def squares(photo: Image.Image, cell: int) -> Image.Image:
    """512x384 pixels in squares of so many pixels."""
    width, height = 512 // cell, 384 // cell
    small = photo.resize((width, height), Image.Resampling.BOX)
    return small.resize((width * cell, height * cell), Image.Resampling.NEAREST)


def shifted(photo: Image.Image, across: int, down: int) -> Image.Image:
    """At the working size, without its first columns and rows."""
    page = photo.copy()
    page.thumbnail((640, 640), Image.Resampling.BOX)
    return page.crop((across, down, *page.size))


FRAMES: dict[str, Change] = {
    "black canvas 16:9": partial(canvas, ratio=16 / 9, fill=BLACK),
    "white canvas 16:9": partial(canvas, ratio=16 / 9, fill=WHITE),
    "black canvas 9:16": partial(canvas, ratio=9 / 16, fill=BLACK),
    "blurred canvas 16:9": partial(canvas, ratio=16 / 9, fill=None),
    "blurred canvas 9:16": partial(canvas, ratio=9 / 16, fill=None),
    "white border, 1 %": partial(border, share=0.01, colour=WHITE),
    "black border, 5 %": partial(border, share=0.05, colour=BLACK),
    "red border, 20 %": partial(border, share=0.2, colour=(180, 30, 40)),
    "mount in a frame": mount,
    "round corners, white": partial(rounded, share=0.08, colour=WHITE),
    "round corners, black": partial(rounded, share=0.2, colour=BLACK),
    "caption, black bar": partial(captioned, ground=BLACK, ink=WHITE),
    "caption, white bar": partial(captioned, ground=WHITE, ink=BLACK),
}
DRAWN: dict[str, Change] = {
    "date": dated,
    "watermark, strength 60": partial(marked, strength=60),
    "watermark, strength 120": partial(marked, strength=120),
}
MOSAICS: dict[str, Change] = {
    f"squares of {cell} pixels": partial(squares, cell=cell) for cell in (2, 4, 8, 16, 24, 32)
}
SHIFTS: dict[str, Change] = {
    f"{across}, {down} pixels": partial(shifted, across=across, down=down)
    for across, down in ((0, 0), (8, 8), (16, 8), (1, 1), (3, 5), (4, 4), (7, 2))
}
GROUPS = {
    "Around the photo": FRAMES,
    "Over the photo": DRAWN,
    "Instead of the photo": MOSAICS,
}


def noise_pictures(rng: np.random.Generator) -> Iterator[tuple[str, np.ndarray]]:
    """One picture of each kind, 640x480: name, grey levels."""
    shape = (480, 640)
    slope = 40 + 170 * np.linspace(0, 1, 640) * np.ones((480, 1))
    normal = rng.standard_normal(shape)
    for sigma in (10, 25, 60, 100):
        yield f"white, {sigma} grey levels, on a slope", slope + sigma * normal
    lossy = cv2.imencode(".jpg", np.clip(slope + 40 * normal, 0, 255), [1, 50])[1]
    yield "white, 40 grey levels, JPEG 50", np.asarray(cv2.imdecode(lossy, 0))
    coin = rng.random(shape)
    yield "salt and pepper, 5 %", np.where(coin < 0.025, 0, np.where(coin > 0.975, 255, slope))
    yield "of photons", 16.0 * rng.poisson(slope / 16)
    yield "black and white at random", 255.0 * rng.integers(0, 2, shape)
    yield "blocks of 8 pixels at random", np.kron(rng.integers(0, 256, (60, 80)), np.ones((8, 8)))
    for grain in (1.0, 2.0):
        soft = cv2.GaussianBlur(normal, (0, 0), grain)
        yield f"of grains, Gaussian of {grain:g} pixels", slope + 20 * soft / soft.std()


class Judged(NamedTuple):
    """P(blurred) of a photo and its changes; NaN where it is unknown.

    Attributes:
        p: By change, then model, with what surrounds it left out.
        bare: The same, with a frame taken for a part of the photo.
    """

    p: dict[str, list[float]]
    bare: dict[str, list[float]]


def main() -> None:
    """Print Markdown tables."""
    parser = options(__doc__)
    add_options(parser, SAMPLE, "folder with sharp/ and blurred/ (data/sample)")
    args = parser.parse_args()
    prepare()
    models = tuple(args.model or ("dct-fusion", "dct-xgb"))
    detectors(models)
    paths = find_photos(args.photos)
    with recording(__file__, __doc__, args) as record:
        judged = judge_all(partial(judge, models=models), paths, args.workers, "no photo")
        blurred = np.array([path.parent.name == "blurred" for path in paths])
        for number, model in enumerate(models):
            show(record, model, number, judged, blurred)
        show_noise(record, models)


def judge(path: Path, models: tuple[str, ...]) -> Judged:
    """All verdicts on one photo."""
    photo = Image.fromarray(read_rgb(path))
    photo.thumbnail((LONG, LONG))
    changes = FRAMES | DRAWN | MOSAICS | SHIFTS
    p: dict[str, list[float]] = {}
    bare: dict[str, list[float]] = {}
    p[""] = answers(np.asarray(photo), models, False)
    for name, change in changes.items():
        pixels = np.asarray(change(photo))
        p[name] = answers(pixels, models, False)
        if name in FRAMES:
            bare[name] = answers(pixels, models, True)
    return Judged(p, bare)


def answers(pixels: np.ndarray, models: tuple[str, ...], bare: bool) -> list[float]:
    """P(blurred) by each model; NaN for unknown."""
    found = []
    for detector in detectors(models):
        verdict = detector.judge(Photo(pixels, detector.config, bare=bare), "")[0]
        found.append(np.nan if verdict.probability is None else verdict.probability)
    return found


def show(
    record: Record, model: str, number: int, judged: list[Judged], blurred: np.ndarray
) -> None:
    """The tables of one model."""
    plain = np.array([one.p[""][number] for one in judged])
    for heading, changes in GROUPS.items():
        record.heading(f"{heading}: {model}, {sum(~blurred)} sharp and {sum(blurred)} blurred")
        names = ("sharp called blurred", "blurred called sharp", "unknown")
        move = {"mean move of P": ".3f"} if changes is not MOSAICS else {}
        table = record.table({"change": "", **dict.fromkeys(names, ""), **move})
        table.row("none", *counts(plain, blurred), *([0.0] if move else []))
        for name in changes:
            p = np.array([one.p[name][number] for one in judged])
            row = counts(p, blurred)
            if changes is FRAMES:
                kept = np.array([one.bare[name][number] for one in judged])
                row = [f"{a} ({b})" for a, b in zip(row, counts(kept, blurred), strict=True)]
            table.row(name, *row, *([float(np.nanmean(np.abs(p - plain)))] if move else []))
    record.heading(f"Shifted against the grid of blocks: {model}")
    start, *others = (np.array([one.p[name][number] for one in judged]) for name in SHIFTS)
    forms = dict.fromkeys(("median move of P", "95 % below", "largest"), ".3f")
    table = record.table({"by": "", "moved by less than .02": ".0%", **forms})
    for name, p in zip(list(SHIFTS)[1:], others, strict=True):
        moves = np.abs(p - start)
        low, high = np.nanquantile(moves, (0.5, 0.95))
        table.row(name, float(np.mean(moves < 0.02)), low, high, float(np.nanmax(moves)))


def counts(p: np.ndarray, blurred: np.ndarray) -> list[Any]:
    """Sharp ones called blurred, blurred ones called sharp, unknown ones."""
    return [
        int(np.sum(~blurred & (p >= 0.5))),
        int(np.sum(blurred & (p < 0.5))),
        int(np.isnan(p).sum()),
    ]


def show_noise(record: Record, models: tuple[str, ...]) -> None:
    """How often pictures of noise alone are unknown, and what else they are called."""
    record.heading(f"Noise without a photo, {MADE} pictures of each kind")
    columns = [f"{what}: {model}" for model in models for what in ("called sharp", "blurred")]
    table = record.table({"noise": "", "unknown": "", **dict.fromkeys(columns, "")})
    found: dict[str, list[list[float]]] = {}
    for seed in range(MADE):
        for name, levels in noise_pictures(np.random.default_rng(seed)):
            pixels = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
            found.setdefault(name, []).append(answers(pixels, models, False))
    for name, rows in found.items():
        p = np.array(rows)
        by_model = [count for column in p.T for count in (sum(column < 0.5), sum(column >= 0.5))]
        table.row(name, int(np.isnan(p[:, 0]).sum()), *map(int, by_model))


if __name__ == "__main__":
    run(main)
