"""Functions of ``Value``: conditions, order, rounding, roots."""

from collections.abc import Callable
from typing import Any

import numpy as np
import spox.opset.ai.onnx.v17 as op
from spox import Var

from .value import Value


def _unary(function: Callable[[Var], Var]) -> Callable[[Value], Value]:
    return lambda value: Value(function(value.var))


absolute, root, log, exp = (_unary(one) for one in (op.abs, op.sqrt, op.log, op.exp))
floor, ceil, nearest = (_unary(one) for one in (op.floor, op.ceil, op.round))


def either(condition: Value, yes: Callable[[], Any], no: Callable[[], Any]) -> Any:
    """What one of two functions makes, of which the other is not run; a value or several."""
    made: dict[str, Any] = {}

    def branch(name: str, make: Callable[[], Any]) -> Callable[[], list[Var]]:
        def run() -> list[Var]:
            made[name] = make()
            found = made[name] if isinstance(made[name], tuple) else (made[name],)
            return [Value(op.identity(one.var)).var for one in found]

        return run

    found = op.if_(condition.var, then_branch=branch("yes", yes), else_branch=branch("no", no))
    values = tuple(map(Value, found))
    return values if isinstance(made["yes"], tuple) else values[0]


def ascending(values: Value, axis: int = -1) -> Value:
    """Sorted along an axis."""
    count = values.size(axis).expand(0)
    return Value(op.top_k(values.var, count.var, axis=axis, largest=0)[0])


def strongest(values: Value, count: Value) -> Value:
    """The so many largest of one axis, the largest first."""
    return Value(op.top_k(values.var, count.expand(0).var, axis=0)[0])


def quantile(rising: Value, share: float) -> Value:
    """As ``np.quantile`` of one axis that is sorted: a scalar."""
    place = (rising.size(0) - 1).to(np.float64) * share
    low = floor(place)
    part = (place - low).to(rising.dtype)
    below = rising.take(low.to(np.int64))
    above = rising.take(ceil(place).to(np.int64))
    return below + (above - below) * part


def rounded(share: float, count: Value) -> Value:
    """``round(share * count)``, a half to the even one; int64."""
    return nearest(count.to(np.float64) * share).to(np.int64)
