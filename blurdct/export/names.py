"""Short names for what a graph holds: those of Spox say where each came from, and fill the file."""

import itertools
from collections.abc import Iterator

import onnx


def shortened(graph: onnx.GraphProto) -> None:
    """Rename every value and every node inside, in place; inputs and outputs keep their names."""
    names = {one.name: one.name for one in (*graph.input, *graph.output)} | {"": ""}
    _rename(graph, names, itertools.count())


def _rename(graph: onnx.GraphProto, names: dict[str, str], numbers: Iterator[int]) -> None:
    def short(name: str) -> str:
        return names.setdefault(name, f"v{len(names)}")

    for one in (*graph.input, *graph.output, *graph.initializer, *graph.value_info):
        one.name = short(one.name)
    for node in graph.node:
        # not empty: runtimes name nodes that they make of others after those
        node.name = f"n{next(numbers)}"
        for names_of in (node.input, node.output):
            renamed = [short(name) for name in names_of]
            del names_of[:]
            names_of.extend(renamed)
        for inner in subgraphs(node):
            _rename(inner, names, numbers)


def subgraphs(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    """Those that a node runs, such as the branches of a condition."""
    for attribute in node.attribute:
        if attribute.type == onnx.AttributeProto.GRAPH:
            yield attribute.g
