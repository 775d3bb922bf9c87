"""Sharp photo -> a copy of what people bring: any scene, any size, any camera, blurred or not.

One recipe for sharp and blurred copies, so that nothing but blur separates them: a scene is made of
the photo, blurred in linear light or not, and then goes through all that happens to pictures, with
noise and its removal, sharpening, letters, another size and compression. Weak blur is as frequent
as strong blur.

Sources:
    Signal-dependent noise: Foi et al., IEEE TIP 2008, doi:10.1109/TIP.2008.2001399.
"""

import math

import cv2
import numpy as np

from .blur_kernels import disk, gaussian, mixture, motion, path_kernel
from .linear_light import LINEAR, encode
from .pages import letters
from .scenes import scene

KINDS = {"defocus": 0.38, "motion": 0.34, "shake": 0.1, "gaussian": 0.08, "mixture": 0.1}
# Width of a point's image, pixels of the copy as it is read: least, and most as a share of its long
# side. A path of the least length of a disk's diameter would hardly show.
LEAST = {"defocus": 1.9, "motion": 3.6, "shake": 3.2, "gaussian": 2.2, "mixture": 3.0}
MOST = 0.06
WEAK = 0.55  # share of blur in the lower third of its range (log)
LEAST_SIDE, SMALL = 32, 256  # pixels, of the long side of small copies


def everyday(rgb: np.ndarray, rng: np.random.Generator, blurred: bool, side: int = 640):
    """A copy as people bring them.

    Args:
        rgb: Sharp photo, shape (H, W, 3), uint8 sRGB.
        rng: Where chance comes from.
        blurred: With blur, or only with all the rest.
        side: Working size that extents are meant at, pixels.
    """
    from .recipes import Copy

    picture, name = scene(rgb, rng)
    long = max(picture.shape[:2])
    if rng.random() < 0.12:
        target = math.exp(rng.uniform(math.log(LEAST_SIDE), math.log(SMALL)))
    else:
        target = long * min(1.0, rng.uniform(0.5, 1.15))
    scale = min(1.0, max(target, LEAST_SIDE) / long)
    kind = list(KINDS)[rng.choice(len(KINDS), p=list(KINDS.values()))]
    weak = rng.random() < WEAK
    strength = rng.uniform(0, 1 / 3) if weak else rng.uniform(1 / 3, 1)
    read = max(1.0, long * scale / side)
    least = LEAST[kind]
    most = max(1.6 * least, MOST * long * scale / read)
    extent = least * (most / least) ** strength
    light = LINEAR[picture]
    dark = float(picture.mean()) < 75
    glow = rng.random() < (0.6 if dark else 0.2)
    brightest = math.exp(rng.uniform(0, math.log(25))) if glow else 1.0
    from_level = rng.uniform(0.7, 0.95)
    early = rng.random() < 0.7 or scale > 0.6  # blurred by the camera, or when it was small already
    kernel = _kernel(kind, extent * read / (scale if early else 1), rng)
    if brightest > 1:
        lights = np.clip((light.max(axis=2, keepdims=True) - from_level) / (1 - from_level), 0, 1)
        light = light * (1 + (brightest - 1) * lights * lights)
    if blurred and early:
        light = cv2.filter2D(light, -1, kernel, borderType=cv2.BORDER_REFLECT_101)
    elif not early:
        light = _resized(light, scale, rng)
        if blurred:
            light = cv2.filter2D(light, -1, kernel, borderType=cv2.BORDER_REFLECT_101)
    exposure, gamma = 2 ** rng.normal(0, 0.45), math.exp(rng.normal(0, 0.1))
    pixels = 255 * encode(np.clip(light * np.float32(exposure), 0, 1)) ** np.float32(gamma)
    noise = math.exp(rng.uniform(math.log(0.3), math.log(7.0)))
    if rng.random() < 0.12:
        noise = rng.uniform(7, 20)
    copy = _rounded(pixels + _noise(pixels, noise, rng))
    if rng.random() < (0.45 if noise > 5 else 0.15):
        how = rng.random()
        if how < 0.7:
            copy = cv2.bilateralFilter(copy, 5, max(8.0, rng.uniform(1.5, 4) * noise), 2)
        else:
            copy = cv2.medianBlur(copy, 3)
    if rng.random() < 0.25:
        copy = _sharpened(copy, rng.uniform(0.2, 1.2), rng.uniform(0.6, 1.6))
    if rng.random() < 0.07:
        copy = letters(copy, rng)
    if early:
        copy = _resized(copy, scale, rng)
    if rng.random() < 0.12:
        copy = _sharpened(copy, rng.uniform(0.1, 0.6), rng.uniform(0.5, 1.0))
    drawn = {"extent": extent * read if blurred else 0.0, "noise": noise, "scale": scale}
    data = _file(copy, rng)
    shown = kind if blurred else "none"
    return Copy(
        data,
        shown,
        float(strength) if blurred else 0.0,
        {**drawn, "scene": list(_names()).index(name)},
    )


def _names():
    from .scenes import SCENES

    return SCENES


def _kernel(kind: str, extent: float, rng: np.random.Generator) -> np.ndarray:
    makers = {"defocus": disk, "motion": motion, "gaussian": gaussian, "mixture": mixture}
    return shake(extent, rng) if kind == "shake" else makers[kind](extent, rng)


def shake(extent: float, rng: np.random.Generator) -> np.ndarray:
    """Kernel of a jolt: most of the time at both ends of a short path, which doubles edges."""
    heading = rng.uniform(0, math.pi)
    part = rng.uniform(0.3, 0.7)  # of the time at the first end
    between = rng.uniform(0.05, 0.4)
    count = 400
    ends = np.array([0.0, 1.0])
    counts = np.rint(count * (1 - between) * np.array([part, 1 - part])).astype(int)
    along = np.concatenate(
        [np.repeat(ends, counts), np.linspace(0, 1, max(8, int(count * between)))]
    )
    along = along * extent
    return path_kernel(along * math.cos(heading), along * math.sin(heading))


def _noise(pixels: np.ndarray, level: float, rng: np.random.Generator) -> np.ndarray:
    """Noise that grows with the light, of single pixels or of some together, grey levels."""
    deviation = level * np.sqrt(0.5 + 0.5 * pixels.mean(axis=2, keepdims=True) / 128)
    drawn = rng.standard_normal(pixels.shape, dtype=np.float32)
    if rng.random() < 0.4:
        sigma = rng.uniform(0.4, 1.1)
        drawn = cv2.GaussianBlur(drawn, (0, 0), sigma)
        drawn /= max(1e-3, float(drawn.std()))
    if rng.random() < 0.3:
        drawn = drawn.mean(axis=2, keepdims=True) * 1.7 + 0.3 * drawn
    noise: np.ndarray = deviation * drawn
    return noise


def _sharpened(rgb: np.ndarray, amount: float, sigma: float) -> np.ndarray:
    return cv2.addWeighted(rgb, 1 + amount, cv2.GaussianBlur(rgb, (0, 0), sigma), -amount, 0)


def _resized(pixels: np.ndarray, scale: float, rng: np.random.Generator) -> np.ndarray:
    if scale >= 1:
        return pixels
    size = tuple(max(24, round(side * scale)) for side in pixels.shape[1::-1])
    how = cv2.INTER_AREA
    if scale > 0.55 and rng.random() < 0.6:
        how = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)[int(rng.integers(3))]
    return cv2.resize(pixels, size, interpolation=how)


def _file(rgb: np.ndarray, rng: np.random.Generator) -> bytes:
    """JPEG, sometimes the second in a row, WebP or PNG."""
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    drawn = rng.random()
    if drawn < 0.05:
        return cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()
    if drawn < 0.15:
        return cv2.imencode(".webp", bgr, [cv2.IMWRITE_WEBP_QUALITY, int(rng.integers(40, 96))])[
            1
        ].tobytes()
    if drawn < 0.3:
        first = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(60, 97))])[1]
        bgr = cv2.imdecode(first, cv2.IMREAD_COLOR)
    quality = int(rng.integers(40, 98))
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def _rounded(pixels: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
