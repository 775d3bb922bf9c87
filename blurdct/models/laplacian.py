"""``laplacian``: one threshold on the variance of the Laplacian, the measure everybody knows.

P(blurred) is a falling logistic function of the variance's logarithm, so whatever threshold on P
is chosen later is a threshold on the variance. The yardstick that every other model has to beat.

Source: Pech-Pacheco et al., ICPR 2000, doi:10.1109/ICPR.2000.903548.
"""

from typing import Any, Self

import numpy as np
from onnx import helper
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from .base import Array, Backend, Inputs, TrainingRows
from .onnx_graph import graph

# The inverse of the penalty on the squared slope, against which the rows' weights add up: it only
# keeps the slope finite where a threshold errs nowhere.
DEFAULTS: dict[str, Any] = {"C": 1.0}

# Added before the logarithm, grey levels squared: what rounding to whole grey levels alone leaves,
# a variance of 1/12 in each of the pixels that the Laplacian weighs -4, 1, 1, 1, 1.
FLOOR = (4**2 + 4 * 1**2) / 12


class LaplacianThreshold(Backend):
    """Logistic regression on the logarithm of the variance of the Laplacian."""

    views = ("laplacian",)
    defaults = DEFAULTS
    line: tuple[float, float] | None = None  # slope, at most 0, and offset of the log odds

    def fit(self, rows: TrainingRows) -> Self:
        """Fit slope and offset; see ``Backend.fit``.

        Where larger variances are the blurred ones, the slope is 0 and P the share of the blurred.
        """
        model = LogisticRegression(**self.parameters)
        model.fit(_logarithms(rows.inputs), rows.y, sample_weight=rows.weights)
        slope, offset = float(model.coef_[0, 0]), float(model.intercept_[0])
        if slope > 0:
            slope, offset = 0.0, float(logit(np.average(rows.y, weights=rows.weights)))
        self.line = slope, offset
        return self

    def predict_proba(self, inputs: Inputs) -> Array:
        """P(blurred); see ``Backend.predict_proba``."""
        slope, offset = self._fitted()
        return np.asarray(expit(slope * _logarithms(inputs)[:, 0] + offset))

    def to_onnx(self) -> bytes:
        """See ``Backend.to_onnx``."""
        slope, offset = self._fitted()
        constants: dict[str, Array] = {
            "floor": np.array(FLOOR, np.float32),
            "slope": np.array(slope, np.float32),
            "offset": np.array(offset, np.float32),
            "second": np.array([1], np.int64),
        }
        nodes = [
            helper.make_node("Add", ["laplacian", "floor"], ["lifted"]),
            helper.make_node("Log", ["lifted"], ["logarithm"]),
            helper.make_node("Mul", ["logarithm", "slope"], ["product"]),
            helper.make_node("Add", ["product", "offset"], ["odds"]),
            helper.make_node("Sigmoid", ["odds"], ["column"]),
            helper.make_node("Squeeze", ["column", "second"], ["probability"]),
        ]
        return graph("laplacian", {"laplacian": (1,)}, nodes, constants)

    def _fitted(self) -> tuple[float, float]:
        if self.line is None:
            raise ValueError("expected a fitted model; call fit first")
        return self.line


def _logarithms(inputs: Inputs) -> Array:
    """(n, 1) variances -> their logarithms, finite for a variance of 0 too."""
    return np.log(np.asarray(inputs["laplacian"], np.float64) + FLOOR)
