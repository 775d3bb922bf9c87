"""A photo and its reasons -> the pictures of the page: one JPEG, and colours to lie over it."""

from dataclasses import dataclass

import cv2
import numpy as np

from ..config import ReadConfig
from ..features.photo import Photo
from ..images.reader import read_rgb
from ..images.resize import resize_within
from ..images.thumbnail import encode_jpeg
from ..inference.heatmap import overlay_png
from .places import Place
from .reasons import Explanation, Reasons

LONG = 960  # pixels, the most of the photo's long side on the page
QUALITY, CROP_QUALITY = 82, 92  # of JPEG
SHARP, BLURRED, NOTHING = (13, 148, 136), (234, 88, 12), (128, 128, 128)  # RGB
STRONGEST = 0.8  # opacity of what speaks loudest
HIDDEN = 0.78  # of what covers places that show nothing
FAINT = 1.0  # log odds that a photo's strongest place must have to be drawn in full strength


@dataclass(frozen=True)
class Crop:
    """A place of the photo, as the model sees it.

    Attributes:
        jpeg: At the working size.
        size: Width and height, pixels.
    """

    jpeg: bytes
    size: tuple[int, int]


@dataclass(frozen=True)
class Pictures:
    """What the page shows.

    Attributes:
        jpeg: The photo, without a frame around it.
        size: Width and height of that, pixels.
        evidence: PNG that covers what shows nothing; a pixel for each cell. Empty without reasons.
        influence: PNG of what each place says. Empty without reasons.
        map: PNG of P(blurred) of each cell; empty without a map.
        crops: Of the places that decide, in their order.
    """

    jpeg: bytes
    size: tuple[int, int]
    evidence: bytes = b""
    influence: bytes = b""
    map: bytes = b""
    crops: tuple[Crop, ...] = ()


def draw_pictures(photo: Photo, explanation: Explanation) -> Pictures:
    """All pictures of one explanation.

    Args:
        photo: The same that was explained.
        explanation: Of ``explain_photo``.

    Raises:
        ImageError: The photo cannot be read.
    """
    config = ReadConfig(max_pixels=photo.config.max_pixels)
    rgb = photo.within(read_rgb(photo.source, config, photo.name))
    shown = resize_within(rgb, LONG)
    size = (shown.shape[1], shown.shape[0])
    jpeg = encode_jpeg(shown, QUALITY)
    reasons = explanation.reasons
    if reasons is None:
        return Pictures(jpeg, size)
    judged = resize_within(rgb, photo.config.size)
    return Pictures(
        jpeg,
        size,
        _cover(reasons),
        _spoken(reasons),
        b"" if explanation.map is None else overlay_png(explanation.map),
        tuple(_crop(judged, place, reasons.evidence.shape) for place in reasons.places),
    )


def _cover(reasons: Reasons) -> bytes:
    """Grey over cells without evidence."""
    opacity = np.where(reasons.evidence, 0, HIDDEN)
    return _rgba(np.broadcast_to(NOTHING, (*opacity.shape, 3)), opacity)


def _spoken(reasons: Reasons) -> bytes:
    """In the colour of the label that a cell speaks for, the stronger the louder it does."""
    told = reasons.influence
    colours = np.where((told > 0)[..., None], BLURRED, SHARP)
    return _rgba(colours, STRONGEST * np.abs(told) / max(FAINT, float(np.abs(told).max())))


def _rgba(colours: np.ndarray, opacity: np.ndarray) -> bytes:
    """Colours (h, w, 3) 0..255 and opacity (h, w) 0..1 -> a PNG, a pixel for each cell."""
    alpha = np.rint(255 * opacity)[..., None]
    picture = np.concatenate([colours[..., ::-1], alpha], axis=2).astype(np.uint8)
    return bytes(cv2.imencode(".png", picture)[1])


def _crop(rgb: np.ndarray, place: Place, cells: tuple[int, ...]) -> Crop:
    rows, columns = (
        [round(extent * at / count) for at in span]
        for extent, count, span in zip(rgb.shape, cells, (place.rows, place.columns), strict=False)
    )
    piece = rgb[rows[0] : rows[1], columns[0] : columns[1]]
    return Crop(encode_jpeg(piece, CROP_QUALITY), (piece.shape[1], piece.shape[0]))
