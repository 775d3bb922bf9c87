"""Where the fit of a network stands, kept on disk: an interrupted one goes on where it was."""

import hashlib
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ..._version import __version__
from ...utils.atomic import replacing
from ..base import Array
from .fit_context import current_context
from .recipe import NetworkRows, Recipe


class State:
    """Where a fit stands: the best weights so far, kept on disk if there is a folder for it."""

    def __init__(
        self,
        name: str,
        network: nn.Module,
        optimiser: torch.optim.Optimizer,
        rows: NetworkRows,
        recipe: Recipe,
        about: dict[str, Any],
    ) -> None:
        self.network, self.optimiser, self.recipe = network, optimiser, recipe
        self.top, self.top_epoch, self.weights = -1.0, -1, copied(network)
        self.seconds, self.since = 0.0, time.perf_counter()
        folder = current_context().checkpoints
        self.path: Path | None = None
        if folder:
            first = [value.cpu().numpy() for value in network.state_dict().values()]
            data = (rows.values, rows.targets, rows.y, rows.groups, rows.weights)
            known = [__version__, name, vars(recipe), about, digest(*first), digest(*data)]
            text = json.dumps(known, sort_keys=True)
            self.path = folder / f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:20]}.pt"

    def resume(self, rate: Any, seeded: torch.Generator) -> int:
        """The epoch to go on with."""
        if not (self.path and self.path.is_file()):
            return 0
        kept = torch.load(self.path, map_location="cpu", weights_only=True)
        self.top, self.top_epoch, self.weights = kept["top"], kept["top_epoch"], kept["weights"]
        self.seconds = kept["seconds"]
        if kept["going"] is None:
            return self.recipe.epochs
        self.network.load_state_dict(kept["going"]["network"])
        self.optimiser.load_state_dict(kept["going"]["optimiser"])
        rate.load_state_dict(kept["going"]["rate"])
        seeded.set_state(kept["going"]["seeded"])
        return int(kept["going"]["epoch"]) + 1

    def finished(self, epoch: int, auc: float, rate: Any, seeded: torch.Generator) -> bool:
        """Take note of an epoch; whether it was the last."""
        if auc > self.top or self.top_epoch < 0:
            self.top, self.top_epoch, self.weights = auc, epoch, copied(self.network)
        now = time.perf_counter()
        self.seconds, self.since = self.seconds + now - self.since, now
        over = epoch + 1 == self.recipe.epochs or epoch - self.top_epoch >= self.recipe.patience
        if self.path:
            going = {
                "network": self.network.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "rate": rate.state_dict(),
                "seeded": seeded.get_state(),
                "epoch": epoch,
            }
            best = {"top": self.top, "top_epoch": self.top_epoch, "weights": self.weights}
            best["seconds"] = self.seconds
            with replacing(self.path) as temporary:
                torch.save({**best, "going": None if over else going}, temporary)
        return over

    def best(self) -> nn.Module:
        """The network with its best weights."""
        self.network.load_state_dict(self.weights)
        return self.network


def hash_of(*parts: Any) -> int:
    """A seed out of several things, 0 .. 2**32 - 1; the same everywhere."""
    return int(hashlib.sha256(repr(parts).encode()).hexdigest()[:8], 16)


def digest(*arrays: Array) -> str:
    """Of arrays, in hexadecimal; the same for the same numbers and shapes."""
    found = hashlib.blake2b(digest_size=12)
    for array in arrays:
        whole = np.ascontiguousarray(array if array.dtype != object else array.astype(str))
        found.update(f"{whole.dtype} {whole.shape}".encode())
        found.update(whole.reshape(-1).view(np.uint8).data)
    return found.hexdigest()


def copied(network: nn.Module) -> dict[str, torch.Tensor]:
    """The weights of now, on the CPU."""
    return {name: value.detach().cpu().clone() for name, value in network.state_dict().items()}
