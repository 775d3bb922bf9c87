"""Contact sheets: what each kind of blur does to a few photographs."""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from ..config import ReadConfig
from ..images.reader import read_rgb
from ..images.resize import resize_within
from ..utils.atomic import replacing
from .blur_kernels import KERNELS, extent_of
from .linear_light import blur_as_seen
from .recipes import SEED_KINDS

STRENGTHS = (None, 0.0, 0.2, 0.4, 0.6, 0.8, 1.0)  # None: not blurred
CELL = 256  # pixels, width of one picture
MARGIN, CAPTION = 4, 22  # pixels


def kind_sheets(photos: Sequence[Path], seed: int = 0, read: ReadConfig = ReadConfig()) -> dict:
    """A sheet for every kind of ``blur_kernels.KERNELS``: a row per photo, a column per strength.

    Returns:
        Name of the kind -> picture (H, W, 3) uint8 RGB.
    """
    pictures = [resize_within(read_rgb(path, read), read.size) for path in photos]
    sheets = {}
    for kind in KERNELS:
        columns: list[tuple[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]]] = []
        for strength in STRENGTHS:
            if strength is None:
                columns.append(("sharp", lambda rgb, rng: rgb))
            else:
                extent = extent_of(strength)
                columns.append((f"{kind}, {extent:.1f} px", _blurring(kind, extent)))
        sheets[kind] = _sheet(pictures, columns, seed)
    sheets["seed"] = _sheet(
        pictures,
        [
            (f"seed: {kind}", lambda rgb, rng, draw=draw: draw(rgb, rng)[0])
            for kind, draw in SEED_KINDS.items()
        ],
        seed,
    )
    return sheets


def write_sheets(sheets: dict[str, np.ndarray], out: Path) -> list[Path]:
    """``blur_KIND.png`` for each sheet; their paths."""
    paths = []
    for name, sheet in sheets.items():
        with replacing(out / f"blur_{name}.png") as temporary:
            cv2.imwrite(str(temporary), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))
        paths.append(out / f"blur_{name}.png")
    return paths


def _blurring(kind: str, extent: float) -> Callable[[np.ndarray, np.random.Generator], np.ndarray]:
    return lambda rgb, rng: blur_as_seen(rgb, KERNELS[kind](extent, rng))


def _sheet(pictures: list[np.ndarray], columns: list, seed: int) -> np.ndarray:
    rows = []
    for rgb in pictures:
        cells = []
        for caption, make in columns:
            # the same chance in every column, so that a row differs in strength alone
            cells.append(_cell(make(rgb, np.random.default_rng(seed)), caption))
        rows.append(np.concatenate(cells, axis=1))
    return np.concatenate(rows, axis=0)


def _cell(rgb: np.ndarray, caption: str) -> np.ndarray:
    """The middle of a picture at its full size, under its caption."""
    height, width = rgb.shape[:2]
    top, left = max(0, (height - CELL) // 2), max(0, (width - CELL) // 2)
    part = rgb[top : top + CELL, left : left + CELL]
    cell = np.full((CELL + CAPTION + MARGIN, CELL + MARGIN, 3), 255, np.uint8)
    cell[CAPTION : CAPTION + part.shape[0], : part.shape[1]] = part
    place, black = (2, CAPTION - 7), (0, 0, 0)
    cv2.putText(cell, caption, place, cv2.FONT_HERSHEY_SIMPLEX, 0.45, black, 1, cv2.LINE_AA)
    return cell
