"""The operators that are lowered, and the order in which a graph is."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from . import _elementwise as elementwise
from . import _linear as linear
from . import _movement as movement
from . import _recurrent as recurrent
from . import _reductions as reductions
from . import _windows as windows
from ._errors import shown
from ._folding import FOLDED
from ._graph import Graph, Node
from ._program import Program
from ._scalars import BINARY, UNARY

Lowering = Callable[[Program, Node], None]

LOWERINGS: Mapping[str, Lowering] = {
    **dict.fromkeys(UNARY, elementwise.unary),
    **dict.fromkeys(BINARY, elementwise.binary),
    "AveragePool": windows.average_pool,
    "BatchNormalization": elementwise.batch_normalization,
    "Cast": elementwise.cast,
    "Clip": elementwise.clip,
    "Concat": movement.concat,
    "Conv": linear.conv,
    "Dropout": movement.dropout,
    "Expand": movement.expand,
    "Flatten": movement.identity,
    "GRU": recurrent.recurrent,
    "Gather": movement.gather,
    "Gelu": elementwise.gelu,
    "Gemm": linear.gemm,
    "GlobalAveragePool": windows.global_pool,
    "GlobalMaxPool": windows.global_pool,
    "Identity": movement.identity,
    "LSTM": recurrent.recurrent,
    "LayerNormalization": reductions.layer_normalization,
    "LeakyRelu": elementwise.leaky_relu,
    "LogSoftmax": reductions.softmax,
    "MatMul": linear.matmul,
    "MaxPool": windows.max_pool,
    "Pad": movement.pad,
    "RNN": recurrent.recurrent,
    "ReduceMax": reductions.reduce_,
    "ReduceMean": reductions.reduce_,
    "ReduceSum": reductions.reduce_,
    "Reshape": movement.identity,
    "Slice": movement.slice_,
    "Softmax": reductions.softmax,
    "Split": movement.split,
    "Squeeze": movement.identity,
    "Transpose": movement.transpose,
    "Unsqueeze": movement.identity,
}
"""Operators with code of their own."""

KNOWN = frozenset(LOWERINGS) | FOLDED
"""All operators that a network may have; those without code of their own work on constants only."""


def lower(program: Program, graph: Graph) -> None:
    """Lower all nodes in order; memory of tensors that are read for the last time is used again."""
    read = {name for node in graph.nodes for name in node.inputs if name} | set(graph.outputs)
    last: dict[str, int] = {}
    for place, node in enumerate(graph.nodes):
        last |= {name: place for name in (*node.inputs, *node.outputs) if name}
    kept = set(graph.outputs) | set(graph.inputs) | set(graph.constants)
    ending: dict[int, list[str]] = {}
    for name, place in last.items():
        if name not in kept:
            ending.setdefault(place, []).append(name)
    for place, node in enumerate(graph.nodes):
        if node.op not in LOWERINGS:
            raise program.no.unsupported(
                f"{node.title} on values that are computed",
                "this operator works on constants only: export the network with fixed sizes",
            )
        LOWERINGS[node.op](program, node)
        if missing := [n for n in node.outputs if n in read and n not in program.views]:
            raise program.no.unsupported(
                f"{node.title}, whose result {shown(missing[0])} is used,", "use its first result only"
            )
        program.done([n for n in ending.get(place, ()) if n in program.views])
