"""Nodes and constants -> one checked ONNX graph; trees -> one of its nodes; graphs -> one."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import onnx.compose
from onnx import NodeProto, TensorProto, helper, numpy_helper

from .base import Array

OPSETS = {"": 17, "ai.onnx.ml": 1}  # what the oldest ONNX Runtime that is supported reads
IR_VERSION = 8


def graph(
    name: str,
    inputs: Mapping[str, tuple[int, ...]],
    nodes: Sequence[NodeProto],
    constants: Mapping[str, Array],
) -> bytes:
    """A whole graph with the output ``probability``, (n,) float32.

    Args:
        name: The backend's.
        inputs: By name, the shape of one row; float32.
        nodes: In the order in which they run.
        constants: By the name that nodes refer to them by.

    Raises:
        onnx.checker.ValidationError: They are not a graph.
    """
    made = helper.make_graph(
        nodes,
        name,
        [
            helper.make_tensor_value_info(view, TensorProto.FLOAT, ["n", *shape])
            for view, shape in inputs.items()
        ],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["n"])],
        [numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items()],
    )
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
    model = helper.make_model(made, opset_imports=opsets, ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def trees_node(trees: Sequence[Any], rows: str, output: str) -> NodeProto:
    """The mean P(blurred) of scikit-learn's decision trees, (n, 1); every row on its very side.

    Args:
        trees: ``tree_`` of classifiers that learnt from the labels 0 and 1.
        rows: Name of their input, (n, columns) float32.
        output: Name of the node's output.
    """
    sizes = [tree.node_count for tree in trees]
    left = np.concatenate([tree.children_left for tree in trees])
    leaf = left < 0
    tree_ids = np.repeat(np.arange(len(trees)), sizes)
    node_ids = np.concatenate([np.arange(size) for size in sizes])
    right = np.concatenate([tree.children_right for tree in trees])
    column = np.concatenate([tree.feature for tree in trees])
    cut = np.concatenate([tree.threshold for tree in trees])
    # scikit-learn leaves each class's share of the weight in a node
    p = np.concatenate([tree.value[:, 0, 1] for tree in trees])
    return helper.make_node(
        "TreeEnsembleRegressor",
        [rows],
        [output],
        domain="ai.onnx.ml",
        n_targets=1,
        nodes_treeids=tree_ids,
        nodes_nodeids=node_ids,
        nodes_modes=np.where(leaf, "LEAF", "BRANCH_LEQ").tolist(),
        nodes_featureids=np.where(leaf, 0, column),
        nodes_values=np.where(leaf, 0, _round_down(cut)),
        nodes_truenodeids=np.where(leaf, 0, left),
        nodes_falsenodeids=np.where(leaf, 0, right),
        target_treeids=tree_ids[leaf],
        target_nodeids=node_ids[leaf],
        target_ids=np.zeros(leaf.sum(), np.int64),
        target_weights=(p[leaf] / len(trees)).astype(np.float32),
    )


def halved(model: onnx.ModelProto) -> bytes:
    """The graph with weights in 16 bits, widened when it is loaded, where no bit is lost."""
    casts = []
    for weight in model.graph.initializer:
        value = numpy_helper.to_array(weight)
        if value.dtype != np.float32 or value.size < 16:
            continue
        half = np.clip(value, -6e4, 6e4).astype(np.float16)
        if np.array_equal(half, value):
            casts.append(helper.make_node("Cast", [f"{weight.name}/half"], [weight.name], to=1))
            weight.CopyFrom(numpy_helper.from_array(half, f"{weight.name}/half"))
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*casts, *nodes])
    model.ir_version = IR_VERSION
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def joined(name: str, members: Mapping[str, bytes], head: onnx.GraphProto) -> bytes:
    """Graphs side by side, and one that makes ``probability`` of their answers.

    Args:
        name: The backend's.
        members: By name; that of its output is ``NAME/probability`` to the head.
        head: Its inputs are those outputs, or model inputs.
    """
    nodes, weights, inputs = [], [], {}
    for member, graph_bytes in members.items():
        part = onnx.load_from_string(graph_bytes)
        onnx.compose.add_prefix(part, f"{member}/", rename_inputs=False, inplace=True)
        nodes += part.graph.node
        weights += part.graph.initializer
        inputs.update({one.name: one for one in part.graph.input})
    made = {node_output for node in nodes for node_output in node.output}
    inputs.update({one.name: one for one in head.input if one.name not in made})
    whole = helper.make_graph(
        [*nodes, *head.node], name, list(inputs.values()), head.output,
        [*weights, *head.initializer],
    )  # fmt: skip
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
    model = helper.make_model(whole, opset_imports=opsets, ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def beside(name: str, members: Mapping[str, bytes]) -> bytes:
    """Graphs on the same inputs -> one that makes the outputs of all, under their own names.

    Args:
        name: Of the graph.
        members: By name; no two make the same.
    """
    parts = []
    for member, graph_bytes in members.items():
        part = onnx.load_from_string(graph_bytes)
        kept = {"rename_inputs": False, "rename_outputs": False}
        onnx.compose.add_prefix(part, f"{member}/", **kept, inplace=True)
        parts.append(part.graph)
    whole = helper.make_graph(
        [node for part in parts for node in part.node],
        name,
        list({one.name: one for part in parts for one in part.input}.values()),
        [one for part in parts for one in part.output],
        [weight for part in parts for weight in part.initializer],
    )
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
    model = helper.make_model(whole, opset_imports=opsets, ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def averaged(name: str, members: Sequence[bytes]) -> bytes:
    """Graphs on the same inputs -> one whose ``probability`` is the mean of theirs."""
    parts = {str(number): member for number, member in enumerate(members)}
    answers = [f"{part}/probability" for part in parts]
    nodes = [helper.make_node("Mean", answers, ["probability"])]
    head = graph(name, dict.fromkeys(answers, ()), nodes, {})
    return joined(name, parts, onnx.load_from_string(head).graph)


def _round_down(cuts: Array) -> Array:
    """The largest float32 not above each: it cuts float32 values just as the float64 does."""
    nearest = cuts.astype(np.float32)
    below = np.nextafter(nearest, np.float32(-np.inf))
    return np.where(nearest > cuts, below, nearest)
