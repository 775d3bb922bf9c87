"""Numbers -> gradient-boosted trees that answer alike as a booster and as a graph.

Source: Chen, Guestrin, KDD 2016, doi:10.1145/2939672.2939785.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import xgboost
from onnx import NodeProto, helper

from ..parallel.cores import cores
from .base import Array, Backend, Inputs, TrainingRows

ROWS_PER_THREAD = 50_000


class Boosted(Backend):
    """What backends of boosted trees share; a family says which columns it makes of its inputs.

    Attributes:
        names: Of the columns.
        booster: None before ``fit``.
    """

    names: Sequence[str]
    booster: xgboost.Booster | None = None

    def columns(self, inputs: Inputs) -> Array:
        """What the trees cut, (n, columns) float32."""
        raise NotImplementedError

    def fit(self, rows: TrainingRows) -> Self:
        """Boost for ``rounds`` rounds; rows of which only the mask is known teach nothing here."""
        known = rows.only(self.views).labelled()
        values = self.columns(known.inputs)
        self.booster = boost(values, known.y, known.weights, self.parameters, self.names)
        return self

    def predict_proba(self, inputs: Inputs) -> Array:
        """P(blurred); see ``Backend.predict_proba``."""
        booster = self.fitted()
        rows = xgboost.DMatrix(self.columns(inputs), feature_names=booster.feature_names)
        return np.asarray(booster.predict(rows))

    def importance(self) -> dict[str, float]:
        """Mean gain of the splits on each column that is split on, largest first."""
        gains = self.fitted().get_score(importance_type="gain")
        # a list only where a booster is linear
        pairs = [(name, float(gain)) for name, gain in gains.items()]  # type: ignore[arg-type]
        return dict(sorted(pairs, key=lambda pair: -pair[1]))

    def fitted(self) -> xgboost.Booster:
        """The trees.

        Raises:
            ValueError: There are none yet.
        """
        if self.booster is None:
            raise ValueError("expected a fitted model; call fit first")
        return self.booster


def boost(
    values: Array, y: Array, weights: Array, parameters: Mapping[str, Any], names: Sequence[str]
) -> xgboost.Booster:
    """Trees that tell the rows apart.

    Args:
        values: Shape (n, columns), float32.
        y: Shape (n,), 1 blurred, 0 sharp.
        weights: Shape (n,).
        parameters: ``rounds``, and what XGBoost calls its parameters.
        names: Of the columns.
    """
    settings = {name: value for name, value in parameters.items() if name != "rounds"}
    rows = xgboost.DMatrix(values, y, weight=weights, feature_names=list(names))
    # A small table gains nothing from more threads, which on a busy machine wait for each other
    # for minutes.
    threads = max(1, min(cores(), len(values) // ROWS_PER_THREAD))
    fixed = {"objective": "binary:logistic", "tree_method": "hist", "nthread": threads}
    booster = xgboost.train({**fixed, **settings}, rows, int(parameters["rounds"]))
    return _cut_between(booster, values)


def boosted_nodes(
    booster: xgboost.Booster, columns: int
) -> tuple[str, list[NodeProto], dict[str, Array]]:
    """The trees as part of a graph.

    Returns:
        The name of their input, (n, columns) float32; nodes, the last one with the output
        ``probability``, (n,); and constants.
    """
    from onnxmltools import convert_xgboost
    from onnxmltools.convert.common.data_types import FloatTensorType

    bare = booster.copy()
    bare.feature_names = None  # the converter wants f0, f1, ...
    trees = convert_xgboost(bare, initial_types=[("columns", FloatTensorType([None, columns]))])
    forest = trees.graph.node[0]
    second = helper.make_node("Gather", [forest.output[1], "second"], ["probability"], axis=1)
    return forest.input[0], [forest, second], {"second": np.array(1, np.int64)}


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
