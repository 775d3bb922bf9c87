"""An ONNX graph -> what it says to rows of its inputs; the only place that runs one."""

import re
from collections.abc import Mapping, Sequence

import numpy as np
import onnxruntime

from ..errors import ModelError

ROUNDING = 1e-5  # that P may be outside 0..1
# What a graph may make, and the range of each.
OUTPUTS = {
    "probability": (0.0, 1.0),
    "map": (0.0, 1.0),
    "extent": (0.0, 1e6),
    "motion": (0.0, 1.0),
}
_FLOATS = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
BATCH = 64  # rows that a graph is given at a time; of pictures more would take gigabytes


class Session:
    """A graph that is ready to run, on one thread: a row is too little to share.

    Threads may share it. What it is given by name and does not take is left alone; floating point
    of more or fewer digits becomes what it takes.

    Attributes:
        inputs: Names of what it takes.
        outputs: Those of ``OUTPUTS`` that it makes.
    """

    def __init__(self, graph: bytes) -> None:
        """Get a graph ready.

        Raises:
            ModelError: It cannot be run; the message says why in one line.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3  # errors only
        try:
            self._session = onnxruntime.InferenceSession(
                graph, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime raises a dozen types of its own
            raise _refusal(error) from error
        made = {one.name for one in self._session.get_outputs()}
        self._types = {one.name: _FLOATS.get(one.type) for one in self._session.get_inputs()}
        self.inputs = tuple(self._types)
        self.outputs = tuple(name for name in OUTPUTS if name in made)

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """All that the graph says to n rows at once, by the names of ``outputs``.

        Args:
            inputs: By name, n rows each.

        Raises:
            ModelError: The graph does not take such rows, or gives no probability of each.
        """
        outputs = self.outputs or ("probability",)  # which is then found to be missing
        return dict(zip(outputs, self._run(outputs, inputs), strict=True))

    def probabilities(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """P(blurred) of n rows, not calibrated, shape (n,), ``BATCH`` rows at a time.

        Args:
            inputs: As for ``run``, however many rows.

        Raises:
            ModelError: As for ``run``.
        """
        taken = {name: inputs[name] for name in self.inputs}
        count = len(next(iter(taken.values())))
        found = [
            self._run(
                ("probability",), {name: rows[at : at + BATCH] for name, rows in taken.items()}
            )[0]
            for at in range(0, max(1, count), BATCH)
        ]
        return np.concatenate(found)

    def _run(
        self, outputs: Sequence[str], inputs: Mapping[str, np.ndarray]
    ) -> Sequence[np.ndarray]:
        taken = {name: self._as_taken(name, inputs[name]) for name in self.inputs}
        try:
            answers: Sequence[np.ndarray] = self._session.run(list(outputs), taken)
        except Exception as error:  # ONNX Runtime raises a dozen types of its own
            raise _refusal(error) from error
        count = len(next(iter(taken.values()), ()))
        for name, answer in zip(outputs, answers, strict=True):
            _check(name, answer, count)
        return answers

    def _as_taken(self, name: str, rows: np.ndarray) -> np.ndarray:
        dtype = self._types[name]
        return rows if dtype is None or rows.dtype.kind != "f" else rows.astype(dtype, copy=False)


def _check(name: str, answer: np.ndarray, count: int) -> None:
    """Refuse what is no number of each row, or of each cell of it, in its range."""
    if not len(answer) == count or (name != "map" and answer.shape != (count,)):
        raise ModelError(f"the model's graph gives {name} of shape {answer.shape}, not ({count},)")
    least, most = OUTPUTS[name]
    inside = (answer >= least - ROUNDING) & (answer <= most + ROUNDING)  # NaN is not
    if not inside.all():
        wrong = answer[~inside].flat[0]
        number = f"{'an' if name == 'extent' else 'a'} {name} of"
        told = f"{number} {wrong:.6g}, which is none of {least:g} to {most:g}"
        raise ModelError(f"the model's graph gives {told}")


_CODE = re.compile(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ")  # which says nothing to people


def first_line(error: BaseException) -> str:
    """What went wrong, without the many lines that ONNX Runtime adds."""
    return _CODE.sub("", str(error).partition("\n")[0])


def _refusal(error: Exception) -> ModelError:
    return ModelError(f"the model's graph cannot be run ({first_line(error)})")
