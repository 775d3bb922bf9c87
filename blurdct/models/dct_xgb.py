"""``dct-xgb``: the 18 features, contrasts between them, and gradient-boosted trees.

The trees cut the columns of ``contrasts.py``, which are part of the graph; what goes in is the 18
features.

Source: Chen, Guestrin, KDD 2016, doi:10.1145/2939672.2939785.
"""

from typing import Any

from ..features.bands import FEATURES
from .base import Array, Inputs
from .boosting import Boosted, boosted_nodes
from .contrasts import column_nodes, column_values, columns
from .onnx_graph import graph

# The best of 120 trials: ``7_train_and_compare.py --features data/features.csv --trials 120``.
DEFAULTS: dict[str, Any] = {
    "rounds": 550,
    "learning_rate": 0.02587,
    "max_depth": 4,
    "min_child_weight": 0.3072,
    "subsample": 0.5677,
    "colsample_bytree": 0.2751,
    "reg_lambda": 0.2172,
    "gamma": 0.01212,
    "seed": 0,
}


def search_space(trial: Any) -> dict[str, Any]:
    """What an Optuna trial may set."""
    return {
        "rounds": trial.suggest_int("rounds", 200, 1000, step=50),
        "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.1, log=True),
        "max_depth": trial.suggest_int("max_depth", 2, 7),
        "min_child_weight": trial.suggest_float("min_child_weight", 0.3, 10.0, log=True),
        "subsample": trial.suggest_float("subsample", 0.4, 1.0),
        "colsample_bytree": trial.suggest_float("colsample_bytree", 0.2, 1.0),
        "reg_lambda": trial.suggest_float("reg_lambda", 0.1, 30.0, log=True),
        "gamma": trial.suggest_float("gamma", 1e-3, 3.0, log=True),
    }


class BoostedTrees(Boosted):
    """XGBoost on contrasts of the 18 features."""

    views = ("features",)
    defaults = DEFAULTS
    names = columns()

    def columns(self, inputs: Inputs) -> Array:
        """See ``Boosted.columns``."""
        return column_values(inputs)

    def to_onnx(self) -> bytes:
        """See ``Backend.to_onnx``: features -> contrasts -> trees -> P(blurred)."""
        start, trees, more = boosted_nodes(self.fitted(), len(self.names))
        nodes, constants = column_nodes(start)
        inputs = {"features": (len(FEATURES),)}
        return graph("dct-xgb", inputs, [*nodes, *trees], {**constants, **more})
