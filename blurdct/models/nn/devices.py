"""Where networks are trained and asked, and in which precision.

Mixed precision is used on CUDA, and on processors with bfloat16 matrix units where it is faster.
"""

from contextlib import AbstractContextManager
from typing import Any

import torch

from ...errors import ConfigError
from .fit_context import current_context
from .recipe import Recipe


def chosen_device() -> torch.device:
    """The one that ``current_context`` names; a GPU if there is one.

    Raises:
        ConfigError: There is none, and one is wanted.
    """
    wanted = current_context().device
    if wanted == "cuda" and not torch.cuda.is_available():
        raise ConfigError("device: no CUDA device here")
    return torch.device(wanted or ("cuda" if torch.cuda.is_available() else "cpu"))


def device_name() -> str:
    """The device that networks are trained on here, for reports."""
    if chosen_device().type == "cuda":
        return torch.cuda.get_device_name()
    threads = torch.get_num_threads()
    return f"CPU, {threads} threads" if threads > 1 else "CPU, 1 thread"


def half_type(device: torch.device) -> torch.dtype | None:
    """The 16-bit type that this device computes fast in, if there is one."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(False) else torch.float16
    return torch.bfloat16 if torch.cpu.get_capabilities().get("amx_bf16") else None


def mixed(device: torch.device, recipe: Recipe | None) -> AbstractContextManager[Any]:
    """Mixed precision in its block, where device and recipe have it; none without a recipe."""
    wanted = recipe and (device.type == "cuda" or recipe.mixed_on_cpu)
    half = half_type(device) if wanted else None
    return torch.autocast(device.type, half or torch.bfloat16, enabled=half is not None)
