"""``dct-xgb``: the 18 features, contrasts between them, and gradient-boosted trees.

A tree cuts one column at a time, so it can compare two bands only by a staircase of cuts. Blur
shows in just these comparisons (how much less there is in the high band than in the medium one),
and scene contrast cancels out of them. So the model itself adds 30 contrasts of the 18 numbers:
differences of logarithms between bands and between statistics, and differences of the shapes.
They are part of the graph; what goes in is the 18 features.

Source: Chen, Guestrin, KDD 2016, doi:10.1145/2939672.2939785.
"""

import json
from functools import cache
from typing import Any, Self

import numpy as np
import onnx
import xgboost
from onnx import TensorProto, helper, numpy_helper

from ..bands import BANDS, FEATURES
from ..pool import cores
from .base import Array, Inputs

SIZES = ("mean", "std", "energy")  # statistics with a scale: compared by ratio
SHAPES = ("kurt", "skew", "entropy")  # statistics without one: compared by difference

# Added before the logarithm, grey levels (squared for energy): an empty band is a large contrast,
# not an infinite one. A fiftieth of the smallest mean seen in 2,488 photographs.
FLOOR = 1e-3


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

    def fit(self, inputs: Inputs, y: Array, groups: Array, weights: Array) -> Self:
        """Boost for ``rounds`` rounds; see ``Backend.fit``."""
        settings = {name: value for name, value in self.parameters.items() if name != "rounds"}
        values = _columns(inputs)
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
            self._fitted().predict(xgboost.DMatrix(_columns(inputs), feature_names=names))
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


@cache
def contrasts() -> dict[str, dict[str, float]]:
    """Each contrast as a weighted sum: its name -> the terms' names and weights.

    A term is a feature's name, or ``log FEATURE`` for the logarithm of it plus ``FLOOR``.
    """
    low, medium, high = BANDS
    pairs = {"high/med": (high, medium), "high/low": (high, low), "med/low": (medium, low)}
    found: dict[str, dict[str, float]] = {}
    for statistic in SIZES:
        for name, (above, below) in pairs.items():
            found[f"{name} {statistic}"] = {
                f"log {above}_{statistic}": 1.0,
                f"log {below}_{statistic}": -1.0,
            }
        found[f"curve {statistic}"] = {
            f"log {high}_{statistic}": 1.0,
            f"log {medium}_{statistic}": -2.0,
            f"log {low}_{statistic}": 1.0,
        }
    for band in BANDS:
        # mean energy over squared mean: how unevenly detail is spread over the photo
        mean, std, energy = (f"log {band}_{statistic}" for statistic in SIZES)
        found[f"{band} energy/mean2"] = {energy: 1.0, mean: -2.0}
        found[f"{band} energy/std2"] = {energy: 1.0, std: -2.0}
        found[f"{band} std/mean"] = {std: 1.0, mean: -1.0}
    for statistic in SHAPES:
        for name, (above, below) in pairs.items():
            found[f"{name} {statistic}"] = {
                f"{above}_{statistic}": 1.0,
                f"{below}_{statistic}": -1.0,
            }
    return found


@cache
def columns() -> tuple[str, ...]:
    """Names of what the trees cut: the nine shapes, then the contrasts."""
    return (*(FEATURES[index] for index in _shapes()), *contrasts())


def _shapes() -> list[int]:
    return [i for i, name in enumerate(FEATURES) if name.rpartition("_")[2] in SHAPES]


@cache
def _weights() -> tuple[Array, Array]:
    """The contrasts as a matrix over features and one over logarithms, each (18, 30), float32."""
    plain = np.zeros((len(FEATURES), len(contrasts())), np.float32)
    logs = np.zeros_like(plain)
    for column, terms in enumerate(contrasts().values()):
        for term, weight in terms.items():
            matrix = logs if term.startswith("log ") else plain
            matrix[FEATURES.index(term.removeprefix("log ")), column] = weight
    return plain, logs


def _columns(inputs: Inputs) -> Array:
    """(n, 18) features -> (n, 39), float32; the same arithmetic as in the graph."""
    features = np.asarray(inputs["features"], np.float32)
    plain, logs = _weights()
    # the shapes can be negative; their logarithms have no weight but must stay finite
    logarithms = np.log(np.maximum(features, np.float32(0)) + np.float32(FLOOR))
    contrast = features @ plain + logarithms @ logs
    return np.concatenate([features[:, _shapes()], contrast], axis=1)


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
    plain, logs = _weights()
    constants = {
        "zero": np.float32(0),
        "floor": np.float32(FLOOR),
        "plain": plain,
        "logs": logs,
        "shape_columns": np.array(_shapes(), np.int64),
        "second": np.array(1, np.int64),
    }
    nodes = [
        helper.make_node("Max", ["features", "zero"], ["positive"]),
        helper.make_node("Add", ["positive", "floor"], ["lifted"]),
        helper.make_node("Log", ["lifted"], ["logarithms"]),
        helper.make_node("MatMul", ["features", "plain"], ["differences"]),
        helper.make_node("MatMul", ["logarithms", "logs"], ["ratios"]),
        helper.make_node("Add", ["differences", "ratios"], ["contrasts"]),
        helper.make_node("Gather", ["features", "shape_columns"], ["shapes"], axis=1),
        helper.make_node("Concat", ["shapes", "contrasts"], [forest.input[0]], axis=1),
        forest,
        helper.make_node("Gather", [forest.output[1], "second"], ["probability"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "dct-xgb",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", len(FEATURES)])],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["n"])],
        [numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items()],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
