"""Operators that treat every element alone."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

from xdsl.ir import SSAValue

from ._builder import Body, Indices, View
from ._graph import Node
from ._program import Program
from ._scalars import BINARY, UNARY, Scalar, Unary, converted

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]


def unary(program: Program, node: Node) -> None:
    """An operator that is one scalar function."""
    apply_unary(program, node, node.op.lower(), UNARY[node.op])


def apply_unary(program: Program, node: Node, kind: str, function: Unary, **attributes: float) -> None:
    """``function`` of every element."""
    source = program.view(node.inputs[0])
    _floats_only(program, node, source, kind)

    def write(b: Body, given: list[View], out: View) -> None:
        scalar = Scalar(b, out.dtype)
        b.nest(out.shape, lambda at: b.store(out, at, function(scalar, b.load(given[0], at))))

    program.call(kind, [source], program.output(node), write, attributes, structured=kind == "relu")


def _floats_only(program: Program, node: Node, source: View, kind: str) -> None:
    if not source.dtype.is_float and kind not in ("abs", "neg", "relu", "clip"):
        raise program.no.unsupported(
            f"{node.title} on {source.dtype.value}", "cast to a float type before it"
        )


def gelu(program: Program, node: Node) -> None:
    """Gelu by the error function, or by its approximation."""
    way = node.attributes.get("approximate", "none")
    if way not in ("none", "tanh"):
        raise program.no.unsupported(f"{node.title} approximated by {way[:40]!r}", "use none or tanh")
    approximate = way == "tanh"
    function = Scalar.gelu_by_tanh if approximate else Scalar.gelu
    apply_unary(program, node, "gelu_tanh" if approximate else "gelu", function)


def leaky_relu(program: Program, node: Node) -> None:
    """``alpha * x`` for what is negative."""
    alpha = float(node.attributes.get("alpha", 0.01))

    def function(s: Scalar, x: SSAValue) -> SSAValue:
        return s.select(s.less(x, s.constant(0)), s.mul(s.constant(alpha), x), x)

    apply_unary(program, node, "leaky_relu", function, alpha=alpha)


def clip(program: Program, node: Node) -> None:
    """Elements held between two constants."""
    bounds = []
    for place, name in ((1, "min"), (2, "max")):
        values = program.values(node, place, name)
        bounds.append(node.attributes.get(name) if values is None else values.reshape(-1)[0].item())
    low, high = bounds
    known = {k: repr(v) for k, v in (("min", low), ("max", high)) if v is not None and abs(v) != inf}

    def write(b: Body, given: list[View], out: View) -> None:
        s = Scalar(b, out.dtype)

        def element(at: Indices) -> None:
            value = b.load(given[0], at)
            value = s.max(value, s.constant(low)) if "min" in known and low is not None else value
            value = s.min(value, s.constant(high)) if "max" in known and high is not None else value
            b.store(out, at, value)

        b.nest(out.shape, element)

    program.call("clip", [program.view(node.inputs[0])], program.output(node), write, known)


def binary(program: Program, node: Node) -> None:
    """An operator on two tensors, each broadcast to the shape of the result; Max and Min take any number."""
    function = BINARY[node.op]
    sources = program.inputs(node)
    out = program.output(node)
    if node.op == "Pow" and not out.dtype.is_float:
        raise program.no.unsupported(f"{node.title} on {out.dtype.value}", "cast to a float type before it")
    if any(s.dtype is not out.dtype for s in sources):
        types = ", ".join(s.dtype.value for s in sources)
        raise program.no.unsupported(f"{node.title} on {types}", "cast the operands to one type")

    def write(b: Body, given: list[View], to: View) -> None:
        s = Scalar(b, to.dtype)

        def element(at: Indices) -> None:
            value, *others = (b.spread(view, at) for view in given)
            for other in others:
                value = function(s, value, other)
            b.store(to, at, value)

        b.nest(to.shape, element)

    program.call(node.op.lower(), sources, out, write, structured=node.op in ("Add", "Mul"))


def cast(program: Program, node: Node) -> None:
    """Elements converted to another type."""
    if program.alias(node, node.inputs[0]):
        return

    def write(b: Body, given: list[View], out: View) -> None:
        (source,) = given
        b.nest(
            out.shape, lambda at: b.store(out, at, converted(b, b.load(source, at), source.dtype, out.dtype))
        )

    program.call("cast", [program.view(node.inputs[0])], program.output(node), write)


def batch_normalization(program: Program, node: Node) -> None:
    """``x * a + b`` a channel, with ``a`` and ``b`` made of the four constant vectors."""
    if node.attributes.get("training_mode", 0):
        raise program.no.unsupported(f"{node.title} in training mode", "export the network for inference")
    names = ("", "scale", "bias", "mean", "var")
    vectors = [program.values(node, place, names[place]) for place in range(1, 5)]
    a, b = factors_of([v for v in vectors if v is not None], float(node.attributes.get("epsilon", 1e-5)))
    source = program.view(node.inputs[0])
    factors, offsets = (program.constant(node.name, v) for v in (a, b))

    def write(body: Body, given: list[View], out: View) -> None:
        x, scale, shift = given
        s = Scalar(body, out.dtype)

        def element(at: Indices) -> None:
            channel = [at[1]]
            scaled = s.mul(body.load(x, at), body.load(scale, channel))
            body.store(out, at, s.add(scaled, body.load(shift, channel)))

        body.nest(out.shape, element)

    program.call("batch_normalization", [source, factors, offsets], program.output(node), write)


def factors_of(vectors: list[Array], epsilon: float) -> tuple[Array, Array]:
    """``scale / sqrt(var + epsilon)`` and ``bias - mean * that``, in binary64 and rounded once."""
    import numpy as np

    scale, bias, mean, var = (np.asarray(v, np.float64) for v in vectors)
    with np.errstate(all="ignore"):
        factor = scale / np.sqrt(var + epsilon)
        offset = bias - mean * factor
    kind = vectors[0].dtype
    return factor.astype(kind), offset.astype(kind)
