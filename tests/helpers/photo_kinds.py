"""A small picture as a file of every kind that is read, and files of several pictures."""

import struct
from collections.abc import Callable
from io import BytesIO

import cv2
import numpy as np
from PIL import Image

from tests.helpers.image_files import encode


def heic(pixels, orientation=1, *others) -> bytes:
    """A HEIC file that says by itself how its picture is turned, as those of phones do."""
    import pillow_heif

    exif = Image.Exif()
    exif[274] = orientation
    made = pillow_heif.HeifFile()
    for picture in (pixels, *others):
        mode = "RGBA" if picture.shape[2] == 4 else "RGB"
        stored = np.ascontiguousarray(picture)
        made.add_frombytes(mode, stored.shape[1::-1], stored.tobytes())
    file = BytesIO()
    made.save(file, quality=95, exif=exif.tobytes())
    return file.getvalue()


def pdf(*pages, **options) -> bytes:
    """A PDF file, a picture to a page."""
    first, *others = map(Image.fromarray, pages)
    return encode(first, "PDF", save_all=True, append_images=others, quality=95, **options)


# Values of TIFF tags: type, count, bytes.


def shorts(*values):
    return 3, len(values), struct.pack(f"<{len(values)}H", *values)


def longs(*values):
    return 4, len(values), struct.pack(f"<{len(values)}I", *values)


def ratios(*values):
    return 10, len(values), b"".join(struct.pack("<ii", value, 1) for value in values)


def text(words):
    return 2, len(words) + 1, words.encode() + b"\0"


def tiff(*folders) -> bytes:
    """A TIFF file out of folders of tags, each with the data of its one strip.

    Where the strip is (tag 273) and where the next folder is (330) is filled in.
    """
    file = b"II*\0" + struct.pack("<I", 8)
    for tags, strip in folders:
        after = len(file) + 2 + 12 * len(tags) + 4
        begin = after + sum(len(data) for _, _, data in tags.values() if len(data) > 4)
        places = {273: begin, 330: begin + len(strip)}
        file += struct.pack("<H", len(tags))
        more = b""
        for tag, (form, count, data) in sorted(tags.items()):
            if tag in places:
                data = struct.pack("<I", places[tag])
            elif len(data) > 4:
                more += data
                data = struct.pack("<I", after + len(more) - len(data))
            file += struct.pack("<HHI4s", tag, form, count, data)
        file += bytes(4) + more + strip
    return file


def dng(mosaic, orientation=1, preview=None) -> bytes:
    """A raw file as Adobe describes it: a sensor's grey levels, 16 bits; (H, W), red top left."""
    height, width = mosaic.shape
    sensor = {254: longs(0), 256: longs(width), 257: longs(height), 258: shorts(16)}
    sensor |= {259: shorts(1), 262: shorts(32803), 273: longs(0), 277: shorts(1)}
    sensor |= {278: longs(height), 279: longs(2 * mosaic.size)}
    sensor |= {33421: shorts(2, 2), 33422: (1, 4, bytes([0, 1, 1, 2]))}
    camera = {271: text("Toy"), 272: text("Toy One"), 274: shorts(orientation)}
    camera |= {50706: (1, 4, bytes([1, 4, 0, 0])), 50708: text("Toy One"), 50778: shorts(21)}
    camera |= {50721: ratios(1, 0, 0, 0, 1, 0, 0, 0, 1), 50728: ratios(1, 1, 1)}
    strip = mosaic.astype("<u2").tobytes()
    if preview is None:
        return tiff((camera | sensor, strip))
    form, size = ((7, 6), None) if isinstance(preview, bytes) else ((1, 2), preview.shape[1::-1])
    width, height = size or Image.open(BytesIO(preview)).size
    preview = bytes(preview)
    small = {254: longs(1), 256: longs(width), 257: longs(height), 258: shorts(8, 8, 8)}
    small |= {259: shorts(form[0]), 262: shorts(form[1]), 273: longs(0), 277: shorts(3)}
    small |= {278: longs(height), 279: longs(len(preview)), 330: longs(0)}
    return tiff((camera | small, preview), (sensor, strip))


def animated(kind: str, *frames) -> bytes:
    """A file of several frames, or of several TIFF or MPO pictures."""
    first, *others = map(Image.fromarray, frames)
    lossless = {"WEBP": {"lossless": True}, "AVIF": {"quality": 95}, "MPO": {"quality": 95}}
    return encode(first, kind, save_all=True, append_images=others, **lossless.get(kind, {}))


# By the ending of its name, which only matters to some: how to make a file of a picture, (H, W, 3).
KINDS: dict[str, Callable[[np.ndarray], bytes]] = {
    "baseline.jpg": lambda rgb: encode(rgb, "JPEG"),
    "progressive.jpg": lambda rgb: encode(rgb, "JPEG", progressive=True),
    "cmyk.jpg": lambda rgb: encode(Image.fromarray(rgb).convert("CMYK"), "JPEG"),
    "two.mpo": lambda rgb: animated("MPO", rgb, 255 - rgb),
    "rgb.png": lambda rgb: encode(rgb),
    "alpha.png": lambda rgb: encode(Image.fromarray(rgb).convert("LA")),
    "palette.png": lambda rgb: encode(Image.fromarray(rgb).quantize(16)),
    "deep.png": lambda rgb: cv2.imencode(".png", rgb.astype(np.uint16) * 16)[1].tobytes(),
    "frames.png": lambda rgb: animated("PNG", rgb, 255 - rgb),
    "lossy.webp": lambda rgb: encode(rgb, "WEBP"),
    "lossless.webp": lambda rgb: encode(rgb, "WEBP", lossless=True),
    "frames.webp": lambda rgb: animated("WEBP", rgb, 255 - rgb),
    "photo.gif": lambda rgb: encode(rgb, "GIF"),
    "frames.gif": lambda rgb: animated("GIF", rgb, 255 - rgb),
    "photo.bmp": lambda rgb: encode(rgb, "BMP"),
    "photo.dib": lambda rgb: encode(rgb, "DIB"),
    "photo.ppm": lambda rgb: encode(rgb, "PPM"),
    "plain.tif": lambda rgb: encode(rgb, "TIFF"),
    "lzw.tif": lambda rgb: encode(rgb, "TIFF", compression="tiff_lzw"),
    "jpeg.tif": lambda rgb: encode(rgb, "TIFF", compression="jpeg"),
    "big.tif": lambda rgb: encode(rgb, "TIFF", big_tiff=True),
    "deep.tif": lambda rgb: cv2.imencode(".tif", rgb.astype(np.uint16) * 16)[1].tobytes(),
    "pages.tif": lambda rgb: animated("TIFF", rgb, 255 - rgb),
    "photo.jp2": lambda rgb: encode(rgb, "JPEG2000"),
    "photo.avif": lambda rgb: encode(rgb, "AVIF"),
    "frames.avif": lambda rgb: animated("AVIF", rgb, 255 - rgb),
    "photo.heic": heic,
    "photo.pdf": pdf,
    "pages.pdf": lambda rgb: pdf(rgb, 255 - rgb),
    "photo.dng": lambda rgb: dng(rgb[..., 1].astype(np.uint16) * 200),
    "preview.dng": lambda rgb: dng(
        rgb[..., 1].astype(np.uint16) * 200,
        preview=encode(cv2.resize(rgb, (1024, 768)), "JPEG"),
    ),
}
