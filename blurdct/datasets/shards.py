"""Photographs -> block DCT -> block statistics -> features, every step kept on disk.

The same numbers as ``datasets.extraction.feature_table``, with each step there to be looked at:
``write_coefficients`` (all blocks' DCT, in shards), ``write_statistics`` (18 numbers per block)
and ``average_statistics`` (18 numbers per photo). On the GPU when there is one.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ..config import ReadConfig
from ..errors import ConfigError, ImageError
from ..features.bands import FEATURES, band_statistics
from ..features.blocks import SIZE, grid, unfold
from ..features.dct import block_dct
from ..features.extract import STRIP_BLOCKS
from ..features.photo import Photo
from ..parallel.pool import ordered_map
from ..utils.atomic import replacing
from ..utils.progress import Progress, silent
from .extraction import with_features

if TYPE_CHECKING:  # worker processes import this module, and pandas takes a second
    import pandas as pd

SHARD_PHOTOS = 64  # about 67 MB of float32 coefficients at 512x512
KEYS = ("photo", "row", "column")  # of a block: number of its photo, place in the grid of blocks


def write_coefficients(
    paths: Sequence[Path],
    out: Path,
    config: ReadConfig = ReadConfig(),
    device: str | None = None,
    workers: int | None = None,
    progress: Progress = silent,
) -> list[str]:
    """Write the DCT coefficients of all blocks of all photographs, a shard per 64 of them.

    ``coefficients_00000.npy`` holds shape (64, N), float32, grey levels, zigzag order; beside it
    ``blocks_00000.parquet`` tells of each of the N blocks the photo's number in ``paths``, and its
    row and column. A shard that is there already is kept, so an interrupted run goes on.

    Args:
        paths: The photographs.
        out: Folder to write to.
        config: How photographs are read.
        device: ``cpu`` for NumPy, ``cuda`` for torch on the GPU; None for the GPU if there is one.
        workers: Processes that read (and, on the CPU, transform); None for one per core.
        progress: Wraps the photographs as they come.

    Returns:
        A line for each photo that could not be read, those of the shards kept left out.
    """
    out.mkdir(parents=True, exist_ok=True)
    chosen = _device(device)
    starts = range(0, len(paths), SHARD_PHOTOS)
    todo = [start for start in starts if not _shard(out, "blocks", start).exists()]
    jobs = [(start, list(paths[start : start + SHARD_PHOTOS])) for start in todo]
    if chosen == "cpu":
        # a shard per process: coefficients are written where they are made
        work = partial(_write_shard, out=out, config=config)
        shards: Iterable[list[str]] = ordered_map(work, jobs, workers, chunk=1)
    else:
        shards = _gpu_shards(jobs, out, config, chosen, workers)
    return [line for lines in progress(shards, len(jobs), "shards of blocks") for line in lines]


def write_statistics(
    source: Path,
    out: Path,
    device: str | None = None,
    workers: int | None = None,
    progress: Progress = silent,
) -> None:
    """Write the 18 statistics of every block: ``statistics_00000.parquet`` for each shard.

    Columns photo, row, column and ``FEATURES`` (float32). Shards that are there already are kept.

    Args:
        source: Folder that ``write_coefficients`` wrote.
        out: Folder to write to.
        device: As for ``write_coefficients``.
        workers: Processes; None for one per core, and for one with a GPU.
        progress: Wraps the shards as they come.

    Raises:
        ConfigError: There are no coefficients.
    """
    shards = sorted(source.glob("coefficients_*.npy"))
    if not shards:
        raise ConfigError(f"{source}: no coefficients; run the stage before")
    out.mkdir(parents=True, exist_ok=True)
    jobs = [path for path in shards if not (out / _statistics_name(path)).exists()]
    chosen = _device(device)
    if chosen != "cpu":
        workers = 1
    done = ordered_map(partial(_describe_shard, out=out, device=chosen), jobs, workers, chunk=1)
    for _ in progress(done, len(jobs), "shards of statistics"):
        pass


def average_statistics(source: Path, rows: "pd.DataFrame", progress: Progress = silent) -> Any:
    """Average over blocks: 18 features per photo.

    Args:
        source: Folder that ``write_statistics`` wrote.
        rows: The manifest whose photographs ``write_coefficients`` numbered.
        progress: Wraps the shards as they come.

    Returns:
        Rows of the photographs that have blocks, with the columns ``FEATURES`` (float32) added.

    Raises:
        ConfigError: There are no statistics.
    """
    shards = sorted(source.glob("statistics_*.parquet"))
    if not shards:
        raise ConfigError(f"{source}: no statistics; run the stage before")
    totals, counts = np.zeros((len(rows), len(FEATURES))), np.zeros(len(rows))
    for path in progress(shards, len(shards), "shards to average"):
        table = pq.read_table(path, memory_map=True)
        photo = table["photo"].to_numpy()
        first, last = int(photo[0]), int(photo[-1]) + 1
        counts[first:last] += np.bincount(photo - first, minlength=last - first)
        for column, name in enumerate(FEATURES):
            values = table[name].to_numpy()
            totals[first:last, column] += np.bincount(photo - first, values, last - first)
    found = counts > 0
    return with_features(rows[found].reset_index(drop=True), totals[found] / counts[found, None])


def _device(device: str | None) -> str:
    if device and not device.startswith("cuda"):
        return device
    try:
        import torch

        found = torch.cuda.is_available()
    except ImportError:
        found = False
    if device and not found:
        raise ConfigError(f"device: no {device} here; leave it out, or say cpu")
    return "cuda" if found else "cpu"


def _shard(out: Path, name: str, start: int) -> Path:
    ending = "npy" if name == "coefficients" else "parquet"
    return out / f"{name}_{start // SHARD_PHOTOS:05d}.{ending}"


def _statistics_name(coefficients: Path) -> str:
    return coefficients.stem.replace("coefficients", "statistics") + ".parquet"


def _read(path: Path, config: ReadConfig) -> np.ndarray | str:
    try:
        return Photo(path, config).luma
    except ImageError as error:
        return str(error)


def _write_shard(job: tuple[int, list[Path]], out: Path, config: ReadConfig) -> list[str]:
    start, paths = job
    return _transform(start, [_read(path, config) for path in paths], out, _numpy_dct)


def _gpu_shards(
    jobs: list[tuple[int, list[Path]]], out: Path, config: ReadConfig, device: str, workers: Any
) -> Iterator[list[str]]:
    """Read in a pool, transform here: only one process talks to the GPU."""
    paths = [path for _, group in jobs for path in group]
    how = partial(_read, config=config)
    lumas = ordered_map(how, paths, workers, lost=lambda path, why: f"{path}: {why}")
    for start, group in jobs:
        shard = [next(lumas) for _ in group]
        yield _transform(start, shard, out, partial(_torch_dct, device=device))


def _transform(start: int, lumas: list[Any], out: Path, transform: Any) -> list[str]:
    """Read photographs (or the reasons why not) -> one shard; returns the reasons."""
    good = [(start + i, luma) for i, luma in enumerate(lumas) if not isinstance(luma, str)]
    if good:
        # photographs side by side: every DCT is one matrix product of all their blocks
        keys = [_block_keys(number, *grid(*luma.shape)) for number, luma in good]
        with replacing(_shard(out, "coefficients", start)) as path:
            shape = (SIZE * SIZE, sum(key.shape[1] for key in keys))
            shard = np.lib.format.open_memmap(path, "w+", np.float32, shape)
            begin = 0
            for _, luma in good:
                coefficients = transform(luma)
                end = begin + coefficients.shape[1]
                shard[:, begin:end] = coefficients
                begin = end
            shard.flush()
            del shard
        with replacing(_shard(out, "blocks", start)) as path:
            columns = dict(zip(KEYS, np.concatenate(keys, axis=1), strict=True))
            pq.write_table(pa.table(columns), path)
    return [luma for luma in lumas if isinstance(luma, str)]


def _block_keys(number: int, rows: int, columns: int) -> np.ndarray:
    """(3, rows * columns) int32: ``KEYS`` of a photo's blocks in raster order."""
    row, column = np.divmod(np.arange(rows * columns, dtype=np.int32), columns)
    return np.stack([np.full_like(row, number), row, column])


def _numpy_dct(luma: np.ndarray) -> np.ndarray:
    return np.asarray(block_dct(unfold(luma).astype(np.float32)))


def _torch_dct(luma: np.ndarray, device: str) -> np.ndarray:
    import torch

    blocks = unfold(torch.tensor(luma, device=device)).to(torch.float32)
    return np.asarray(block_dct(blocks).cpu().numpy())


def _describe_shard(path: Path, out: Path, device: str) -> None:
    coefficients = np.load(path, mmap_mode="r")
    blocks = pq.read_table(path.with_name(path.stem.replace("coefficients", "blocks") + ".parquet"))
    if device == "cpu":
        strips = range(0, coefficients.shape[1], STRIP_BLOCKS)
        parts = [band_statistics(coefficients[:, i : i + STRIP_BLOCKS]) for i in strips]
        statistics = np.concatenate(parts, axis=1)
    else:
        import torch

        whole = torch.from_numpy(np.array(coefficients)).to(device)
        statistics = band_statistics(whole).cpu().numpy()
    for name, values in zip(FEATURES, statistics, strict=True):
        blocks = blocks.append_column(name, pa.array(values))
    with replacing(out / _statistics_name(path)) as temporary:
        # noise hardly compresses: plain pages are ten times faster to write and to read
        pq.write_table(blocks, temporary, compression="none", use_dictionary=list(KEYS))
