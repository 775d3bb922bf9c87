"""HEIC, camera RAW and PDF -> pixels or a JPEG file, by the libraries of the extra ``[formats]``.

What Pillow and OpenCV read without help is no business of this module.

Sources:
    Brands of HEIF files: ISO/IEC 23008-12:2017, 10; ISO/IEC 14496-12:2015, 4.3 (``ftyp``).
    DNGVersion: Adobe, Digital Negative Specification 1.6, tag 50706.
"""

import math
import os
import threading
import warnings
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from ..errors import ImageError
from ..utils.installing import install_hint
from .files import RAW_SUFFIXES
from .structure.pages import TIFF_STARTS, first_shown, spread, which

# Embedded previews with a shorter long side are passed over: they are there to leaf through.
PREVIEW = 1024  # pixels
PAGE_RESOLUTION = 150  # dots per inch, of a PDF page that is more than a scan or a photo

Picture = bytes | np.ndarray
Size = tuple[int, int]  # width and height, pixels
Unpacked = tuple[Picture, Size, tuple[str, ...]]
Check = Callable[[Size], None]  # called before anything is decoded

_HEIF_BRANDS = frozenset((b"heic heix heim heis hevc hevx hevm hevs").split())
_ANY_HEIF_BRANDS = frozenset((b"mif1", b"msf1"))  # HEVC or AV1 within
_AV1_BRANDS = frozenset((b"avif", b"avis"))
_RAW_STARTS = (b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FUJIFILMCCD-RAW ")  # ORF thrice, RW2, RAF
# TIFF tags, and values that are only in camera RAW. CR2 says so behind the header.
_SUBFILE, _COMPRESSION, _COLOURS, _MAKE, _SUB_FOLDERS = 254, 259, 262, 271, 330
_DNG_VERSION = 50706
_THUMBNAIL = 1  # of _SUBFILE
_RAW_COMPRESSIONS = (32767, 32769, 32770, 34713, 65535)  # Sony, Samsung (two), Nikon, Pentax
_SENSOR = 32803  # of _COLOURS: red, green and blue side by side
_CR2 = b"CR"

_TURNS = {3: 2, 5: 1, 6: 3}  # LibRaw's flip -> quarter turns to the left
_PDF_IMAGE = 3  # FPDF_PAGEOBJ_IMAGE
_PDFIUM = threading.Lock()  # it serves one thread at a time


def kind(data: bytes, name: str) -> str:
    """``HEIC``, ``camera RAW`` or ``PDF``; empty for everything else.

    Args:
        data: A file.
        name: Its ending decides where content cannot tell.
    """
    if data[4:8] == b"ftyp":
        return _brand(data)
    if data.startswith(_RAW_STARTS):
        return "camera RAW"
    if data.startswith(TIFF_STARTS):
        return "camera RAW" if _is_raw(data, name) else ""
    return "PDF" if data.startswith(b"%PDF-") else ""


def unpack(data: bytes, label: str, check: Check) -> Unpacked | None:
    """A file that others cannot read, as something that they can; None if it is none of ours.

    Args:
        data: A file.
        label: What errors call it; its ending may matter.
        check: Raises an ``ImageError`` for a size that is refused.

    Returns:
        A JPEG file; or pixels (H, W), (H, W, 3) or (H, W, 4), uint8, upright. The photo's own
        upright size; and which of several pictures or pages it is. HEIC: the main picture, or the
        first that shows something. Camera RAW: its embedded preview if that is not too small, else
        developed at half size. PDF: the first page that shows something, at the resolution of the
        picture that fills most of it, if one does.

    Raises:
        ImageError: Damaged, refused by ``check``, or without the extra ``[formats]``.
        MemoryError: Not enough for it.
    """
    what = kind(data, label)
    if not what:
        return None
    try:
        with warnings.catch_warnings(action="ignore"):
            return _READERS[what](data, check)
    except (ImageError, MemoryError):
        raise
    except ImportError as error:
        raise ImageError(f"{label}: {what} needs {install_hint('formats', error)}") from error
    except Exception as error:  # decoders of hostile bytes raise anything
        locked = "password" in str(error).lower()
        why = f"{what} locked by a password" if locked else f"damaged or unsupported {what}"
        raise ImageError(f"{label}: {why}") from error


def _brand(data: bytes) -> str:
    length = int.from_bytes(data[:4], "big")
    main = data[8:12]
    others = {data[at : at + 4] for at in range(16, min(length, len(data), 1024), 4)}
    if main == b"crx ":
        return "camera RAW"
    if main in _HEIF_BRANDS or (main in _ANY_HEIF_BRANDS and not others & _AV1_BRANDS):
        return "HEIC"
    return ""


def _is_raw(data: bytes, name: str) -> bool:
    """Whether a TIFF file holds what a sensor saw; others keep a thumbnail where it looks."""
    if data[8:10] == _CR2:
        return True
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    try:
        with warnings.catch_warnings(action="ignore"):
            tags: Any = ImageFileDirectory_v2(data[:16] if b"+" in data[:4] else data[:8])
            file = BytesIO(data)
            file.seek(tags.next)
            tags.load(file)
            mark = tags.get(_SUBFILE) == _THUMBNAIL and _SUB_FOLDERS in tags
            mark = mark or tags.get(_COLOURS) == _SENSOR
            mark = mark or tags.get(_COMPRESSION) in _RAW_COMPRESSIONS
            mark = mark or os.path.splitext(name)[1].lower() in RAW_SUFFIXES
            return _DNG_VERSION in tags or bool(mark and tags.get(_MAKE))
    except Exception:  # damaged: Pillow will say so
        return False


def _heic(data: bytes, check: Check) -> Unpacked:
    import pillow_heif

    # Upright already: HEIF turns pictures by itself, EXIF in it only tells.
    with pillow_heif.HeifImageFile(BytesIO(data)) as image:
        check(image.size)
        count, main = image.n_frames, image.tell()

        def read(number: int) -> np.ndarray:
            if number != image.tell():
                image.seek(number)
                check(image.size)
            plain = image if image.mode in ("L", "RGB", "RGBA") else image.convert("RGBA")
            return np.array(plain)

        if count < 2:
            pixels = read(main)
            return pixels, pixels.shape[1::-1], ()
        order = [main, *(number for number in spread(count) if number != main)]
        number, pixels = first_shown(read, order, _colours)
        return pixels, pixels.shape[1::-1], which(number + 1, count, "picture")


def _colours(pixels: np.ndarray) -> np.ndarray:
    return pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels[..., :3])


def _raw(data: bytes, check: Check) -> Unpacked:
    import rawpy

    with rawpy.imread(BytesIO(data)) as raw:
        width, height = raw.sizes.width, raw.sizes.height
        check((width, height))
        turns = _TURNS.get(raw.sizes.flip, 0)
        picture: Any = None
        try:
            found: Any = raw.extract_thumb()
            # LibRaw writes into a JPEG preview which way is up, unless it says so itself.
            if found.format == rawpy.ThumbFormat.JPEG and _is_large(found.data):
                picture = bytes(found.data)
            elif found.format == rawpy.ThumbFormat.BITMAP and max(found.data.shape) >= PREVIEW:
                picture = np.rot90(found.data, turns)
        except (rawpy.LibRawError, OSError):  # none in it, or a damaged one
            pass
        if picture is None:
            picture = raw.postprocess(half_size=True, use_camera_wb=True)
    return picture, (height, width) if turns % 2 else (width, height), ()


def _is_large(jpeg: bytes) -> bool:
    with Image.open(BytesIO(jpeg), formats=["JPEG"]) as image:
        return max(image.size) >= PREVIEW


def _pdf(data: bytes, check: Check) -> Unpacked:
    import pypdfium2

    with _PDFIUM:
        document = pypdfium2.PdfDocument(data)
        try:
            count = len(document)

            def read(number: int) -> np.ndarray:
                page = document[number]
                width, height = page.get_size()
                scale = _scale(page, width * height)
                check((math.ceil(width * scale), math.ceil(height * scale)))
                drawn = page.render(scale=scale, rev_byteorder=True).to_numpy()
                page.close()
                return drawn[..., :3].copy()

            number, pixels = first_shown(read, spread(count), _colours)
        finally:
            document.close()
    return pixels, pixels.shape[1::-1], which(number + 1, count, "page")


def _scale(page: Any, area: float) -> float:
    """Pixels per point (1/72 inch); so many that a scan or photo is neither enlarged nor reduced.

    Args:
        page: Of a PDF.
        area: Its width times height, points.
    """
    for picture in page.get_objects(filter=[_PDF_IMAGE]):
        left, bottom, right, top = picture.get_bounds()
        covered = (right - left) * (top - bottom)
        if covered > area / 2:
            # a hair less, or rounding up would add a row
            return 0.99999 * math.sqrt(math.prod(picture.get_px_size()) / covered)
    return PAGE_RESOLUTION / 72


_READERS = {"HEIC": _heic, "camera RAW": _raw, "PDF": _pdf}
