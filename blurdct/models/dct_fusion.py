"""``dct-fusion``: ``dct-xgb-wide`` and ``dct-mlp`` together, and the map of a network beside them.

The mean of their log odds. Trees and layers over the same numbers err on different scenes: a tree
cuts where photographs were, a layer goes on beyond them. The map of where a photo is blurred is no
part of the answer: it is made by convolutions over the photo's cells that came with blurdct, see
``dct_net``.

Source: Genest, Zidek, Statistical Science 1(1), 1986, doi:10.1214/ss/1177013825.
"""

from typing import Any, ClassVar, Self

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from ..inference.bundle import shipped_map
from ..metrics import logit
from .base import Array, Backend, BlurRows, Inputs, TrainingRows
from .blur_graph import width_and_kind
from .dct_mlp import DctMlp
from .dct_xgb_wide import WideTrees
from .onnx_graph import joined

WEIGHTS = {"dct-xgb-wide": 1 / 2, "dct-mlp": 1 / 2}  # of the log odds
KINDS: dict[str, type[Any]] = {"dct-xgb-wide": WideTrees, "dct-mlp": DctMlp}
LEAST = 1e-7  # P counts as no nearer to 0 and 1


class DctFusion(Backend):
    """Two models on the same numbers, one answer."""

    views = ("wide",)
    learns_more = True
    defaults: ClassVar[dict[str, Any]] = {**{name: {} for name in KINDS}, "seed": 0}

    def __init__(self, **parameters: Any) -> None:
        super().__init__(**parameters)
        self.fitted: dict[str, Any] = {}

    def fit(self, rows: TrainingRows) -> Self:
        """All learn from the same rows; see ``Backend.fit``."""
        seed = int(self.parameters["seed"])
        members = {
            name: kind(**{"seed": seed, **self.parameters[name]}) for name, kind in KINDS.items()
        }
        for model in members.values():
            model.fit(rows)
        self.fitted = members
        return self

    def predict_proba(self, inputs: Inputs) -> Array:
        """P(blurred); see ``Backend.predict_proba``."""
        odds = sum(
            WEIGHTS[name] * logit(np.clip(model.predict_proba(inputs), LEAST, 1 - LEAST))
            for name, model in self._members().items()
        )
        return np.asarray(1 / (1 + np.exp(-odds)))

    def to_onnx(self) -> bytes:
        """See ``Backend.to_onnx``."""
        members = {name: model.to_onnx() for name, model in self._members().items()}
        nodes: list[onnx.NodeProto] = []
        parts: list[str] = []
        for name in members:
            p, parts = f"{name}/probability", [*parts, f"{name}/part"]
            nodes += [
                helper.make_node("Clip", [p, "least", "most"], [f"{name}/p"]),
                helper.make_node("Sub", ["one", f"{name}/p"], [f"{name}/q"]),
                helper.make_node("Div", [f"{name}/p", f"{name}/q"], [f"{name}/ratio"]),
                helper.make_node("Log", [f"{name}/ratio"], [f"{name}/odds"]),
                helper.make_node("Mul", [f"{name}/odds", f"{name}/weight"], parts[-1:]),
            ]
        nodes += [
            helper.make_node("Sum", parts, ["odds"]),
            helper.make_node("Sigmoid", ["odds"], ["probability"]),
        ]
        numbers = {"least": LEAST, "most": 1 - LEAST, "one": 1.0}
        numbers |= {f"{name}/weight": weight for name, weight in WEIGHTS.items()}
        constants = {name: np.array(value, np.float32) for name, value in numbers.items()}
        value = helper.make_tensor_value_info
        answers = [value(f"{name}/probability", TensorProto.FLOAT, ["n"]) for name in members]
        head = helper.make_graph(
            nodes,
            "dct-fusion",
            answers,
            [value("probability", TensorProto.FLOAT, ["n"])],
            [numpy_helper.from_array(number, name) for name, number in constants.items()],
        )
        return joined("dct-fusion", members, head)

    def map_onnx(self) -> bytes:
        """See ``Backend.map_onnx``: that of blurdct, whatever this one learnt from."""
        return shipped_map()

    def blur_onnx(self, rows: BlurRows) -> bytes:
        """See ``Backend.blur_onnx``."""
        return width_and_kind(rows, int(self.parameters["seed"]))

    def _members(self) -> dict[str, Any]:
        if not self.fitted:
            raise ValueError("expected a fitted model; call fit first")
        return self.fitted
