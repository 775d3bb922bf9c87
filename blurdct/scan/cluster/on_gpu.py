"""The 18 numbers of a photo by torch on a GPU, in place of NumPy: for workers that have one.

Only models that take ``features`` have a use for it; the rest of the way is the same. Sums are in
another order there, so that P may differ in its last digits.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from ...errors import ModelError
from ...features.extract import image_features
from ...features.inputs import INPUTS
from ...features.photo import Photo
from ...inference.facts import Facts
from ...utils.installing import install_hint
from ..worker import prepare

INPUT = "features"
ALL = 1 << 30  # blocks at once: a GPU has room


def prepare_on_gpu(setup: tuple[Any, ...], facts: Facts, device: str = "cuda") -> None:
    """``scan.worker.prepare``, for a process that has a GPU.

    Raises:
        ModelError: No torch, or one that sees no GPU.
    """
    try:
        import torch
    except ImportError as error:
        raise ModelError(f"--gpus needs torch: {install_hint('train', error)}") from error
    if device == "cuda" and not torch.cuda.is_available():
        raise ModelError("--gpus: torch sees no GPU on a machine that Ray counts one of")

    def features(photo: Photo) -> np.ndarray:
        luma = torch.tensor(photo.luma, device=device)
        return np.asarray(image_features(luma, ALL).cpu(), np.float32)

    INPUTS[INPUT] = replace(INPUTS[INPUT], make=features)  # of this process alone
    prepare(setup, facts)
