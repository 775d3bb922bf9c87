"""A short film whose frames can be told, sharp at first and blurred then."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

RATE = 20  # frames per second
COUNT = 80  # frames: the first half sharp, the second blurred
SIZE = 128, 96


def frame(number: int, sigma: float = 0.0) -> np.ndarray:
    """A frame with detail, brighter to the right, its blue rising with its number; BGR."""
    rng = np.random.default_rng(0)
    luma = 40 + 8 * cv2.GaussianBlur(rng.standard_normal(SIZE[::-1]) * 20, (0, 0), 1.0)
    luma = luma + np.linspace(0, 100, SIZE[0])
    luma = cv2.GaussianBlur(luma, (0, 0), sigma) if sigma else luma
    bgr = np.repeat(np.clip(luma, 0, 255)[:, :, None], 3, axis=2)
    bgr[:8, :, :] = 2 * number  # a stripe that says which frame it is
    return bgr.astype(np.uint8)


def film(
    path: Path, count: int = COUNT, blurred_from: int = COUNT // 2, rate: float = RATE
) -> Path:
    code = "MJPG" if path.suffix == ".avi" else "mp4v"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*code), rate, SIZE)
    for number in range(count):
        writer.write(frame(number, 4.0 if number >= blurred_from else 0.0))
    writer.release()
    return path


def scene(seed: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """A picture that resembles no other seed's: shapes of all sizes, (H, W, 3), uint8."""
    rng = np.random.default_rng(seed)
    luma = np.zeros(size[::-1], np.float32)
    for cells in (3, 6, 12, 48):
        grid = rng.standard_normal((cells, cells)).astype(np.float32)
        luma += cv2.resize(grid, size, interpolation=cv2.INTER_CUBIC)
    luma = 128 + 40 * (luma - luma.mean()) / luma.std()
    return np.repeat(np.clip(luma, 0, 255)[:, :, None], 3, axis=2).astype(np.uint8)


def encoded(
    path: Path,
    frames: Sequence[np.ndarray],
    codec: str = "mjpeg",
    pixels: str = "yuvj420p",
    ratio: tuple[int, int] = (1, 1),
    **options: str,
) -> Path:
    """Frames, (H, W, 3) of one size, as a clip; the ending says which container."""
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream(codec, rate=RATE if codec != "dvvideo" else 25)
        stream.options = options
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pixels
        stream.codec_context.sample_aspect_ratio = Fraction(*ratio)
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(format=pixels)
            out.mux(stream.encode(picture))
        out.mux(stream.encode())
    return path
