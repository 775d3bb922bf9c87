"""Bytes of a file, or an image of Pillow's -> pixels: limits, layouts, frames."""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from io import BytesIO
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ..config import ReadConfig
from ..errors import ImageError
from ..utils.text import reason
from .depth import narrow, stretched_from, used_depth
from .structure import png
from .structure.jpeg import DAMAGED, ORIENTATION
from .structure.pages import (
    TIFF_STARTS,
    Decoded,
    first_shown,
    shows,
    spread,
    tiff_from,
    tiff_pages,
    tiff_samples,
    which,
)
from .transparency import SAVE_AS, TRANSPARENT, UnreadError, is_seen_through, opaque

MIN_SIDE = 16  # pixels, two blocks: less says nothing about blur

# What Pillow may open. Not all it could: its EPS reader, for one, runs Ghostscript on the bytes.
FORMATS = ["AVIF", "BMP", "DIB", "GIF", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP"]

TELL_DEPTH = ("PPM", "JPEG2000")  # these say where white is, and Pillow stretches them
DARK = 64  # of 8 bits: colours of 16 bits that stay below it use 14 at most

_LIMITING = threading.Lock()


def check_size(size: tuple[int, int], config: ReadConfig, label: str) -> None:
    """Refuse a photo of too many pixels, or of too few.

    Args:
        size: Width and height, pixels.
        config: The most.
        label: What errors call the photo.

    Raises:
        ImageError: It is refused.
    """
    width, height = size
    if width * height > config.max_pixels:
        raise ImageError(
            f"{label}: {width}x{height} pixels are over the limit of {config.max_pixels:,} pixels"
        )
    if min(width, height) < MIN_SIDE:
        raise ImageError(
            f"{label}: too small, {width}x{height} pixels; each side must have at least {MIN_SIDE}"
        )


def is_known(data: bytes) -> bool:
    """Whether a file begins as those that Pillow may open, or JPEG, do."""
    Image.init()
    accepting = (Image.OPEN[name][1] for name in (*FORMATS, "JPEG") if name in Image.OPEN)
    start = data[:16].ljust(16, b"\0")
    return any(accepts is None or accepts(start) is True for accepts in accepting)


def decode_by_pillow(data: bytes, label: str, config: ReadConfig, colour: bool) -> Decoded:
    """Bytes of anything but JPEG -> the picture that shows something, upright.

    Args:
        data: A file.
        label: What errors call the photo.
        config: Its pixel limit counts.
        colour: Red, green and blue, or luma.

    Raises:
        ImageError: No image, refused, or damaged.
    """
    try:
        try:
            return _within_limit(data, label, config, colour)
        except (ImageError, Image.DecompressionBombError, MemoryError):
            raise
        except Exception:
            if not data.startswith(png.SIGNATURE):
                raise
            # What is wrong may be text or a profile, of which no pixel is made.
            return _within_limit(png.pixels_alone(data), label, config, colour)
    except (ImageError, MemoryError):
        raise
    except UnreadError as error:
        raise ImageError(f"{label}: {error}") from error
    except UnidentifiedImageError as error:
        raise ImageError(f"{label}: not an image, or of an unknown format") from error
    except Image.DecompressionBombError as error:  # before the size is known here
        raise ImageError(f"{label}: over the limit of {config.max_pixels:,} pixels") from error
    except Exception as error:  # decoders of hostile bytes raise anything
        more = "" if "truncated" in str(error) else f" ({reason(error)})"
        raise ImageError(f"{label}: {DAMAGED}{more}") from error


def _within_limit(data: bytes, label: str, config: ReadConfig, colour: bool) -> Decoded:
    try:
        return _decoded(data, label, config, colour)
    except Image.DecompressionBombError:  # a limit that is not ours
        with _pillow_limit(config.max_pixels):
            return _decoded(data, label, config, colour)


def _decoded(data: bytes, label: str, config: ReadConfig, colour: bool) -> Decoded:
    # Whatever Pillow has to warn of, the photo either reads or it does not.
    with warnings.catch_warnings(action="ignore"):
        if data.startswith(TIFF_STARTS):
            return _tiff(data, label, config, colour)
        with Image.open(BytesIO(data), formats=FORMATS) as opened:
            check_size(opened.size, config, label)
            count = getattr(opened, "n_frames", 1)

            def read(number: int) -> Decoded:
                if number:
                    opened.seek(number)
                return _picture(data, opened, colour)

            if count < 2:
                return read(0)
            order = spread(count, opened.width * opened.height)
            number, found = first_shown(read, order, lambda picture: picture.pixels)
            return replace(found, notes=which(number + 1, count) + found.notes)


def _tiff(data: bytes, label: str, config: ReadConfig, colour: bool) -> Decoded:
    places, first = tiff_pages(data)

    def read(number: int) -> Decoded:
        # As the first of its file each page is within reach of OpenCV, too.
        at = places[number] if places else first
        page = data if at == first else tiff_from(data, at)
        samples = tiff_samples(data, at)
        if samples.misread:
            raise UnreadError(f"TIFF of {samples} is {SAVE_AS}")
        try:
            opening = Image.open(BytesIO(page), formats=FORMATS)
        except UnidentifiedImageError as error:
            if not samples.unusual:
                raise
            raise UnreadError(f"TIFF of {samples} is {SAVE_AS}") from error
        with opening as opened:
            check_size(opened.size, config, label)
            return _picture(page, opened, colour)

    if len(places) < 2:
        return read(0)
    number, found = first_shown(read, spread(len(places)), lambda picture: picture.pixels)
    return replace(found, notes=which(number + 1, len(places), "page") + found.notes)


def _picture(data: bytes, image: Any, colour: bool) -> Decoded:
    """The frame that Pillow is at, upright; ``data`` begin with it if it has 16 bits a colour."""
    stored = " ".join(str(tile.args) for tile in image.tile)
    image.load()
    notes: tuple[str, ...] = ()
    if ";16" in stored and image.mode in ("RGB", "RGBA", "LA") and _is_dark(image):
        image, notes = _stretched(data, image)
    decoded = decode_image(image, colour, 12 if ";12" in stored else None)
    return replace(decoded, notes=notes + decoded.notes)


def decode_image(image: Image.Image, colour: bool, depth: int | None = None) -> Decoded:
    """A loaded image of Pillow's, turned upright by its EXIF, as luma or in colour.

    Args:
        image: Of any mode.
        colour: Red, green and blue, or luma.
        depth: Bits of its samples, if those are 16 and the file says how many are in use.

    Raises:
        UnreadError: Samples that are neither bytes nor whole numbers of 16 bits.
    """
    turned: Any = image
    try:
        if image.getexif().get(ORIENTATION, 1) != 1:  # else it would be copied
            turned = ImageOps.exif_transpose(image)
    except MemoryError:
        raise
    except Exception:  # damaged EXIF turns nothing
        pass
    notes: tuple[str, ...] = ()
    if turned.mode.startswith("I"):  # 16 bits, in Pillow's modes I;16... and I
        wide = _wide(np.asarray(turned))
        depth = 16 if image.format in TELL_DEPTH else depth or used_depth(wide)
        pixels = narrow(wide, depth)
        notes = stretched_from(wide, depth)
        if colour:
            pixels = np.repeat(pixels[:, :, None], 3, axis=2)
    else:
        flat = opaque(turned)
        pixels = np.asarray(flat if colour else flat.convert("L"))
        if flat is not turned and is_seen_through(turned) and not shows(pixels):
            notes = (TRANSPARENT,)
    return Decoded(pixels, turned.size, notes)


def _wide(samples: np.ndarray) -> np.ndarray:
    """Whole numbers of up to 32 bits that 16 bits hold, uint16."""
    low, high = int(samples.min(initial=0)), int(samples.max(initial=0))
    if low < 0 or high > 65535:
        raise UnreadError(f"samples below 0 or of more than 16 bits are {SAVE_AS}")
    return samples.astype(np.uint16)


def _is_dark(image: Image.Image) -> bool:
    """Whether no colour uses the upper two bits; of 16 bits Pillow keeps the upper eight."""
    ends: Any = image.getextrema()
    colours = ends[:3] if image.mode != "LA" else ends[:1]
    return max(most for _, most in colours) < DARK


def _stretched(data: bytes, image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """A PNG or TIFF file of 16 bits a colour, stretched by the depth in use.

    Args:
        data: The file.
        image: The same, of 8 bits and loaded; it comes back where OpenCV cannot do better.

    Returns:
        PNG as stored, with its orientation in its EXIF; TIFF upright, for both libraries turn it.
        And a note of what was done.
    """
    if image.format not in ("PNG", "TIFF") or "transparency" in image.info:
        return image, ()
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if bgr is None or bgr.dtype != np.uint16 or bgr.ndim != 3 or bgr.shape[2] not in (3, 4):
        return image, ()
    wide = bgr[..., [2, 1, 0, 3][: bgr.shape[2]]]
    stretched = array_image(narrow(wide))
    if image.format == "PNG":
        with suppress(Exception):  # damaged EXIF turns nothing
            stretched.getexif()[ORIENTATION] = image.getexif()[ORIENTATION]
    return stretched, stretched_from(wide[..., :3], used_depth(wide[..., :3]))


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


def array_image(pixels: np.ndarray) -> Image.Image:
    """Pixels of shape (H, W), (H, W, 3) or (H, W, 4), uint8, as an image of Pillow's."""
    mode = "L" if pixels.ndim == 2 else "RGB" if pixels.shape[2] == 3 else "RGBA"
    return Image.fromarray(np.ascontiguousarray(pixels), mode=mode)
