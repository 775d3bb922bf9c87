"""``dct-logistic``: the columns of ``dct-xgb`` and one weighted sum, to see what trees are worth.

40 numbers say all that this model knows. What ``dct-xgb`` and ``dct-forest`` are better by is what
cuts and their combinations add; where it comes near them, the columns do the work.
"""

from typing import Any, Self

import numpy as np
from onnx import helper
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from ..features.bands import FEATURES
from .base import Array, Backend, Inputs, TrainingRows
from .contrasts import column_nodes, column_values, columns
from .onnx_graph import graph

# The inverse of the penalty on the squared slopes, against which the rows' weights add up. The best
# of 40 trials on the training rows of ``data/features.csv``, rounded.
DEFAULTS: dict[str, Any] = {"C": 0.1}

# A column that varies by less, relative to its mean, is constant: what is left is rounding.
CONSTANT = 1e-6


def search_space(trial: Any) -> dict[str, Any]:
    """What an Optuna trial may set."""
    return {"C": trial.suggest_float("C", 1e-3, 10.0, log=True)}


class Logistic(Backend):
    """Logistic regression on standardised contrasts of the 18 features."""

    views = ("features",)
    defaults = DEFAULTS
    fitted: tuple[Array, Array, Array, float] | None = None

    def fit(self, rows: TrainingRows) -> Self:
        """Standardise and regress, by weight; see ``Backend.fit``."""
        values, weights = column_values(rows.inputs).astype(np.float64), rows.weights
        mean = np.average(values, axis=0, weights=weights)
        deviation = np.sqrt(np.average((values - mean) ** 2, axis=0, weights=weights))
        scale = np.where(deviation > CONSTANT * np.maximum(1, np.abs(mean)), deviation, 1.0)
        # the columns depend on one another, which the penalty settles; 40 unknowns are few
        model = LogisticRegression(**self.parameters, solver="newton-cholesky", max_iter=1000)
        model.fit((values - mean) / scale, rows.y, sample_weight=weights)
        self.fitted = mean, scale, model.coef_[0], float(model.intercept_[0])
        return self

    def predict_proba(self, inputs: Inputs) -> Array:
        """P(blurred); see ``Backend.predict_proba``."""
        mean, scale, slopes, offset = self._fitted()
        return np.asarray(expit((column_values(inputs) - mean) / scale @ slopes + offset))

    def importance(self) -> dict[str, float]:
        """Log odds that one standard deviation of a column moves, either way, largest first."""
        pairs = zip(columns(), map(float, np.abs(self._fitted()[2])), strict=True)
        return dict(sorted(pairs, key=lambda pair: -pair[1]))

    def to_onnx(self) -> bytes:
        """See ``Backend.to_onnx``."""
        mean, scale, slopes, offset = self._fitted()
        nodes, constants = column_nodes("columns")
        constants |= {
            "mean": mean.astype(np.float32),
            "scale": scale.astype(np.float32),
            "slopes": slopes.astype(np.float32)[:, None],
            "offset": np.array(offset, np.float32),
            "second": np.array([1], np.int64),
        }
        nodes += [
            helper.make_node("Sub", ["columns", "mean"], ["centred"]),
            helper.make_node("Div", ["centred", "scale"], ["standardised"]),
            helper.make_node("MatMul", ["standardised", "slopes"], ["sum"]),
            helper.make_node("Add", ["sum", "offset"], ["odds"]),
            helper.make_node("Sigmoid", ["odds"], ["column"]),
            helper.make_node("Squeeze", ["column", "second"], ["probability"]),
        ]
        return graph("dct-logistic", {"features": (len(FEATURES),)}, nodes, constants)

    def _fitted(self) -> tuple[Array, Array, Array, float]:
        if self.fitted is None:
            raise ValueError("expected a fitted model; call fit first")
        return self.fitted
