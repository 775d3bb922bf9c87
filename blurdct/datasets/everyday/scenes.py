"""Sharp photo -> another scene made of it: on plain ground, before a soft ground, in a canvas.

What people bring is not only landscapes that are sharp all over. Each scene here is as sharp as the
photo that it is made of where it shows anything; blur, if any, is laid on afterwards. Pictures have
shape (H, W, 3), uint8 sRGB.
"""

import math
from collections.abc import Callable

import cv2
import numpy as np

from ..blur_kernels import disk
from ..linear_light import blur_as_seen
from ..perturbations import log_uniform

Scene = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def scene(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The photo as it is, or a scene made of it; see ``SCENES``."""
    names = list(SCENES)
    weights = np.array([weight for _, weight in SCENES.values()])
    name = names[rng.choice(len(names), p=weights / weights.sum())]
    return SCENES[name][0](rgb, rng)


def as_it_is(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The photo itself, or a part of it of .5 to 1 of each side."""
    if rng.random() < 0.6:
        return rgb
    height, width = (max(32, round(side * rng.uniform(0.5, 1))) for side in rgb.shape[:2])
    top, left = (int(rng.integers(0, max(1, whole - part + 1)))
                 for whole, part in zip(rgb.shape, (height, width), strict=False))  # fmt: skip
    return np.ascontiguousarray(rgb[top : top + height, left : left + width])


def before_soft_ground(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A subject in focus, all around it out of focus by 1 to 6 % of the long side."""
    share = rng.uniform(0.25, 0.7)
    inside = _telling([blob(rgb.shape[:2], rng, share) for _ in range(4)], rgb)
    inside = cv2.GaussianBlur(inside, (0, 0), rng.uniform(0.004, 0.05) * max(rgb.shape))[..., None]
    extent = log_uniform(rng, 0.01, 0.06) * max(rgb.shape)
    small = max(1.0, extent / 12)  # soft enough to be made at a smaller size
    size = tuple(max(16, round(side / small)) for side in rgb.shape[1::-1])
    ground = blur_as_seen(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), disk(extent / small))
    ground = cv2.resize(ground, rgb.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    return _rounded(inside * rgb + (1 - inside) * ground)


def on_plain_ground(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A thing cut out of the photo, on a white, grey or coloured ground, maybe with a shadow."""
    height, width = rgb.shape[:2]
    share, angular = rng.uniform(0.25, 0.85), rng.random() < 0.4
    inside = _telling([blob((height, width), rng, share, angular) for _ in range(3)], rgb)
    inside = cv2.GaussianBlur(inside, (0, 0), 0.6)[..., None]
    thing = rgb
    if rng.random() < 0.35:  # plastic, skin, plush: hardly a texture, but an outline
        thing = cv2.bilateralFilter(rgb, 9, rng.uniform(20, 80), rng.uniform(3, 6))
    ground = _ground((height, width), rng)
    if rng.random() < 0.45:
        far = max(height, width)
        across, down = rng.normal(0, 0.02) * far, rng.uniform(0, 0.04) * far
        shift = np.array([[1, 0, across], [0, 1, down]], np.float32)
        shadow = cv2.warpAffine(inside[..., 0], shift, (width, height))
        shadow = cv2.GaussianBlur(shadow, (0, 0), rng.uniform(0.008, 0.04) * far)[..., None]
        ground = ground * (1 - rng.uniform(0.1, 0.5) * shadow)
    return _rounded(inside * thing + (1 - inside) * ground)


def in_canvas(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The photo in the middle of its own soft enlargement, or of a plain ground."""
    height, width = rgb.shape[:2]
    tall, wide = rng.choice([1.0, 1.3, 1.78]), rng.choice([1.0, 1.25, 1.5])
    size = (round(height * tall), round(width * wide))
    if rng.random() < 0.5:
        canvas = cv2.resize(rgb, (32, 32), interpolation=cv2.INTER_AREA)
        canvas = cv2.resize(canvas, size[::-1], interpolation=cv2.INTER_CUBIC)
    else:
        canvas = _rounded(_ground(size, rng))
    top, left = (size[0] - height) // 2, (size[1] - width) // 2
    canvas[top : top + height, left : left + width] = rgb
    return canvas


def on_a_table(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The picture as a flat thing seen at an angle, under a lamp."""
    height, width = rgb.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = corners + rng.uniform(-0.14, 0.14, (4, 2)).astype(np.float32) * (width, height)
    moved = (moved - corners.mean(0)) * rng.uniform(0.7, 1.05) + corners.mean(0)
    turn = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    ground = _rounded(_ground((height, width), rng))
    flat = cv2.warpPerspective(
        rgb, turn, (width, height), ground, cv2.INTER_CUBIC, cv2.BORDER_TRANSPARENT
    )
    return _rounded(flat * _lamp((height, width), rng))


def blob(
    shape: tuple[int, int], rng: np.random.Generator, share: float, angular: bool = False
) -> np.ndarray:
    """A smooth or angular region about so wide, as a share of the sides: (H, W) float32, 0..1."""
    angle = np.linspace(0, 2 * math.pi, 200, endpoint=False)
    if angular:
        angle = np.sort(rng.uniform(0, 2 * math.pi, int(rng.integers(4, 8))))
        angle = np.append(angle, [angle[0] + 0.05, math.pi + angle[0]])
        angle.sort()
    radius = np.ones_like(angle)
    for wave in range(1, 6):
        radius += rng.normal(0, 0.22) / wave * np.cos(wave * angle + rng.uniform(0, 2 * math.pi))
    radius = np.clip(radius, 0.3, 1.7) * share / 2
    centre = rng.uniform(0.35, 0.65, 2)
    stretch = rng.uniform(0.7, 1.4)
    x = (centre[0] + radius * stretch * np.cos(angle)) * shape[1]
    y = (centre[1] + radius / stretch * np.sin(angle)) * shape[0]
    outline = np.rint(np.stack([x, y], 1) * 16).astype(np.int32)
    region = np.zeros(shape, np.uint8)
    cv2.fillPoly(region, [outline], 255, cv2.LINE_AA, 4)
    return region.astype(np.float32) / 255


# By name: how it is made, and how often, relative to the others.
SCENES: dict[str, tuple[Scene, float]] = {
    "plain": (as_it_is, 0.66),
    "soft ground": (before_soft_ground, 0.13),
    "cut out": (on_plain_ground, 0.13),
    "canvas": (in_canvas, 0.03),
    "table": (on_a_table, 0.05),
}


def _telling(regions: list[np.ndarray], rgb: np.ndarray) -> np.ndarray:
    """The region with most edges: one without any would show nothing of its sharpness."""
    edges = np.abs(cv2.Laplacian(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), cv2.CV_32F, ksize=3))
    return max(regions, key=lambda one: float((one * edges).sum() / (one.sum() + 1)))


def _ground(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """White, or grey or coloured with a slight gradient: (H, W, 3) float32."""
    drawn = rng.random()
    if drawn < 0.4:
        return np.full((*shape, 3), rng.uniform(244, 255), np.float32)
    colour = rng.uniform(10, 250) + rng.normal(0, 25 if drawn > 0.7 else 0, 3)
    return np.clip(colour, 0, 255).astype(np.float32) * _lamp(shape, rng)


def _lamp(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Light that falls off smoothly to one side, (H, W, 1) float32 around 1."""
    down, across = (np.linspace(-0.5, 0.5, side, dtype=np.float32) for side in shape)
    slope = rng.normal(0, 0.25, 2).astype(np.float32)
    return (1 + slope[0] * down[:, None] + slope[1] * across[None])[..., None]


def _rounded(pixels: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
