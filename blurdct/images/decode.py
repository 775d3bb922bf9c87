"""Bytes or an array of one photo -> pixels: decoders, limits, layouts."""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageOps, JpegImagePlugin, UnidentifiedImageError

from ..config import ReadConfig
from ..errors import ImageError
from . import png
from .depth import narrow

MIN_SIDE = 16  # pixels, two blocks: less says nothing about blur

# What Pillow may open. Not all it could: its EPS reader, for one, runs Ghostscript on the bytes.
FORMATS = ["AVIF", "BMP", "DIB", "GIF", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP"]

ORIENTATION = 274  # EXIF tag
ON_SIDE = (5, 6, 7, 8)  # its values under which width and height change places

STRIP = 256  # rows that are laid over white at once
TELL_DEPTH = ("PPM", "JPEG2000")  # these say where white is, and Pillow stretches them
DARK = 64  # of 8 bits: colours of 16 bits that stay below it use 14 at most

_LIMITING = threading.Lock()
DAMAGED = "truncated or damaged image data"


def check_size(size: tuple[int, ...], config: ReadConfig, label: str) -> None:
    """Refuse a photo of too many pixels, or of too few.

    Args:
        size: Width and height, pixels.
        config: The most.
        label: What errors call the photo.

    Raises:
        ImageError: It is refused.
        ValueError: An array that is no picture.
    """
    if len(size) != 2:
        raise ValueError("expected an array of shape (H, W), (H, W, 3) or (H, W, 4)")
    width, height = size
    if width * height > config.max_pixels:
        raise ImageError(
            f"{label}: {width}x{height} pixels are over the limit of {config.max_pixels:,} pixels"
        )
    if min(width, height) < MIN_SIDE:
        raise ImageError(
            f"{label}: too small, {width}x{height} pixels; each side must have at least {MIN_SIDE}"
        )


def jpeg_size(data: bytes, label: str) -> tuple[int, int]:
    """Width and height of a JPEG file as stored, pixels; Pillow's own limit does not apply here.

    Raises:
        ImageError: It is damaged.
    """
    try:
        with (
            warnings.catch_warnings(action="ignore"),
            JpegImagePlugin.JpegImageFile(BytesIO(data)) as image,
        ):
            return image.size
    except Exception as error:  # the parser of hostile bytes may raise anything
        raise ImageError(f"{label}: {DAMAGED}") from error


def jpeg_lies_on_side(data: bytes) -> bool:
    """Whether EXIF says that width and height of a JPEG file change places when it is upright."""
    try:
        with (
            warnings.catch_warnings(action="ignore"),
            JpegImagePlugin.JpegImageFile(BytesIO(data)) as image,
        ):
            exif = Image.Exif()  # not ``getexif``, which asks XMP as well: OpenCV does not
            exif.load(image.info.get("exif", b""))
            return exif.get(ORIENTATION) in ON_SIDE
    except Exception:  # damaged EXIF turns nothing
        return False


def decode_by_pillow(data: bytes, label: str, config: ReadConfig, convert: Any) -> np.ndarray:
    """Bytes of anything but JPEG -> what ``convert`` makes of the picture, upright.

    Args:
        data: A file.
        label: What errors call the photo.
        config: Its pixel limit counts.
        convert: ``pillow_luma`` or ``pillow_rgb``.

    Raises:
        ImageError: No image, refused, or damaged.
    """
    try:
        try:
            return _within_limit(data, label, config, convert)
        except (ImageError, Image.DecompressionBombError):
            raise
        except Exception:
            if not data.startswith(png.SIGNATURE):
                raise
            # What is wrong may be text or a profile, of which no pixel is made.
            return _within_limit(png.pixels_alone(data), label, config, convert)
    except ImageError:
        raise
    except UnidentifiedImageError as error:
        raise ImageError(f"{label}: not an image, or of an unknown format") from error
    except Image.DecompressionBombError as error:  # before the size is known here
        raise ImageError(f"{label}: over the limit of {config.max_pixels:,} pixels") from error
    except Exception as error:  # decoders of hostile bytes raise anything
        raise ImageError(f"{label}: {DAMAGED} ({error})") from error


def _within_limit(data: bytes, label: str, config: ReadConfig, convert: Any) -> np.ndarray:
    try:
        return _decoded(data, label, config, convert)
    except Image.DecompressionBombError:  # a limit that is not ours
        with _pillow_limit(config.max_pixels):
            return _decoded(data, label, config, convert)


def _decoded(data: bytes, label: str, config: ReadConfig, convert: Any) -> np.ndarray:
    # Whatever Pillow has to warn of, the photo either reads or it does not.
    with (
        warnings.catch_warnings(action="ignore"),
        Image.open(BytesIO(data), formats=FORMATS) as opened,
    ):
        image: Any = opened
        check_size(image.size, config, label)
        deep = any(";16" in str(tile.args) for tile in image.tile)
        image.load()
        if deep and image.mode in ("RGB", "RGBA", "LA") and _is_dark(image):
            image = _stretched(data, image)
        try:
            ImageOps.exif_transpose(image, in_place=True)
        except MemoryError:
            raise
        except Exception:  # damaged EXIF turns nothing
            pass
        return convert(image)


def _is_dark(image: Image.Image) -> bool:
    """Whether no colour uses the upper two bits; of 16 bits Pillow keeps the upper eight."""
    ends: Any = image.getextrema()
    colours = ends[:3] if image.mode != "LA" else ends[:1]
    return max(most for _, most in colours) < DARK


def _stretched(data: bytes, image: Image.Image) -> Image.Image:
    """A PNG or TIFF file of 16 bits a colour, stretched by the depth in use.

    Args:
        data: The file.
        image: The same, of 8 bits and loaded; it comes back where OpenCV cannot do better.

    Returns:
        PNG as stored, with its orientation in its EXIF; TIFF upright, for both libraries turn it.
    """
    if image.format not in ("PNG", "TIFF") or "transparency" in image.info:
        return image
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if bgr is None or bgr.dtype != np.uint16 or bgr.ndim != 3 or bgr.shape[2] not in (3, 4):
        return image
    stretched = _array_image(narrow(bgr[..., [2, 1, 0, 3][: bgr.shape[2]]]))
    if image.format == "PNG":
        with suppress(Exception):  # damaged EXIF turns nothing
            stretched.getexif()[ORIENTATION] = image.getexif()[ORIENTATION]
    return stretched


@contextmanager
def _pillow_limit(pixels: int) -> Iterator[None]:
    """Have Pillow refuse what has more pixels than that, for as long as this lasts.

    Its limit is one for the whole process, and some of its readers look at it more than once.
    """
    with _LIMITING:
        before = Image.MAX_IMAGE_PIXELS
        Image.MAX_IMAGE_PIXELS = (pixels + 1) // 2  # it refuses at twice that
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before


def pillow_luma(image: Image.Image) -> np.ndarray:
    """A picture as luma, shape (H, W), uint8; transparency over white."""
    if image.mode.startswith("I"):  # 16 bits, in Pillow's modes I;16... and I
        wide = np.clip(np.asarray(image), 0, 65535).astype(np.uint16)
        return narrow(wide, 16 if image.format in TELL_DEPTH else None)
    return np.asarray(_opaque(image).convert("L"))


def pillow_rgb(image: Image.Image) -> np.ndarray:
    """A picture in colour, shape (H, W, 3), uint8; transparency over white."""
    if image.mode.startswith("I"):
        return np.repeat(pillow_luma(image)[:, :, None], 3, axis=2)
    return np.asarray(_opaque(image))


def _opaque(image: Image.Image) -> Image.Image:
    """RGB, with white behind whatever is transparent."""
    if image.mode == "F":
        raise ValueError("floating-point pixels are not supported")
    if not image.has_transparency_data:
        return image if image.mode == "RGB" else image.convert("RGB")
    if image.mode != "RGBA":
        image = image.convert("RGBA")
    flat = Image.new("RGB", image.size)
    for top in range(0, image.height, STRIP):  # at once, it would take three more whole pictures
        box = (0, top, image.width, min(top + STRIP, image.height))
        part = image.crop(box)
        white = Image.new("RGBA", part.size, "white")
        flat.paste(Image.alpha_composite(white, part).convert("RGB"), box)
    return flat


def array_luma(pixels: np.ndarray) -> np.ndarray:
    """An array of pixels as luma, shape (H, W), uint8; see ``images.read_luma``."""
    pixels = _array_bytes(pixels)
    return pixels if pixels.ndim == 2 else pillow_luma(_array_image(pixels))


def array_rgb(pixels: np.ndarray) -> np.ndarray:
    """An array of pixels in colour, shape (H, W, 3), uint8."""
    return pillow_rgb(_array_image(_array_bytes(pixels)))


def _array_bytes(pixels: np.ndarray) -> np.ndarray:
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8) * 255
    elif pixels.dtype == np.uint16:
        pixels = narrow(pixels)
    elif pixels.dtype != np.uint8:
        raise ValueError(f"expected dtype uint8, uint16 or bool, got {pixels.dtype}")
    if pixels.ndim != 2 and (pixels.ndim != 3 or pixels.shape[2] not in (3, 4)):
        raise ValueError(f"expected shape (H, W), (H, W, 3) or (H, W, 4), got {pixels.shape}")
    return pixels


def _array_image(pixels: np.ndarray) -> Image.Image:
    mode = "L" if pixels.ndim == 2 else "RGB" if pixels.shape[2] == 3 else "RGBA"
    return Image.fromarray(np.ascontiguousarray(pixels), mode=mode)
