"""BatchNormalization after a convolution becomes part of its weights."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ._graph import Graph, Node, pruned


def folded_normalisation(graph: Graph) -> Graph:
    """The graph with each BatchNormalization folded into the Conv that it alone reads.

    Legal where the weights, the bias and all four vectors are constants and nothing else reads the
    convolution's result.  The new weights are computed in binary64 and rounded once.
    """
    users = graph.users()
    makers = {name: node for node in graph.nodes for name in node.outputs}
    folded: dict[str, Node] = {}  # name of the old result of the convolution -> the joined node
    gone: set[int] = set()
    constants = dict(graph.constants)
    for node in graph.nodes:
        conv = makers.get(node.inputs[0]) if _is_plain(node) else None
        if conv is None or conv.op != "Conv" or users[node.inputs[0]] != 1:
            continue
        names = [*conv.inputs[1:], *node.inputs[1:]]
        if any(name and name not in constants for name in names):
            continue
        weights, bias = _joined(constants, conv, node)
        stem = f"{conv.outputs[0]} with {node.name}"
        constants |= {f"{stem}: weights": weights, f"{stem}: bias": bias}
        inputs = (conv.inputs[0], f"{stem}: weights", f"{stem}: bias")
        folded[conv.outputs[0]] = replace(conv, inputs=inputs, outputs=node.outputs)
        gone.add(id(node))
    nodes = [folded.get(n.outputs[0], n) for n in graph.nodes if id(n) not in gone]
    return pruned(replace(graph, nodes=nodes, constants=constants))


def _is_plain(node: Node) -> bool:
    """Whether a node is a BatchNormalization as it is when a network is used."""
    training = node.attributes.get("training_mode", 0) or len(node.outputs) > 1
    return node.op == "BatchNormalization" and not training


def _joined(constants: dict[str, Any], conv: Node, node: Node) -> tuple[Any, Any]:
    import numpy as np

    weights = constants[conv.inputs[1]]
    bias = constants[conv.inputs[2]] if conv.has(2) else np.zeros(weights.shape[0], weights.dtype)
    scale, offset, mean, var = (np.asarray(constants[n], np.float64) for n in node.inputs[1:5])
    with np.errstate(all="ignore"):
        factor = scale / np.sqrt(var + float(node.attributes.get("epsilon", 1e-5)))
        scaled = weights.astype(np.float64) * factor.reshape(-1, *[1] * (weights.ndim - 1))
        shifted = (bias.astype(np.float64) - mean) * factor + offset
    return scaled.astype(weights.dtype), shifted.astype(weights.dtype)
