"""``stacking`` and ``certh-fusion``: backends over the answers of others.

What the upper model learns from are out-of-fold answers: each is of a member that saw no photo of
its scene. (Both published systems learnt from answers about the members' own training photographs,
which are overconfident.) The same members, one for each fold, then answer together by the mean of
their P: one fitted once more, on everything, would answer on another scale than the upper model has
learnt. The upper model learns from the rows that decide alone, the members from all.

Sources:
    Stacking: Wolpert, Neural Networks 5, 1992, doi:10.1016/S0893-6080(05)80023-1.
"""

from itertools import pairwise
from typing import Any, ClassVar, Self

import numpy as np
import onnx
import torch
from onnx import helper
from sklearn.tree import DecisionTreeClassifier
from torch import nn

from ..datasets.splits import TOO_FEW, folds
from ..errors import ConfigError
from .base import Array, Backend, Inputs, TrainingRows
from .nn.network import Scaled, exported
from .nn.recipe import NetworkRows, Recipe
from .nn.train_loop import answers, train_network
from .onnx_graph import averaged, graph, halved, joined, trees_node
from .registry import backend, seeded

WIDTHS = (4096, 3584, 3072, 2560, 2048)  # of the dense layers of ``certh-fusion``, as published


class Fusion(Backend):
    """What both have in common: members by name, and an upper model over their P.

    Attributes:
        members: Names of backends; each is also a parameter, with parameters of that member.
    """

    members: tuple[str, ...]

    def __init__(self, **parameters: Any) -> None:
        super().__init__(**parameters)
        self.fitted: dict[str, list[Backend]] = {}

    def fit(self, rows: TrainingRows) -> Self:
        """Judge the members out of fold, fit the upper model on that; see ``Backend.fit``."""
        decides = rows.deciding()
        judged = {name: np.zeros(len(rows.y)) for name in self.members}
        fitted: dict[str, list[Backend]] = {name: [] for name in self.members}
        parts = folds(rows.groups, rows.y, int(self.parameters["folds"]), self._seed())
        for learn, judge in parts:
            if len(np.unique(rows.y[learn])) < 2:
                raise ConfigError(TOO_FEW)
            judge = judge[decides[judge]]
            for name in self.members:
                model = self._member(name)
                own = rows.only(model.views)
                model.fit(own.select(learn))
                judged[name][judge] = model.predict_proba(own.select(judge).inputs)
                fitted[name].append(model)
        counted = rows.select(decides)
        answers_of = {name: p[decides] for name, p in judged.items()}
        self._fit_upper(self._columns(answers_of, counted.inputs), counted)
        self.fitted = fitted
        return self

    def predict_proba(self, inputs: Inputs) -> Array:
        """P(blurred); see ``Backend.predict_proba``."""
        p = {
            name: np.mean([model.predict_proba(inputs) for model in models], axis=0)
            for name, models in self._members().items()
        }
        return self._answer(self._columns(p, inputs))

    def _graphs(self) -> dict[str, bytes]:
        """Of each member, that of all its folds together."""
        return {
            name: averaged(name, [model.to_onnx() for model in models])
            for name, models in self._members().items()
        }

    def _members(self) -> dict[str, list[Backend]]:
        if not self.fitted:
            raise ValueError("expected a fitted model; call fit first")
        return self.fitted

    def _member(self, name: str) -> Backend:
        own = self.parameters[name]
        return backend(name)(**(seeded(name, own, self._seed()) if self._seed() else own))

    def _seed(self) -> int:
        return int(self.parameters["seed"])

    def _columns(self, p: dict[str, Array], inputs: Inputs) -> Array:
        """What the upper model sees, (n, k) float32."""
        return np.stack(list(p.values()), axis=1).astype(np.float32)

    def _fit_upper(self, columns: Array, rows: TrainingRows) -> None:
        raise NotImplementedError

    def _answer(self, columns: Array) -> Array:
        raise NotImplementedError


class Stacking(Fusion):
    """A decision tree of depth 3 over P of the small convolutional network and of the small tree.

    The published service also called a photo sharp, unseen by any model, where the variance of its
    Laplacian at 500x500 was 1400 or more; nothing here is exempt from being judged.
    """

    members = ("cnn", "tree")
    views = ("rgb256", "gradients")
    defaults: ClassVar[dict[str, Any]] = {
        "folds": 2,
        "max_depth": 3,
        "min_samples_leaf": 0.02,
        "cnn": {},
        "tree": {},
        "seed": 0,
    }

    def to_onnx(self) -> bytes:
        """See ``Backend.to_onnx``."""
        members, nodes, rows = self._graphs(), [], []
        for name in self.members:
            rows.append(f"{name}/row")
            nodes.append(helper.make_node("Unsqueeze", [f"{name}/probability", "axis"], rows[-1:]))
        nodes += [
            helper.make_node("Concat", rows, ["stack/rows"], axis=1),
            trees_node([self.upper.tree_], "stack/rows", "stack/share"),
            helper.make_node("Squeeze", ["stack/share", "axis"], ["probability"]),
        ]
        inputs: dict[str, tuple[int, ...]] = {f"{name}/probability": () for name in self.members}
        head = graph("stacking", inputs, nodes, {"axis": np.array([1], np.int64)})
        return joined("stacking", members, onnx.load_from_string(head).graph)

    def _fit_upper(self, columns: Array, rows: TrainingRows) -> None:
        names = ("max_depth", "min_samples_leaf")
        settings = {name: self.parameters[name] for name in names}
        tree = DecisionTreeClassifier(**settings, random_state=self._seed())
        self.upper = tree.fit(columns, rows.y)

    def _answer(self, columns: Array) -> Array:
        return np.asarray(self.upper.predict_proba(columns)[:, 1])


class CerthFusion(Fusion):
    """A dense network over P of the CERTH network and the variance of the Laplacian.

    Mended beside the out-of-fold answers: both inputs are scaled, P as log odds and the variance as
    logarithm, to mean 0 and deviation 1; and it stops by scenes kept aside.
    """

    members = ("certh-cnn",)
    views = ("rgb96", "laplacian")
    defaults: ClassVar[dict[str, Any]] = {
        "folds": 2,
        "epochs": 15,
        "patience": 5,
        "batch": 64,
        "learning_rate": 1e-4,
        "certh-cnn": {},
        "seed": 0,
    }

    def to_onnx(self) -> bytes:
        """See ``Backend.to_onnx``."""
        members = self._graphs()
        inputs = ["certh-cnn/probability", "laplacian"]
        head = onnx.load_from_string(halved(exported(_Head(self.upper), inputs, [(), (1,)])))
        return joined("certh-fusion", members, head.graph)

    def _columns(self, p: dict[str, Array], inputs: Inputs) -> Array:
        one, variance = torch.from_numpy(p["certh-cnn"]), torch.from_numpy(inputs["laplacian"])
        return _two_numbers(one.float(), variance).numpy()

    def _fit_upper(self, columns: Array, rows: TrainingRows) -> None:
        names = set(Recipe.__dataclass_fields__) & set(self.parameters)
        recipe = Recipe(**{name: self.parameters[name] for name in names})
        mean, deviation = columns.mean(axis=0), columns.std(axis=0) + 1e-6
        shown = NetworkRows.of(rows, columns, rows.y[:, None].astype(np.float32))
        self.upper = train_network(
            "CerthFusion", lambda: _Dense(mean, deviation), _cross_entropy, shown, recipe
        )

    def _answer(self, columns: Array) -> Array:
        return torch.sigmoid(answers(self.upper, columns)).numpy()


class _Dense(Scaled):
    """Five dense layers over two numbers that it scales."""

    def __init__(self, mean: Array, deviation: Array) -> None:
        super().__init__(mean, deviation)
        parts: list[nn.Module] = []
        for before, after in pairwise((2, *WIDTHS)):
            parts += [nn.Linear(before, after), nn.ReLU(inplace=True)]
        self.layers = nn.Sequential(*parts, nn.Linear(WIDTHS[-1], 1))

    def forward(self, numbers: torch.Tensor) -> torch.Tensor:
        return self.layers((numbers - self.mean) / self.deviation)[:, 0]


class _Head(nn.Module):
    """The dense network, from what its graph takes."""

    def __init__(self, dense: nn.Module) -> None:
        super().__init__()
        self.dense = dense

    def forward(self, p: torch.Tensor, variance: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(self.dense(_two_numbers(p, variance)))


def _two_numbers(p: torch.Tensor, variance: torch.Tensor) -> torch.Tensor:
    """P (n,) and variances (n, 1) -> log odds and logarithm, (n, 2); always finite."""
    sure = p.clamp(1e-4, 1 - 1e-4)
    return torch.stack([torch.log(sure) - torch.log(1 - sure), torch.log(variance[:, 0] + 1)], 1)


def _cross_entropy(output: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return nn.functional.binary_cross_entropy_with_logits(output, targets[:, 0], reduction="none")
