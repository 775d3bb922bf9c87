"""Pages drawn from chance: one line of text to dense print, with boxes or without; all sharp.

Pictures have shape (H, W, 3), uint8 sRGB, the long side 960 pixels. Letters are the font that comes
with Pillow and the stroked ones of OpenCV.
"""

from functools import cache
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

LONG = 960  # pixels
STROKED = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_SCRIPT_COMPLEX,
)
LETTERS = np.array(list("eeeeetttaaaooiinnsshhrrddlucmfwygpbvk"))


def page(rng: np.random.Generator) -> np.ndarray:
    """A page, or a part of a screen: dark on light or light on dark."""
    height, width = LONG, round(LONG * rng.uniform(0.45, 1.0))
    if rng.random() < 0.35:
        height, width = width, height
    paper, ink = rng.uniform(215, 255), rng.uniform(0, 90)
    if rng.random() < 0.15:
        paper, ink = rng.uniform(5, 60), rng.uniform(170, 255)
    tint = rng.normal(0, 6, 3)
    image = Image.new("RGB", (width, height), _colour(paper + tint))
    draw = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(0, 4)) * int(rng.random() < 0.4)):
        _box(draw, width, height, rng)
    size = int(np.exp(rng.uniform(np.log(13), np.log(64))))
    pitch = round(size * rng.uniform(1.15, 2.0))
    left, right = (
        round(width * share) for share in (rng.uniform(0.03, 0.2), rng.uniform(0.7, 0.97))
    )
    rows = (height - 2 * pitch) // pitch
    lines = int(np.clip(round(np.exp(rng.uniform(0, np.log(max(2, rows))))), 1, max(1, rows)))
    first = int(rng.integers(pitch, max(pitch + 1, height - pitch - lines * pitch + 1)))
    colour, stroked = _colour(ink + tint), rng.random() < 0.35
    pixels: Any = np.asarray(image).copy() if stroked else image
    face = STROKED[int(rng.integers(len(STROKED)))]
    for line in range(lines):
        end = right if rng.random() < 0.8 else left + (right - left) * rng.random()
        text = _words(rng, max(1, round((end - left) / (0.52 * size))))
        top = first + line * pitch
        if stroked:
            place = (left, top + size)
            thick = max(1, size // 14)
            cv2.putText(pixels, text, place, face, size / 32, colour, thick, cv2.LINE_AA)
        else:
            draw.text((left, top), text, fill=colour, font=_font(size))
    return np.asarray(pixels)


def letters(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The picture with a date, a caption bar or a watermark over it, as sharp as can be."""
    height, width = rgb.shape[:2]
    image = Image.fromarray(rgb)
    size = max(8, round(height * rng.uniform(0.03, 0.09)))
    text = _words(rng, int(rng.integers(6, max(7, round(0.9 * width / size)))))
    colour = _colour(np.full(3, 255.0) if rng.random() < 0.6 else rng.uniform(0, 255, 3))
    opacity = 255
    where = rng.random()
    if where < 0.4:  # a bar at the top or the bottom
        tall = round(size * rng.uniform(1.3, 2.4))
        top = 0 if rng.random() < 0.4 else height - tall
        level = float(rng.choice([0, 255, rng.uniform(0, 255)]))
        ImageDraw.Draw(image).rectangle(
            (0, top, width, top + tall), fill=_colour(np.full(3, level))
        )
        colour = _colour(np.full(3, 0.0 if level > 127 else 255.0))
        place = (size // 2, top + (tall - size) // 2)
    elif where < 0.75:  # a date in a corner
        place = (round(width * rng.choice([0.03, 0.6])), round(height * rng.choice([0.03, 0.88])))
        text = text[:12]
    else:  # a watermark
        place = (round(width * 0.1), round(height * rng.uniform(0.3, 0.6)))
        opacity = int(rng.uniform(70, 200))
    over = Image.new("RGBA", image.size, (0, 0, 0, 0))
    ImageDraw.Draw(over).text(place, text, fill=(*colour, opacity), font=_font(size))
    return np.asarray(Image.alpha_composite(image.convert("RGBA"), over).convert("RGB"))


def _box(draw: Any, width: int, height: int, rng: np.random.Generator) -> None:
    x, y = np.sort(rng.uniform(0, width, 2)), np.sort(rng.uniform(0, height, 2))
    fill = _colour(rng.uniform(30, 250, 3)) if rng.random() < 0.6 else None
    outline = _colour(rng.uniform(0, 200, 3))
    draw.rectangle((x[0], y[0], x[1], y[1]), fill, outline, int(rng.integers(1, 4)))


def _words(rng: np.random.Generator, count: int) -> str:
    """So many letters and spaces, about."""
    text = "".join(rng.choice(LETTERS, count))
    places = np.cumsum(rng.integers(3, 10, count // 5 + 1))
    words = [text[start:end] for start, end in zip([0, *places], [*places, count], strict=True)]
    if rng.random() < 0.3:
        words = [str(int(rng.integers(1, 10 ** min(6, max(1, len(word)))))) for word in words]
    return " ".join(words)[:count].capitalize()


def _colour(levels: np.ndarray | float) -> tuple[int, int, int]:
    red, green, blue = (int(level) for level in np.clip(np.broadcast_to(levels, 3), 0, 255))
    return red, green, blue


@cache
def _font(size: int) -> Any:
    return ImageFont.load_default(size)
