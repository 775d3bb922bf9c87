"""The one loop that trains networks: early stopping, augmentation, weights of rows.

A row of weight w is drawn into an epoch with probability w / (largest weight), so that rows that
count little also cost little.

Sources:
    Adam: Kingma, Ba, ICLR 2015, arXiv:1412.6980.
    Cosine schedule: Loshchilov, Hutter, ICLR 2017, arXiv:1608.03983.
    Label smoothing: Szegedy et al., CVPR 2016, doi:10.1109/CVPR.2016.308.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from ...datasets.splits import folds
from ...errors import ConfigError, ModelError
from ...metrics import roc_auc
from ..base import Array
from .checkpoints import State, copied, hash_of
from .devices import chosen_device, half_type, mixed
from .fit_context import current_context
from .recipe import NetworkRows, Recipe

PARTS = 6  # one of so many parts of the scenes decides when to stop

# (output, (b,) or what else the network gives, targets (b, k)) -> loss of each row (b,)
Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def train_network(
    name: str,
    make: Callable[[], nn.Module],
    loss: Loss,
    rows: NetworkRows,
    recipe: Recipe,
    about: dict[str, Any] | None = None,
) -> nn.Module:
    """A network in its best epoch by ROC AUC on scenes kept aside, on the CPU, ready to answer.

    Args:
        name: Of the model, for the progress bar.
        make: Makes the network with its first weights: (b, 3, H, W) 0..1, (b, C, h, w) or (b, k)
            -> (b,), higher for blurred. While it learns it may answer with more, for the loss.
        loss: Of the output.
        rows: What to learn from.
        recipe: How.
        about: What else the result depends on, plain values: checkpoints of others are left alone.

    Returns:
        The network, all weights rounded to 16 bits where that moves P by less than .001.

    Raises:
        ConfigError: No such device, or a crop larger than the pictures.
        ModelError: Its answers are not finite.
    """
    extent = min(rows.values.shape[1:3])
    if _pictures(rows.values) and not 0 <= recipe.crop <= extent:
        raise ConfigError(f"crop: expected 0..{extent} pixels, got {recipe.crop}")
    seeded = torch.Generator().manual_seed(recipe.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        network = make()
    learn, check = _apart(rows, recipe)
    device = chosen_device()
    network = network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = _optimiser(network, recipe)
    state = State(name, network, optimiser, rows, recipe, about or {})
    steps = math.ceil(_drawn(rows.weights[learn]) / recipe.batch)
    rate = torch.optim.lr_scheduler.LambdaLR(optimiser, _warm_cosine(steps, recipe.epochs))
    with torch.random.fork_rng(enabled=True):
        epochs = range(state.resume(rate, seeded), recipe.epochs)
        for epoch in current_context().progress(epochs, len(epochs), f"{name}: epochs"):
            torch.manual_seed(hash_of(recipe.seed, epoch))  # dropout
            _epoch(network, optimiser, rate, loss, rows, learn, recipe, seeded)
            auc = epoch / recipe.epochs  # nothing to check by: the last epoch is the best
            if len(check):
                p = torch.sigmoid(answers(network, rows.values[check], recipe))
                _must_be_finite(name, p)
                auc = roc_auc(rows.y[check], p.numpy())
            if state.finished(epoch, auc, rate, seeded):
                break
    if (spent := current_context().spent) is not None:
        spent.append(state.seconds)
    network = state.best().cpu().to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    some = rows.values[check if len(check) else learn][:64]
    _must_be_finite(name, answers(network, some[:1]))
    return _rounded(network.eval(), some)


def answers(network: nn.Module, values: Array, recipe: Recipe | None = None) -> torch.Tensor:
    """A network's output for n rows, shape (n,), float32, on the CPU.

    Args:
        network: On any device.
        values: As in ``NetworkRows``.
        recipe: With one, in mixed precision where that pays; full precision if left out.
    """
    device = next(network.parameters()).device
    network.eval()
    found = [torch.zeros(0)]
    with torch.inference_mode(), mixed(device, recipe):
        for start in range(0, len(values), 32):
            batch = _batch(values[start : start + 32], device)
            found.append(network(batch).float().cpu())
    return torch.cat(found)


def _apart(rows: NetworkRows, recipe: Recipe) -> tuple[Array, Array]:
    """Rows to learn from, and rows of other scenes to stop by, of those that decide."""
    everything = np.arange(len(rows.y))
    if not recipe.kept_aside or len(np.unique(rows.groups)) < PARTS:
        return everything, everything[:0]
    learn, check = folds(rows.groups, rows.y, PARTS, recipe.seed)[0]
    check = check[rows.decides[check]]
    if len(np.unique(rows.y[check])) < 2 or len(np.unique(rows.y[learn])) < 2:
        return everything, everything[:0]
    return learn, check


def _drawn(weights: Array) -> float:
    """Rows of an epoch, on average."""
    return float((weights / weights.max()).sum())


def _epoch(
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    rate: Any,
    loss: Loss,
    rows: NetworkRows,
    learn: Array,
    recipe: Recipe,
    seeded: torch.Generator,
) -> None:
    device = next(network.parameters()).device
    chance = torch.from_numpy(rows.weights[learn] / rows.weights[learn].max())
    chosen = torch.rand(len(learn), generator=seeded) < chance
    order = torch.randperm(int(chosen.sum()), generator=seeded)
    drawn = learn[chosen.numpy()][order.numpy()]
    network.train()
    scaler = torch.amp.GradScaler(enabled=half_type(device) == torch.float16)
    for start in range(0, len(drawn), recipe.batch):
        some = drawn[start : start + recipe.batch]
        if len(some) < 2 <= len(drawn):
            break  # a batch of one has no variance to normalise by
        batch = _batch(rows.values[some], device)
        if _pictures(rows.values):
            batch = _augmented(batch, recipe.crop, seeded)
        targets = torch.from_numpy(rows.targets[some]).to(device)
        with mixed(device, recipe):
            output = network(batch)
        optimiser.zero_grad(set_to_none=True)
        scaler.scale(loss(output.float(), targets).mean()).backward()
        scaler.step(optimiser)
        scaler.update()
        rate.step()


def _pictures(values: Array) -> bool:
    return values.dtype == np.uint8


def _batch(values: Array, device: torch.device) -> torch.Tensor:
    """Pictures -> (b, 3, H, W) 0..1, channels last in memory; maps and numbers as they are."""
    moved = torch.from_numpy(np.ascontiguousarray(values)).to(device, non_blocking=True)
    if not _pictures(values):
        return moved.float()
    return moved.permute(0, 3, 1, 2).float().div_(255)


def _augmented(batch: torch.Tensor, crop: int, seeded: torch.Generator) -> torch.Tensor:
    """Mirrored, turned by quarters, brighter or darker, cut out: nothing that blurs or sharpens."""
    chances = torch.rand((3, len(batch), 1, 1, 1), generator=seeded).to(batch.device)
    batch = torch.where(chances[0] < 0.5, batch.flip(3), batch)
    batch = torch.where(chances[1] < 0.5, batch.flip(2), batch)
    if batch.shape[2] == batch.shape[3]:
        batch = torch.where(chances[2] < 0.5, batch.transpose(2, 3), batch)
    gains = torch.rand((len(batch), 1, 1, 1), generator=seeded).to(batch.device)
    batch = (batch * (0.8 + 0.4 * gains)).clamp_(0, 1)
    if crop:
        spare = [extent - crop + 1 for extent in batch.shape[2:]]
        top, left = (int(torch.randint(each, (1,), generator=seeded)) for each in spare)
        batch = batch[:, :, top : top + crop, left : left + crop]
    return batch.contiguous(memory_format=torch.channels_last)


def _optimiser(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    own: dict[str, float] = getattr(network, "decays", {})
    groups = [
        {"params": [weight], "weight_decay": own.get(name, recipe.weight_decay)}
        for name, weight in network.named_parameters()
    ]
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(groups, recipe.learning_rate, momentum=0.9, nesterov=True)
    return torch.optim.Adam(groups, recipe.learning_rate)


def _warm_cosine(steps: int, epochs: int) -> Callable[[int], float]:
    total = max(2, steps * epochs)
    warm = max(1, min(steps, total // 10))

    def factor(step: int) -> float:
        if step < warm:
            return (step + 1) / warm
        return 0.5 + 0.5 * math.cos(math.pi * min(1.0, (step - warm) / (total - warm)))

    return factor


def _must_be_finite(name: str, output: torch.Tensor) -> None:
    if not bool(output.isfinite().all()):
        raise ModelError(f"{name}: training ran off to infinity; a smaller learning_rate may help")


def _rounded(network: nn.Module, values: Array) -> nn.Module:
    """Weights as 16-bit numbers, in 32 bits, unless that moves P by .001 or more."""
    before, exact = torch.sigmoid(answers(network, values)), copied(network)
    halves = {
        # not what normalisation counts: it is small, and may be over what 16 bits hold
        name: value.half().float() if value.dim() > 1 else value
        for name, value in exact.items()
    }
    network.load_state_dict(halves)
    moved = (torch.sigmoid(answers(network, values)) - before).abs()
    if not bool((moved < 1e-3).all()):
        network.load_state_dict(exact)
    return network
