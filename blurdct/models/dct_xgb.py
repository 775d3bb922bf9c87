"""``dct-xgb``: the 18 features, contrasts between them, and gradient-boosted trees.

The trees cut the columns of ``contrasts.py``, which are part of the graph; what goes in is the 18
features.

Source: Chen, Guestrin, KDD 2016, doi:10.1145/2939672.2939785.
"""

import json
from typing import Any, Self

import numpy as np
import xgboost
from onnx import helper

from ..bands import FEATURES
from ..pool import cores
from .base import Array, Inputs
from .contrasts import column_nodes, column_values, columns
from .graphs import graph

ROWS_PER_THREAD = 50_000

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


class BoostedTrees:
    """XGBoost on contrasts of the 18 features."""

    views = ("features",)

    def __init__(self, **parameters: Any) -> None:
        self.parameters = {**DEFAULTS, **parameters}
        self.booster: xgboost.Booster | None = None

    def fit(
        self,
        inputs: Inputs,
        y: Array,
        groups: Array,
        weights: Array,
        levels: Array | None = None,
    ) -> Self:
        """Boost for ``rounds`` rounds; see ``Backend.fit``."""
        settings = {name: value for name, value in self.parameters.items() if name != "rounds"}
        values = column_values(inputs)
        rows = xgboost.DMatrix(values, y, weight=weights, feature_names=list(columns()))
        # A small table gains nothing from more threads, which on a busy machine wait for each other
        # for minutes.
        threads = max(1, min(cores(), len(values) // ROWS_PER_THREAD))
        fixed = {"objective": "binary:logistic", "tree_method": "hist", "nthread": threads}
        booster = xgboost.train({**fixed, **settings}, rows, int(self.parameters["rounds"]))
        self.booster = _cut_between(booster, values)
        return self

    def predict_proba(self, inputs: Inputs) -> Array:
        """P(blurred); see ``Backend.predict_proba``."""
        names = list(columns())
        return np.asarray(
            self._fitted().predict(xgboost.DMatrix(column_values(inputs), feature_names=names))
        )

    def importance(self) -> dict[str, float]:
        """Mean gain of the splits on each column that is split on, largest first."""
        gains = self._fitted().get_score(importance_type="gain")
        # a list only where a booster is linear
        pairs = [(name, float(gain)) for name, gain in gains.items()]  # type: ignore[arg-type]
        return dict(sorted(pairs, key=lambda pair: -pair[1]))

    def to_onnx(self) -> bytes:
        """See ``Backend.to_onnx``."""
        return _graph(self._fitted())

    def _fitted(self) -> xgboost.Booster:
        if self.booster is None:
            raise ValueError("expected a fitted model; call fit first")
        return self.booster


def _cut_between(booster: xgboost.Booster, values: Array) -> xgboost.Booster:
    """Move each cut from a photo's very value into the next gap between photos below it.

    A value equal to the cut goes right, so hardly a training row changes sides. But the last bit of
    a logarithm, in which libraries and processors differ, now moves none of them across a cut: the
    graph answers as the booster does.
    """
    model = json.loads(booster.save_raw("json"))
    gaps = [_gap_middles(column) for column in np.sort(values, axis=0).T]
    for tree in model["learner"]["gradient_booster"]["model"]["trees"]:
        for node, column in enumerate(tree["split_indices"]):
            leaf = tree["left_children"][node] < 0  # the number there is its value, not a cut
            if not leaf and len(gaps[column]):
                below = np.searchsorted(gaps[column], tree["split_conditions"][node]) - 1
                tree["split_conditions"][node] = float(gaps[column][max(0, below)])
    moved = xgboost.Booster()
    moved.load_model(bytearray(json.dumps(model).encode()))
    return moved


def _gap_middles(rising: Array) -> Array:
    below, above = rising[:-1].astype(np.float64), rising[1:].astype(np.float64)
    wide = above - below > 1e-5 * np.maximum(1, np.abs(above))  # rounding errors are below 2e-6
    return ((below + above) / 2)[wide]


def _graph(booster: xgboost.Booster) -> bytes:
    """Features -> contrasts -> trees -> P(blurred), as one graph."""
    from onnxmltools import convert_xgboost
    from onnxmltools.convert.common.data_types import FloatTensorType

    bare = booster.copy()
    bare.feature_names = None  # the converter wants f0, f1, ...
    trees = convert_xgboost(
        bare, initial_types=[("columns", FloatTensorType([None, len(columns())]))]
    )
    forest = trees.graph.node[0]
    nodes, constants = column_nodes(forest.input[0])
    second = helper.make_node("Gather", [forest.output[1], "second"], ["probability"], axis=1)
    constants["second"] = np.array(1, np.int64)
    return graph("dct-xgb", {"features": (len(FEATURES),)}, [*nodes, forest, second], constants)
