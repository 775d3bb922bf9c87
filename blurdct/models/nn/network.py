"""What all networks share: a picture in, P(blurred) out; start weights, export."""

import io
import pickle
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import onnx
import torch
from torch import nn

from ...errors import ModelError
from ...features.inputs import INPUTS
from ...utils.atomic import replacing
from ...utils.text import reason
from ..base import Array, Backend, Inputs, TrainingRows
from ..onnx_graph import OPSETS, halved
from .checkpoints import digest, hash_of
from .fit_context import current_context
from .recipe import NetworkRows, Recipe
from .train_loop import Loss, answers, train_network

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Network(Backend):
    """A backend around a torch module; see ``models.base.Backend``.

    A family says which input it takes, its module and its defaults; and what it learns beside the
    class, if it does, by ``targets`` and ``loss``.

    Attributes:
        head: Start of the names of the weights that published ones are not taken for.
        mixed_on_cpu: See ``Recipe``.
    """

    head = "head"
    mixed_on_cpu = True

    def __init__(self, **parameters: Any) -> None:
        super().__init__(**parameters)
        self.network: nn.Module | None = None
        self.recipe = self._recipe()

    def module(self) -> nn.Module:
        """A new network: (b, 3, H, W) 0..1 -> (b,), any number, higher for blurred."""
        raise NotImplementedError

    def targets(self, y: Array, levels: Array) -> Array:
        """What to learn, (n, k) float32: here the class."""
        return y[:, None].astype(np.float32)

    def loss(self, output: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Of each row: here binary cross-entropy, labels smoothed as the parameters say."""
        smoothing = float(self.parameters.get("label_smoothing", 0))
        smooth = targets[:, 0] * (1 - smoothing) + smoothing / 2
        return nn.functional.binary_cross_entropy_with_logits(output, smooth, reduction="none")

    def fit(self, rows: TrainingRows) -> Self:
        """Train from first weights, or from those published; see ``Backend.fit``."""
        targets = self.targets(rows.y, rows.known_levels())
        shown = NetworkRows.of(rows, rows.inputs[self.views[0]], targets)
        name = type(self).__name__
        self.network = train_network(
            name, self._started, self.loss, shown, self.recipe, self.parameters
        )
        return self

    def predict_proba(self, inputs: Inputs) -> Array:
        """P(blurred); see ``Backend.predict_proba``."""
        network, pixels, folder = (
            self._fitted(),
            inputs[self.views[0]],
            current_context().checkpoints,
        )
        if folder is None:
            return torch.sigmoid(answers(network, pixels)).numpy()
        # a network answers slowly, and a fusion asks again what its member was asked before
        weights = [value.numpy() for value in network.state_dict().values()]
        kept = folder / f"{type(self).__name__}-{digest(*weights)}-{digest(pixels)}.npy"
        if not kept.is_file():
            with replacing(kept) as temporary:
                np.save(temporary, torch.sigmoid(answers(network, pixels)).numpy())
        return np.asarray(np.load(kept))

    def to_onnx(self) -> bytes:
        """See ``Backend.to_onnx``; weights that 16 bits hold are stored in 16."""
        view = self.views[0]
        return halved(
            exported(Graph(self._fitted()), [view], [INPUTS[view].shape_at(0)], torch.uint8)
        )

    def _started(self) -> nn.Module:
        network, file = self.module(), current_context().weights
        if file is not None:
            load_published(network, file, self.head)
        return network

    def _recipe(self, **changes: Any) -> Recipe:
        names = set(Recipe.__dataclass_fields__) & set(self.parameters)
        settings = {name: self.parameters[name] for name in names}
        return Recipe(**{**settings, "mixed_on_cpu": self.mixed_on_cpu, **changes})

    def _fitted(self) -> nn.Module:
        if self.network is None:
            raise ValueError("expected a fitted model; call fit first")
        return self.network


class Members(Network):
    """Networks alike, from other first weights, which answer together.

    All scenes are learnt from: a sixth of so few, kept aside to stop by, is missed.
    """

    def trained(
        self, name: str, make: Callable[[], nn.Module], loss: Loss, rows: NetworkRows
    ) -> list[nn.Module]:
        """As many as the parameters say; see ``train_network``."""
        found = []
        for number in range(int(self.parameters["members"])):
            recipe = self._recipe(seed=hash_of(int(self.parameters["seed"]), number))
            about = {**self.parameters, "member": number}
            found.append(train_network(name, make, loss, rows, recipe, about))
        return found

    def _recipe(self, **changes: Any) -> Recipe:
        return super()._recipe(**{"patience": 1, "kept_aside": False, **changes})


class Together(nn.Module):
    """Holds networks alike; how they answer as one is said by whoever comes from it."""

    def __init__(self, members: list[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)


class Scaled(nn.Module):
    """Holds mean and deviation of what comes in, as a part of the weights that is not learnt."""

    def __init__(self, mean: Array, deviation: Array) -> None:
        super().__init__()
        self.mean: torch.Tensor
        self.deviation: torch.Tensor
        self.register_buffer("mean", torch.from_numpy(mean))
        self.register_buffer("deviation", torch.from_numpy(deviation))


def exported(
    network: nn.Module,
    names: Sequence[str],
    shapes: Sequence[tuple[int, ...]],
    dtype: torch.dtype = torch.float32,
    outputs: Sequence[str] = ("probability",),
    open_axes: Mapping[str, dict[int, str]] = {},
) -> onnx.ModelProto:
    """The graph of a network.

    Args:
        network: Takes and gives what the names say, n rows each.
        names: Of its inputs.
        shapes: Of a row of each.
        dtype: Of all inputs.
        outputs: Names.
        open_axes: By input or output, axes beside the first whose extent depends on the photo.
    """
    file = io.BytesIO()
    with warnings.catch_warnings(action="ignore"):  # of how torch will export one day
        torch.onnx.export(
            network.eval(),
            tuple(torch.zeros((2, *shape), dtype=dtype) for shape in shapes),
            file,  # type: ignore[arg-type]  # the exporter that is asked for takes files
            input_names=list(names),
            output_names=list(outputs),
            opset_version=OPSETS[""],
            dynamo=False,
            training=torch.onnx.TrainingMode.PRESERVE,  # leaves normalisation out of the weights
            dynamic_axes={name: {0: "n", **open_axes.get(name, {})} for name in (*names, *outputs)},
        )
    return onnx.load_from_string(file.getvalue())


class Graph(nn.Module):
    """What is exported of a network: the input as it comes, (n, H, W, 3) uint8, to P(blurred)."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: torch.Tensor) -> Any:
        return torch.sigmoid(self.network(pixels.permute(0, 3, 1, 2).float() / 255))


class Normalise(nn.Module):
    """Pixels 0..1 -> as networks for ImageNet want them."""

    def __init__(self) -> None:
        super().__init__()
        # no part of the weights
        shape = (1, 3, 1, 1)
        self.mean: torch.Tensor
        self.std: torch.Tensor
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(shape), persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(shape), persistent=False)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return (pixels - self.mean) / self.std


def load_published(network: nn.Module, file: Path, head: str) -> None:
    """Take over published weights by their names, all but those whose names begin with ``head``.

    Args:
        network: To load into.
        file: ``.safetensors``, or a file of torch that holds tensors only.
        head: What was made for other classes.

    Raises:
        ModelError: It cannot be read, or lacks weights of the network.
    """
    try:
        if file.suffix == ".safetensors":
            from safetensors.torch import load_file

            found: Any = load_file(file)
        else:
            with warnings.catch_warnings(action="ignore"):  # of how the file was written
                found = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:  # its message tells how to run what is in the file
        raise ModelError(f"{file}: holds something else than tensors, or is damaged") from error
    except FileNotFoundError as error:
        raise ModelError(f"{file}: no such file") from error
    except Exception as error:  # both libraries raise whatever comes
        why = f" ({reason(error)})" if isinstance(error, OSError) else ""
        raise ModelError(f"{file}: no weights can be read from it{why}") from error
    if isinstance(found, dict) and isinstance(found.get("state_dict"), dict):
        found = found["state_dict"]
    tensors = found.items() if isinstance(found, dict) else ()
    found = {name: value for name, value in tensors if isinstance(value, torch.Tensor)}
    own = network.state_dict()
    # the counter of batches is not in all published files, and plays no part
    body = [name for name in own if not name.startswith(head) and "num_batches" not in name]
    same = {name for name in body if name in found and found[name].shape == own[name].shape}
    lacking = [name for name in body if name not in same]
    if lacking:
        raise ModelError(
            f"{file}: not the weights of this network; {len(lacking)} of {len(body)} are missing "
            f"or of another shape, such as {lacking[0]}"
        )
    network.load_state_dict({name: found[name] for name in body}, strict=False)
