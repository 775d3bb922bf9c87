"""A folder of photographs -> the rows of its manifest: path, label, group, source; tables as CSV.

A *group* is a scene: photographs of one scene, and the copies made of them, must fall on one side
of every split, or a model is praised for remembering scenes.
"""

import hashlib
import os
import re
from collections.abc import Iterable
from functools import partial
from os import PathLike
from pathlib import Path

import numpy as np
import pandas as pd

from ..config import ReadConfig
from ..errors import ConfigError, ImageError
from ..images.labelled import (
    FOLDER_LABELS as FOLDER_LABELS,
    LABELS,
    UNLABELLED as UNLABELLED,
    check_labels,
    list_rows,
)
from ..images.reader import read_rgb
from ..parallel.pool import ordered_map
from ..utils.progress import Progress, silent
from ..utils.text import reason

VARIED = "varied"  # kind of a copy that is no more and no less blurred than its original
LIGHTS = "lights"  # kind of a copy with bright lights, sharp or blurred; see ``recipes.lights``
EXTRA = (VARIED, LIGHTS)  # kinds that only backends with ``learns_more`` learn from
OPTIONAL = ("mask", "weight", "blur_kind")  # columns that only some manifests have
# columns of text
TEXTS = ("path", "group", "split", "source", "kind", "original", "mask", "blur_kind")


def deciding(photos: pd.DataFrame) -> np.ndarray:
    """Which of labelled photographs a model is judged on: those of sources that have both labels.

    Args:
        photos: Columns label (0 and 1 alone) and source.

    Returns:
        Shape (n,), bool. All, if no source has both labels and all together have; else none.
    """
    labels = photos.groupby("source")["label"].nunique()
    real: np.ndarray = photos["source"].isin(labels.index[labels == 2]).to_numpy()
    if not real.any() and photos["label"].nunique() == 2:
        return np.ones(len(photos), bool)  # no source has both labels, all together have
    return real


def list_photos(folder: str | PathLike[str]) -> pd.DataFrame:
    """The photographs of a folder before any is opened.

    Args:
        folder: Holds ``manifest.csv`` (``path`` relative to it, optional ``label`` 1 blurred 0
            sharp or empty, ``group``, ``source``, ``weight``, of blurred ones ``blur_kind``,
            ``defocus``, ``motion`` or empty, and of photographs blurred in part ``mask``, a picture
            white where the photo is blurred), or photographs in folders.

    Returns:
        Columns path (POSIX, relative to ``folder``), label (Int64, missing where unknown), group,
        source; mask (as path) only if the manifest has it, and empty where there is none, and so
        blur_kind; weight (what it and its copies count in training) likewise, and 1 where none is
        given. A photo
        without a label takes that of the nearest folder named ``sharp`` or ``blurred``. Where no
        group is given it is the file's name without its ending, so that ``sharp/cat.jpg`` and
        ``blurred/cat.png`` are one scene; the source is the folder's name.

    Raises:
        ConfigError: No such folder, a manifest that does not fit, a file name that is not UTF-8
            (a table could not hold it), or no photographs.
    """
    rows = pd.DataFrame(list_rows(folder))
    return rows.assign(label=pd.array(rows["label"].tolist(), dtype="Int64"))


def list_labelled(folder: str | PathLike[str], both: bool = True) -> pd.DataFrame:
    """``list_photos`` of labelled photographs, known to be that before hours are spent on them.

    Args:
        folder: As for ``list_photos``.
        both: Whether sharp and blurred ones are needed.

    Raises:
        ConfigError: As for ``list_photos``; or there are none, and the message says how to label
            them.
    """
    rows = list_photos(folder)
    check_labels(folder, set(rows["label"].dropna()), both)
    return rows


def collect(
    folder: str | PathLike[str],
    config: ReadConfig = ReadConfig(),
    workers: int | None = None,
    progress: Progress = silent,
    listed: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Open every photo of ``list_photos`` once.

    Args:
        folder: As for ``list_photos``.
        config: How they are read.
        workers: Processes; None for one per core.
        progress: Wraps the photographs as they come.
        listed: Of ``list_photos``, if it was called already.

    Returns:
        The readable ones, columns path, label, group, source, width, height (pixels, upright),
        bytes; and the others, columns path, reason.

    Raises:
        ConfigError: As for ``list_photos``.
    """
    rows = list_photos(folder) if listed is None else listed
    how, paths = partial(_measure, config=config), [Path(folder, path) for path in rows["path"]]
    opened = ordered_map(how, paths, workers, lost=lambda _, why: why)
    sizes = list(progress(opened, len(rows), "photos"))
    bad = np.array([isinstance(size, str) for size in sizes])
    unreadable = pd.DataFrame(
        {"path": rows["path"][bad], "reason": [size for size in sizes if isinstance(size, str)]}
    )
    rows = rows[~bad].reset_index(drop=True)
    good = np.array([size for size in sizes if not isinstance(size, str)], int).reshape(-1, 3)
    rows["width"], rows["height"], rows["bytes"] = good.T
    return rows, unreadable.reset_index(drop=True)


def telling(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of a manifest that something can be learnt from: with a label, or with a mask."""
    known = rows["label"].notna()
    if "mask" in rows:
        known |= rows["mask"] != ""
    return rows[known].reset_index(drop=True)


def fingerprint(rows: pd.DataFrame, folder: Path) -> str:
    """Digest of a manifest and of the sizes and times of its files: changes when a photo does."""
    lines = rows.to_csv(index=False).splitlines()
    for path in rows["path"]:
        try:
            status = os.stat(Path(folder, path))
            lines.append(f"{status.st_size} {status.st_mtime_ns}")
        except (OSError, ValueError):
            lines.append("missing")
    return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()


def write_csv(rows: pd.DataFrame, path: Path) -> None:
    """A table as CSV that is the same, byte for byte, wherever it is written."""
    rows.to_csv(path, index=False, lineterminator="\n", float_format="%.7g")


def read_csv(path: str | PathLike[str], needed: Iterable[str]) -> pd.DataFrame:
    """A table with at least these columns; ``label`` comes as Int64, empty text as "".

    Raises:
        ConfigError: The file is missing, no CSV, or lacks a column.
    """
    text = dict.fromkeys(TEXTS, str)
    try:
        rows = pd.read_csv(
            path, dtype={**text, "label": "Int64"}, keep_default_na=False, na_values=[""]
        )
    except (TypeError, OverflowError) as error:
        raise ConfigError(f"{path}: {LABELS}") from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: {_words(error)}") from error
    missing = [name for name in needed if name not in rows]
    if missing:
        raise ConfigError(f"{path}: lacks {', '.join(missing)}; has {', '.join(rows)}")
    for name in text:
        if name in rows:
            rows[name] = rows[name].fillna("")
    return rows


def _measure(path: Path, config: ReadConfig) -> tuple[int, int, int] | str:
    try:
        height, width = read_rgb(path, config).shape[:2]
        return width, height, path.stat().st_size
    except ImageError as error:
        return str(error).removeprefix(f"{path}: ")


_CELLS = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")  # as pandas says it


_NO_TABLE = {  # by what pandas says
    "No columns": "empty",
    "EOF inside string": "a quotation mark is never closed; the file seems to be cut",
    "Unable to parse string": LABELS,
    "codec can't decode": "cannot be read as UTF-8",
}


def _words(error: Exception) -> str:
    """Why a table cannot be read, for people, where pandas says it otherwise."""
    if isinstance(error, OSError):
        return reason(error)
    if found := _CELLS.search(str(error)):
        return f"line {found[2]} has {found[3]} cells, the header {found[1]}"
    words = str(error).splitlines()[0]
    return next((why for said, why in _NO_TABLE.items() if said in words), words)
