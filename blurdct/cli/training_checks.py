"""What commands that train check before hours are spent, and what they say about what they read."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import ReadConfig, SynthConfig, TrainConfig
from ..errors import ConfigError
from . import output
from .checks import check_out
from .options import note

if TYPE_CHECKING:
    import pandas as pd

    from ..datasets.loading import LabelledImages
    from ..models.base import Backend
    from ..training.training_set import TrainingSet


MORE_COPIES = 3  # of each photo and kind, for models that learn more from them
THREADS = os.environ.get("OMP_NUM_THREADS")  # what the user wants; commands set it for themselves


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
    from ..features.inputs import INPUTS
    from ..models.nn.fit_context import in_context
    from ..models.registry import backend
    from ..parallel.cores import cores

    kinds = [backend(name) for name in names]
    if not any(len(INPUTS[view].shape) > 1 for kind in kinds for view in kind.views):
        given = {"--device": device, "--checkpoints": checkpoints, "--weights": weights}
        for option, value in given.items():
            if value:
                raise ConfigError(f"{option} is for networks: {', '.join(names)} is none")
        return False
    if checkpoints:
        check_out(checkpoints)
    import torch

    from ..models.nn.devices import device_name
    from ..models.nn.network import Network, load_published

    torch.set_num_threads(int(THREADS) if THREADS and THREADS.isdecimal() else cores())
    with in_context(device=device):
        device_name()
    if weights and not _takes_weights(kinds[0]):
        raise ConfigError(f"--weights: the networks of {names[0]} begin with weights of their own")
    if weights and issubclass(kinds[0], Network):
        load_published(kinds[0]().module(), weights, kinds[0].head)
    return True


def _takes_weights(kind: "type[Backend]") -> bool:
    """Whether published weights are what its network, or that of a member, begins with."""
    from ..models.nn.network import Network
    from ..models.registry import backend

    members = [backend(name) for name in getattr(kind, "members", ())]
    networks = [one for one in (kind, *members) if issubclass(one, Network)]
    return any(one.module is not Network.module for one in networks)


def copies_for(names: Sequence[str], wanted: bool, seed: int) -> SynthConfig | None:
    """Which copies models learn from, also those that not every model learns from."""
    from ..models.registry import backend

    if not wanted:
        return None
    more = any(backend(name).learns_more for name in names)
    count = MORE_COPIES if more else 0
    return SynthConfig(seed=seed, varied_copies=count, lights_copies=count)


def load_labelled(
    photos: Path,
    views: Sequence[str],
    workers: int | None,
    synth: SynthConfig | None = None,
    read: ReadConfig = ReadConfig(),
    learning: bool = False,
    listed: "pd.DataFrame | None" = None,
) -> "LabelledImages":
    """``datasets.loading.load_folder`` with a bar, and remarks on what was left out."""
    from ..datasets.loading import load_folder
    from ..utils.progress import bar

    found = load_folder(photos, views, read, synth, None, workers, bar, learning, listed)
    remark(found)
    return found


def remark(found: "LabelledImages") -> None:
    """Say which photographs were left out."""
    for line in found.bad:
        output.note(line)
    if found.unlabelled:
        note(f"without a label, and left out: {found.unlabelled} of the photographs")


def learnable(found: "LabelledImages", config: TrainConfig) -> "TrainingSet":
    """The photographs as a training set, and remarks on those that serve to count errors alone.

    Raises:
        ConfigError: Photographs of one label could not be read.
    """
    from ..datasets.manifest import FOLDER_LABELS
    from ..training.training_set import build_training_set

    originals = found.table[found.table["kind"] == ""]
    if "mask" in originals:
        originals = originals[originals["mask"] == ""]
    for label, value in FOLDER_LABELS.items():
        if not (originals["label"] == value).any():
            without = " without a mask" if "mask" in found.table else ""
            raise ConfigError(f"no {label} photo{without} can be read, and so none be learnt from")
    data = build_training_set(found.table, config, found.inputs, found.masks)
    alone = data.table[(data.table["kind"] == "") & ~data.real]
    for (source, value), rows in alone.groupby(["source", "label"]):
        label = next(name for name, number in FOLDER_LABELS.items() if number == value)
        use = "its copies are learnt from, and it shows false positives" if value == 0 else "unused"
        note(f"source {source!r} has {label} photographs alone ({len(rows)}): {use}")
    return data


def doubt(y: Any, groups: Any, config: TrainConfig, *measured: Any) -> None:
    """Say what makes figures hard to trust; see ``evaluation.caveats.doubts``."""
    from ..evaluation.caveats import doubts

    for line in doubts(y, groups, config, *measured):
        note(line)


def say(lines: Iterable[str]) -> None:
    """Lines to standard output."""
    for line in lines:
        output.write(line)
