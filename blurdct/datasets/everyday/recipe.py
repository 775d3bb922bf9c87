"""Sharp photo -> a copy of what people bring: any scene, any size, any camera, blurred or not.

One recipe for sharp and blurred copies, so that nothing but blur separates them: a scene is made of
the photo, blurred in linear light or not, and then goes through all that happens to pictures, with
noise and its removal, sharpening, letters, another size and compression. Weak blur is as frequent
as strong blur.
"""

import math
from typing import Any

import cv2
import numpy as np

from ...features.evidence import missing
from ..blur_kernels import disk, gaussian, mixture, motion, shake
from ..linear_light import LINEAR, encode, spread, with_lights
from ..perturbations import as_file, encoded, log_uniform, noise_deviation, sharpened
from .copies import Copy
from .pages import letters
from .scenes import scene

# Kind -> how often, and the least width of a point's image, pixels of the copy as it is read: a
# path must be longer than a disk is wide to show as much.
KINDS: dict[str, tuple[Any, float, float]] = {
    "defocus": (disk, 0.38, 1.9),
    "motion": (motion, 0.34, 3.6),
    "shake": (shake, 0.1, 3.2),
    "gaussian": (gaussian, 0.08, 2.2),
    "mixture": (mixture, 0.1, 3.0),
}
MOST = 0.06  # the largest width, of the copy's long side
WEAK = 0.55  # share of blurred copies in the lower third of the range, on a scale of logarithms
LEAST_SIDE, SMALL = 32, 256  # pixels, long side of small copies, ...
LEAST_SHORT = 24  # pixels, short side of a copy, unless the photo has fewer
SMALL_SHARE = 0.12  # ... which so many are
TRIES = 4  # at a scene that shows something
DARK = 75  # grey levels, mean: at night lights are often brighter than white


def everyday(rgb: np.ndarray, rng: np.random.Generator, blurred: bool, side: int = 640) -> Copy:
    """A copy as people bring them.

    Args:
        rgb: Sharp photo, shape (H, W, 3), uint8 sRGB.
        rng: Where chance comes from.
        blurred: With blur, or only with all the rest.
        side: Working size that extents are meant at, pixels.

    Returns:
        With the parameters ``scale``, by which the scene was reduced; ``extent``, the width of a
        point's image in pixels of the copy; and ``seen``, that in pixels of the working size.
    """
    picture = _telling_scene(rgb, rng)
    long = max(picture.shape[:2])
    scale = max(_scale(long, rng), min(1.0, LEAST_SHORT / min(picture.shape[:2])))
    kind, strength, extent = _blur(long * scale, side, rng)
    # blurred by the camera, or when it had been reduced already
    early = scale > 0.6 or rng.random() < 0.7
    kernel = KINDS[kind][0](extent / (scale if early else 1), rng)
    light = _with_lights(LINEAR[picture], rng, float(picture.mean()) < DARK)
    if not early:
        light = _resized(light, scale, rng)
    if blurred:
        light = spread(light, kernel)
    copy = _developed(light, rng)
    if rng.random() < 0.07:
        copy = letters(copy, rng)
    if early:
        copy = _resized(copy, scale, rng)
    if rng.random() < 0.12:
        copy = sharpened(copy, rng.uniform(0.1, 0.6), rng.uniform(0.5, 1.0))
    data = _file(copy, rng)
    if not blurred:
        return Copy(data, "none", 0.0, {"scale": scale, "extent": 0.0, "seen": 0.0})
    seen = extent / max(1.0, max(copy.shape[:2]) / side)
    return Copy(data, kind, strength, {"scale": scale, "extent": extent, "seen": seen})


def _telling_scene(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A scene that shows something: a part of a page may be nothing but paper."""
    for _ in range(TRIES):
        picture = scene(rgb, rng)
        if not missing(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)):
            return picture
    return rgb


def _scale(long: int, rng: np.random.Generator) -> float:
    """By how much a picture of this long side is reduced, up to 1."""
    target = long * rng.uniform(0.5, 1.15)
    if rng.random() < SMALL_SHARE:
        target = log_uniform(rng, LEAST_SIDE, SMALL)
    return min(1.0, max(target, LEAST_SIDE) / long)


def _blur(long: float, side: int, rng: np.random.Generator) -> tuple[str, float, float]:
    """Kind, strength 0..1, and width of a point's image in pixels of a copy of that long side."""
    chances = [chance for _, chance, _ in KINDS.values()]
    kind = list(KINDS)[rng.choice(len(KINDS), p=chances)]
    strength = rng.uniform(0, 1 / 3) if rng.random() < WEAK else rng.uniform(1 / 3, 1)
    read = max(1.0, long / side)
    least = KINDS[kind][2] * read
    most = max(1.6 * least, MOST * long)
    return kind, float(strength), float(least * (most / least) ** strength)


def _with_lights(light: np.ndarray, rng: np.random.Generator, dark: bool) -> np.ndarray:
    """What is white may have been up to 25 times brighter: blurred, it leaves trails and disks."""
    chance, brightest = rng.random(), log_uniform(rng, 1, 25)
    level = rng.uniform(0.7, 0.95)
    return with_lights(light, level, brightest) if chance <= (0.6 if dark else 0.2) else light


def _developed(light: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """As a camera makes a picture of light: exposure, noise, its removal, sharpening."""
    exposure, gamma = np.float32(2 ** rng.normal(0, 0.45)), np.float32(math.exp(rng.normal(0, 0.1)))
    pixels = 255 * encode(np.clip(light * exposure, 0, 1)) ** gamma
    noise = log_uniform(rng, 0.3, 7.0)
    if rng.random() < 0.12:
        noise = rng.uniform(7, 20)
    copy = np.clip(np.rint(pixels + _noise(pixels, noise, rng)), 0, 255).astype(np.uint8)
    if rng.random() < (0.45 if noise > 5 else 0.15):
        if rng.random() < 0.7:
            copy = cv2.bilateralFilter(copy, 5, max(8.0, rng.uniform(1.5, 4) * noise), 2)
        else:
            copy = cv2.medianBlur(copy, 3)
    if rng.random() < 0.25:
        copy = sharpened(copy, rng.uniform(0.2, 1.2), rng.uniform(0.6, 1.6))
    return copy


def _noise(pixels: np.ndarray, level: float, rng: np.random.Generator) -> np.ndarray:
    """Noise that grows with the light, of single pixels or of some together, grey levels."""
    drawn: Any = rng.standard_normal(pixels.shape, dtype=np.float32)
    if rng.random() < 0.4:
        drawn = cv2.GaussianBlur(drawn, (0, 0), rng.uniform(0.4, 1.1))
        drawn /= max(1e-3, float(drawn.std()))
    if rng.random() < 0.3:  # of all colours alike
        drawn = drawn.mean(axis=2, keepdims=True) * 1.7 + 0.3 * drawn
    noise: np.ndarray = noise_deviation(pixels, level) * drawn
    return noise


def _resized(pixels: np.ndarray, scale: float, rng: np.random.Generator) -> Any:
    if scale >= 1:
        return pixels
    width, height = (max(1, round(extent * scale)) for extent in pixels.shape[1::-1])
    how = cv2.INTER_AREA
    if scale > 0.55 and rng.random() < 0.6:
        how = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)[int(rng.integers(3))]
    return cv2.resize(pixels, (width, height), interpolation=how)


def _file(rgb: np.ndarray, rng: np.random.Generator) -> bytes:
    """JPEG, sometimes the second in a row, WebP or PNG."""
    drawn = rng.random()
    if drawn < 0.05:
        return as_file(rgb, ".png", [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if drawn < 0.15:
        return encoded(rgb, ".webp", int(rng.integers(40, 96)))
    if drawn < 0.3:
        first = np.frombuffer(encoded(rgb, ".jpg", int(rng.integers(60, 97))), np.uint8)
        rgb = np.asarray(cv2.imdecode(first, cv2.IMREAD_COLOR_RGB))
    return encoded(rgb, ".jpg", int(rng.integers(40, 98)))
