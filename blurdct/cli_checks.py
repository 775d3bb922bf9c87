"""What commands check before hours are spent, and what they say about what they read."""

import functools
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from . import printing
from .cli_shared import note
from .config import ReadConfig, SynthConfig, TrainConfig
from .errors import BlurdctError, ConfigError, ModelError

if TYPE_CHECKING:
    from .examples import Examples
    from .gathering import Gathered

Command = TypeVar("Command", bound=Callable[..., None])

MORE_COPIES = 3  # of each photo and kind, for models that learn more from them
THREADS = os.environ.get("OMP_NUM_THREADS")  # what the user wants; commands set it for themselves
PACKAGE = __name__.partition(".")[0]


def command(function: Command) -> Command:
    """What may be missing or not be writable becomes one line."""

    @functools.wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> None:
        name = function.__name__
        try:
            function(*args, **kwargs)
        except ModuleNotFoundError as error:
            if (error.name or PACKAGE).partition(".")[0] == PACKAGE:
                raise
            raise ModelError(
                f'{name} needs more than the core install: pip install "{PACKAGE}[train]"'
            ) from error
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            raise BlurdctError(f"{place}{error.strerror or error}") from error

    return guarded  # type: ignore[return-value]


def check_out(out: Path, sheet: str | None = None) -> None:
    """Refuse at once what could not be written in the end, and what is something else.

    Args:
        out: A folder that is there or is to be made.
        sheet: The file by which a folder that may be replaced is known.
    """
    if out.exists() and not out.is_dir():
        raise ConfigError(f"{out}: exists and is not a folder")
    if sheet and out.is_dir() and any(out.iterdir()) and not (out / sheet).is_file():
        raise ConfigError(f"{out}: exists and is not a model; name a folder that is not there yet")
    place = next(folder for folder in (out, *out.absolute().parents) if folder.exists())
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        raise ConfigError(f"{out}: cannot be written ({error.strerror})") from error


def prepare(
    names: Sequence[str],
    device: str | None,
    checkpoints: Path | None = None,
    weights: Path | None = None,
) -> bool:
    """Have networks use all cores; refuse what the models have no use for. True: some are networks.

    Raises:
        ConfigError: No network among them although one of the others is given, no such device, or
            no place for checkpoints.
        ModelError: Weights of another network.
    """
    from .models import backend
    from .models.fitting import circumstances
    from .pool import cores
    from .views import VIEWS

    kinds = [backend(name) for name in names]
    if not any(len(VIEWS[view].shape) > 1 for kind in kinds for view in kind.views):
        given = {"--device": device, "--checkpoints": checkpoints, "--weights": weights}
        for option, value in given.items():
            if value:
                raise ConfigError(f"{option} is for networks: {', '.join(names)} is none")
        return False
    if checkpoints:
        check_out(checkpoints)
    import torch

    from .models.devices import device_name
    from .models.network import Network, load_published

    torch.set_num_threads(int(THREADS) if THREADS and THREADS.isdecimal() else cores())
    with circumstances(device=device):
        device_name()
    if weights and issubclass(kinds[0], Network):
        load_published(kinds[0]().module(), weights, kinds[0].head)
    return True


def copies_for(names: Sequence[str], wanted: bool, seed: int) -> SynthConfig | None:
    """Which copies models learn from, also those that not every model learns from."""
    from .examples import learns_more
    from .models import backend

    if not wanted:
        return None
    more = any(learns_more(backend(name)) for name in names)
    count = MORE_COPIES if more else 0
    return SynthConfig(seed=seed, varied_copies=count, lights_copies=count)


def gather(
    photos: Path,
    views: Sequence[str],
    workers: int | None,
    synth: SynthConfig | None = None,
    read: ReadConfig = ReadConfig(),
    learning: bool = False,
) -> "Gathered":
    """``gathering.gather`` with a bar, and remarks on what was left out."""
    from .gathering import gather
    from .progress import bar

    found = gather(photos, views, read, synth, None, workers, bar, learning)
    remark(found)
    return found


def remark(found: "Gathered") -> None:
    """Say which photographs were left out."""
    for line in found.bad:
        printing.note(line)
    if found.unlabelled:
        note(f"without a label, and left out: {found.unlabelled} of the photographs")


def learnable(found: "Gathered", config: TrainConfig) -> "Examples":
    """The photographs as examples, and remarks on those that serve to count errors alone.

    Raises:
        ConfigError: Photographs of one label could not be read.
    """
    from .dataset import FOLDER_LABELS
    from .examples import examples

    originals = found.table[found.table["kind"] == ""]
    if "mask" in originals:
        originals = originals[originals["mask"] == ""]
    for label, value in FOLDER_LABELS.items():
        if not (originals["label"] == value).any():
            raise ConfigError(f"no {label} photo can be read")
    data = examples(found.table, config, found.inputs, found.masks)
    apart = data.table[(data.table["kind"] == "") & ~data.real]
    for (source, value), rows in apart.groupby(["source", "label"]):
        label = next(name for name, number in FOLDER_LABELS.items() if number == value)
        use = "its copies are learnt from, and it shows false positives" if value == 0 else "unused"
        note(f"source {source!r} has {label} photographs alone ({len(rows)}): {use}")
    return data


def doubt(y: Any, groups: Any, config: TrainConfig, *measured: Any) -> None:
    """Say what makes figures hard to trust; see ``evaluating.doubts``."""
    from .evaluating import doubts

    for line in doubts(y, groups, config, *measured):
        note(line)


def say(lines: Iterable[str]) -> None:
    """Lines to standard output."""
    for line in lines:
        printing.write(line)
