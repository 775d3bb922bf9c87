"""``dct-xgb-wide``: boosted trees over 350 numbers about the cells of a photo that can tell.

See ``features.summary``: block statistics at three scales and in three directions, how they differ
between scales and bands, on average and in the sharpest and the softest of the cells that show
something. A photo may be sharp in a tenth of its cells alone, where its subject is; and motion
leaves trails in a few.

Source: Chen, Guestrin, KDD 2016, doi:10.1145/2939672.2939785.
"""

from typing import Any

from onnx import helper

from ..features.summary import SUMMARY
from .base import Array, Inputs
from .boosting import Boosted, boosted_nodes
from .onnx_graph import graph

DEFAULTS: dict[str, Any] = {
    "rounds": 400,
    "learning_rate": 0.06,
    "max_depth": 5,
    "min_child_weight": 2.0,
    "subsample": 0.7,
    "colsample_bytree": 0.3,
    "max_bin": 64,
    "seed": 0,
}


class WideTrees(Boosted):
    """XGBoost on 350 numbers; it learns from varied copies and from copies with lights, too."""

    views = ("wide",)
    learns_more = True
    defaults = DEFAULTS
    names = SUMMARY

    def columns(self, inputs: Inputs) -> Array:
        """See ``Boosted.columns``."""
        return inputs["wide"]

    def to_onnx(self) -> bytes:
        """See ``Backend.to_onnx``."""
        start, nodes, constants = boosted_nodes(self.fitted(), len(self.names))
        first = helper.make_node("Identity", ["wide"], [start])
        return graph("dct-xgb-wide", {"wide": (len(self.names),)}, [first, *nodes], constants)
