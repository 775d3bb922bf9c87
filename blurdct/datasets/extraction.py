"""Manifest -> model inputs of its photographs, in a pool of processes.

The fused road: from file to 18 features in memory. ``shards`` has the one with every step on disk.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..config import ReadConfig
from ..errors import ConfigError, ImageError
from ..features.bands import FEATURES
from ..features.inputs import INPUTS, learnt_at, photo_inputs
from ..images.files import read_bytes
from ..parallel.pool import ordered_map
from ..utils.atomic import replacing
from ..utils.progress import Progress, silent
from ..utils.text import reason

if TYPE_CHECKING:  # worker processes import this module, and pandas takes a second
    import pandas as pd


def feature_table(
    rows: "pd.DataFrame",
    paths: Sequence[Path],
    config: ReadConfig = ReadConfig(),
    workers: int | None = None,
    progress: Progress = silent,
) -> tuple["pd.DataFrame", list[str]]:
    """The 18 features of every photo of a manifest.

    Args:
        rows: A row per photo, any columns.
        paths: Where each row's photo is.
        config: How they are read.
        workers: Processes; None for one per core.
        progress: Wraps the photographs as they come.

    Returns:
        The rows of readable photographs with the columns ``FEATURES`` (float32) added, and a line
        for each of the others.
    """
    inputs, readable, bad = read_inputs(paths, ["features"], config, workers, progress)
    return with_features(rows[readable].reset_index(drop=True), inputs["features"]), bad


def read_inputs(
    paths: Sequence[Path],
    names: Iterable[str],
    config: ReadConfig = ReadConfig(),
    workers: int | None = None,
    progress: Progress = silent,
    learning: bool = False,
) -> tuple[dict[str, np.ndarray], np.ndarray, list[str]]:
    """The model inputs of many photographs.

    Args:
        paths: Where they are.
        names: Which ones, out of ``features.inputs.INPUTS``.
        config: How they are read.
        workers: Processes; None for one per core.
        progress: Wraps the photographs as they come.
        learning: Each at the working size that models learn from it at.

    Returns:
        By name, a row for each readable photo, maps padded with zeros to a square of the working
        size, or cut to it where a strip is longer; which ones are readable, shape (n,), bool; and a
        line for each of the others.
    """
    names = list(names)
    sizes = {view: learnt_at([view], config.size) if learning else config.size for view in names}
    rows = {
        view: np.zeros((len(paths), *INPUTS[view].shape_at(sizes[view])), INPUTS[view].dtype)
        for view in names
    }
    readable, bad = np.zeros(len(paths), bool), []
    how = partial(_inputs, sizes=sizes, config=config)
    stream = ordered_map(how, paths, workers, lost=lambda path, why: f"{path}: {why}")
    for number, answer in enumerate(progress(stream, len(paths), "photographs")):
        if isinstance(answer, str):
            bad.append(answer)
            continue
        readable[number] = True
        for view, row in answer.items():
            place = rows[view][number]
            both = tuple(slice(min(pair)) for pair in zip(place.shape, row.shape, strict=True))
            place[both] = row[both]
    if bad:
        rows = {view: values[readable] for view, values in rows.items()}
    return rows, readable, bad


def write_numbers(
    rows: "pd.DataFrame", names: Sequence[str], values: np.ndarray, path: Path
) -> None:
    """A table and an input of numbers, (n, k), as a Parquet file with 16 bits a number.

    Eight bits of each fraction are kept, steps of .03 in a logarithm of 10: less than a JPEG file's
    next quality changes, and a fifth less to keep. Of the
    JSON in ``parameters`` only the width of blur is kept, as ``seen``; NaN where nobody knows it.

    Args:
        rows: Any columns, n rows.
        names: Of the k numbers.
        values: Shape (n, k).
        path: Of the file, which is replaced whole.
    """
    import pyarrow as pa
    from pyarrow import parquet

    if "parameters" in rows:
        drawn = [json.loads(text).get("seen", np.nan) for text in rows["parameters"]]
        rows = rows.drop(columns=["parameters", "level"], errors="ignore")
        rows = rows.assign(seen=np.array(drawn, np.float32))
    table = pa.Table.from_pandas(rows, preserve_index=False)
    bits = values.astype(np.float16).view(np.uint16)
    rounded = ((bits + 2) & 0xFFFC).view(np.float16)
    for name, column in zip(names, rounded.T, strict=True):
        table = table.append_column(name, pa.array(column))
    with replacing(path) as temporary:
        parquet.write_table(
            table,
            temporary,
            use_dictionary=[name for name in table.column_names if name not in set(names)],
            compression="zstd",
            compression_level=19,
            use_byte_stream_split=list(names),
        )


def read_numbers(path: Path, names: Sequence[str]) -> tuple["pd.DataFrame", np.ndarray]:
    """What ``write_numbers`` wrote: the rows, and the numbers as float32.

    Raises:
        ConfigError: No such file, no Parquet, or without these numbers.
    """
    from pyarrow import lib, parquet

    try:
        table = parquet.read_table(path)
    except (OSError, lib.ArrowException) as error:
        raise ConfigError(f"{path}: {reason(error)}") from error
    lacking = [name for name in names if name not in table.column_names]
    if lacking:
        raise ConfigError(f"{path}: lacks {lacking[0]!r}; made by another blurdct, or for others")
    rows = table.drop_columns(list(names)).to_pandas()
    values = np.stack([table[name].to_numpy().astype(np.float32) for name in names], axis=1)
    return rows.assign(label=rows["label"].astype("Int64")), values


def with_features(rows: "pd.DataFrame", values: np.ndarray) -> "pd.DataFrame":
    """Rows of a manifest and their features (n, 18) -> one table, features as float32."""
    columns = dict(zip(FEATURES, values.astype(np.float32).T, strict=True))
    return rows.assign(**columns)


def _inputs(path: Path, sizes: dict[str, int], config: ReadConfig) -> dict[str, np.ndarray] | str:
    try:
        data, name = read_bytes(path)
        found = {}
        for size in dict.fromkeys(sizes.values()):
            names = [view for view, own in sizes.items() if own == size]
            found.update(photo_inputs(data, names, replace(config, size=size), name))
        return {view: found[view] for view in sizes}
    except ImageError as error:
        return str(error)
