"""A folder of labelled photographs -> a row for each, before any is opened.

What says whether one is blurred is a folder named ``sharp`` or ``blurred``, or ``manifest.csv``.
"""

import csv
import math
from os import PathLike
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import ConfigError
from ..results import BLUR_KINDS
from ..utils.text_files import open_text, rows_of_csv, unreadable
from .files import find_photos

MANIFEST = "manifest.csv"
FOLDER_LABELS = {"sharp": 0, "blurred": 1}
LABELS = "labels must be 1 (blurred), 0 (sharp) or empty"
UNLABELLED = (
    "no labelled photographs; put them into folders sharp and blurred, or write a manifest.csv "
    "with path and label (1 blurred, 0 sharp)"
)
MOST_WEIGHT = 100
TOO_FEW = "expected sharp and blurred photographs of more scenes: a fold has none"

Row = dict[str, Any]


def list_rows(folder: str | PathLike[str]) -> list[Row]:
    """The photographs of a folder; what ``datasets.list_photos`` puts into a table.

    Args:
        folder: As there.

    Returns:
        Of each: path (POSIX, relative to ``folder``), label (1 blurred, 0 sharp, None unknown),
        group (scene), source; mask, weight and blur_kind if the manifest has them.

    Raises:
        ConfigError: As there.
    """
    root = Path(folder)
    if not root.is_dir():
        raise ConfigError(f"{folder}: no such folder")
    if (root / MANIFEST).is_file():
        rows = _of_manifest(root / MANIFEST)
    else:
        rows = [_of_file(path.relative_to(root), root) for path in find_photos(root)]
    if not rows:
        listed = (root / MANIFEST).is_file()
        why = f"{root / MANIFEST}: no rows in it" if listed else f"{folder}: no photographs found"
        raise ConfigError(why)
    for row in rows:
        if row["label"] is None:
            row["label"] = _folder_label(row["path"])
    return rows


def check_labels(folder: str | PathLike[str], labels: set[int], both: bool = True) -> None:
    """Nothing, if these are the labels that are needed.

    Args:
        folder: Where the photographs are.
        labels: Those that they have.
        both: Whether sharp and blurred ones are needed; else either.

    Raises:
        ConfigError: The message says how to label them.
    """
    lacking = [name for name, label in FOLDER_LABELS.items() if label not in labels]
    if not labels:
        raise ConfigError(f"{folder}: {UNLABELLED}")
    if both and lacking:
        raise ConfigError(
            f"{folder}: no {lacking[0]} photographs; put some into a folder {lacking[0]}, or give "
            f"them label {FOLDER_LABELS[lacking[0]]} in manifest.csv"
        )


def _of_file(path: Path, root: Path) -> Row:
    name = path.as_posix()
    try:
        name.encode()
    except UnicodeEncodeError as error:  # other bytes come with surrogates, which no table holds
        raw = name.encode(errors="surrogateescape")
        raise ConfigError(f"{root}: expected file names in UTF-8, got {raw!r}") from error
    return {"path": name, "label": None, "group": path.stem, "source": root.resolve().name}


def _of_manifest(path: Path) -> list[Row]:
    try:
        with open_text(path) as file:
            found = list(rows_of_csv(file, "path", restkey="", restval=""))
            "".join(
                cell for row in found for cell in row.values() if isinstance(cell, str)
            ).encode()
    except UnicodeError as error:
        raise ConfigError(f"{path}: {unreadable(error)}") from error
    except (OSError, ValueError, csv.Error) as error:
        raise ConfigError(f"{path}: {str(error).splitlines()[0]}") from error
    rows = []
    for number, row in enumerate(found, 2):
        if "path" not in row:
            raise ConfigError(f"{path}: lacks path; has {', '.join(row)}")
        if "" in row:
            count = len(row) - 1
            raise ConfigError(
                f"{path}: line {number} has {count + len(row[''])} cells, the header {count}"
            )
        made: Row = {"path": row["path"], "label": _label(path, row.get("label", ""))}
        made["group"] = row.get("group") or PurePosixPath(row["path"]).stem
        made["source"] = row.get("source") or path.parent.resolve().name
        if "mask" in row:
            made["mask"] = row["mask"]
        if "weight" in row:
            made["weight"] = _weight(path, row["weight"])
        if "blur_kind" in row:
            made["blur_kind"] = _blur_kind(path, row["blur_kind"])
        rows.append(made)
    return rows


def _weight(path: Path, text: str) -> float:
    """What a photo counts; 1 where nothing is said."""
    try:
        value = float(text or 1)
    except ValueError:
        value = math.nan
    if not 0 <= value <= MOST_WEIGHT:
        raise ConfigError(f"{path}: weight: expected 0 to {MOST_WEIGHT}, got {text!r}")
    return value


def _blur_kind(path: Path, text: str) -> str:
    """What a photo is blurred by; empty where nothing is said."""
    if text and text not in BLUR_KINDS:
        known = ", ".join(BLUR_KINDS)
        raise ConfigError(f"{path}: blur_kind: expected {known} or empty, got {text!r}")
    return text


def _label(path: Path, text: str) -> int | None:
    """1 and 0 however they are written."""
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1
    if value not in (0, 1):
        raise ConfigError(f"{path}: {LABELS}")
    return int(value)


def _folder_label(path: str) -> int | None:
    """That of the nearest folder."""
    parts = (part.lower() for part in reversed(PurePosixPath(path).parts[:-1]))
    return next((FOLDER_LABELS[part] for part in parts if part in FOLDER_LABELS), None)
