"""Pixels in memory -> what the reader goes on with: arrays, images of Pillow's, tensors."""

from typing import Any

import numpy as np
from PIL import Image

from ..config import ReadConfig
from ..errors import ImageError
from ..utils.text import reason
from .decode import array_image, check_size, decode_image
from .depth import narrow, stretched_from, used_depth
from .structure.jpeg import DAMAGED
from .structure.pages import Decoded
from .transparency import UnreadError

_CHANNELS = (3, 4)
_EXPECTED = "expected an array of shape (H, W), (H, W, 3) or (H, W, 4), got {}"


def is_pixels(source: Any) -> bool:
    """Whether a source holds pixels, not a file."""
    return isinstance(source, (np.ndarray, Image.Image)) or _is_tensor(source)


def decode_pixels(source: Any, label: str, config: ReadConfig, colour: bool) -> Decoded:
    """Pixels in memory as luma, shape (H, W), or in colour, shape (H, W, 3), uint8.

    Args:
        source: See ``images.read_luma``; it is not changed.
        label: What errors call the photo.
        config: Its pixel limit counts.
        colour: Red, green and blue, or luma.

    Raises:
        ImageError: Too many or too few of them, or an image that cannot be loaded or converted.
        ValueError: An array or tensor of another shape, dtype or range.
    """
    if isinstance(source, Image.Image):
        return _image(source, label, config, colour)
    pixels = _of_tensor(source) if _is_tensor(source) else source
    if pixels.ndim not in (2, 3):
        raise ValueError(_EXPECTED.format(pixels.shape))
    check_size(pixels.shape[1::-1], config, label)
    notes: tuple[str, ...] = ()
    if pixels.dtype == np.uint16:
        colours = pixels[..., :3] if pixels.ndim == 3 else pixels
        notes = stretched_from(colours, used_depth(colours))
    pixels = _bytes(pixels)
    if pixels.ndim == 2 and not colour:
        return Decoded(pixels, pixels.shape[1::-1], notes)
    decoded = decode_image(array_image(pixels), colour)
    return Decoded(decoded.pixels, decoded.size, notes + decoded.notes)


def _image(image: Image.Image, label: str, config: ReadConfig, colour: bool) -> Decoded:
    check_size(image.size, config, label)
    try:
        image.load()
        return decode_image(image, colour)
    except MemoryError:
        raise
    except UnreadError as error:
        raise ImageError(f"{label}: {error}") from error
    except Exception as error:  # it may be opened and not read yet
        more = "" if "truncated" in str(error) else f" ({reason(error)})"
        raise ImageError(f"{label}: {DAMAGED}{more}") from error


def _is_tensor(source: Any) -> bool:
    return hasattr(source, "detach") and hasattr(source, "cpu") and hasattr(source, "shape")


def _of_tensor(tensor: Any) -> np.ndarray:
    """A tensor of PyTorch's as an array: channels last, floats of 0..1 as grey levels."""
    pixels = tensor.detach().cpu()
    if pixels.is_floating_point():
        pixels = np.asarray(pixels.float().numpy())
        low, high = (float(end) for end in (pixels.min(initial=0), pixels.max(initial=0)))
        if not (low >= 0 and high <= 1):  # NaN, too
            raise ValueError(f"expected a tensor of floats of 0..1, got {low:g}..{high:g}")
        pixels = np.rint(pixels * 255).astype(np.uint8)
    pixels = np.asarray(pixels)
    if pixels.ndim == 3 and pixels.shape[2] not in _CHANNELS:
        if pixels.shape[0] in _CHANNELS:
            return np.moveaxis(pixels, 0, 2)
        if pixels.shape[0] == 1:
            return pixels[0]
    return pixels


def _bytes(pixels: np.ndarray) -> np.ndarray:
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8) * 255
    elif pixels.dtype == np.uint16:
        pixels = narrow(pixels)
    elif pixels.dtype != np.uint8:
        raise ValueError(f"expected dtype uint8, uint16 or bool, got {pixels.dtype}")
    if pixels.ndim != 2 and (pixels.ndim != 3 or pixels.shape[2] not in _CHANNELS):
        raise ValueError(_EXPECTED.format(pixels.shape))
    return pixels
