"""Blur as light is blurred: decoded to linear light, filtered, encoded again.

Source:
    sRGB transfer function: IEC 61966-2-1:1999.
"""

import cv2
import numpy as np


def blur(rgb: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Blur in linear light: (H, W, 3) uint8 sRGB -> (H, W, 3) float32 linear, 0..1."""
    return spread(LINEAR[rgb], kernel)


def spread(light: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Light as a kernel spreads it, continued by its mirror image; shape and dtype as given."""
    return cv2.filter2D(light, -1, kernel, borderType=cv2.BORDER_REFLECT_101)


def with_lights(light: np.ndarray, level: float, brightest: float) -> np.ndarray:
    """Light as it was before it was clipped at white, (H, W, 3): what spreads leaves trails.

    Args:
        light: Linear, 0..1.
        level: From which on it was brighter than it looks.
        brightest: What white stands for, times white.
    """
    glow = np.clip((light.max(axis=2, keepdims=True) - level) / (1 - level), 0, 1) ** 2
    brighter: np.ndarray = light * (1 + (brightest - 1) * glow)
    return brighter


def blur_as_seen(rgb: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Blur in linear light, nothing else: (H, W, 3) uint8 sRGB in and out."""
    return as_seen(blur(rgb, kernel))


def as_seen(light: np.ndarray) -> np.ndarray:
    """Linear light -> uint8 sRGB, shape kept; what is not within 0..1 is clipped."""
    return np.rint(255 * encode(np.clip(light, 0, 1))).astype(np.uint8)


def decode(encoded: np.ndarray) -> np.ndarray:
    """sRGB 0..1 -> linear light 0..1."""
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def encode(linear: np.ndarray) -> np.ndarray:
    """Linear light 0..1 -> sRGB 0..1, dtype kept."""
    curve = 1.055 * np.maximum(linear, 0.0031308) ** (1 / 2.4) - 0.055
    return np.where(linear <= 0.0031308, 12.92 * linear, curve)


LINEAR = decode(np.arange(256) / 255).astype(np.float32)  # light of the 256 sRGB levels, 0..1
