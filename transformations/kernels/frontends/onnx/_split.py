"""Networks cut at tensors into parts that follow each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ._errors import Refusals, shown
from ._graph import Graph, Node
from ._types import DTYPES

MOST_CUTS = 64


def cut(graph: Graph, tensors: Sequence[str], no: Refusals) -> list[Graph]:
    """The parts of ``graph``, one more than there are ``tensors``: each ends with the next tensor's node.

    A part is what its tensor needs beyond the parts before it, the last one all the rest.  What one part
    makes and a later one reads is an output of the one and an input of the other, in ``tensors`` or not.
    Raises ``BodyError`` for tensors that no node makes and for parts without a node.
    """
    if not 0 < len(tensors) <= MOST_CUTS:
        raise no.wrong(f"the network is split at {len(tensors)} tensors", f"name 1 to {MOST_CUTS} tensors")
    part_of: dict[int, int] = {}
    for number, name in enumerate(tensors):
        before = len(part_of)
        _claim(graph, name, number, part_of, no)
        if len(part_of) == before:
            raise no.wrong(
                f"the part that ends with {shown(name)} is empty", "name tensors in the order of the network"
            )
    parts: list[list[Node]] = [[] for _ in range(len(tensors) + 1)]
    for node in graph.nodes:
        parts[part_of.get(id(node), len(tensors))].append(node)
    if not parts[-1]:
        raise no.wrong(f"nothing follows {shown(tensors[-1])}", "split before the last node")
    return [_part(graph, parts, number) for number in range(len(parts))]


def _claim(graph: Graph, name: str, number: int, part_of: dict[int, int], no: Refusals) -> None:
    """Give all that ``name`` needs, and no part has yet, to part ``number``."""
    makers = {out: node for node in graph.nodes for out in node.outputs if out}
    if name not in makers:
        known = ", ".join(n for n in list(makers)[:12])
        raise no.wrong(f"no node makes the tensor {shown(name)} to split at", f"use one of: {known}"[:300])
    todo = [name]
    while todo:
        node = makers.get(todo.pop())
        if node is not None and id(node) not in part_of:
            part_of[id(node)] = number
            todo += node.inputs


def _part(graph: Graph, parts: list[list[Node]], number: int) -> Graph:
    nodes = parts[number]
    made = {n for node in nodes for n in node.outputs if n}
    read = dict.fromkeys(n for node in nodes for n in node.inputs if n and n not in made)
    later = {n for part in parts[number + 1 :] for node in part for n in node.inputs} | set(graph.outputs)
    untouched = [n for n in graph.outputs if n in graph.inputs or n in graph.constants]
    outputs = [n for node in nodes for n in node.outputs if n in later]
    return replace(
        graph,
        inputs={n: graph.types[n] for n in read if n not in graph.constants},
        outputs=tuple(outputs + (untouched if number == len(parts) - 1 else [])),
        nodes=nodes,
        constants={n: v for n, v in graph.constants.items() if n in read or n in untouched},
    )


def model_of(graph: Graph) -> Any:
    """A graph as an ONNX model."""
    from onnx import helper, numpy_helper

    kinds = {dtype: number for number, dtype in DTYPES.items()}

    def info(name: str) -> Any:
        type_ = graph.types[name]
        return helper.make_tensor_value_info(name, kinds[type_.dtype], list(type_.shape))

    nodes = [helper.make_node(n.op, n.inputs, n.outputs, name=n.name, **n.attributes) for n in graph.nodes]
    held = [numpy_helper.from_array(value, name) for name, value in graph.constants.items()]
    made = helper.make_graph(
        nodes, "part", [info(n) for n in graph.inputs], [info(n) for n in graph.outputs], held
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", graph.opset)], ir_version=9)
