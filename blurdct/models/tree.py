"""``tree``: one small decision tree on Sobel score, Laplacian score and the photo's area.

At most seven questions, eight answers. What a photo's size has to do with blur is for the tree to
find: small photographs are often large ones that were scaled down, which sharpens them.

Source: Breiman, Friedman, Olshen, Stone, Classification and Regression Trees, 1984.
"""

from typing import Any, Self

import numpy as np
from onnx import helper
from sklearn.tree import DecisionTreeClassifier, export_text

from .base import Array, Backend, Inputs, TrainingRows
from .onnx_graph import graph, trees_node

SCORES = ("sobel", "laplacian", "area")  # of the input ``gradients``, in its order

# Of all weight, the least that a leaf may have: a leaf of a few photographs would claim certainty.
DEFAULTS: dict[str, Any] = {"max_depth": 3, "min_weight_fraction_leaf": 0.01, "seed": 0}


def search_space(trial: Any) -> dict[str, Any]:
    """What an Optuna trial may set."""
    low, high = 1e-3, 0.1
    share = trial.suggest_float("min_weight_fraction_leaf", low, high, log=True)
    return {"min_weight_fraction_leaf": share}


class GradientTree(Backend):
    """scikit-learn's decision tree (Gini) on three numbers."""

    views = ("gradients",)
    defaults = DEFAULTS
    tree: DecisionTreeClassifier | None = None

    def fit(self, rows: TrainingRows) -> Self:
        """Grow the tree; see ``Backend.fit``."""
        settings = {name: value for name, value in self.parameters.items() if name != "seed"}
        # which of two equally good cuts is taken is drawn
        tree = DecisionTreeClassifier(**settings, random_state=int(self.parameters["seed"]))
        self.tree = tree.fit(_scores(rows.inputs), rows.y, sample_weight=rows.weights)
        return self

    def predict_proba(self, inputs: Inputs) -> Array:
        """P(blurred), the weighted share of blurred rows in a leaf; see ``Backend``."""
        return np.asarray(self._fitted().predict_proba(_scores(inputs))[:, 1])

    def rules(self) -> str:
        """The tree in words, a line per question or leaf."""
        return str(export_text(self._fitted(), feature_names=list(SCORES), show_weights=True))

    def to_onnx(self) -> bytes:
        """See ``Backend.to_onnx``."""
        nodes = [
            trees_node([self._fitted().tree_], "gradients", "share"),
            helper.make_node("Squeeze", ["share", "second"], ["probability"]),
        ]
        constants = {"second": np.array([1], np.int64)}
        return graph("tree", {"gradients": (len(SCORES),)}, nodes, constants)

    def _fitted(self) -> DecisionTreeClassifier:
        if self.tree is None:
            raise ValueError("expected a fitted model; call fit first")
        return self.tree


def _scores(inputs: Inputs) -> Array:
    return np.asarray(inputs["gradients"], np.float32)
