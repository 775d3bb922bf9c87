"""``Value``: what flows through an ONNX graph that is being built, with the operators of an array.

Spox makes the nodes and knows their types; here they are written as NumPy writes them. Where a
number of Python meets a value it takes the value's type: there is no other conversion unsaid.

Source: ONNX operators, opset 17, https://onnx.ai/onnx/operators/.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Union

import numpy as np
import spox.opset.ai.onnx.v17 as op
from spox import Var

Number = Union["Value", int, float, np.ndarray]
END = np.iinfo(np.int64).max  # of a slice that goes on to the last
NUMERIC: dict[type, type] = {bool: np.bool_, int: np.int64, float: np.float32}


class Value:
    """A tensor that the graph will hold.

    Attributes:
        var: Spox's name for it.
    """

    __slots__ = ("var",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, var: Var) -> None:
        self.var = var

    @property
    def dtype(self) -> np.dtype:
        """NumPy's name of its type."""
        return np.dtype(self.var.unwrap_tensor().dtype)

    @property
    def ndim(self) -> int:
        """How many axes it has."""
        shape = self.var.unwrap_tensor().shape
        assert shape is not None, "a value of unknown rank"
        return len(shape)

    def to(self, dtype: Any) -> "Value":
        """The same as another type."""
        return self if self.dtype == np.dtype(dtype) else Value(op.cast(self.var, to=dtype))

    def size(self, axis: int) -> "Value":
        """How many there are along an axis: a scalar, int64."""
        axis %= self.ndim
        return Value(op.squeeze(op.shape(self.var, start=axis, end=axis + 1), line([0]).var))

    def __getitem__(self, places: Any) -> "Value":
        """Slices and numbers, one an axis, their ends of Python or of the graph."""
        places = places if isinstance(places, tuple) else (places,)
        made, dropped = self.var, []
        cuts = [(axis, place) for axis, place in enumerate(places) if place != slice(None)]
        rows: list[list[Number]] = [[], [], []]
        for axis, place in cuts:
            if not isinstance(place, slice):
                dropped.append(axis)
                last = place == -1 if isinstance(place, int) else False
                place = slice(place, END if last else place + 1)
            step = place.step or 1
            start = place.start if place.start is not None else (0 if step > 0 else END)
            stop = place.stop if place.stop is not None else (END if step > 0 else -END)
            for row, number in zip(rows, (start, stop, step), strict=True):
                row.append(number)
        if cuts:
            starts, stops, steps = (line(row).var for row in rows)
            axes = line([axis for axis, _ in cuts]).var
            made = op.slice(made, starts, stops, axes, steps)
        if dropped:
            made = op.squeeze(made, line(dropped).var)
        return Value(made)

    def take(self, index: "Value", axis: int = 0) -> "Value":
        """Those along an axis that whole numbers name."""
        return Value(op.gather(self.var, index.var, axis=axis))

    def reshape(self, *sides: Number) -> "Value":
        """The same in another shape; -1 is what is left."""
        return Value(op.reshape(self.var, line(sides).var))

    def transpose(self, *axes: int) -> "Value":
        """Axes in another order."""
        return Value(op.transpose(self.var, perm=axes or tuple(reversed(range(self.ndim)))))

    def expand(self, axis: int) -> "Value":
        """With one more axis, of one."""
        return Value(op.unsqueeze(self.var, line([axis]).var))

    def sum(self, axis: int | None = None) -> "Value":
        """Over an axis, or over all."""
        axes = None if axis is None else line([axis]).var
        return Value(op.reduce_sum(self.var, axes, keepdims=0))

    def mean(self, axis: int | None = None) -> "Value":
        """As ``sum``."""
        axes = None if axis is None else (axis,)
        return Value(op.reduce_mean(self.var, axes=axes, keepdims=0))

    def max(self, axis: int | None = None) -> "Value":
        """As ``sum``."""
        return Value(op.reduce_max(self.var, axes=None if axis is None else (axis,), keepdims=0))

    def min(self, axis: int | None = None) -> "Value":
        """As ``sum``."""
        return Value(op.reduce_min(self.var, axes=None if axis is None else (axis,), keepdims=0))

    def argmax(self) -> "Value":
        """Where the first of the largest of one axis is, a scalar."""
        return Value(op.arg_max(self.var, axis=0, keepdims=0))

    def clip(self, least: Number, most: Number) -> "Value":
        """No less and no more than these."""
        return minimum(maximum(self, least), most)

    def __add__(self, other: Number) -> "Value":
        return _binary(op.add, self, other)

    def __radd__(self, other: Number) -> "Value":
        return _binary(op.add, other, self)

    def __sub__(self, other: Number) -> "Value":
        return _binary(op.sub, self, other)

    def __rsub__(self, other: Number) -> "Value":
        return _binary(op.sub, other, self)

    def __mul__(self, other: Number) -> "Value":
        return _binary(op.mul, self, other)

    def __rmul__(self, other: Number) -> "Value":
        return _binary(op.mul, other, self)

    def __truediv__(self, other: Number) -> "Value":
        assert np.issubdtype(self.dtype, np.floating), "use // for whole numbers"
        return _binary(op.div, self, other)

    def __rtruediv__(self, other: Number) -> "Value":
        return _binary(op.div, other, self)

    def __floordiv__(self, other: Number) -> "Value":
        """Of whole numbers of 0 and more, or of floats."""
        made = _binary(op.div, self, other)
        return made if np.issubdtype(made.dtype, np.integer) else Value(op.floor(made.var))

    def __mod__(self, other: Number) -> "Value":
        return _binary(op.mod, self, other)

    def __neg__(self) -> "Value":
        return Value(op.neg(self.var))

    def __matmul__(self, other: "Value") -> "Value":
        return Value(op.matmul(self.var, other.var))

    def __rmatmul__(self, other: np.ndarray) -> "Value":
        return as_value(other, self.dtype) @ self

    # mypy would have a number of Python's know about values
    def __lt__(self, other: Number) -> "Value":  # type: ignore[misc]
        return _binary(op.less, self, other)

    def __le__(self, other: Number) -> "Value":  # type: ignore[misc]
        return _binary(op.less_or_equal, self, other)

    def __gt__(self, other: Number) -> "Value":  # type: ignore[misc]
        return _binary(op.greater, self, other)

    def __ge__(self, other: Number) -> "Value":  # type: ignore[misc]
        return _binary(op.greater_or_equal, self, other)

    def equals(self, other: Number) -> "Value":
        """Where both are the same."""
        return _binary(op.equal, self, other)

    def __and__(self, other: "Value") -> "Value":
        return Value(op.and_(self.var, other.var))

    def __or__(self, other: "Value") -> "Value":
        return Value(op.or_(self.var, other.var))

    def __xor__(self, other: "Value") -> "Value":
        return Value(op.xor(self.var, other.var))

    def __invert__(self) -> "Value":
        return Value(op.not_(self.var))

    # NumPy would take a value for an object of its own
    __array_ufunc__ = None


def as_value(number: Number, dtype: Any = None) -> Value:
    """A constant of the graph, or a value as it is."""
    if isinstance(number, Value):
        return number
    if dtype is None:
        dtype = number.dtype if isinstance(number, np.ndarray) else NUMERIC[type(number)]
    array = np.asarray(number, dtype)
    return _constant(array.dtype.str, array.shape, array.tobytes())


@cache
def _constant(dtype: str, shape: tuple[int, ...], data: bytes) -> Value:
    """One node for each constant, however often it is used: to make one takes milliseconds."""
    return Value(op.const(np.frombuffer(data, dtype).reshape(shape)))


def stack(values: Sequence[Value]) -> Value:
    """Scalars -> one axis."""
    return concat([one.expand(0) for one in values])


def concat(values: Sequence[Value], axis: int = 0) -> Value:
    """One after the other along an axis."""
    return values[0] if len(values) == 1 else Value(op.concat([v.var for v in values], axis=axis))


def arange(count: Value, dtype: Any = np.int64) -> Value:
    """0, 1, 2 ...: so many."""
    zero, one = as_value(0).var, as_value(1).var
    return Value(op.range(zero, count.var, one)).to(dtype)


def where(condition: Value, yes: Number, no: Number) -> Value:
    """One or the other, place by place."""
    yes, no = _alike(yes, no)
    return Value(op.where(condition.var, yes.var, no.var))


def maximum(one: Number, other: Number) -> Value:
    """The larger, place by place."""
    return Value(op.max([value.var for value in _alike(one, other)]))


def minimum(one: Number, other: Number) -> Value:
    """The smaller, place by place."""
    return Value(op.min([value.var for value in _alike(one, other)]))


def line(numbers: Sequence[Number]) -> Value:
    """Whole numbers, of Python or of the graph -> one axis."""
    if any(isinstance(number, Value) for number in numbers):
        return stack([as_value(number, np.int64) for number in numbers])
    return as_value(np.array(numbers, np.int64))


def _alike(one: Number, other: Number) -> tuple[Value, Value]:
    """Both as values; a number has the type of what it meets."""
    if isinstance(one, Value):
        return one, as_value(other, one.dtype)
    second = other if isinstance(other, Value) else as_value(other)
    return as_value(one, second.dtype), second


def _binary(function: Callable[[Var, Var], Var], one: Number, other: Number) -> Value:
    first, second = _alike(one, other)
    return Value(function(first.var, second.var))
