"""``dct-forest``: the columns of ``dct-xgb`` and a random forest, to see what boosting is worth.

Trees of the same kind on the same columns, each grown alone on a sample of the rows instead of on
what its forerunners got wrong. What ``dct-xgb`` is better by is what boosting adds; what this is
better by than ``dct-logistic`` is what cuts add to a weighted sum.

Source: Breiman, Machine Learning 45, 2001, doi:10.1023/A:1010933404324.
"""

from typing import Any, Self

import numpy as np
from onnx import helper
from sklearn.ensemble import RandomForestClassifier

from ..features.bands import FEATURES
from .base import Array, Backend, Inputs, TrainingRows
from .contrasts import column_nodes, column_values, columns
from .onnx_graph import graph, trees_node

# The best of 30 trials on the training rows of ``data/features.csv``. Leaves are bounded so that
# the graph stays small: a node of a tree takes 35 bytes of it.
DEFAULTS: dict[str, Any] = {
    "n_estimators": 200,
    "max_leaf_nodes": 82,
    "min_samples_leaf": 7,
    "max_features": 0.141,
    "seed": 0,
}


def search_space(trial: Any) -> dict[str, Any]:
    """What an Optuna trial may set."""
    return {
        "max_leaf_nodes": trial.suggest_int("max_leaf_nodes", 16, 160, log=True),
        "min_samples_leaf": trial.suggest_int("min_samples_leaf", 1, 30, log=True),
        "max_features": trial.suggest_float("max_features", 0.05, 0.5),
    }


class RandomForest(Backend):
    """scikit-learn's random forest on contrasts of the 18 features."""

    views = ("features",)
    defaults = DEFAULTS
    forest: RandomForestClassifier | None = None

    def fit(self, rows: TrainingRows) -> Self:
        """Grow ``n_estimators`` trees; see ``Backend.fit``."""
        settings = {name: value for name, value in self.parameters.items() if name != "seed"}
        seed = int(self.parameters["seed"])
        forest = RandomForestClassifier(**settings, random_state=seed, n_jobs=1)
        values = column_values(rows.inputs, np.float64)
        self.forest = forest.fit(values, rows.y, sample_weight=rows.weights)
        return self

    def predict_proba(self, inputs: Inputs) -> Array:
        """P(blurred); see ``Backend.predict_proba``."""
        return np.asarray(self._fitted().predict_proba(column_values(inputs, np.float64))[:, 1])

    def importance(self) -> dict[str, float]:
        """Share of the fall in Gini impurity that each column brought, largest first; sum 1."""
        shares = self._fitted().feature_importances_
        pairs = zip(columns(), map(float, shares), strict=True)
        return dict(sorted(pairs, key=lambda pair: -pair[1]))

    def to_onnx(self) -> bytes:
        """See ``Backend.to_onnx``."""
        trees = [one.tree_ for one in self._fitted().estimators_]
        nodes, constants = column_nodes("columns", np.float64)
        nodes += [
            trees_node(trees, "columns", "share"),
            helper.make_node("Squeeze", ["share", "second"], ["probability"]),
        ]
        constants["second"] = np.array([1], np.int64)
        return graph("dct-forest", {"features": (len(FEATURES),)}, nodes, constants)

    def _fitted(self) -> RandomForestClassifier:
        if self.forest is None:
            raise ValueError("expected a fitted model; call fit first")
        return self.forest
