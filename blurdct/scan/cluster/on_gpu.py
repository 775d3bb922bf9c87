"""The numbers of a photo by torch on a GPU, in place of the processor: for workers that have one.

The rest of the way is the same: decoding, maps, the model's graph. Sums are in another order on a
GPU, so that P may differ in its last digits.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np

from ...errors import ModelError
from ...features.inputs import INPUTS
from ...features.photo import Photo
from ...inference.facts import Facts
from ..worker import prepare

# Model inputs, and what makes them of pictures of shape (1, H, W); imported where there is a GPU.
MAKERS = {"features": "blurdct.torch:image_features", "wide": "blurdct.torch:wide_numbers"}


def has_use(views: Iterable[str]) -> bool:
    """Whether torch makes one of these model inputs."""
    return any(view in MAKERS for view in views)


def prepare_on_gpu(setup: tuple[Any, ...], facts: Facts, device: str = "cuda") -> None:
    """``scan.worker.prepare``, for a process that has a GPU.

    Raises:
        ModelError: No torch, or one that sees no GPU.
    """
    try:
        makers = {view: _function(target) for view, target in MAKERS.items()}
    except ImportError as error:
        raise ModelError(f"--gpus: {error}") from error
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        raise ModelError("--gpus: torch sees no GPU on a machine that Ray counts one of")
    for view, make in makers.items():  # of this process alone
        INPUTS[view] = replace(INPUTS[view], make=_by_torch(make, device))
    prepare(setup, facts)


def _function(target: str) -> Callable[[Any], Any]:
    module, _, name = target.partition(":")
    function: Callable[[Any], Any] = getattr(import_module(module), name)
    return function


def _by_torch(make: Callable[[Any], Any], device: str) -> Callable[[Photo], np.ndarray]:
    import torch

    def made(photo: Photo) -> np.ndarray:
        luma = torch.tensor(photo.luma, dtype=torch.float32, device=device)
        return np.asarray(make(luma[None])[0].cpu(), np.float32)

    return made
