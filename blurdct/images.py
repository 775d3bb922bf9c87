"""Path, bytes or array -> luma (H, W) uint8 at the working size; the one reader.

JPEG files, nearly all photographs there are, go straight to OpenCV, which can decode them at a
half, a quarter or an eighth of their size; everything else goes through Pillow, which knows
transparency, palettes and the rest.

Sources:
    Luma: ITU-R BT.601-7, 2.5.1 (0.299 R + 0.587 G + 0.114 B), as in JPEG files.
"""

import os
import stat
import warnings
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np
from PIL import Image, ImageOps, JpegImagePlugin, UnidentifiedImageError

from .config import ReadConfig
from .errors import ImageError

# What ``read_luma`` takes.
Source = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | np.ndarray

MIN_SIDE = 16  # pixels, two blocks: less says nothing about blur

# Endings of files that a folder is searched for.
SUFFIXES = frozenset(
    ".avif .bmp .dib .gif .j2k .jfif .jp2 .jpe .jpeg .jpg .pbm .pgm .png .pnm .ppm .tif .tiff "
    ".webp".split()
)

# What Pillow may open. Not all it could: its EPS reader, for one, runs Ghostscript on the bytes.
FORMATS = ["AVIF", "BMP", "DIB", "GIF", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP"]

_JPEG = b"\xff\xd8\xff"
_REDUCED = {
    1: cv2.IMREAD_GRAYSCALE,
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
    8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
}
_DAMAGED = "truncated or damaged image data"


def read_luma(source: Source, config: ReadConfig = ReadConfig(), name: str | None = None) -> Any:
    """The brightness of a photo at the working size.

    Args:
        source: Path; bytes of an image file, or an open file of them; or pixels as an array of
            shape (H, W), (H, W, 3) RGB or (H, W, 4) RGBA, dtype uint8, uint16 or bool.
        config: Working size and pixel limit.
        name: What errors call the photo; its path if left out.

    Returns:
        Shape (H, W), uint8, grey levels 0..255: upright by EXIF, transparency over white, the
        long side reduced to ``config.size`` (never enlarged) by area averaging, aspect kept. Of a
        strip so narrow that its short side would fall under 16 pixels, that side stays 16.

    Raises:
        ImageError: Missing, empty, truncated, no image, unsupported, too small (a side under 16
            pixels) or over the pixel limit. The message names the photo and says why.
        ValueError: An array of another shape or dtype.
    """
    if isinstance(source, np.ndarray):
        label = name or "array"
        _check_size(source.shape[1::-1], config, label)
        return _fit(_array_luma(source), config.size)
    data, label = _read_bytes(source, name)
    if data[:3] == _JPEG:
        width, height = _jpeg_size(data, label)
        _check_size((width, height), config, label)
        flag = _REDUCED[_reduction(_scale(width, height, config.size))]
        luma = cv2.imdecode(np.frombuffer(data, np.uint8), flag)
        if luma is None:
            raise ImageError(f"{label}: {_DAMAGED}")
    else:
        luma = _decode(data, label, config, _pillow_luma)
    return _fit(luma, config.size)


def read_rgb(source: Source, config: ReadConfig = ReadConfig(), name: str | None = None) -> Any:
    """The colours of a photo at its own size, for making blurred copies of it.

    Args:
        source: Path, bytes of an image file, or an open file of them.
        config: Only its pixel limit counts here.
        name: What errors call the photo; its path if left out.

    Returns:
        Shape (H, W, 3), uint8, red, green, blue: upright by EXIF, transparency over white.

    Raises:
        ImageError: As for ``read_luma``.
    """
    if isinstance(source, np.ndarray):
        raise ValueError("expected a path, bytes or a file, got an array")
    data, label = _read_bytes(source, name)
    if data[:3] == _JPEG:
        _check_size(_jpeg_size(data, label), config, label)
        rgb = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
        if rgb is None:
            raise ImageError(f"{label}: {_DAMAGED}")
        return rgb
    return _decode(data, label, config, _pillow_rgb)


def find_photos(
    folder: str | os.PathLike[str], on_error: Callable[[OSError], object] | None = None
) -> list[Path]:
    """Every image file in a folder and the folders below it, by its ending, sorted by path.

    Args:
        folder: Where to search; links to other folders are not followed.
        on_error: Called with the error for each folder that cannot be listed; else it is skipped.
    """
    found = []
    for parent, folders, files in os.walk(folder, onerror=on_error):
        folders.sort()
        found += [
            Path(parent, file)
            for file in files
            if os.path.splitext(file)[1].lower() in SUFFIXES and not file.startswith(".")
        ]
    return sorted(found)


def _read_bytes(source: Any, name: str | None) -> tuple[bytes, str]:
    if isinstance(source, (bytes, bytearray, memoryview)):
        data, label = bytes(source), name or "bytes"
    elif hasattr(source, "read"):
        label = name or str(getattr(source, "name", "file"))
        data = source.read()
        if not isinstance(data, (bytes, bytearray)):
            raise ValueError(f"{label}: expected a file opened in binary mode")
    else:
        label = name or os.fspath(source)
        try:
            if stat.S_ISFIFO(os.stat(source).st_mode):  # it might never come to an end
                raise ImageError(f"{label}: a pipe, not a file")
            data = Path(source).read_bytes()
        except FileNotFoundError as error:
            raise ImageError(f"{label}: no such file") from error
        except IsADirectoryError as error:
            raise ImageError(f"{label}: a folder, not a photo") from error
        except ImageError:
            raise
        except (OSError, ValueError) as error:  # ValueError: a null byte in the path
            reason = getattr(error, "strerror", None) or error
            raise ImageError(f"{label}: cannot be read ({reason})") from error
    if not data:
        raise ImageError(f"{label}: empty file")
    return data, label


def _check_size(size: tuple[int, ...], config: ReadConfig, label: str) -> None:
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


def _jpeg_size(data: bytes, label: str) -> tuple[int, int]:
    """Width and height as stored; Pillow's own limit does not apply on this road."""
    try:
        with (
            warnings.catch_warnings(action="ignore"),
            JpegImagePlugin.JpegImageFile(BytesIO(data)) as image,
        ):
            return image.size
    except Exception as error:  # the parser of hostile bytes may raise anything
        raise ImageError(f"{label}: {_DAMAGED}") from error


def _scale(width: int, height: int, size: int) -> float:
    """By how much a photo is reduced: long side to ``size``, but the short one not under 16."""
    return min(1.0, max(size / max(width, height), MIN_SIDE / min(width, height)))


def _reduction(scale: float) -> int:
    """By how much the JPEG library may shrink: to exactly the wanted scale or at least twice it."""
    for factor in (8, 4, 2):
        if factor * scale == 1 or 2 * factor * scale <= 1:
            return factor
    return 1


def _decode(data: bytes, label: str, config: ReadConfig, convert: Any) -> np.ndarray:
    """Bytes of anything but JPEG through Pillow and ``convert``."""
    try:
        # Whatever Pillow has to warn of, the photo either reads or it does not.
        with (
            warnings.catch_warnings(action="ignore"),
            Image.open(BytesIO(data), formats=FORMATS) as image,
        ):
            _check_size(image.size, config, label)
            return convert(ImageOps.exif_transpose(image))
    except ImageError:
        raise
    except UnidentifiedImageError as error:
        raise ImageError(f"{label}: not an image, or of an unknown format") from error
    except Image.DecompressionBombError as error:
        raise ImageError(f"{label}: over Pillow's pixel limit ({error})") from error
    except Exception as error:  # decoders of hostile bytes raise anything
        raise ImageError(f"{label}: {_DAMAGED} ({error})") from error


def _pillow_luma(image: Image.Image) -> np.ndarray:
    if image.mode.startswith("I"):  # 16 bits, in Pillow's modes I;16... and I
        wide = np.clip(np.asarray(image), 0, 65535).astype(np.uint16)
        return _narrow(wide)
    return np.asarray(_opaque(image).convert("L"))


def _pillow_rgb(image: Image.Image) -> np.ndarray:
    if image.mode.startswith("I"):
        return np.repeat(_pillow_luma(image)[:, :, None], 3, axis=2)
    return np.asarray(_opaque(image))


def _opaque(image: Image.Image) -> Image.Image:
    """RGB, with white behind whatever is transparent."""
    if image.mode == "F":
        raise ValueError("floating-point pixels are not supported")
    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")


def _array_luma(pixels: np.ndarray) -> np.ndarray:
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8) * 255
    elif pixels.dtype == np.uint16:
        pixels = _narrow(pixels)
    elif pixels.dtype != np.uint8:
        raise ValueError(f"expected dtype uint8, uint16 or bool, got {pixels.dtype}")
    if pixels.ndim == 2:
        return pixels
    if pixels.ndim != 3 or pixels.shape[2] not in (3, 4):
        raise ValueError(f"expected shape (H, W), (H, W, 3) or (H, W, 4), got {pixels.shape}")
    mode = "RGB" if pixels.shape[2] == 3 else "RGBA"
    return _pillow_luma(Image.fromarray(np.ascontiguousarray(pixels), mode=mode))


def _narrow(wide: np.ndarray) -> np.ndarray:
    """uint16 -> uint8, 65535 to 255."""
    return ((wide.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _fit(luma: np.ndarray, size: int) -> np.ndarray:
    height, width = luma.shape
    scale = _scale(width, height, size)
    if scale == 1:
        return luma
    target = (round(width * scale), round(height * scale))
    return cv2.resize(luma, target, interpolation=cv2.INTER_AREA)
