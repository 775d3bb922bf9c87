"""Nine shapes and 30 contrasts between the 18 features: the columns that models on them learn from.

A tree cuts one column at a time, so it can compare two bands only by a staircase of cuts. Blur
shows in just these comparisons (how much less there is in the high band than in the medium one),
and scene contrast cancels out of them. So the models themselves add 30 contrasts of the 18 numbers:
differences of logarithms between bands and between statistics, and differences of the shapes.
They are part of the graph; what goes in is the 18 features.
"""

from functools import cache

import numpy as np
from onnx import NodeProto, TensorProto, helper

from ..features.bands import BANDS, FEATURES
from .base import Array, Inputs

SIZES = ("mean", "std", "energy")  # statistics with a scale: compared by ratio
SHAPES = ("kurt", "skew", "entropy")  # statistics without one: compared by difference

# Added before the logarithm, grey levels (squared for energy): an empty band is a large contrast,
# not an infinite one. A fiftieth of the smallest mean seen in 2,488 photographs.
FLOOR = 1e-3


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
    """Names of the columns, 39: the nine shapes, then the contrasts."""
    return (*(FEATURES[index] for index in _shapes()), *contrasts())


def column_values(inputs: Inputs, dtype: type[np.floating] = np.float32) -> Array:
    """(n, 18) features -> (n, 39) as in ``columns``, float32; the same arithmetic as in a graph.

    Args:
        inputs: With ``features``.
        dtype: What is computed in. Libraries and processors differ in the last bit of a logarithm:
            out of float64 hardly one value in a million is then another float32, of float32 one in
            ten. Who cuts columns minds; ``column_nodes`` takes the same.
    """
    features = np.asarray(inputs["features"], np.float32).astype(dtype)
    plain, logs = (matrix.astype(dtype) for matrix in _weights())
    # the shapes can be negative; their logarithms have no weight but must stay finite
    logarithms = np.log(np.maximum(features, dtype(0)) + dtype(FLOOR))
    contrast = features @ plain + logarithms @ logs
    return np.concatenate([features[:, _shapes()], contrast], axis=1).astype(np.float32)


def column_nodes(
    output: str, dtype: type[np.floating] = np.float32
) -> tuple[list[NodeProto], dict[str, Array]]:
    """``column_values`` in ONNX: from the input ``features`` to a value named ``output``.

    Returns:
        The nodes, and the constants they refer to by name.
    """
    plain, logs = _weights()
    constants = {
        "zero": np.zeros((), dtype),
        "floor": np.array(FLOOR, dtype),
        "plain": plain.astype(dtype),
        "logs": logs.astype(dtype),
        "shape_columns": np.array(_shapes(), np.int64),
    }
    cast = dtype is not np.float32
    given, made = ("wide", "wide_columns") if cast else ("features", output)
    nodes = [
        helper.make_node("Max", [given, "zero"], ["positive"]),
        helper.make_node("Add", ["positive", "floor"], ["lifted"]),
        helper.make_node("Log", ["lifted"], ["logarithms"]),
        helper.make_node("MatMul", [given, "plain"], ["differences"]),
        helper.make_node("MatMul", ["logarithms", "logs"], ["ratios"]),
        helper.make_node("Add", ["differences", "ratios"], ["contrasts"]),
        helper.make_node("Gather", [given, "shape_columns"], ["shapes"], axis=1),
        helper.make_node("Concat", ["shapes", "contrasts"], [made], axis=1),
    ]
    if cast:
        wide = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        widen = helper.make_node("Cast", ["features"], [given], to=wide)
        narrow = helper.make_node("Cast", [made], [output], to=TensorProto.FLOAT)
        nodes = [widen, *nodes, narrow]
    return nodes, constants


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
