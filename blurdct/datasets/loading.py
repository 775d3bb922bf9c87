"""A folder of labelled photographs, and blurred copies of them -> the model inputs of all."""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from ..config import ReadConfig, SynthConfig
from ..errors import ConfigError, ImageError
from ..features.inputs import learnt_at
from ..features.orientation import canonical, to_canonical
from ..features.photo import Photo
from ..utils.progress import Progress, silent
from .extraction import read_inputs
from .manifest import UNLABELLED, collect, telling
from .masks import cell_labels, read_mask
from .synthesis import locate, make_copies

NO_COPIES = SynthConfig(sharp_copies=0, blurred_copies=0)


@dataclass(frozen=True)
class LabelledImages:
    """Labelled images, n rows, the same order everywhere.

    Attributes:
        table: Columns path, label, group, split, source, kind, strength, and others of
            ``make_copies``.
        inputs: By name, n rows each.
        files: Where each image is; copies only as long as their folder is kept.
        bad: A line for each photo that could not be read.
        unlabelled: Photographs left out because nothing says whether they are blurred.
        masks: Where photographs are blurred, cell by cell; see ``TrainingSet``. None if no
            photo has a mask, or no model looks at cells.
    """

    table: pd.DataFrame
    inputs: dict[str, np.ndarray]
    files: list[Path]
    bad: list[str]
    unlabelled: int = 0
    masks: np.ndarray | None = None

    @property
    def places(self) -> dict[str, Path]:
        """Where the image of a row is, by the row's path."""
        return dict(zip(self.table["path"], self.files, strict=True))


def load_folder(
    folder: str | PathLike[str],
    views: Iterable[str],
    read: ReadConfig = ReadConfig(),
    synth: SynthConfig | None = SynthConfig(),
    work: Path | None = None,
    workers: int | None = None,
    progress: Progress = silent,
    learning: bool = False,
    listed: pd.DataFrame | None = None,
) -> LabelledImages:
    """Read the labelled photographs of a folder, and copies of the sharp ones.

    Args:
        folder: As for ``datasets.list_photos``.
        views: Which inputs to make of each image; see ``features.inputs.photo_inputs``.
        read: How photographs are read.
        synth: How copies are made; None for no copies.
        work: Folder that keeps the copies; they are made again each time if left out.
        workers: Processes; None for one per core.
        progress: Wraps what takes long.
        learning: With photographs that have no label but a mask, and with each input at the working
            size that models learn from it at.
        listed: Of ``datasets.list_photos``, if it was called already.

    Raises:
        ConfigError: As for ``datasets.list_photos``, or no photo of it has a label.
    """
    photos, unreadable = collect(folder, read, workers, progress, listed)
    pairs = zip(unreadable["path"], unreadable["reason"], strict=True)
    bad = [f"{Path(folder, path)}: {reason}" for path, reason in pairs]
    # only learning has a use for masks
    told = telling(photos if learning else photos.drop(columns="mask", errors="ignore"))
    if told.empty:
        unread = f"; {len(bad)} cannot be read, such as {bad[0]}" if bad else ""
        raise ConfigError(f"{folder}: {UNLABELLED}{unread}")
    root, config = Path(folder), synth or NO_COPIES
    with ExitStack() as stack:
        out = work or Path(stack.enter_context(TemporaryDirectory(prefix="blurdct-")))
        table, uncopied = make_copies(told, root, out, config, read, workers, progress)
        files = locate(table, root, out)
        found = load_table(table, files, views, read, workers, progress, root, learning)
    lines = list(dict.fromkeys([*bad, *uncopied, *found.bad]))
    return replace(found, bad=lines, unlabelled=len(photos) - len(told))


def load_table(
    table: pd.DataFrame,
    files: Sequence[Path],
    views: Iterable[str],
    read: ReadConfig = ReadConfig(),
    workers: int | None = None,
    progress: Progress = silent,
    root: Path = Path(),
    learning: bool = True,
) -> LabelledImages:
    """Read the images of a table that stage 3 wrote, and masks where there are some.

    Args:
        table: Columns of ``synthesis.make_copies``.
        files: Where each row's image is.
        views: As for ``load_folder``, like the rest.
        root: What the paths of masks are relative to.
    """
    inputs, readable, bad = read_inputs(files, views, read, workers, progress, learning)
    kept = [file for file, good in zip(files, readable, strict=True) if good]
    table = table[readable].reset_index(drop=True)
    masks = None
    if learning and "mask" in table and "cells" in inputs:
        size = learnt_at(["cells"], read.size)
        shape = inputs["cells"].shape[2:]
        masks, unread = _masks(table["mask"], kept, root, replace(read, size=size), shape)
        bad = [*bad, *unread]
    return LabelledImages(table, inputs, kept, bad, masks=masks)


def _masks(
    names: pd.Series, files: Sequence[Path], root: Path, read: ReadConfig, shape: tuple[int, ...]
) -> tuple[np.ndarray | None, list[str]]:
    """The masks as maps, in the orientation of ``cells``, (n, h, w), NaN where there is none."""
    masks = np.full((len(names), *shape), np.nan, np.float16)
    bad = []
    for row in np.nonzero((names != "").to_numpy())[0].tolist():
        try:
            photo = Photo(files[row], read)
            mask = photo.within(read_mask(root / names[row]))
            # the mask is turned before it is cut, as the photo is: odd rows of blocks fall alike
            share = cell_labels(to_canonical(mask, photo.luma), canonical(photo.luma).shape)
        except (ImageError, ValueError) as error:
            bad.append(str(error) if isinstance(error, ImageError) else f"{names[row]}: {error}")
            continue
        share = share[: shape[0], : shape[1]]
        masks[row, : share.shape[0], : share.shape[1]] = share
    return (masks if np.isfinite(masks).any() else None), bad
