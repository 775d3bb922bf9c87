"""Sharp photo -> blurred copy: the seed's recipe and the realistic one.

``realistic`` blurs in linear light with a kernel that sums to one, then draws sensor noise,
exposure, size and JPEG quality for sharp and blurred copies alike, so that nothing but blur
separates them. ``seed`` repeats the recipe of the system that this project began with, to
reproduce its result: it blurs gamma-encoded pixels with the library BlurGenerator.

What extents of blur mean is said in ``blur_kernels``.

Sources:
    Signal-dependent noise: Foi et al., IEEE TIP 2008, doi:10.1109/TIP.2008.2001399.
    Seed recipe: BlurGenerator (https://pypi.org/project/BlurGenerator/).
"""

import math
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from ..errors import ConfigError
from .blur_kernels import KERNELS, extent_of
from .everyday.copies import Copy as Copy
from .everyday.recipe import everyday
from .linear_light import LINEAR, blur, encode, spread, with_lights
from .perturbations import encoded, log_uniform, noise_deviation, sharpened

# Motion counts most: it is the kind that real training photographs have least of.
KIND_WEIGHTS = {"defocus": 0.3, "motion": 0.4, "gaussian": 0.15, "mixture": 0.15}

LIGHTS_WEIGHTS = {"motion": 0.55, "defocus": 0.3, "mixture": 0.15}
LIGHTS_EXTENT = (1.8, 28.0)  # as ``blur_kernels.EXTENT``
INTERPOLATIONS = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC)

Drawn = tuple[Any, float, dict[str, Any]]  # pixels, strength, parameters


def realistic(rgb: np.ndarray, rng: np.random.Generator, blurred: bool, side: int = 512) -> Copy:
    """A copy as a camera might have taken it.

    Args:
        rgb: Sharp photo, shape (H, W, 3), uint8 sRGB.
        rng: Where chance comes from.
        blurred: With blur, or only with all the rest.
        side: Working size that extents are meant at, pixels.
    """
    kinds = list(KIND_WEIGHTS)
    kind = kinds[rng.choice(len(kinds), p=list(KIND_WEIGHTS.values()))]
    strength = rng.random()
    scale = rng.uniform(0.6, 1.0)
    exposure = 2 ** rng.normal(0, 0.4)
    gamma = math.exp(rng.normal(0, 0.08))
    noise = log_uniform(rng, 0.3, 6.0)
    quality = int(rng.integers(40, 97))
    interpolation = INTERPOLATIONS[rng.integers(3)]

    height, width = rgb.shape[:2]
    scale = min(scale * max(1.0, 800 / max(height, width)), 1.0)
    parameters = {"scale": scale, "exposure": exposure, "gamma": gamma, "noise": noise}
    parameters["quality"] = quality
    if blurred:
        extent = extent_of(strength)
        parameters["extent"] = extent
        # from pixels of the finished copy, as it will be read, to pixels of this photo
        read = max(1.0, max(height, width) * scale / side)
        light = blur(rgb, KERNELS[kind](extent * read / scale, rng))
    else:
        kind, strength, light = "none", 0.0, LINEAR[rgb]
    pixels = 255 * encode(np.clip(light * exposure, 0, 1)) ** gamma
    pixels += _sensor_noise(pixels, noise, rng)
    copy: np.ndarray = np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
    if scale < 1:
        target = (max(16, round(width * scale)), max(16, round(height * scale)))
        copy = cv2.resize(copy, target, interpolation=interpolation)
    return Copy(encoded(copy, ".jpg", quality), kind, float(strength), parameters)


def lights(rgb: np.ndarray, rng: np.random.Generator, blurred: bool, side: int = 512) -> Copy:
    """A copy as a camera might have taken it at night, or made of it afterwards.

    Beside ``realistic`` four things: what is white in the photo was brighter than white before it
    was blurred, so that lights leave trails and disks; blur may be weaker, and is motion or defocus
    more often; noise may have been smoothed away, and edges sharpened, as cameras do.

    Args:
        rgb: Sharp photo, shape (H, W, 3), uint8 sRGB.
        rng: Where chance comes from.
        blurred: With blur, or only with all the rest.
        side: Working size that extents are meant at, pixels.
    """
    kind = list(LIGHTS_WEIGHTS)[rng.choice(len(LIGHTS_WEIGHTS), p=list(LIGHTS_WEIGHTS.values()))]
    strength = rng.random()
    brightest = log_uniform(rng, 1, 20)  # times white
    height, width = rgb.shape[:2]
    scale = min(rng.uniform(0.7, 1.0) * max(1.0, 800 / max(height, width)), 1.0)
    light = LINEAR[rgb]
    if blurred:
        low, high = LIGHTS_EXTENT
        extent = low * (high / low) ** strength
        read = max(1.0, max(height, width) * scale / side)
        kernel = KERNELS[kind](extent * read / scale, rng)
        light = spread(with_lights(light, 0.85, brightest), kernel)
    else:
        kind, strength = "none", 0.0
    gamma = math.exp(rng.normal(0, 0.15))
    pixels = 255 * encode(np.clip(light * 2 ** rng.normal(0, 0.5), 0, 1)) ** gamma
    pixels += _sensor_noise(pixels, log_uniform(rng, 0.2, 6), rng)
    copy: np.ndarray = np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
    if rng.random() < 0.15:
        copy = cv2.bilateralFilter(copy, 5, 12, 2)
    if scale < 1:
        target = (max(16, round(width * scale)), max(16, round(height * scale)))
        copy = cv2.resize(copy, target, interpolation=INTERPOLATIONS[rng.integers(3)])
    if rng.random() < 0.3:
        copy = sharpened(copy, rng.uniform(0.2, 1.0), 1.0)
    return Copy(encoded(copy, ".jpg", int(rng.integers(50, 97))), kind, float(strength), {})


def seed(rgb: np.ndarray, rng: np.random.Generator, blurred: bool, side: int = 512) -> Copy:
    """A copy as the first system made it: squashed to a square, blurred by BlurGenerator.

    Parameters are drawn from the published lists. Two things are mended: components start at 1
    and gamma at 2, since 0 is an error in the library; and the copies keep one JPEG quality.
    """
    pixels = cv2.resize(rgb, (side, side), interpolation=cv2.INTER_AREA)
    kind, strength = "none", 0.0
    parameters: dict[str, Any] = {}
    if blurred:
        kind = list(SEED_KINDS)[rng.integers(len(SEED_KINDS))]
        pixels, strength, parameters = SEED_KINDS[kind](pixels, rng)
    return Copy(encoded(pixels, ".jpg", 95), kind, strength, parameters)


def _seed_motion(rgb: np.ndarray, rng: np.random.Generator) -> Drawn:
    from blurgenerator import motion_blur

    size, angle = int(rng.choice([3, 5])), int(rng.integers(0, 36) * 10)
    return motion_blur(rgb, size, angle), float(size == 5), {"size": size, "angle": angle}


def _seed_gaussian(rgb: np.ndarray, rng: np.random.Generator) -> Drawn:
    from blurgenerator import gaussian_blur

    kernel, sigma = int(rng.choice([3, 5])), int(rng.choice([1, 3, 5, 7]))
    return gaussian_blur(rgb, kernel, sigma), float(kernel == 5), {"kernel": kernel, "sigma": sigma}


def _seed_lens(rgb: np.ndarray, rng: np.random.Generator) -> Drawn:
    from blurgenerator import lens_blur

    radius, components = int(rng.choice([3, 5])), int(rng.integers(1, 6))
    gamma = int(rng.integers(2, 7))
    drawn = {"radius": radius, "components": components, "exposure_gamma": gamma}
    return lens_blur(rgb, radius, components, gamma), float(radius == 5), drawn


SEED_KINDS = {"motion": _seed_motion, "gaussian": _seed_gaussian, "lens": _seed_lens}

RECIPES: dict[str, Callable[..., Copy]] = {
    "everyday": everyday,
    "realistic": realistic,
    "seed": seed,
}


def recipe(name: str) -> Callable[..., Copy]:
    """The recipe of that name.

    Raises:
        ConfigError: There is none.
    """
    if name not in RECIPES:
        raise ConfigError(f"no recipe {name!r}; known: {', '.join(RECIPES)}")
    return RECIPES[name]


def _sensor_noise(pixels: np.ndarray, level: float, rng: np.random.Generator) -> np.ndarray:
    """Noise with a constant part and one that grows with the light, grey levels, shape as given."""
    noise: np.ndarray = noise_deviation(pixels, level) * rng.standard_normal(
        pixels.shape, dtype=np.float32
    )
    return noise
