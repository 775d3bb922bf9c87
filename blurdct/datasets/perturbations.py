"""Photo -> the same photo changed in ways that do not blur it.

``PERTURBATIONS`` are the changes that models are judged by, one at a time; ``vary`` mixes such
changes by chance for copies to train on. Whether a photo is blurred they leave as it is, so a
verdict should hold still. Only another size comes near to blur: of a photo that is no larger than
the working size a halved copy shows half the extent.

Pictures have shape (H, W, 3), uint8 sRGB, each side of at least 16 pixels, and keep that much.

Source:
    Luma: ITU-R BT.601-7, 2.5.1.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import cv2
import numpy as np

from ..images.decode import MIN_SIDE
from ..images.resize import resize_by
from .linear_light import LINEAR, as_seen

QUALITY = {".jpg": cv2.IMWRITE_JPEG_QUALITY, ".webp": cv2.IMWRITE_WEBP_QUALITY}
LONGEST = {".jpg": 65500, ".webp": 16383}  # pixels of a side, as the formats' libraries take it

Perturbation = Callable[[np.ndarray, np.random.Generator], np.ndarray | bytes]


def resized(rgb: np.ndarray, scale: float) -> np.ndarray:
    """Another size: reduced by area averaging, enlarged by cubic interpolation."""
    return resize_by(rgb, scale, MIN_SIDE, cv2.INTER_CUBIC)


def encoded(rgb: np.ndarray, ending: str, quality: int) -> bytes:
    """A file, ``.jpg`` or ``.webp``; a picture longer than the format holds is first reduced."""
    fit = LONGEST[ending] / max(rgb.shape)
    return as_file(resized(rgb, fit) if fit < 1 else rgb, ending, [QUALITY[ending], quality])


def exposed(rgb: np.ndarray, stops: float) -> np.ndarray:
    """Light times two to the power of ``stops``; what gets brighter than white is white."""
    return as_seen(LINEAR * 2.0**stops)[rgb]


def noisy(rgb: np.ndarray, rng: np.random.Generator, sigma: float) -> np.ndarray:
    """Gaussian noise of every pixel and colour, ``sigma`` in grey levels."""
    noise = rng.standard_normal(rgb.shape, dtype=np.float32)
    return np.clip(np.rint(rgb + np.float32(sigma) * noise), 0, 255).astype(np.uint8)


def noise_deviation(pixels: np.ndarray, level: float) -> np.ndarray:
    """Of sensor noise at each pixel, (H, W, 1): a constant part and one that grows with the light.

    Source: Foi et al., IEEE TIP 2008, doi:10.1109/TIP.2008.2001399.

    Args:
        pixels: Shape (H, W, 3), grey levels.
        level: Grey levels, at a medium grey.
    """
    deviation: np.ndarray = level * np.sqrt(0.5 + 0.5 * pixels.mean(axis=2, keepdims=True) / 128)
    return deviation


def sharpened(rgb: np.ndarray, amount: float, sigma: float) -> Any:
    """An unsharp mask: what a Gaussian of so many pixels takes away is added, ``amount`` times."""
    return cv2.addWeighted(rgb, 1 + amount, cv2.GaussianBlur(rgb, (0, 0), sigma), -amount, 0)


def cropped(rgb: np.ndarray, share: float, down: float = 0.5, across: float = 0.5) -> np.ndarray:
    """A part of each side: its ``share``, and where (0 at the left or the top, 1 at the end)."""
    height, width = (max(MIN_SIDE, round(side * share)) for side in rgb.shape[:2])
    top, left = round((rgb.shape[0] - height) * down), round((rgb.shape[1] - width) * across)
    return np.ascontiguousarray(rgb[top : top + height, left : left + width])


def framed(rgb: np.ndarray, grey: int) -> np.ndarray:
    """In the middle of a flat border of that grey level, which takes a third of the whole area."""
    height, width = (round(side * math.sqrt(1.5)) for side in rgb.shape[:2])
    picture = np.full((height, width, 3), grey, np.uint8)
    top, left = (height - rgb.shape[0]) // 2, (width - rgb.shape[1]) // 2
    picture[top : top + rgb.shape[0], left : left + rgb.shape[1]] = rgb
    return picture


def _turned(rgb: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.rot90(rgb))


def _mirrored(rgb: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(rgb[:, ::-1])


def _grey(rgb: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


def _always(change: Callable[..., Any], *amount: Any) -> Perturbation:
    """A change that leaves nothing to chance."""
    return lambda rgb, rng: change(rgb, *amount)


# By name: picture and chance -> picture, or bytes where the change is that of a file.
PERTURBATIONS: dict[str, Perturbation] = {
    "halved": _always(resized, 0.5),
    "doubled": _always(resized, 2.0),
    **{f"JPEG {quality}": _always(encoded, ".jpg", quality) for quality in (40, 55, 75, 85, 95)},
    "WebP 75": _always(encoded, ".webp", 75),
    "two stops darker": _always(exposed, -2.0),
    "two stops brighter": _always(exposed, 2.0),
    **{f"noise {sigma}": partial(noisy, sigma=sigma) for sigma in (2, 5, 10)},
    "turned by 90 degrees": _always(_turned),
    "mirrored": _always(_mirrored),
    "cropped to the middle": _always(cropped, 0.7),
    "grey": _always(_grey),
    "white border": _always(framed, 255),
    "black border": _always(framed, 0),
}


def vary(rgb: np.ndarray, rng: np.random.Generator) -> bytes:
    """A file of the photo after a random mixture of changes, for copies to train on.

    In this order, each with a chance of its own: cropped to .6 to .95 of each side (.25), reduced
    to .4 to 1 (.55) or else enlarged up to twice (.2), darkened or brightened by up to 2.2 stops
    (.5), noise of 1 to 11 grey levels (.6), a border (.15); in the end JPEG (.525) or WebP (.175)
    of quality 40 to 95, else PNG. What is drawn does not depend on what the photo shows.
    """
    if rng.random() < 0.25:
        rgb = cropped(rgb, rng.uniform(0.6, 0.95), rng.random(), rng.random())
    size = rng.random()
    if size < 0.55:
        rgb = resized(rgb, log_uniform(rng, 0.4, 1))
    elif size < 0.75:
        rgb = resized(rgb, rng.uniform(1, 2))
    if rng.random() < 0.5:
        rgb = exposed(rgb, rng.uniform(-2.2, 2.2))
    if rng.random() < 0.6:
        rgb = noisy(rgb, rng, log_uniform(rng, 1, 11))
    if rng.random() < 0.15:
        rgb = framed(rgb, int(rng.choice([0, 128, 255])))
    if rng.random() < 0.7:
        ending = ".jpg" if rng.random() < 0.75 else ".webp"
        return encoded(rgb, ending, int(rng.integers(40, 96)))
    return as_file(rgb, ".png", [])


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """A number between two over 0, any factor as likely as any other."""
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def as_file(rgb: np.ndarray, ending: str, options: list[int]) -> bytes:
    """A file with options of OpenCV's encoder."""
    return cv2.imencode(ending, cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), options)[1].tobytes()
