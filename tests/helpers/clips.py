"""A short film whose frames can be told, sharp at first and blurred then."""

from pathlib import Path

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
