"""A table of numbers, or images as stage 3 left them -> the training set of models with one input.

The tables are what shipped models are made again from, without a photograph.
"""

from collections.abc import Sequence
from pathlib import Path

from ..config import ReadConfig, TrainConfig
from ..datasets.extraction import read_numbers, write_numbers
from ..datasets.loading import load_table
from ..datasets.manifest import read_csv, telling
from ..datasets.synthesis import locate
from ..errors import ConfigError
from ..features.summary import SUMMARY
from ..utils.progress import Progress, silent
from .blur_rows import with_kinds
from .training_set import COLUMNS, TrainingSet, build_training_set

NUMBERS = "wide.parquet"  # beside the images: their 350 numbers


def from_table(path: Path, views: Sequence[str], config: TrainConfig) -> TrainingSet:
    """What a table knows of many images.

    Args:
        path: A CSV table of the 18 features, as stage 6 writes it, or a Parquet table of the 350
            numbers, as ``from_images`` does; see ``blur_rows.with_kinds``.
        views: Names of the model inputs, ``features`` or ``wide`` alone.
        config: How to train.

    Raises:
        ConfigError: No such table, or there is none of these inputs.
    """
    if list(views) == ["features"]:
        return build_training_set(telling(read_csv(path, COLUMNS)), config)
    if list(views) != ["wide"]:
        raise ConfigError(f"--features: of {', '.join(views)} there is no table")
    table, values = read_numbers(path, SUMMARY)
    return build_training_set(with_kinds(table, path), config, {"wide": values})


def from_images(
    out: Path,
    folder: Path,
    views: Sequence[str],
    config: TrainConfig = TrainConfig(),
    read: ReadConfig = ReadConfig(),
    workers: int | None = None,
    progress: Progress = silent,
) -> tuple[TrainingSet, dict[str, Path], list[str]]:
    """Read the images of ``out/images.csv``.

    Models on the 350 numbers learn from what ``out/wide.parquet`` keeps of them, which is written.

    Args:
        out: Where stage 3 wrote to.
        folder: Where the photographs are.
        views: Names of the model inputs.
        config: How to train.
        read: How images are read.
        workers: Processes; None for one per core.
        progress: Wraps the images as they come.

    Returns:
        The training set; by path where its images are; a line for each that cannot be read.
    """
    table = telling(read_csv(out / "images.csv", COLUMNS[:7]))
    files = locate(table, folder, out)
    places = dict(zip(table["path"], files, strict=True))
    found = load_table(table, files, views, read, workers, progress, folder)
    if list(views) == ["wide"]:
        write_numbers(found.table, SUMMARY, found.inputs["wide"], out / NUMBERS)
        return from_table(out / NUMBERS, views, config), places, found.bad
    return build_training_set(found.table, config, found.inputs, found.masks), places, found.bad
